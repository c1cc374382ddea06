package udp

import (
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Conn is a UDP socket of a [Host]. Its methods do what those of *net.UDPConn do, with the same errors: an *net.OpError
// with net.ErrClosed, os.ErrDeadlineExceeded or a syscall.Errno in it. Any goroutine may call them at any time.
type Conn struct {
	host    *Host
	network string
	number  uint32 // chooses a queue and a cache

	v4, v6 bool       // IP versions
	bound  netip.Addr // local address; the zero Addr is any
	port   uint16
	remote netip.AddrPort // of a connected socket
	laddr  *net.UDPAddr
	raddr  net.Addr // nil if not connected

	closed atomic.Bool
	calls  atomic.Int32 // that run: Close waits for them, because they may have mbufs
	groups atomic.Pointer[[]netip.Addr]
	last   atomic.Pointer[path]

	options atomic.Pointer[options] // of all datagrams
	wdead   deadline

	txDatagrams, txBytes atomic.Uint64

	// The receive side.
	mu                              sync.Mutex
	cond                            sync.Cond // a datagram, an error, a deadline or the end
	ring                            []datagram
	first, count                    int
	held, limit                     int           // mbufs of the datagrams that wait
	readers                         int           // that wait
	err                             syscall.Errno // of an ICMP message, for the next call
	failed                          atomic.Bool   // err is set
	rdead                           deadline
	control                         Control
	rxDatagrams, rxBytes, rxDropped uint64
}

// datagram is a received datagram: n bytes of m from off on.
type datagram struct {
	m        *mbuf.Mbuf
	mbufs    int32 // segments of m
	off, n   int32
	from, to netip.Addr
	fromPort uint16
	tos, ttl uint8
}

func (c *Conn) ok() bool { return c != nil && c.host != nil }

// queue returns the queue that the socket sends on.
func (c *Conn) queue() *queue { return c.host.queues[c.number%uint32(len(c.host.queues))] }

// score returns how well the socket fits a datagram, -1 if it does not.
func (c *Conn) score(local, from netip.Addr, port uint16) (n int) {
	if local.Is4() && !c.v4 || local.Is6() && !c.v6 {
		return -1
	}
	if c.bound.IsValid() {
		if c.bound != local {
			return -1
		}
		n++
	}
	if c.remote.IsValid() {
		if c.remote.Port() != port || c.remote.Addr() != from {
			return -1
		}
		n += 2
	}
	return n
}

// member reports whether a multicast or broadcast datagram is for the socket.
func (c *Conn) member(d datagram) bool {
	if !d.to.IsMulticast() {
		return c.v4 && (!c.bound.IsValid() || c.bound == d.to) && (!c.remote.IsValid() || c.score(c.bound, d.from, d.fromPort) >= 0)
	}
	groups := c.groups.Load()
	return groups != nil && slices.Contains(*groups, d.to) && (!c.remote.IsValid() || c.remote == netip.AddrPortFrom(d.from, d.fromPort))
}

// push appends datagrams to those that wait. It returns how many it took, why not the others, and whether a reader was woken.
func (c *Conn) push(ds []datagram) (taken int, why Drop, woke bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return 0, DropNoSocket, false
	}
	// The limits are of mbufs: a datagram in fragments has up to 128 of them. The last one that has room may exceed the
	// limit, as in Linux, so that a small limit holds a large datagram.
	before, limit, why := c.held, c.limit, DropSocketFull
	if all := before + int(c.host.maxWaiting-c.host.waiting.Load()); limit > all {
		limit, why = all, DropHostFull
	}
	for taken < len(ds) && c.held < limit {
		d := ds[taken]
		if c.count == len(c.ring) {
			c.grow()
		}
		c.ring[(c.first+c.count)&(len(c.ring)-1)] = d
		c.count++
		c.held += int(d.mbufs)
		c.rxBytes += uint64(d.n)
		taken++
	}
	c.rxDatagrams += uint64(taken)
	c.rxDropped += uint64(len(ds) - taken)
	c.host.waiting.Add(int64(c.held - before))
	if c.readers > 0 && taken > 0 {
		woke = true
		if taken == 1 {
			c.cond.Signal()
		} else {
			c.cond.Broadcast()
		}
	}
	return taken, why, woke
}

