package dpdk_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

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

func TestVersionIsTheInstalledDPDK(t *testing.T) {
	assert.Regexp(t, `^DPDK [2-9]\d\.\d\d\.\d+`, dpdk.Version())
}
