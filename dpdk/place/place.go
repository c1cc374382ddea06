package place

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/places"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// MaxName is the maximum length of a name, in bytes.
const MaxName = 31

// Place is a place that this process has claimed. One goroutine uses it and what belongs to it, except for
// [Place.Wanted], [Place.Name] and [Place.Predecessor], which any goroutine may call.
type Place struct {
	name        string
	claim       uint64
	state       *places.State
	parts       Parts
	predecessor Predecessor
	rx          []ethdev.RxQueue
	tx          []ethdev.TxQueue

	mu     sync.Mutex
	ends   []func(keep bool) error // of batches and caches
	ending bool                    // Leave or Close was called
	ended  bool                    // it has succeeded
}

// End is how a process has given up a place.
type End int

const (
	None   End = End(places.None)   // the place had no owner yet
	Left   End = End(places.Left)   // [Place.Leave]
	Closed End = End(places.Closed) // [Place.Close]
	Ended  End = End(places.Ended)  // eal.Runtime.Close, without Leave and Close
	Died   End = End(places.Died)
)

// String returns the way in lower case.
func (e End) String() string {
	names := []string{"none", "left", "closed", "ended", "died"}
	if e < 0 || int(e) >= len(names) {
		return fmt.Sprintf("End(%d)", int(e))
	}
	return names[e]
}

// Predecessor is the last owner of a place. The zero value means that there was none.
type Predecessor struct {
	Pid int // in its own pid namespace
	End End
	// Recovery is what the primary has taken care of when the process had ended, for the whole process. It
	// is zero for Left and Closed.
	Recovery eal.Recovery
}

func predecessorOf(p places.Predecessor) Predecessor {
	return Predecessor{p.Pid, End(p.End), eal.Recovery(p.Recovery)}
}

// Claim claims a place for this process. While another living process has the place or one of its parts,
// Claim waits until that has left, or has died and everything that it had is settled. It does not ask the
// owner to leave: see [TakeOver]. If ctx has ended already, Claim tries once.
//
// parts are the parts of the place, which replace those of its last owner. The zero value means the parts
// that the primary has declared or, without a declaration, those of the last owner.
//
// Errors: *[BusyError] (dpdk.ErrBusy) if ctx ends first, dpdk.ErrInvalid (the name, or other parts than the
// primary has declared), dpdk.ErrNoDevice (a port does not exist), dpdk.ErrUnsupported (this process cannot poll a
// queue, or the primary is a C program), dpdk.ErrNoSpace, dpdk.ErrTimeout. Any goroutine may call it, in any process.
func Claim(ctx context.Context, name string, parts Parts) (*Place, error) {
	return claim(ctx, name, parts, false)
}

// TakeOver does what [Claim] does, and asks the owner to leave: [Place.Wanted] is true there until TakeOver
// returns. It does not ask the owner of another place that has one of the parts: take over that place.
func TakeOver(ctx context.Context, name string, parts Parts) (*Place, error) {
	return claim(ctx, name, parts, true)
}

func claim(ctx context.Context, name string, parts Parts, ask bool) (*Place, error) {
	request := places.Request{Pid: os.Getpid(), Claim: claims.Add(1), Ask: ask}
	err := check.Name(places.OpClaim, name, MaxName+1)
	if err == nil {
		request.Parts, err = parts.list(name)
	}
	if err != nil {
		return nil, err
	}
	p, err := await(ctx, name, request)
	if err != nil && (ask || errors.Is(err, dpdk.ErrTimeout)) {
		err = errors.Join(err, release(name, request.Claim, places.None)) // the primary may have claimed it after the timeout
	}
	return p, err
}

// claims counts the claims of this process.
var claims atomic.Uint64

// await claims a place as soon as it is free.
func await(ctx context.Context, name string, request places.Request) (*Place, error) {
	var dead owner.ID
	for {
		var r places.Reply
		reach("before the claim")
		err := control.Call(places.OpClaim, name, func() (err error) {
			r, err = places.Claim(name, request)
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case r.Pid == 0:
			reach("after the claim")
			return claimed(name, request.Claim, r)
		}
		reach("while it waits")
		if err := wait(ctx, r, &dead); err != nil {
			return nil, &BusyError{Name: name, Pid: r.Pid, Part: r.Part, Place: r.Other, cause: err}
		}
	}
}

// The owner of a place is looked at each tick. After rest the primary is asked again.
const (
	tick = time.Millisecond
	rest = 100 * tick
)

// wait waits until the place is free, or for rest. It returns also when it finds that the owner is dead, so that the
// primary is asked and looks at once. It sets dead then, and does not return for that owner again: the recovery may take long.
func wait(ctx context.Context, r places.Reply, dead *owner.ID) error {
	state := places.StateAt(r.State)
	t := time.NewTicker(tick)
	defer t.Stop()
	for range rest / tick {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
		}
		if state.Free() {
			return nil
		}
		if r.Owner != *dead && owner.Dead(r.Owner) {
			*dead = r.Owner
			return nil
		}
	}
	return nil
}

