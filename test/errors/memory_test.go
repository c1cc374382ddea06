//go:build linux

package errors

import (
	"strings"
	"testing"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
)

var long = strings.Repeat("n", 300)

func TestMemzoneErrors(t *testing.T) {
	const op, lookup = "rte_memzone_reserve_bounded", "rte_memzone_lookup"
	reserve := func(name string, size int, cfg memzone.Config) func() error {
		return func() error { return second(memzone.Reserve(name, size, cfg)) }
	}
	zone := must(memzone.Reserve("zone", 64, memzone.Config{}))
	check(t, []provoked{
		{"no name", reserve("", 64, memzone.Config{}), op, "", dpdk.ErrInvalid, "the name is empty"},
		{"a long name", reserve(long, 64, memzone.Config{}), op, long[:64] + "…", dpdk.ErrNameTooLong, "use at most"},
		{"a name with NUL", reserve("a\x00b", 64, memzone.Config{}), op, `a\0b`, dpdk.ErrInvalid, "NUL"},
		{"a name that is taken", reserve("zone", 64, memzone.Config{}), op, "zone", dpdk.ErrExist, "the name is taken: use Lookup, or another name"},
		{"a negative size", reserve("z", -1, memzone.Config{}), op, "z", dpdk.ErrInvalid, "-1"},
		{"a wrong alignment", reserve("z", 64, memzone.Config{Align: 3}), op, "z", dpdk.ErrInvalid, "power of two"},
		{"a wrong bound", reserve("z", 64, memzone.Config{Bound: 3}), op, "z", dpdk.ErrInvalid, "power of two"},
		{"a bound below the size", reserve("z", 64, memzone.Config{Bound: 32}), op, "z", dpdk.ErrInvalid, "32"},
		{"a socket that does not exist", reserve("z", 64, memzone.Config{Socket: dpdk.Socket(7)}), op, "z", dpdk.ErrNoMemory, "socket 7 does not exist: use dpdk.AnySocket or socket 0"},
		{"a negative socket", reserve("z", 64, memzone.Config{Socket: dpdk.Socket(-1)}), op, "z", dpdk.ErrInvalid, "dpdk.AnySocket"},
		{"more than the free memory", reserve("z", 1<<50, memzone.Config{}), op, "z", dpdk.ErrNoMemory, "reserve more hugepages"},
		{"a zone that does not exist", func() error { return second(memzone.Lookup("no")) }, lookup, "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a value of another size", func() error { return second(memzone.LookupValue[[128]byte]("zone")) }, lookup, "zone", dpdk.ErrInvalid, "64"},
		{"a value with pointers", func() error { return second(memzone.CreateValue[*int]("v", memzone.Config{})) }, op, "v", dpdk.ErrInvalid, "pointer"},
		{"a zone freed twice", twice(zone.Free), "rte_memzone_free", "zone", dpdk.ErrNotFound, "freed before"},
	})
}

func TestRingErrors(t *testing.T) {
	const op, lookup = "rte_ring_create_elem", "rte_ring_lookup"
	create := func(name string, count int, cfg ring.Config) func() error {
		return func() error { return second(ring.Create[uint64](name, count, cfg)) }
	}
	r := must(ring.Create[uint64]("ring", 16, ring.Config{}))
	check(t, []provoked{
		{"no name", create("", 16, ring.Config{}), op, "", dpdk.ErrInvalid, "the name is empty"},
		{"a long name", create(long, 16, ring.Config{}), op, long[:64] + "…", dpdk.ErrNameTooLong, "use at most"},
		{"a name that is taken", create("ring", 16, ring.Config{}), op, "ring", dpdk.ErrExist, "the name is taken: use Lookup, or another name"},
		{"a count that is not a power of two", create("r", 1000, ring.Config{}), op, "r", dpdk.ErrInvalid, "ExactSize"},
		{"a negative count", create("r", -1, ring.Config{}), op, "r", dpdk.ErrInvalid, "-1"},
		{"a count beyond the limit", create("r", 1<<40, ring.Config{}), op, "r", dpdk.ErrInvalid, "1099511627776"},
		{"a mode that does not exist", create("r", 16, ring.Config{Producer: 99}), op, "r", dpdk.ErrInvalid, "99"},
		{"a socket that does not exist", create("r", 16, ring.Config{Socket: dpdk.Socket(7)}), op, "r", dpdk.ErrNoMemory, "socket 7 does not exist: use dpdk.AnySocket or socket 0"},
		{"more than the free memory", func() error { return second(ring.Create[[1024]byte]("r", 1<<30, ring.Config{})) }, op, "r", dpdk.ErrNoMemory, "reserve more hugepages"},
		{"elements with pointers", func() error { return second(ring.Create[*int]("r", 16, ring.Config{})) }, op, "r", dpdk.ErrInvalid, "pointer"},
		{"elements of 3 bytes", func() error { return second(ring.Create[[3]byte]("r", 16, ring.Config{})) }, op, "r", dpdk.ErrInvalid, "multiple of 4"},
		{"a ring that does not exist", func() error { return second(ring.Lookup[uint64]("no")) }, lookup, "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a ring of other elements", func() error { return second(ring.Lookup[[16]byte]("ring")) }, lookup, "ring", dpdk.ErrInvalid, "8"},
		{"a ring freed twice", twice(r.Free), "rte_ring_free", "ring", dpdk.ErrNotFound, "freed before"},
	})
}

