package ethdev_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// A secondary reads all of a port and changes nothing that belongs to the primary.
var _ = harness.Role("reader", func(args []string) error {
	cfg := harness.Config(1)
	cfg.FilePrefix, cfg.ProcessType, cfg.MemoryMB = args[0], eal.Secondary, 0
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	if err := errors.Join(read(args[1]), rt.Close()); err != nil {
		return err
	}
	if e, ok := <-end; ok {
		return fmt.Errorf("%v after the end of EAL", e)
	}
	return nil
})

func read(name string) error {
	p, err := ethdev.Lookup(name)
	if err != nil {
		return err
	}
	x, err := p.XStats()
	if err != nil {
		return err
	}
	s, err := p.Stats()
	if err != nil {
		return err
	}
	q, err := p.RxQueue(0).Stats()
	if err != nil {
		return err
	}
	mac, err := p.MAC()
	if err != nil {
		return err
	}
	for name, err := range map[string]error{
		"packet types": second(p.PacketTypes(0)), "link": second(p.Link()), "MTU": second(p.MTU()), "MACs": second(p.MACs()), "promiscuous": second(p.Promiscuous()),
		"RSS": second(p.RSSHash()), "RETA": second(p.RETA()), "VLAN": second(p.VLANOffloads()), "owner": second(p.Owner()),
		"xstats": x.Read(make([]uint64, x.Len())),
	} {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	rx := p.RxQueue(0)
	for name, err := range map[string]error{
		"reset": p.ResetStats(), "xstats reset": x.Reset(), "link up": p.SetLinkUp(), "link down": p.SetLinkDown(),
		"promiscuous": p.SetPromiscuous(true), "multicast": p.SetAllMulticast(true), "MTU": p.SetMTU(1400),
		"packet types": second(p.SetPacketTypes(0)), "MAC": p.SetMAC(mac), "add MAC": p.AddMAC(mac), "remove MAC": p.RemoveMAC(mac), "multicast list": p.SetMulticast(nil),
		"VLAN": p.SetVLANFilter(1, true), "PVID": p.SetPVID(1, true), "VLAN offloads": p.SetVLANOffloads(0), "strip": rx.SetVLANStrip(true),
		"RSS": p.SetRSSHash(ethdev.RSSHash{}), "RETA": p.SetRETA(0, 0), "flow control": p.SetFlowControl(ethdev.FlowControl{}),
		"wait": second(wait(p)),
	} {
		if !errors.Is(err, dpdk.ErrSecondary) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	events, err := p.Subscribe(ethdev.EventDestroy)
	if err != nil {
		return err
	}
	harness.Say("read %d %d %v", s.RxPackets, q.Packets, mac)
	e, ok := <-events.C
	harness.Say("event %v %v", e, ok)
	harness.Hear() // the primary waits for a word on the detach, which comes after the event
	end = events.C
	return nil
}

// wait is at a queue in which there is never a packet, as it is not the secondary's.
func wait(p *ethdev.Port) (int, error) {
	return p.RxQueue(2).WaitBurst(context.Background(), make([]*mbuf.Mbuf, 1))
}

// end is what a subscription must close when EAL ends.
var end <-chan ethdev.Event

func TestSecondaryReadsButDoesNotConfigure(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	p, err := ethdev.Open(null(""), ethdev.Config{Pool: newPool(t), RxQueues: 2, RSS: ethdev.RSSIPv4})
	require.NoError(t, err)
	require.NoError(t, p.SetMAC(mac(8)))
	var pkts [4]*mbuf.Mbuf
	require.Equal(t, 4, p.RxQueue(0).Burst(pkts[:]))
	mbuf.FreeBulk(pkts[:])
	c := harness.Start(t, "reader", fmt.Sprintf("t%d", os.Getpid()), p.Name())
	require.Equal(t, "4 4 "+mac(8).String(), c.Expect("read"))
	require.NoError(t, p.Detach())
	require.Equal(t, fmt.Sprintf("{destroy %d} true", p.ID()), c.Expect("event"))
	c.Send("end")
	c.Wait()
}
