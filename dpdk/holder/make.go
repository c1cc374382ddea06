package holder

import (
	"fmt"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// make makes the objects of the configuration, and records how each ends.
func (h *Holder) make(c *Config) error {
	pools := map[string]*mbuf.Pool{}
	for i, p := range c.Pools {
		pool, err := mbuf.CreatePool(p.Name, p.Count, mbuf.PoolConfig{DataRoom: p.DataRoom, PrivateSize: p.PrivateSize,
			CacheSize: p.CacheSize, Ops: p.Ops, Socket: socket(p.Socket)})
		if err := h.add(fmt.Sprintf("pools[%d]", i), err, func() error { return h.endPool(pool) }); err != nil {
			return err
		}
		pools[p.Name] = pool
	}
	for i, p := range c.ObjectPools {
		pool, err := mempool.Create(p.Name, p.Count, p.ElemSize, mempool.Config{CacheSize: p.CacheSize, Ops: p.Ops, Socket: socket(p.Socket)})
		if err := h.add(fmt.Sprintf("objectPools[%d]", i), err, func() error { return h.endPool(pool) }); err != nil {
			return err
		}
	}
	for i, z := range c.Memzones {
		zone, err := memzone.Reserve(z.Name, z.Size, memzone.Config{Align: z.Align, Socket: socket(z.Socket)})
		if err := h.add(fmt.Sprintf("memzones[%d]", i), err, func() error { return zone.Free() }); err != nil {
			return err
		}
		clear(zone.Bytes()) // it may hold old data
	}
	for i := range c.Rings {
		r := &c.Rings[i]
		untyped, err := ring.CreateUntyped(r.Name, r.elemSize(), r.Count, ring.Config{Producer: modes[r.Producer], Consumer: modes[r.Consumer],
			ExactSize: r.ExactSize, Socket: socket(r.Socket)})
		if err := h.add(fmt.Sprintf("rings[%d]", i), err, func() error { return untyped.Free() }); err != nil {
			return err
		}
	}
	for i := range c.Ports {
		path := fmt.Sprintf("ports[%d]", i)
		if err := h.addPort(path, &c.Ports[i], pools); err != nil {
			return err
		}
	}
	for i := range c.Places {
		if err := place.Declare(c.Places[i].Name, c.Places[i].parts()); err != nil {
			return fmt.Errorf("places[%d]: %w", i, err)
		}
	}
	return nil
}

// add records how an object ends. It returns the error of its creation with its place.
func (h *Holder) add(path string, err error, end func() error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	h.made = append(h.made, made{path, end})
	return nil
}

// endPool frees a pool. Objects that did not return are those of processes that were killed: they are freed
// with the pool.
func (h *Holder) endPool(p interface {
	Name() string
	InUse() int
	Size() int
	Free() error
}) error {
	if n := p.InUse(); n > 0 {
		h.log.Warn("holder: objects did not return to their pool", "pool", p.Name(), "missing", n, "size", p.Size())
	}
	return p.Free()
}

// addPort makes a port and starts it.
func (h *Holder) addPort(path string, p *Port, pools map[string]*mbuf.Pool) error {
	cfg := ethdev.Config{RxQueues: p.RxQueues, TxQueues: p.TxQueues, Pool: pools[p.Pool], MTU: p.MTU,
		Rx: ethdev.RxQueueConfig{Descriptors: p.RxDescriptors}, Tx: ethdev.TxQueueConfig{Descriptors: p.TxDescriptors}}
	port, end, err := p.open(cfg)
	if err := h.add(path, err, func() error { return end() }); err != nil {
		return err
	}
	if p.Promiscuous {
		if err := port.SetPromiscuous(true); err != nil {
			return fmt.Errorf("%s.promiscuous: %w", path, err)
		}
	}
	return nil
}

// open opens the port, and returns the call that ends it.
func (p *Port) open(cfg ethdev.Config) (port *ethdev.Port, end func() error, err error) {
	if len(p.RxRings) > 0 {
		rings := netring.Config{Name: p.Device}
		if rings.Rx, err = lookup(p.RxRings); err != nil {
			return nil, nil, err
		}
		if rings.Tx, err = lookup(p.TxRings); err != nil {
			return nil, nil, err
		}
		if port, err = netring.Open(rings, cfg); err != nil {
			return nil, nil, err
		}
		return port, port.Detach, nil
	}
	_, missing := ethdev.Lookup(p.Device)
	if port, err = ethdev.Open(p.Device, cfg); err != nil {
		return nil, nil, err
	}
	if missing == nil { // EAL has made it, and ends its device
		return port, port.Close, nil
	}
	return port, port.Detach, nil
}

// lookup finds the rings of a port.
func lookup(names []string) (rings []*ring.Ring[*mbuf.Mbuf], err error) {
	for _, name := range names {
		r, err := ring.Lookup[*mbuf.Mbuf](name)
		if err != nil {
			return nil, err
		}
		rings = append(rings, r)
	}
	return rings, nil
}
