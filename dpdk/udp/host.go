package udp

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	minMTU6 = 1280 // that every link for IPv6 has
	minMTU4 = 552  // below which no ICMP error lowers a path MTU
	burst   = 32   // packets of one call of the port
	period  = 100 * time.Millisecond
)

// Host is an IP host at a port. Make it with [NewHost] and end it with [Host.Close].
type Host struct {
	cfg    Config
	port   *ethdev.Port
	pool   *mbuf.Pool
	mac    header.MAC
	addrs  []netip.Prefix
	own    map[netip.Addr]bool // addresses, subnet broadcasts not included
	routes routes

	queues []*queue
	self   *queue // for packets that the host sends to itself, and those from shared: no port is behind it
	frees  []shard

	neighbours neighbours
	paths      paths
	fragments  fragments
	groups     groups
	shared     *member // nil for a host that is alone at its port
	steering   steering
	partial    bool   // the port has queues that the host does not use
	errors     bucket // for ICMP errors
	echoes     bucket // for echo replies
	queries    bucket // for answers to queries for all groups

	mu      sync.Mutex                      // guards changes of sockets
	sockets [1 << 16]atomic.Pointer[socket] // by local port
	conns   map[*Conn]struct{}
	turn    atomic.Uint32 // distributes sockets over queues

	waiting    atomic.Int64 // datagrams in the queues of all sockets
	maxWaiting int64

	rxVerified, txChecksum bool // the port computes checksums

	closed  atomic.Bool
	done    chan struct{}
	workers sync.WaitGroup
	open    sync.WaitGroup // sockets
}

// socket is the list of Conns of a local port. It does not change.
type socket struct{ conns []*Conn }

// shard is a cache that several goroutines free mbufs into.
type shard struct {
	mu    sync.Mutex
	cache *mbuf.Cache
	_     [48]byte // the next one is in another cache line
}

// NewHost makes a host at a port and starts its goroutines. The port must be started. It stays open after the end
// of the host. The host computes checksums unless the port's Config has the offloads for it:
// RxOffloads with ethdev.RxIPv4Checksum and ethdev.RxUDPChecksum, TxOffloads with ethdev.TxIPv4Checksum and ethdev.TxUDPChecksum.
//
// Errors: dpdk.ErrInvalid for a Config that is not valid, dpdk.ErrNoMemory, and those of the port, such as
// dpdk.ErrNoDevice.
func NewHost(port *ethdev.Port, cfg Config) (*Host, error) {
	if port == nil {
		return nil, invalid("the port is nil: open one with ethdev.Open")
	}
	mtu, err := port.MTU()
	if err != nil {
		return nil, err
	}
	pc, err := configOf(port)
	if err != nil {
		return nil, err
	}
	cfg, err = cfg.complete(pc, mtu)
	if err != nil {
		return nil, err
	}
	mac, random, err := cfg.mac(port)
	if err != nil {
		return nil, err
	}
	h := &Host{cfg: cfg, port: port, pool: cfg.Pool, mac: mac, own: map[netip.Addr]bool{},
		conns: map[*Conn]struct{}{}, done: make(chan struct{}), partial: cfg.Queues < pc.RxQueues}
	part := cfg.Pool.Size() // of the mbufs
	if cfg.Shared != nil {
		if h.shared, err = cfg.Shared.join(h, port, random); err != nil {
			return nil, err
		}
		part /= max(pc.RxQueues/cfg.Queues, 1)
	}
	h.maxWaiting = int64(part / 2)
	h.addrs = append(h.addrs, cfg.Addrs...)
	if link := header.LinkLocal(h.mac); !cfg.NoLinkLocal {
		h.addrs = append(h.addrs, netip.PrefixFrom(link, 64))
	}
	for _, a := range h.addrs {
		h.own[a.Addr()] = true
	}
	const rx, tx = ethdev.RxIPv4Checksum | ethdev.RxUDPChecksum, ethdev.TxIPv4Checksum | ethdev.TxUDPChecksum
	h.rxVerified, h.txChecksum = pc.RxOffloads&rx == rx, pc.TxOffloads&tx == tx
	h.routes = newRoutes(h.addrs, cfg.Gateways, cfg.Routes)
	h.neighbours.init(h, part)
	h.paths.init(h)
	h.fragments.init(part)
	h.groups.init(h)
	h.errors.init(1000, 50)
	h.echoes.init(10000, 1000)
	h.queries.init(10, 10)
	if err := h.start(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// configOf returns what is known about the configuration of a port. A secondary knows the numbers of queues only.
func configOf(port *ethdev.Port) (ethdev.Config, error) {
	c := port.Config()
	if c.RxQueues == 0 {
		i, err := port.Info()
		if err != nil {
			return c, err
		}
		c.RxQueues, c.TxQueues = i.RxQueues, i.TxQueues
	}
	return c, nil
}

// mac returns the Ethernet address of the host, and whether it is random.
func (c Config) mac(port *ethdev.Port) (mac header.MAC, random bool, err error) {
	if len(c.MAC) != 0 {
		return header.MAC(c.MAC), false, nil
	}
	own, err := port.MAC()
	if err != nil {
		return header.MAC{}, false, err
	}
	if m := header.MAC(own); m.IsAssignable() {
		return m, false, nil
	}
	return header.RandomMAC(), true, nil
}

// start makes the caches and starts the goroutines.
func (h *Host) start() error {
	const cached = 128
	shards := make([]shard, min(runtime.GOMAXPROCS(0), 8))
	for i := range shards {
		c, err := h.pool.NewCache(cached)
		if err != nil {
			return err
		}
		shards[i].cache = c
		h.frees = shards[:i+1]
	}
	for i := range h.cfg.Queues + 1 { // the last one is self
		c, err := h.pool.NewCache(cached)
		if err != nil {
			return err
		}
		q := &queue{host: h, cache: c}
		if i == h.cfg.Queues {
			h.self = q
			break
		}
		n := h.cfg.FirstQueue + i
		q.rx, q.tx = h.port.RxQueue(n), h.port.TxQueue(n)
		if i == 0 {
			q.inbox = h.shared
		}
		h.queues = append(h.queues, q)
		if err := errors.Join(q.rx.Err(), q.tx.Err()); err != nil {
			return err
		}
	}
	for i, q := range h.queues {
		started := make(chan error)
		h.workers.Go(func() {
			err := q.pace(h.cfg.FirstQueue + i)
			if started <- err; err == nil {
				q.poll()
			}
		})
		if err := <-started; err != nil {
			return err
		}
	}
	h.workers.Go(h.timers)
	h.groups.start()
	h.announce()
	return nil
}

func (h *Host) ok() bool { return h != nil && h.done != nil }

// timers runs what is due, until the host ends.
func (h *Host) timers() {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		select {
		case <-h.done:
			return
		case e := <-h.neighbours.stale:
			h.neighbours.use(e)
		case now := <-t.C:
			h.neighbours.tick(now)
			h.fragments.tick(h, now)
			h.paths.tick(now)
			if h.shared != nil {
				h.shared.tick()
				h.shared.taken() // if the poller sleeps
			}
		}
	}
}

// Close ends all sockets and the goroutines of the host, and frees its mbufs, except those that callers of
// [Conn.ReadBatch] have. The port stays started. Calling it again does nothing.
func (h *Host) Close() error {
	if !h.ok() || h.closed.Swap(true) {
		return nil
	}
	close(h.done)
	h.workers.Wait()
	h.mu.Lock()
	conns := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // it can only have been closed before
	}
	h.open.Wait()
	h.neighbours.close()
	h.fragments.close()
	if h.shared != nil {
		h.shared.end()
	}
	// The caches stay usable: a closed one passes mbufs on to the pool, so that a Release after Close works.
	var errs []error
	for _, q := range append(h.queues, h.self) {
		if q != nil {
			q.mu.Lock()
			errs = append(errs, q.cache.Close())
			q.mu.Unlock()
		}
	}
	for i := range h.frees {
		h.frees[i].mu.Lock()
		errs = append(errs, h.frees[i].cache.Close())
		h.frees[i].mu.Unlock()
	}
	return errors.Join(errs...)
}

