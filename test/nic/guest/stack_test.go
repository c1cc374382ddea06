//go:build linux

package guest

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/twin"
)

// The table in fastcall's STACK.md has the log of this test.
func TestBurstsUseLittleStack(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 8191, 0), ethdev.Config{}, "A", "B")
	p.both(t, 40, standard)
	all := frames(t, p.a, p.b, window, 256)
	pkts := make([]*mbuf.Mbuf, len(all))
	for i, f := range all {
		pkts[i] = packet(t, p.pool, f)
	}
	var send, receive int
	for left := pkts; len(left) > 0; {
		n, used := twin.EthBurstStack(uint16(p.a.ID()), 0, true, unsafe.Pointer(&left[0]), len(left))
		left, send = left[n:], max(send, used)
	}
	received := 0
	for start := time.Now(); received < len(all) && time.Since(start) < patience; time.Sleep(time.Millisecond) { // so that bursts have many
		n, used := twin.EthBurstStack(uint16(p.b.ID()), 0, false, unsafe.Pointer(&pkts[0]), len(pkts))
		mbuf.FreeBulk(pkts[:n])
		received, receive = received+n, max(receive, used)
	}
	assert.Equal(t, len(all), received)
	info, err := p.a.Info()
	require.NoError(t, err)
	t.Logf("%s: %d bytes to send, %d to receive", info.Driver, send, receive)
	assert.Less(t, max(send, receive), 16<<10)
	assert.Greater(t, min(send, receive), 0, "the measurement is wrong")
}