// grow doubles the ring. Its length is a power of two.
func (c *Conn) grow() {
	bigger := make([]datagram, max(16, 2*len(c.ring)))
	for i := range c.count {
		bigger[i] = c.ring[(c.first+i)&(len(c.ring)-1)]
	}
	c.ring, c.first = bigger, 0
}

// fail makes the next call return an error that a datagram has caused.
func (c *Conn) fail(err syscall.Errno) {
	if !c.remote.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed.Load() {
		c.err = err
		c.failed.Store(true)
		c.cond.Signal()
	}
}

// failure returns and clears the error of fail. The caller holds mu.
func (c *Conn) failure() error {
	err := c.err
	c.err = 0
	c.failed.Store(false)
	if err == 0 {
		return nil
	}
	return err
}

// enter begins a call that may have mbufs. The caller calls leave at its end.
func (c *Conn) enter() { c.calls.Add(1) }

func (c *Conn) leave() { c.calls.Add(-1) }

// Close closes the socket. Calls that wait return net.ErrClosed, and datagrams that wait are dropped. Close returns when the other
// calls have ended. A second call returns net.ErrClosed.
func (c *Conn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	h := c.host
	h.mu.Lock()
	if c.closed.Load() {
		h.mu.Unlock()
		return &net.OpError{Op: "close", Net: c.network, Source: c.laddr, Addr: c.raddr, Err: net.ErrClosed}
	}
	h.unbind(c)
	if groups := c.groups.Load(); groups != nil {
		for _, g := range *groups {
			h.groups.leave(g)
		}
	}
	c.mu.Lock()
	c.closed.Store(true)
	waiting := make([]*mbuf.Mbuf, 0, c.count)
	for c.count > 0 {
		waiting = append(waiting, c.pop().m)
	}
	c.ring = nil
	c.rdead.stop()
	c.wdead.stop()
	c.cond.Broadcast()
	c.mu.Unlock()
	h.mu.Unlock()
	for _, m := range waiting {
		h.free(c.number, m)
	}
	for c.calls.Load() > 0 {
		runtime.Gosched()
	}
	h.open.Done()
	return nil
}

// pop removes the first datagram that waits. The caller holds mu.
func (c *Conn) pop() datagram {
	at := &c.ring[c.first]
	d := *at
	at.m = nil
	c.first = (c.first + 1) & (len(c.ring) - 1)
	c.count--
	c.held -= int(d.mbufs)
	c.host.waiting.Add(-int64(d.mbufs))
	return d
}

// LocalAddr returns the local address, a *net.UDPAddr. It is the same one in each call: do not change it.
func (c *Conn) LocalAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	return c.laddr
}

// RemoteAddr returns the remote address of a connected socket, a *net.UDPAddr, or nil.
func (c *Conn) RemoteAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	return c.raddr
}

// SetReadBuffer sets the number of mbufs with datagrams that wait for readers: as many as have room in this number of bytes.
// It is at least 16, and at most a quarter of the mbufs of the pool. See [Config.ReadQueue].
func (c *Conn) SetReadBuffer(bytes int) error {
	return c.set(func() {
		c.limit = max(16, min(bytes/c.host.pool.DataRoom(), c.host.pool.Size()/4))
	})
}

// SetWriteBuffer does nothing: a datagram is handed to the port, or waits for the port in the call that sends it.
func (c *Conn) SetWriteBuffer(int) error { return c.set(func() {}) }

// set changes the socket, unless it is closed.
func (c *Conn) set(f func()) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return &net.OpError{Op: "set", Net: c.network, Source: nil, Addr: c.laddr, Err: net.ErrClosed}
	}
	f()
	return nil
}
