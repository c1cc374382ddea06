package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// client sends the packets of its ring by its queues of the ports, until ctx ends or the server
// has gone.
func client(ctx context.Context, rt *eal.Runtime, id int) error {
	in, err := ring.Lookup[*mbuf.Mbuf](ringName(id))
	if err != nil {
		return fmt.Errorf("-n=%d: start clients when the server is ready, and use a number below its own -n: %w", id, err)
	}
	zone, err := memzone.LookupValue[PortInfo](portsName)
	if err != nil {
		return err
	}
	alone, err := claim(rt, id)
	if err != nil {
		return err
	}
	defer alone.Close()
	info := zone.Get()
	out, err := wire(info, id)
	if err != nil {
		return err
	}
	own := &info.Of[id]
	fmt.Printf("client %d: handles packets\n", id)

	var pkts [burst]*mbuf.Mbuf
	var idle lcore.Idle
	held := false
	for ctx.Err() == nil {
		n := in.DequeueBurst(pkts[:])
		for _, m := range pkts[:n] {
			from := int(m.Port())
			if from >= len(out) || out[from] == nil { // not a port of the server
				own.refused(int(info.ID[0])).Add(1)
				m.Free()
				continue
			}
			out[from].count(out[from].Add(m))
		}
		if n > 0 {
			held = true
		} else if held {
			flush(out)
			held = false
		}
		idle.After(n)
	}
	if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) { // its ports have gone too
		fmt.Printf("client %d: the server has gone\n", id)
		return nil
	}
	flush(out)
	return nil
}

// claim fails if another process is this client: a ring has one consumer. The kernel ends the
// claim when the process exits.
func claim(rt *eal.Runtime, id int) (net.Listener, error) {
	l, err := net.Listen("unix", fmt.Sprintf("@%s/client%d", rt.RuntimeDir(), id))
	if err != nil {
		return nil, fmt.Errorf("-n=%d: another process is that client: %w", id, err)
	}
	return l, nil
}

// outlet sends by a queue and counts.
type outlet struct {
	*ethdev.TxBuffer
	count func(sent int)
}

// wire returns the outlets of the packets, by the port that received them: the outlet of a port
// leads to its partner.
func wire(info *PortInfo, id int) (*[ethdev.MaxPorts]*outlet, error) {
	var out [ethdev.MaxPorts]*outlet
	for i := range int(info.NumPorts) {
		from, to := info.ID[i], info.ID[i^1]
		port, err := ethdev.ByID(int(to))
		if err != nil {
			return nil, err
		}
		queue := port.TxQueue(id)
		if err := queue.Err(); err != nil {
			return nil, err
		}
		sent, refused := info.Of[id].sent(int(to)), info.Of[id].refused(int(to))
		b, err := ethdev.NewTxBuffer(queue, ethdev.TxBufferConfig{Size: burst, Refused: func(pkts []*mbuf.Mbuf) {
			refused.Add(uint64(len(pkts)))
			mbuf.FreeBulk(pkts)
		}})
		if err != nil {
			return nil, err
		}
		out[from] = &outlet{b, func(n int) { sent.Add(uint64(n)) }}
	}
	return &out, nil
}

func flush(out *[ethdev.MaxPorts]*outlet) {
	for _, o := range out {
		if o != nil {
			o.count(o.Flush())
		}
	}
}