// release ends a claim.
func release(name string, claim uint64, how places.End) error {
	return control.Call(places.OpLeave, name, func() error {
		_, err := places.Release(name, places.Ending{Claim: claim, How: how})
		return err
	})
}

// claimed returns a place that the primary has given to this process, with its queues.
func claimed(name string, claim uint64, r places.Reply) (_ *Place, err error) {
	p := &Place{name: name, claim: claim, state: places.StateAt(r.State), parts: partsOf(r.Parts)}
	p.predecessor = predecessorOf(r.Predecessor)
	for _, q := range p.parts.Rx {
		port, e := ethdev.Lookup(q.Port)
		if e == nil {
			e = port.RxQueue(q.Queue).Err()
		}
		p.rx, err = append(p.rx, port.RxQueue(q.Queue)), errors.Join(err, e)
	}
	for _, q := range p.parts.Tx {
		port, e := ethdev.Lookup(q.Port)
		if e == nil {
			e = port.TxQueue(q.Queue).Err()
		}
		p.tx, err = append(p.tx, port.TxQueue(q.Queue)), errors.Join(err, e)
	}
	if err != nil {
		return nil, errors.Join(err, p.end(places.None))
	}
	return p, nil
}

// Name returns the name.
func (p *Place) Name() string { return p.name }

// Parts returns the parts of the place. Do not change its lists.
func (p *Place) Parts() Parts { return p.parts }

// Predecessor returns the last owner of the place.
func (p *Place) Predecessor() Predecessor { return p.predecessor }

// Wanted reports whether another process asks this one to leave: see [TakeOver]. It is a load of a word in
// shared memory, so a poller can call it after each burst.
func (p *Place) Wanted() bool { return p.state.Wanted() }

// RxQueue returns the receive queue Parts.Rx[i]; the zero value, which receives nothing, if there is none.
func (p *Place) RxQueue(i int) (q ethdev.RxQueue) {
	if i >= 0 && i < len(p.rx) {
		q = p.rx[i]
	}
	return q
}

// TxQueue returns the transmit queue Parts.Tx[i]; the zero value, which sends nothing, if there is none.
func (p *Place) TxQueue(i int) (q ethdev.TxQueue) {
	if i >= 0 && i < len(p.tx) {
		q = p.tx[i]
	}
	return q
}

// NewBatch makes a batch of the place, or claims the one that the predecessor has left, with all its
// elements. Its name is that of the place, a slash, and name. [Place.Leave] leaves it to the successor, and
// [Place.Close] closes it. Errors are those of ring.NewBatch, and dpdk.ErrNotFound
// after Leave or Close.
func NewBatch[T any](p *Place, name string, capacity int) (*ring.Batch[T], error) {
	if err := p.err(); err != nil {
		return nil, err
	}
	b, err := ring.NewBatch[T](p.name+"/"+name, capacity)
	if err != nil {
		return nil, err
	}
	reach("after a batch")
	p.add(func(keep bool) error {
		if keep {
			return b.Leave()
		}
		return b.Close()
	})
	return b, nil
}

// NewCache makes a cache of a pool of packets, which Leave and Close return to the pool with its contents.
// Errors are those of mbuf.Pool.NewCache, and dpdk.ErrNotFound after Leave or Close.
func (p *Place) NewCache(pool *mbuf.Pool, size int) (*mbuf.Cache, error) {
	if err := p.err(); err != nil {
		return nil, err
	}
	c, err := pool.NewCache(size)
	if err != nil {
		return nil, err
	}
	p.add(func(bool) error { return c.Close() })
	return c, nil
}

// err returns dpdk.ErrNotFound after a call of Leave or Close.
func (p *Place) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return &dpdk.Error{Op: places.OpClaim, Name: p.name, Errno: dpdk.ErrNotFound, Detail: "this process has left the place"}
	}
	return nil
}

func (p *Place) add(end func(keep bool) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = append(p.ends, end)
}

// Leave gives up the place to a successor, which gets everything in the batches of the place, and nothing is
// lost. The caches return to their pools. The caller must not use the batches, caches and queues of the
// place any more. Leave of a place that was left or closed does nothing.
//
// Errors are those of the batches and caches, and dpdk.ErrTimeout if the primary does not answer. After an error the
// place stays claimed until this process ends, or until Leave or Close is called again, which continues where the
// error occurred.
func (p *Place) Leave() error { return p.end(places.Left) }

// Close does what [Place.Leave] does, but closes the batches: packets return to their pools, and other
// elements are dropped.
func (p *Place) Close() error { return p.end(places.Closed) }

func (p *Place) end(how places.End) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil
	}
	p.ending = true
	reach("before the end")
	for len(p.ends) > 0 {
		if err := p.ends[0](how == places.Left); err != nil {
			return err
		}
		p.ends = p.ends[1:]
		reach("after the end of a batch or cache")
	}
	err := release(p.name, p.claim, how)
	p.ended = err == nil
	reach("after the end")
	return err
}

// reach is a point at which tests kill a process.
func reach(point string) {
	if build.Debug {
		places.Point(point)
	}
}