// free frees an mbuf on any goroutine.
func (h *Host) free(n uint32, m *mbuf.Mbuf) {
	s := &h.frees[n%uint32(len(h.frees))]
	s.mu.Lock()
	s.cache.Free(m)
	s.mu.Unlock()
}

// Port returns the port of the host.
func (h *Host) Port() *ethdev.Port {
	if !h.ok() {
		return nil
	}
	return h.port
}

// MAC returns the Ethernet address of the host.
func (h *Host) MAC() net.HardwareAddr {
	if !h.ok() {
		return nil
	}
	return append(net.HardwareAddr(nil), h.mac[:]...)
}

// Addrs returns the addresses of the host, the link-local address included.
func (h *Host) Addrs() []netip.Prefix {
	if !h.ok() {
		return nil
	}
	return append([]netip.Prefix(nil), h.addrs...)
}

// announce makes the neighbors know the host: by gratuitous ARP and unsolicited neighbor advertisements.
func (h *Host) announce() {
	for _, a := range h.addrs {
		if addr := a.Addr(); addr.Is4() {
			h.sendARP(header.ARPRequest, header.Broadcast, addr, header.MAC{}, addr)
		} else {
			all := netip.IPv6LinkLocalAllNodes()
			h.sendAdvertisement(header.MulticastMAC(all), all, addr, false)
		}
	}
}

// broadcast reports whether a is a broadcast address of IPv4 for this host.
func (h *Host) broadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	b := a.As4()
	if b == [4]byte{255, 255, 255, 255} {
		return true
	}
	for _, p := range h.addrs {
		if p.Addr().Is4() && p.Bits() < 31 && p.Contains(a) && be.Uint32(b[:])|^uint32(0)<<(32-p.Bits()) == ^uint32(0) {
			return true
		}
	}
	return false
}

// bucket limits a rate: a token bucket.
type bucket struct {
	mu     sync.Mutex
	rate   float64 // tokens a second
	limit  float64
	tokens float64
	last   time.Time
}

func (b *bucket) init(rate, limit float64) { b.rate, b.limit, b.tokens = rate, limit, limit }

// take takes a token and reports whether there was one.
func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.last.IsZero() {
		b.tokens = min(b.limit, b.tokens+b.rate*now.Sub(b.last).Seconds())
	}
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
