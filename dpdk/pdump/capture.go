package pdump

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	opEnable  = "rte_pdump_enable_bpf"
	opDisable = "rte_pdump_disable"
	opStats   = "rte_pdump_stats"

	statsZone = "rte_pdump_stats" // rte_pdump_init makes it
	burst     = 64
)

// Capture gets copies of the packets of a port. One goroutine at a time may use it. Close it before EAL ends.
type Capture struct {
	port  *ethdev.Port
	cfg   Config
	hooks []hook // enabled
	// unsure is set if other secondaries may still use ring and pool.
	unsure bool
	ring   *ring.Ring[*mbuf.Mbuf]
	pool   *copies
	held   []*mbuf.Mbuf // returned by the last Burst
	table  [burst]*mbuf.Mbuf
	one    [burst]Packet
	rest   []Packet // of one: those that Packets has not yielded

	base                pdumpcgo.Stats
	packets, unreadable int
}

// captures counts the captures of this process.
var captures atomic.Uint64

// Start starts a capture of a port. Only a secondary can capture.
//
// Errors: dpdk.ErrPermission in a primary; dpdk.ErrNotFound if the primary has not called [Init]; dpdk.ErrExist if another
// capture has a queue in that direction, or a killed process has left one (see [Reset]); dpdk.ErrInvalid for a Config
// out of range, and for a port without queues; dpdk.ErrNoMemory; dpdk.ErrUnsupported for a filter if DPDK was built without
// libpcap. Nothing is left behind then. After dpdk.ErrTimeout, if the primary does not answer within 5 s, the memory of the capture
// stays until the primary ends, because it may still begin to capture: see [Reset].
//
// Implements: rte_pdump_enable_bpf, rte_pdump_enable, rte_bpf_convert
func Start(port *ethdev.Port, cfg Config) (c *Capture, err error) {
	if port == nil {
		return nil, check.Invalid(opEnable, "", "the port is nil: use ethdev.Lookup, ByID or List")
	}
	if err := open(port); err != nil {
		return nil, err
	}
	if err := cfg.complete(port); err != nil {
		return nil, err
	}
	c = &Capture{port: port, cfg: cfg}
	hooks, err := cfg.hooks(port)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("pdump_%d_%d", os.Getpid(), captures.Add(1))
	if c.ring, err = ring.Create[*mbuf.Mbuf](name, cfg.Ring, ring.Config{Producer: ring.RTS, Consumer: ring.RTS}); err != nil {
		return nil, err
	}
	if c.pool, err = newCopies(name, cfg.Ring+spare, mbuf.DefaultHeadroom+cfg.SnapLen+trailer); err == nil {
		err = withFilter(port.Name(), cfg.Filter, func(filter unsafe.Pointer) error { return c.enable(hooks, filter) })
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// open checks that this process can capture.
func open(port *ethdev.Port) error {
	err := control.Call(opEnable, port.Name(), func() error {
		if primary() {
			return &dpdk.Error{Op: opEnable, Name: port.Name(), Errno: dpdk.ErrPermission, Detail: "a primary cannot capture: start a secondary for it"}
		}
		_, err := objects.MemzoneLookup(statsZone)
		return err
	})
	if errors.Is(err, dpdk.ErrNotFound) {
		return &dpdk.Error{Op: opEnable, Name: port.Name(), Errno: dpdk.ErrNotFound, Detail: "the primary does not let others capture: it must call pdump.Init (rte_pdump_init)"}
	}
	if err != nil {
		return err
	}
	return Init()
}

// enable starts the capture of each queue on its own, so that what was started is known if one fails: DPDK undoes nothing.
func (c *Capture) enable(hooks []hook, filter unsafe.Pointer) (err error) {
	for _, h := range hooks {
		n := note{Place: c.place(h), Memory: memory{c.ring.Name(), c.pool.Name(), uintptr(c.ring.Pointer()), uintptr(c.pool.Pointer())}}
		err := c.call(opEnable, func(port uint16) error {
			if _, err := remember(n.Place.Port, n); err != nil {
				return err
			}
			if errno := pdumpcgo.Enable(port, h.queue, uint32(h.direction), uint32(c.cfg.SnapLen), c.ring.Pointer(), c.pool.Pointer(), filter); errno != 0 {
				return control.Errno(errno)
			}
			c.hooks = append(c.hooks, h)
			n.Began = true
			_, err := remember(n.Place.Port, n)
			return err
		})
		if errors.Is(err, dpdk.ErrTimeout) && !slices.Contains(c.hooks, h) { // the primary may still do it: Close must not free the memory then
			c.hooks = append(c.hooks, h)
		}
		if err != nil {
			return control.Explain(err, dpdk.ErrExist, fmt.Sprintf("queue %d has a capture of %v packets: end that one, or call Reset if its process was killed", h.queue, h.direction))
		}
	}
	c.base, err = c.read() // Enable clears the counters in most releases
	return err
}

// asking makes requests to the primary one after the other: DPDK refuses a second one of a process with EEXIST.
var asking sync.Mutex

// call makes a control call on the port.
func (c *Capture) call(op string, f func(port uint16) error) error {
	if c.port == nil {
		return check.Invalid(op, "", "the capture has no port: use Start")
	}
	asking.Lock()
	defer asking.Unlock()
	return control.Call(op, c.port.Name(), func() error { return f(uint16(c.port.ID())) })
}

// place returns where the primary captures for a hook.
func (c *Capture) place(h hook) place { return place{c.port.Name(), h.queue, h.direction} }

// Port returns the port.
func (c *Capture) Port() *ethdev.Port { return c.port }

// Config returns the configuration, with defaults filled in.
func (c *Capture) Config() Config { return c.cfg }

// Burst fills in up to len(pkts) packets and returns their number. It does not wait. Their Data is valid until the next
// Burst.
func (c *Capture) Burst(pkts []Packet) int {
	if len(c.rest) > 0 {
		n := copy(pkts, c.rest)
		c.rest = c.rest[n:]
		return n
	}
	return c.receive(pkts)
}

// receive is Burst without packets that Packets has left.
func (c *Capture) receive(pkts []Packet) (n int) {
	c.release()
	for n < len(pkts) && c.ring != nil {
		got := c.ring.DequeueBurst(c.table[:min(burst, len(pkts)-n)])
		if got == 0 {
			break
		}
		now := newClock()
		c.held = append(c.held, c.table[:got]...)
		for _, m := range c.table[:got] {
			if pkts[n].read(m, now) {
				n++
			} else {
				c.unreadable++
			}
		}
	}
	c.packets += n
	return n
}

// release frees the copies that the last Burst has returned.
func (c *Capture) release() {
	if len(c.held) > 0 {
		c.pool.free(c.held)
		c.held = c.held[:0]
	}
}

// Packets returns an iterator over the packets. It waits for packets until ctx ends. Then it calls [Capture.Stop], and
// ends behind the last packet. Data of a packet is valid until the next one. Let ctx end with
// eal.Runtime.Context, which ends with the primary. After a break Packets can be called again, and continues with the
// next packet. Behind Close there are none.
func (c *Capture) Packets(ctx context.Context) iter.Seq[Packet] {
	return func(yield func(Packet) bool) {
		idle := lcore.Idle{Sleep: 100 * time.Microsecond}
		for over := false; ; {
			if len(c.rest) == 0 {
				c.rest = c.one[:c.receive(c.one[:])]
			}
			n := len(c.rest)
			for len(c.rest) > 0 {
				p := c.rest[0]
				c.rest = c.rest[1:]
				if !yield(p) {
					return
				}
			}
			switch {
			case n > 0:
			case over || c.ring == nil:
				return
			case ctx.Err() != nil:
				_ = c.Stop() // Close returns the error
				over = true
				continue
			}
			idle.After(n)
		}
	}
}

// settle is the time that a burst of the primary may still use the ring and the pool after Disable, before DPDK 25.11.
const settle = 50 * time.Millisecond

// Stop ends the capture. Burst still returns the packets that were captured before. Stopping twice is a no-op. After an
// error, such as dpdk.ErrTimeout if the primary is stopped, call it again.
//
// Implements: rte_pdump_disable
func (c *Capture) Stop() error {
	stopped := len(c.hooks) > 0
	for len(c.hooks) > 0 {
		h := c.hooks[0]
		err := c.call(opDisable, func(port uint16) error {
			err := control.Errno(pdumpcgo.Disable(port, h.queue, uint32(h.direction)))
			if err == nil || errors.Is(err, dpdk.ErrInvalid) {
				_, _ = forget(c.port.Name(), c.place(h)) // without it the end of this process has one no-op more
			}
			return err
		})
		c.unsure = c.unsure || pdumpcgo.Secondaries == 1 && errors.Is(err, dpdk.ErrTimeout)
		if err != nil && !errors.Is(err, dpdk.ErrInvalid) && !gone(err) { // ErrInvalid: somebody else has ended it
			return err
		}
		c.hooks = c.hooks[1:]
	}
	if stopped && pdumpcgo.Secondaries == 0 {
		time.Sleep(settle)
	}
	return nil
}

// gone reports whether the primary has ended, and all captures with it.
func gone(err error) bool {
	return errors.Is(err, dpdk.ErrPrimaryGone) || errors.Is(err, dpdk.ErrNotRunning)
}

// Close stops the capture, discards what Burst has not returned, and frees the memory. Closing twice is a no-op. If Stop
// fails, the primary may still use the memory: call Close again. If Stop returned dpdk.ErrTimeout before, then since DPDK 25.11
// other secondaries may still use the memory, and Close does not free it.
func (c *Capture) Close() error {
	if err := c.Stop(); err != nil {
		return err
	}
	if c.ring == nil {
		return nil
	}
	c.release()
	if c.unsure {
		c.ring, c.pool, c.rest = nil, nil, nil
		return nil
	}
	for n := c.ring.DequeueBurst(c.table[:]); n > 0; n = c.ring.DequeueBurst(c.table[:]) {
		c.pool.free(c.table[:n])
	}
	err := c.ring.Free()
	if c.pool != nil && c.pool.Pool != nil {
		err = errors.Join(err, c.pool.close())
	}
	c.ring, c.pool, c.rest = nil, nil, nil
	if gone(err) {
		return nil
	}
	return err
}

// Stats counts packets since Start.
type Stats struct {
	Packets    int // that Burst has returned
	Unreadable int // that Burst has skipped, because they were not complete
	// Filtered and Dropped are the packets that the filter has refused, and those without a copy because the ring or the
	// pool had no room, on all queues of the port. Other captures of the port count as well.
	Filtered, Dropped uint64
}

// Stats returns the counters. It can be called after [Capture.Close]. The error is dpdk.ErrNotFound after Uninit in the
// primary, and dpdk.ErrNoDevice for a port that has gone.
//
// Implements: rte_pdump_stats
func (c *Capture) Stats() (Stats, error) {
	s := Stats{Packets: c.packets, Unreadable: c.unreadable}
	now, err := c.read()
	if err != nil {
		return s, err
	}
	s.Filtered = since(now.Filtered, c.base.Filtered)
	s.Dropped = since(now.NoMbuf, c.base.NoMbuf) + since(now.RingFull, c.base.RingFull)
	return s, nil
}

// since returns what a counter has counted. A later capture of the port may have cleared it.
func since(now, base uint64) uint64 {
	if now < base {
		return now
	}
	return now - base
}

func (c *Capture) read() (s pdumpcgo.Stats, err error) {
	err = c.call(opStats, func(port uint16) (err error) {
		s, err = readStats(port)
		return err
	})
	return s, control.Explain(err, dpdk.ErrNotFound, "the primary has called pdump.Uninit (rte_pdump_uninit), which ends all counters: count in a new process")
}

// counters is where DPDK has found the counters. It does not look again, and reads freed memory after rte_pdump_uninit.
var counters struct {
	sync.Mutex
	at unsafe.Pointer
}

func readStats(port uint16) (pdumpcgo.Stats, error) {
	counters.Lock()
	defer counters.Unlock()
	z, err := objects.MemzoneLookup(statsZone)
	if err != nil {
		return pdumpcgo.Stats{}, err
	}
	if counters.at != nil && counters.at != z.Addr {
		return pdumpcgo.Stats{}, dpdk.ErrNotFound
	}
	s, errno := pdumpcgo.ReadStats(port)
	if errno == 0 {
		counters.at = z.Addr
	}
	return s, control.Errno(errno)
}

// Reset ends the captures of all queues of a port, whichever process has started them. It is for captures of killed processes
// that the primary has not ended: see the package. Other captures get no more packets. Only a secondary can call it; errors are those of [Start].
//
// Implements: rte_pdump_disable
func Reset(port *ethdev.Port) error {
	if port == nil {
		return check.Invalid(opDisable, "", "the port is nil: use ethdev.Lookup, ByID or List")
	}
	if err := open(port); err != nil {
		return err
	}
	hooks, err := (&Config{Direction: both}).hooks(port)
	if err != nil {
		return err
	}
	return (&Capture{port: port, hooks: hooks}).Stop()
}
