package newport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

func TestReady(t *testing.T) {
	require.NoError(t, Ready("op", "net_null", "net_null8"))
	err := Ready("op", "net_nosuch", "net_nosuch0")
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.Contains(t, err.Error(), "does not have the driver net_nosuch")

	// A name that another bus accepts is not a virtual device.
	require.ErrorIs(t, Ready("op", "0000:03:00.0", "0000:03:00.0"), dpdk.ErrUnsupported)

	p, err := ethdev.Attach("net_null8")
	require.NoError(t, err)
	require.ErrorIs(t, Ready("op", "net_null", "net_null8"), dpdk.ErrExist)
	require.NoError(t, p.Detach())
	require.NoError(t, Ready("op", "net_null", "net_null8"))
}

func TestFreePassesOverPorts(t *testing.T) {
	numbers.next = nil
	p, err := ethdev.Attach("net_null1")
	require.NoError(t, err)
	assert.Equal(t, "net_null0", Free("net_null"))
	assert.Equal(t, "net_null2", Free("net_null"))
	assert.Equal(t, "net_tap0", Free("net_tap"))
	require.NoError(t, p.Detach())
	assert.Equal(t, "net_null3", Free("net_null"), "what was given is not given again")
}

func TestText(t *testing.T) {
	for _, bad := range []string{"a,b", "a=b", "[", "]", `"`, "\n", "\x00", "\x7f"} {
		require.ErrorIs(t, Text("op", "n", "Field", bad), dpdk.ErrInvalid, "%q", bad)
	}
	for _, good := range []string{"", "/run/x.sock", "a b", "ü", "0000:03:00.0", "%d"} {
		require.NoError(t, Text("op", "n", "Field", good), good)
	}
}
