package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// forwarder is what the lcores share.
type forwarder struct {
	settings settings
	ports    []port
	tables   atomic.Pointer[routes]
	old      routes // that lcores may still use, or nil
	loads    int
	readers  *rcu.QSBR  // the lcores
	counters []counters // of each lcore and port
}

// port is a port, and the first bytes of the frames that it sends.
type port struct {
	*ethdev.Port
	mac       header.MAC
	addresses [12]byte // of the neighbour, and its own
}

// newForwarder loads the routes.
func newForwarder(s settings, lcores int) (*forwarder, error) {
	f := &forwarder{settings: s, counters: make([]counters, lcores*len(s.ports))}
	t, what, err := load(s, f.name())
	if err != nil {
		return nil, err
	}
	f.tables.Store(&t)
	if f.readers, err = rcu.Create("l3fwd", lcores, rcu.Config{}); err != nil {
		return nil, errors.Join(err, t.free())
	}
	fmt.Println(what)
	return f, nil
}

// name returns a name for new tables, which exist beside the old ones for a moment.
func (f *forwarder) name() string {
	f.loads++
	return fmt.Sprint("l3fwd ", f.loads)
}

func (f *forwarder) addPort(p *ethdev.Port, neighbour header.MAC) error {
	own, err := p.MAC()
	if err != nil {
		return err
	}
	to := port{Port: p, mac: header.MAC(own)}
	copy(to.addresses[:], neighbour[:])
	copy(to.addresses[6:], own)
	f.ports = append(f.ports, to)
	return nil
}

// forward runs a worker on each lcore until ctx ends, and prints the counters.
func (f *forwarder) forward(ctx context.Context, lcores []int, hup <-chan os.Signal) error {
	var tasks lcore.Tasks
	var err error
	for i, id := range lcores {
		var task *lcore.Task
		if task, err = f.start(ctx, i, id); err != nil {
			break
		}
		tasks = append(tasks, task)
	}
	if err == nil {
		fmt.Printf("forwarding between %d ports on %d lcores\n", len(f.ports), len(lcores))
		t := newTable(f)
		var tick <-chan time.Time
		if f.settings.period > 0 {
			ticker := time.NewTicker(f.settings.period)
			defer ticker.Stop()
			tick = ticker.C
		}
		for ctx.Err() == nil {
			select {
			case <-tick:
				t.print()
			case <-hup:
				f.reload(ctx)
			case <-ctx.Done():
			}
		}
		defer t.total()
	}
	tasks.Stop()
	return errors.Join(err, tasks.Wait(context.Background()))
}

// start starts a worker on an lcore.
func (f *forwarder) start(ctx context.Context, i, id int) (*lcore.Task, error) {
	reader, err := f.readers.Register(i)
	if err != nil {
		return nil, err
	}
	w := newWorker(f, i, reader)
	return lcore.Launch(ctx, id, func(ctx context.Context) error {
		w.poll(ctx)
		return reader.Unregister()
	})
}

// reload loads the routes again. The lcores use the old tables until the new ones are complete. The old ones are freed when no
// lcore uses them any more.
func (f *forwarder) reload(ctx context.Context) {
	t, what, err := load(f.settings, f.name())
	if err != nil {
		fmt.Println("the routes stay as they were:", err)
		return
	}
	f.old = *f.tables.Swap(&t)
	fmt.Println("loaded", what)
	if err := f.readers.Synchronize(ctx); err != nil {
		return // ctx has ended
	}
	if err := f.old.free(); err != nil {
		fmt.Println(err)
	}
	f.old = nil
}

// close frees everything. All lcores have ended.
func (f *forwarder) close() error {
	err := (*f.tables.Load()).free()
	if f.old != nil {
		err = errors.Join(err, f.old.free())
	}
	return errors.Join(err, f.readers.Free())
}
