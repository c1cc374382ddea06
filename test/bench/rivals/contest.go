package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
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

// contest measures all contenders with frames of size bytes, in alternating rounds.
func contest(rivals []*rival, base *nowhere, size int) (rows []Row, err error) {
	type cost struct{ process, sender []float64 } // of each turn, in ns per frame
	type contestant struct {
		*rival
		work string
	}
	costs, failed := map[contestant]*cost{}, map[contestant]error{}
	var alone []float64
	for range rounds {
		for range turns {
			took, err := base.send(rivals[0].frames(frames, size))
			if err != nil {
				return nil, err
			}
			alone = append(alone, perFrame(took))
		}
		for _, r := range rivals {
			for _, work := range r.works {
				c := contestant{r, work}
				if failed[c] != nil {
					continue
				}
				if costs[c] == nil {
					costs[c] = &cost{}
				}
				process, sender, err := r.measure(work, size)
				failed[c] = err
				costs[c].process = append(costs[c].process, process...)
				costs[c].sender = append(costs[c].sender, sender...)
			}
		}
	}
	for _, work := range []string{receive, send, echoIO, echo} {
		for _, r := range rivals {
			c := contestant{r, work}
			row := Row{Group: "rivals", Contender: r.name, Work: work, Frame: size}
			if failed[c] != nil {
				row.Error = failed[c].Error()
			} else if costs[c] == nil {
				continue
			} else {
				own := median(alone) // the generator's part of the sender's time
				for i := range costs[c].sender {
					costs[c].sender[i] -= own
				}
				row.fill(costs[c].process, costs[c].sender)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func perFrame(d time.Duration) float64 { return float64(d.Nanoseconds()) / frames }

// measure has the contender do the work in some turns. It returns ns per frame of each turn: of the
// contender, and of the sender with the kernel's delivery.
func (r *rival) measure(work string, size int) (process, sender []float64, err error) {
	runtime.GC() // not while the generator sends
	before, err := r.wire.Far.Link(r.wire.Far.Name)
	if err != nil {
		return nil, nil, err
	}
	incoming := r.frames(frames, size)
	req := request{Work: work, Frames: frames, Data: r.payload(datagram(r.near, r.far, 0, size))}
	returned := 0
	for range turns {
		if work != send {
			took, err := r.generator.send(incoming)
			if err != nil {
				return nil, nil, err
			}
			sender = append(sender, perFrame(took))
			time.Sleep(r.settle)
		}
		out, err := r.station.turn(req)
		if err != nil {
			return nil, nil, err
		}
		if work != receive {
			returned += out.frames
		}
		process = append(process, out.nanos/float64(out.frames))
	}
	after, err := r.wire.Far.Link(r.wire.Far.Name)
	if err == nil && after.Statistics.RxPackets-before.Statistics.RxPackets != uint64(returned) {
		err = fmt.Errorf("%d frames came from the contender, not %d", after.Statistics.RxPackets-before.Statistics.RxPackets, returned)
	}
	return process, sender, err
}

// fill computes the numbers of a row from the costs of each turn, in ns per frame.
func (r *Row) fill(process, delivery []float64) {
	total := slices.Clone(process)
	for i, d := range delivery {
		total[i] += d
	}
	r.Turns, r.CPUNs, r.ProcessNs = len(total), median(total), median(process)
	if delivery != nil {
		r.KernelNs = median(delivery)
	}
	r.FPSPerCore = 1e9 / r.CPUNs
	slices.Sort(total)
	r.Spread = (total[len(total)*3/4] - total[len(total)/4]) / r.CPUNs
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func show(rows []Row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "work\tbytes\tcontender\tframes a second\tCPU, ns per frame\tcontender\tdelivery\tspread")
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(w, "%s\t%d\t%s\tdoes not run: %s\n", r.Work, r.Frame, r.Contender, r.Error)
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%.2f M\t%.0f\t%.0f\t%.0f\t%.0f %%\n", r.Work, r.Frame, r.Contender, r.FPSPerCore/1e6, r.CPUNs, r.ProcessNs, r.KernelNs, r.Spread*100)
	}
	w.Flush()
}
