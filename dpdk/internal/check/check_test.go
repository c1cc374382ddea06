package check

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name, object string
		want         error
		says         string
	}{
		{"one byte", "a", nil, ""},
		{"longest", strings.Repeat("x", 31), nil, ""},
		{"spaces and UTF-8", "a ü/\n", nil, ""},
		{"no room for the final NUL", strings.Repeat("x", 32), dpdk.ErrNameTooLong, "32 bytes: use at most 31"},
		{"far too long", strings.Repeat("x", 1<<16), dpdk.ErrNameTooLong, "at most 31"},
		{"bytes count, not letters", strings.Repeat("ü", 16), dpdk.ErrNameTooLong, "32 bytes"},
		{"empty", "", dpdk.ErrInvalid, "empty"},
		{"NUL inside", "a\x00b", dpdk.ErrInvalid, "NUL"},
		{"NUL at the end", "a\x00", dpdk.ErrInvalid, "NUL"},
		{"only NUL", "\x00", dpdk.ErrInvalid, "NUL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Name("rte_x", tc.object, 32)
			if tc.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), "rte_x")
			assert.Contains(t, err.Error(), tc.says)
			assert.NotContains(t, err.Error(), "\x00")
		})
	}
}

func TestSockets(t *testing.T) {
	for _, s := range []dpdk.SocketID{dpdk.AnySocket, dpdk.Socket(0), dpdk.Socket(31), dpdk.Socket(math.MaxInt32)} {
		assert.NoError(t, Socket("rte_x", "n", s), s)
	}
	// 1<<32 would be socket 0 in C, and 1<<32 - 1 any socket.
	for _, n := range []int{-1, -7, math.MinInt, math.MaxInt32 + 1, 1<<32 - 1, 1 << 32, math.MaxInt - 1} {
		assert.ErrorIs(t, Socket("rte_x", "n", dpdk.Socket(n)), dpdk.ErrInvalid, n)
	}
}

func TestInvalidSaysWhy(t *testing.T) {
	err := Invalid("rte_x", "n", "the count is %d", 3)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Equal(t, `rte_x "n": invalid argument: the count is 3`, err.Error())
}

func TestLongNamesAreCutInErrors(t *testing.T) {
	err := Name("rte_x", strings.Repeat("é", 200), 32)
	require.ErrorIs(t, err, dpdk.ErrNameTooLong)
	assert.Equal(t, strings.Repeat("é", 32)+"…", err.(*dpdk.Error).Name)
	assert.Contains(t, err.Error(), "400 bytes: use at most 31")
}

func TestNoPointersNamesTheTypeAndThePath(t *testing.T) {
	assert.NoError(t, NoPointers("rte_x", "n", reflect.TypeFor[[2]uint64]()))
	err := NoPointers("rte_x", "n", reflect.TypeFor[struct{ S string }]())
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "(S string)")
}