func TestMempoolErrors(t *testing.T) {
	const op, lookup = "rte_mempool_create", "rte_mempool_lookup"
	create := func(name string, count, size int, cfg mempool.Config) func() error {
		return func() error { return second(mempool.Create(name, count, size, cfg)) }
	}
	p := must(mempool.Create("pool", 63, 64, mempool.Config{}))
	check(t, []provoked{
		{"no name", create("", 63, 64, mempool.Config{}), op, "", dpdk.ErrInvalid, "the name is empty"},
		{"a long name", create(long, 63, 64, mempool.Config{}), op, long[:64] + "…", dpdk.ErrNameTooLong, "use at most"},
		{"a name that is taken", create("pool", 63, 64, mempool.Config{}), op, "pool", dpdk.ErrExist, "the name is taken: use Lookup, or another name"},
		{"no objects", create("p", 0, 64, mempool.Config{}), op, "p", dpdk.ErrInvalid, "0"},
		{"a negative size", create("p", 63, -1, mempool.Config{}), op, "p", dpdk.ErrInvalid, "-1"},
		{"a cache that is too large", create("p", 1023, 64, mempool.Config{CacheSize: 1000}), op, "p", dpdk.ErrInvalid, "1000"},
		{"a cache larger than two thirds", create("p", 63, 64, mempool.Config{CacheSize: 60}), op, "p", dpdk.ErrInvalid, "60"},
		{"a negative private size", create("p", 63, 64, mempool.Config{PrivateSize: -1}), op, "p", dpdk.ErrInvalid, "-1"},
		{"ops that do not exist", create("p", 63, 64, mempool.Config{Ops: "no"}), op, "p", dpdk.ErrInvalid, "no"},
		{"a socket that does not exist", create("p", 63, 64, mempool.Config{Socket: dpdk.Socket(7)}), op, "p", dpdk.ErrNoMemory, "socket 7 does not exist: use dpdk.AnySocket or socket 0"},
		{"a pool that does not exist", func() error { return second(mempool.Lookup("no")) }, lookup, "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a user's cache that is too large", func() error { return second(p.NewCache(1000)) }, "rte_mempool_cache_create", "pool", dpdk.ErrInvalid, "1000"},
		{"a user's cache larger than two thirds", func() error { return second(p.NewCache(60)) }, "rte_mempool_cache_create", "pool", dpdk.ErrInvalid, "60"},
		{"the cache of an lcore that does not exist", func() error { return second(p.LcoreCache(4096)) }, "rte_mempool_default_cache", "pool", dpdk.ErrInvalid, "4096"},
		{"ops for a populated pool", func() error { return p.SetOps("stack") }, "rte_mempool_set_ops_byname", "pool", dpdk.ErrExist, "CreateEmpty"},
		{"a pool freed twice", twice(p.Free), "rte_mempool_free", "pool", dpdk.ErrNotFound, "freed before"},
	})
}

func TestMbufErrors(t *testing.T) {
	const op, lookup = "rte_pktmbuf_pool_create_by_ops", "rte_mempool_lookup"
	create := func(name string, count int, cfg mbuf.PoolConfig) func() error {
		return func() error { return second(mbuf.CreatePool(name, count, cfg)) }
	}
	p := must(mbuf.CreatePool("mbufs", 63, mbuf.PoolConfig{}))
	plain := must(mempool.Create("no mbufs", 63, 64, mempool.Config{}))
	check(t, []provoked{
		{"no name", create("", 63, mbuf.PoolConfig{}), op, "", dpdk.ErrInvalid, "the name is empty"},
		{"a name that is taken", create("mbufs", 63, mbuf.PoolConfig{}), op, "mbufs", dpdk.ErrExist, "the name is taken: use Lookup, or another name"},
		{"a room beyond 16 bits", create("p", 63, mbuf.PoolConfig{DataRoom: 1 << 16}), op, "p", dpdk.ErrInvalid, "65535"},
		{"a private size that is not a multiple of 8", create("p", 63, mbuf.PoolConfig{PrivateSize: 3}), op, "p", dpdk.ErrInvalid, "multiple of 8"},
		{"a negative cache", create("p", 63, mbuf.PoolConfig{CacheSize: -1}), op, "p", dpdk.ErrInvalid, "-1"},
		{"ops that do not exist", create("p", 63, mbuf.PoolConfig{Ops: "no"}), op, "p", dpdk.ErrInvalid, ""},
		{"no mbufs", create("p", 0, mbuf.PoolConfig{}), op, "p", dpdk.ErrInvalid, "0"},
		{"a pool that does not exist", func() error { return second(mbuf.LookupPool("no")) }, lookup, "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a pool of other objects", func() error { return second(mbuf.LookupPool("no mbufs")) }, lookup, "no mbufs", dpdk.ErrInvalid, "mbuf"},
		{"a field that does not exist", func() error { return second(mbuf.LookupField[uint32]("no")) }, "rte_mbuf_dynfield_lookup", "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a flag that does not exist", func() error { return second(mbuf.LookupFlag("no")) }, "rte_mbuf_dynflag_lookup", "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a field with pointers", func() error { return second(mbuf.RegisterField[*int]("pointer", mbuf.FieldConfig{})) }, "rte_mbuf_dynfield_register", "pointer", dpdk.ErrInvalid, "pointer"},
		{"a socket that does not exist", create("p", 63, mbuf.PoolConfig{Socket: dpdk.Socket(7)}), op, "p", dpdk.ErrNoMemory, "socket 7 does not exist: use dpdk.AnySocket or socket 0"},
		{"a field larger than the room", func() error { return second(mbuf.RegisterField[[64]byte]("large", mbuf.FieldConfig{})) }, "rte_mbuf_dynfield_register", "large", dpdk.ErrNoSpace, "the free bytes of an mbuf are "},
		{"a pool freed twice", twice(p.Free), "rte_mempool_free", "mbufs", dpdk.ErrNotFound, "freed before"},
	})
	if err := plain.Free(); err != nil {
		t.Error(err)
	}
}
