package holder_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/holder"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
)

func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{NoEAL: true}) }

// config is a configuration with one object of each kind.
func config(prefix string) holder.Config {
	return holder.Config{
		EAL:         holder.EAL{FilePrefix: prefix, Lcores: ealtest.Lcores(0, 1), MemoryMB: 32, NoPCI: true, Vdevs: []string{"net_null0,size=64"}},
		Pools:       []holder.Pool{{Name: "packets", Count: 1023}},
		ObjectPools: []holder.ObjectPool{{Name: "objects", Count: 63, ElemSize: 40}},
		Memzones:    []holder.Memzone{{Name: "counters", Size: 64}},
		Rings: []holder.Ring{
			{Name: "in", Count: 64, Producer: "single", Consumer: "single"}, {Name: "out", Count: 64},
			{Name: "quotes", Count: 100, ElemSize: 12, ExactSize: true, Producer: "rts", Consumer: "hts"},
		},
		Ports: []holder.Port{
			{Device: "net_null0", Pool: "packets", RxQueues: 2, Promiscuous: true},
			{Device: "net_null1,size=100", Pool: "packets"},
			{Device: "net_ring_wire", RxRings: []string{"in"}, TxRings: []string{"out"}, Pool: "packets"},
		},
		Places: []holder.Place{{Name: "worker", Rx: []holder.Queue{{Port: "net_null0", Queue: 1}}, Tx: []holder.Queue{{Port: "net_ring_wire"}},
			Produces: []string{"in"}, Consumes: []string{"quotes"}}},
	}
}

// The role runs the holder of a prefix. The further arguments break its configuration.
var _ = ealtest.Role("holder", func(args []string) error {
	cfg := config(args[0])
	for _, how := range args[1:] {
		breaks[how](&cfg)
	}
	h, err := holder.Start(cfg)
	if err != nil {
		ealtest.Say("error %s", strings.ReplaceAll(err.Error(), "\n", " "))
		ealtest.Hear()
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		ealtest.Hear()
		cancel()
	}()
	ealtest.Say("ready %s", h.Runtime().ProcessType())
	err = h.Run(ctx)
	return errors.Join(err, h.Close())
})

// breaks make a step of Start fail, from the first to the last.
var breaks = map[string]func(*holder.Config){
	"eal":             func(c *holder.Config) { c.EAL.Lcores = "9999" },
	"not shared":      func(c *holder.Config) { c.EAL.MemoryMB, c.EAL.Extra = 0, []string{"--in-memory"} },
	"places[0]":       func(c *holder.Config) { c.Places[0].Name = strings.Repeat("w", 64) },
	"pools[0]":        func(c *holder.Config) { c.Pools[0].Ops = "no_such_ops" },
	"objectPools[0]":  func(c *holder.Config) { c.ObjectPools[0].ElemSize = -1 },
	"memzones[0]":     func(c *holder.Config) { c.Memzones[0].Size = 1 << 46 },
	"rings[2]":        func(c *holder.Config) { c.Rings[2].ElemSize = 13 },
	"ports[1]":        func(c *holder.Config) { c.Ports[1].Device = "net_nosuch0" },
	"ports[0]":        func(c *holder.Config) { c.Ports[0].MTU = -5 },
	"ports[2]":        func(c *holder.Config) { c.Ports[2].Device, c.Places = "ring0", nil },
	"another primary": func(*holder.Config) {},
	"impatient":       func(*holder.Config) { holder.SetLeave(50 * time.Millisecond) },
}

