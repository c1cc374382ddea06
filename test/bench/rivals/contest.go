package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/test/wire"
)

// nowhere is a generator on an interface that drops all frames: its time is that of the generator alone.
type nowhere struct {
	wire *wire.Wire
	*generator
}

func newNowhere() (n *nowhere, err error) {
	w, err := wire.New("nowhere")
	if err != nil {
		return nil, err
	}
	n = &nowhere{wire: w}
	err = w.Near.Do(func() error {
		link, err := netlink.LinkByName(w.Near.Name)
		if err != nil {
			return err
		}
		return netlink.LinkSetDown(link)
	})
	if err == nil {
		n.generator, err = newGenerator(w.Far)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return n, nil
}

func (n *nowhere) close() error { return errors.Join(unix.Close(n.fd), n.wire.Close()) }

// cost has the measurements of a contender with a work: ns per frame of each turn.
type cost struct {
	own    []float64 // on the contender's CPU
	cpu    []float64 // by the clock of the contender's process
	sender []float64 // of the generator, and of the kernel's delivery to the contender
	err    error
}

// contest measures all contenders with frames of size bytes, in alternating rounds.
func contest(rivals []*rival, base *nowhere, size int) (rows []Row, err error) {
	type contestant struct {
		*rival
		work string
	}
	costs := map[contestant]*cost{}
	var alone []float64
	nobody := side{elsewhere, netip.MustParseAddrPort("10.9.0.3:7000")}
	dropped := datagrams(nobody, nobody, frames, size)
	for range rounds {
		for range turns {
			took, err := base.send(dropped)
			if err != nil {
				return nil, err
			}
			alone = append(alone, perFrame(took))
		}
		for _, r := range rivals {
			for _, work := range r.works {
				c := contestant{r, work}
				if costs[c] == nil {
					costs[c] = &cost{}
				}
				if costs[c].err == nil {
					r.measure(work, size, costs[c])
				}
			}
		}
	}
	for _, work := range []string{receive, send, echoIO, echo} {
		for _, r := range rivals {
			c := costs[contestant{r, work}]
			if c == nil {
				continue
			}
			own := median(alone)
			for i := range c.sender {
				c.sender[i] -= own
			}
			row := Row{Group: group, Contender: r.name, Work: work, Frame: size}
			row.fill(c)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func perFrame(d time.Duration) float64 { return float64(d.Nanoseconds()) / frames }

// measure has the contender do the work in some turns, and adds their costs to c.
func (r *rival) measure(work string, size int, c *cost) {
	runtime.GC() // not while the generator sends
	before, err := r.returned()
	if err != nil {
		c.err = err
		return
	}
	incoming := datagrams(r.far, r.near, frames, size)
	req := request{Work: work, Frames: frames, Data: r.payload(datagram(r.near, r.far, 0, size))}
	if work == send {
		req.Frames = sendFrames
	}
	want := uint64(0)
	for range turns {
		if work != send {
			took, err := r.generator.send(incoming)
			if err != nil {
				c.err = err
				return
			}
			c.sender = append(c.sender, perFrame(took))
			time.Sleep(r.settle)
		}
		out, err := r.station.turn(req)
		if err != nil {
			c.err = err
			return
		}
		if work != receive {
			want += uint64(out.frames)
		}
		c.own = append(c.own, out.nanos/float64(out.frames))
		c.cpu = append(c.cpu, out.cpu/float64(out.frames))
	}
	after, err := r.returned()
	if err == nil && after-before != want {
		err = fmt.Errorf("%d frames came from the contender, not %d", after-before, want)
	}
	c.err = err
}

// returned is the number of frames that have come from the contender.
func (r *rival) returned() (uint64, error) {
	link, err := r.wire.Far.Link(r.wire.Far.Name)
	if err != nil {
		return 0, err
	}
	return link.Statistics.RxPackets, nil
}
