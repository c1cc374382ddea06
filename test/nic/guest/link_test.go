//go:build linux

package guest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

// The cable of NIC B is pulled and plugged.
func TestLinkGoesDownAndUp(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 8191, 0), ethdev.Config{}, "A", "B")
	for range 3 {
		cable(t, p.b, false)
		state, err := p.a.Link()
		require.NoError(t, err)
		assert.True(t, state.Up, "the other NIC has its link")
		cable(t, p.b, true)
		p.both(t, 20, standard)
	}
}

func TestLinkEvents(t *testing.T) {
	if kind == "vmxnet3" {
		t.Skip("the driver gets no interrupts for the link")
	}
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 8191, 0), ethdev.Config{LinkEvents: true}, "A", "B")
	changes, err := p.b.Subscribe(ethdev.EventLink)
	require.NoError(t, err)
	defer changes.Close()
	for _, up := range []bool{false, true, false, true} {
		set(t, up)
		for timeout := time.After(20 * time.Second); ; {
			select {
			case e := <-changes.C:
				require.Equal(t, ethdev.Event{Type: ethdev.EventLink, Port: p.b.ID()}, e)
			case <-timeout:
				t.Fatalf("no event of the link, up: %v", up)
			}
			if state, err := p.b.Link(); assert.NoError(t, err) && state.Up == up { // one change can be two events
				break
			}
		}
	}
	p.both(t, 20, standard)
}

// set plugs or pulls the cable of NIC B.
func set(t testing.TB, up bool) {
	t.Helper()
	state := map[bool]string{true: "on", false: "off"}[up]
	require.Empty(t, monitor(t, "set_link n1 "+state))
}

// cable plugs or pulls the cable of NIC B, and waits until the port knows.
func cable(t testing.TB, p *ethdev.Port, up bool) {
	t.Helper()
	set(t, up)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := p.WaitLink(ctx, up)
	require.NoError(t, err, "up: %v", up)
}
