package dpdk_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestSocketIDs(t *testing.T) {
	for _, tc := range []struct {
		name  string
		id    dpdk.SocketID
		n     int
		valid bool
		text  string
	}{
		{"the zero value is any", dpdk.SocketID{}, -1, true, "any"},
		{"any", dpdk.AnySocket, -1, true, "any"},
		{"0 is a socket of its own", dpdk.Socket(0), 0, true, "0"},
		{"7", dpdk.Socket(7), 7, true, "7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.n, tc.id.Int())
			assert.Equal(t, tc.valid, tc.id.Valid())
			assert.Equal(t, tc.text, tc.id.String())
		})
	}
	assert.Equal(t, dpdk.AnySocket, dpdk.SocketID{})
	assert.NotEqual(t, dpdk.AnySocket, dpdk.Socket(0))
}

func TestNegativeSocketIsInvalidAndNotAny(t *testing.T) {
	for _, n := range []int{-1, -2, math.MinInt32, math.MinInt, math.MaxInt} {
		s := dpdk.Socket(n)
		assert.False(t, s.Valid(), n)
		assert.NotEqual(t, dpdk.AnySocket, s, n)
		assert.Equal(t, "invalid", s.String(), n)
		assert.NotEqual(t, -1, s.Int(), "SOCKET_ID_ANY, for %d", n)
	}
}

func TestSocketInJSON(t *testing.T) {
	for _, s := range []dpdk.SocketID{dpdk.AnySocket, dpdk.Socket(0), dpdk.Socket(31)} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		assert.Equal(t, `"`+s.String()+`"`, string(text))
		got := dpdk.Socket(5)
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, s, got)
	}
	for _, bad := range []string{"", "-1", "invalid", "x"} {
		s := dpdk.Socket(5)
		assert.Error(t, s.UnmarshalText([]byte(bad)), "%q", bad)
		assert.Equal(t, dpdk.Socket(5), s)
	}
}

func TestVersionIsTheInstalledDPDK(t *testing.T) {
	assert.Regexp(t, `^DPDK [2-9]\d\.\d\d\.\d+`, dpdk.Version())
}
