//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// options are the flags of the primary.
type options struct {
	prefix         *string
	ports          []string
	vips, gateways [2]netip.Addr // of IPv4 and IPv6
	config         string
	workers, flows int
	idle           time.Duration
	eal            []string // EAL options
}

func (o *options) addPort(devargs string) error {
	o.ports = append(o.ports, devargs)
	return nil
}

func (o *options) addVIP(s string) error {
	if a, err := netip.ParseAddr(s); err == nil && !a.Unmap().IsGlobalUnicast() {
		return fmt.Errorf("%v is not a global unicast address", a)
	}
	return addAddress(&o.vips, s)
}
func (o *options) addGateway(s string) error { return addAddress(&o.gateways, s) }

// addAddress adds an address to the one of each family.
func addAddress(of *[2]netip.Addr, s string) error {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return err
	}
	i := 0
	if a = a.Unmap(); a.Is6() {
		i = 1
	}
	if of[i].IsValid() {
		return fmt.Errorf("%v is there already: use one address of each family", of[i])
	}
	of[i] = a
	return nil
}

func (o *options) check() error {
	switch {
	case len(o.ports) < 1 || len(o.ports) > maxPorts:
		return fmt.Errorf("%d ports: use 1 to %d, such as -port net_af_packet0,iface=eth1", len(o.ports), maxPorts)
	case o.vips == [2]netip.Addr{}:
		return errors.New("no address of the service: use -vip")
	case o.config == "":
		return errors.New("no file with the backends: name it with -config")
	case o.workers < 1 || o.workers > maxWorkers:
		return fmt.Errorf("-workers=%d: use 1 to %d", o.workers, maxWorkers)
	case o.idle < 2*time.Second:
		return fmt.Errorf("-idle=%v: use 2s or more: workers note once a second that a flow lives", o.idle)
	}
	return nil
}

// balancer is the primary.
type balancer struct {
	tables
	shared *Shared
	pool   *mbuf.Pool
	ports  []*netPort
	queues []queue
	resolver
	learning sync.Mutex                   // held while hops or wanted change
	wanted   atomic.Pointer[[]netip.Addr] // the backends for new flows
	idle     time.Duration

	ignored, full, refused uint64 // packets
}

// primary runs until ctx ends.
func primary(ctx context.Context, o options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	f, err := os.Open(o.config)
	if err != nil {
		return err
	}
	set, err := readConfig(f)
	f.Close()
	if err != nil {
		return err
	}
	b := &balancer{idle: o.idle}
	cpus, err := lcore.ThreadCPUs()
	if err != nil {
		return err
	}
	rt, err := eal.Init(eal.Config{FilePrefix: *o.prefix, MemoryMB: 64, NoPCI: len(o.eal) == 0, Extra: o.eal, Lcores: fmt.Sprintf("0@%d", cpus[0]),
		Prepare: func(*eal.Runtime) error { return b.create(&o, set) }}) // workers that start now wait until all is there
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	sub, err := rt.Subscribe()
	if err != nil {
		return err
	}
	defer sub.Close()
	ctx, cancel := context.WithCancel(ctx)
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		b.poll(ctx)
	}()
	defer func() {
		cancel()
		<-polled
	}()
	fmt.Printf("loadbalancer: ready: %d ports, %d workers\n", len(b.ports), len(b.queues))
	began := time.Now()
	for tick, done := time.Tick(time.Second), false; !done; {
		select {
		case <-polled:
			done = true
		case <-tick:
			b.shared.Now.Store(1 + uint32(time.Since(began)/time.Second))
			b.expire()
		case e, ok := <-sub.C:
			if !ok {
				return errors.New("EAL has stopped")
			}
			fmt.Printf("loadbalancer: process %d has %v\n", e.Pid, e.State)
		}
	}
	for _, p := range b.ports {
		err = errors.Join(err, p.port.Stop())
	}
	b.report()
	return err
}

// create makes the shared objects.
func (b *balancer) create(o *options, set Set) (err error) {
	zone, err := memzone.CreateValue[Shared](sharedName, memzone.Config{})
	if err != nil {
		return err
	}
	b.shared = zone.Get()
	b.learn = b.learned
	b.wanted.Store(new([]netip.Addr))
	b.shared.Workers = uint32(o.workers)
	b.shared.Now.Store(1)
	for i, a := range o.vips {
		if a.IsValid() {
			b.shared.VIPs[i], b.own = addrOf(a), append(b.own, a)
		}
	}
	for _, a := range o.gateways {
		if a.IsValid() {
			b.own = append(b.own, a)
		}
	}
	if err := b.createTables(o.flows); err != nil {
		return err
	}
	const descriptors = 1024
	if b.pool, err = mbuf.CreatePool("packets", 2*descriptors*len(o.ports)+2*ringSize*o.workers, mbuf.PoolConfig{PrivateSize: noteSize}); err != nil {
		return err
	}
	for i, devargs := range o.ports {
		p, err := ethdev.Open(devargs, ethdev.Config{Pool: b.pool})
		if err != nil {
			return err
		}
		if err := p.SetAllMulticast(true); err != nil && !errors.Is(err, dpdk.ErrUnsupported) { // neighbor solicitations
			return err
		}
		mac, err := p.MAC()
		if err != nil {
			return err
		}
		b.shared.MACs[i] = header.MAC(mac)
		b.ports = append(b.ports, &netPort{port: p, mac: header.MAC(mac), rx: p.RxQueue(0), tx: p.TxQueue(0)})
	}
	b.queues = make([]queue, o.workers)
	for n := range b.queues {
		if err := b.queues[n].create(n); err != nil {
			return err
		}
	}
	if err := b.use(context.Background(), set); err != nil { // nobody reads yet
		return err
	}
	return b.handleReload()
}

// createTables makes the tables. Clients choose the keys of flows, so the hash function has a random seed: otherwise a client could fill a bucket.
func (b *balancer) createTables(flows int) (err error) {
	if b.flows, err = hashtable.Create[Key, Flow](flowsName, flows, hashtable.Config{Function: hashtable.ByJenkins, Seed: rand.Uint32()}); err != nil {
		return err
	}
	if b.neighbours, err = hashtable.Create[Addr, Hop](neighboursName, 16*maxBackends, hashtable.Config{}); err != nil {
		return err
	}
	b.readers, err = rcu.Create(readersName, 2*maxWorkers, rcu.Config{})
	return err
}

// expire deletes the flows that have been idle. A packet that comes at the same moment may lose its flow; then it begins one.
func (b *balancer) expire() {
	now, idle := b.shared.Now.Load(), uint32(b.idle/time.Second)
	for key, flow := range b.flows.All() {
		if now-flow.Seen > idle {
			if err := b.flows.Delete(key); errors.Is(err, dpdk.ErrBusy) { // a worker is stopped in the table: the next second tries again
				return
			}
		}
	}
}

// report prints the counters.
func (b *balancer) report() {
	var forwarded, flows, dropped uint64
	for n := range b.queues {
		c := &b.shared.Of[n]
		fmt.Printf("worker %d: %d packets forwarded, %d flows begun, %d packets dropped\n", n, c.Forwarded.Load(), c.Flows.Load(), c.Dropped.Load())
		forwarded, flows, dropped = forwarded+c.Forwarded.Load(), flows+c.Flows.Load(), dropped+c.Dropped.Load()
	}
	fmt.Printf("total: %d packets forwarded, %d flows begun, %d in the table; dropped: %d by workers, %d for full rings, %d by ports; %d ignored\n",
		forwarded, flows, b.flows.Len(), dropped, b.full, b.refused, b.ignored)
}