// The role is a worker that looks up everything. With a further argument it has a place, and mbufs in a cache,
// when it is killed.
var _ = ealtest.Role("worker", func(args []string) (err error) {
	cfg := ealtest.Secondary(args[0], 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := eal.WaitPrimary(ctx, args[0]); err != nil {
		return err
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	if err := use(); err != nil {
		return err
	}
	if len(args) > 1 {
		if err := fill(); err != nil {
			return err
		}
	}
	ealtest.Say("worked")
	if ealtest.Hear() == "wait for the end" {
		<-rt.Context().Done()
		ealtest.Say("%v", context.Cause(rt.Context()))
	}
	return nil
})

// use checks the objects of config.
func use() error {
	quotes, err := ring.Lookup[[3]uint32]("quotes")
	if err != nil {
		return err
	}
	if quotes.Capacity() != 100 || quotes.Producer() != ring.RTS || quotes.Consumer() != ring.HTS {
		return fmt.Errorf("ring quotes: %d, %v, %v", quotes.Capacity(), quotes.Producer(), quotes.Consumer())
	}
	got := make([][3]uint32, 1)
	if !quotes.Enqueue([3]uint32{1, 2, 3}) || quotes.DequeueBurst(got) != 1 || got[0] != [3]uint32{1, 2, 3} {
		return fmt.Errorf("ring quotes: %v came back", got)
	}
	if _, err := ring.Lookup[[4]uint32]("quotes"); err == nil {
		return errors.New("ring quotes: 16 bytes are accepted")
	}
	if objects, err := mempool.Lookup("objects"); err != nil || objects.ElemSize() != 40 || objects.Size() != 63 {
		return fmt.Errorf("pool objects: %v", err)
	}
	zone, err := memzone.LookupValue[[8]uint64]("counters")
	if err != nil || *zone.Get() != [8]uint64{} {
		return fmt.Errorf("zone counters: %v", err)
	}
	pool, err := mbuf.LookupPool("packets")
	if err != nil {
		return err
	}
	for name, queues := range map[string]int{"net_null0": 2, "net_null1": 1} {
		port, err := ethdev.Lookup(name)
		if err != nil {
			return err
		}
		pkts := make([]*mbuf.Mbuf, 8)
		for n := range queues {
			if q := port.RxQueue(n); q.Burst(pkts) != len(pkts) || len(pkts[0].Data()) != map[string]int{"net_null0": 64, "net_null1": 100}[name] {
				return fmt.Errorf("%s: %w", name, q.Err())
			}
			mbuf.FreeBulk(pkts)
		}
	}
	return wire(pool)
}

// fill takes mbufs into a cache.
func fill() error {
	pool, err := mbuf.LookupPool("packets")
	if err != nil {
		return err
	}
	p, err := place.Claim(context.Background(), "worker", place.Parts{})
	if err != nil {
		return err
	}
	if got := make([]*mbuf.Mbuf, 1); p.RxQueue(0).Burst(got) != 1 {
		return p.RxQueue(0).Err()
	}
	cache, err := p.NewCache(pool, 32)
	if err != nil {
		return err
	}
	m, ok := cache.Alloc()
	if !ok {
		return errors.New("no mbuf")
	}
	m.Free()
	return nil
}

// wire sends a packet into the ring of a port, and one out of it.
func wire(pool *mbuf.Pool) error {
	port, err := ethdev.Lookup("net_ring_wire")
	if err != nil {
		return err
	}
	in, err := ring.Lookup[*mbuf.Mbuf]("in")
	if err != nil {
		return err
	}
	out, err := ring.Lookup[*mbuf.Mbuf]("out")
	if err != nil {
		return err
	}
	pkts := make([]*mbuf.Mbuf, 1)
	m, ok := pool.Alloc()
	if !ok || !in.Enqueue(m) || port.RxQueue(0).Burst(pkts) != 1 || pkts[0] != m {
		return fmt.Errorf("net_ring_wire: receive: %w", port.RxQueue(0).Err())
	}
	if port.TxQueue(0).Burst(pkts) != 1 || out.DequeueBurst(pkts) != 1 || pkts[0] != m {
		return fmt.Errorf("net_ring_wire: send: %w", port.TxQueue(0).Err())
	}
	m.Free()
	return nil
}

// The role starts EAL with a Prepare that waits for a line, and fails if the line is "fail".
var _ = ealtest.Role("prepares", func(args []string) error {
	cfg := ealtest.Config(0)
	cfg.FilePrefix = args[0]
	cfg.Prepare = func(rt *eal.Runtime) error {
		ealtest.Say("preparing")
		if ealtest.Hear() == "fail" {
			return errors.New("as asked")
		}
		_, err := ring.Create[uint64]("made", 64, ring.Config{})
		return err
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		ealtest.Say("error %v", err)
		ealtest.Hear()
		return nil
	}
	ealtest.Say("ready")
	ealtest.Hear()
	return rt.Close()
})

// The role has the lock of a file until it hears a line.
var _ = ealtest.Role("locks", func(args []string) error {
	l, err := holder.TryLock(args[0])
	if err != nil {
		return err
	}
	ealtest.Say("locked")
	ealtest.Hear()
	l.Close()
	return nil
})

func init() {
	if os.Getenv("GODPDK_ROLE") != "" {
		slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	}
}
