package main

import (
	"fmt"
	"math/rand/v2"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/test/bench/cloop"
	"github.com/godpdk/godpdk/test/twin"
)

// connection is a key of a table: the addresses and ports of a packet.
type connection struct {
	Src, Dst         uint32
	SrcPort, DstPort uint16
	Proto            uint32
}

const connectionSize = int(unsafe.Sizeof(connection{}))

// tables compares lookups and changes in tables of few and many keys. The keys are looked up in an order that caches and branch
// prediction do not know.
func tables() ([]contest, error) {
	if !wanted("table") {
		return nil, nil
	}
	var contests []contest
	for _, size := range []int{1 << 10, shorter(1<<20, 1<<12)} {
		c, err := tablesOf(size)
		if err != nil {
			return nil, err
		}
		contests = append(contests, c...)
	}
	return contests, nil
}

func tablesOf(size int) ([]contest, error) {
	t, err := hashtable.Create[connection, uint64](fmt.Sprint("bench ", size), size, hashtable.Config{})
	if err != nil {
		return nil, err
	}
	large, err := hashtable.Create[connection, [4]uint64](fmt.Sprint("bench large ", size), size, hashtable.Config{})
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, 2))
	random := func() connection {
		return connection{r.Uint32(), r.Uint32(), uint16(r.Uint32()), 80, 6}
	}
	in, out := make([]connection, size), make([]connection, size)
	values := make([]uint64, size)
	for i := range in {
		in[i], out[i], values[i] = random(), random(), uint64(i)
	}
	if _, err := t.AddBulk(in, values); err != nil {
		return nil, err
	}
	if _, err := large.AddBulk(in, make([][4]uint64, size)); err != nil {
		return nil, err
	}
	hits, misses := make([]connection, addresses), make([]connection, addresses)
	for i := range hits {
		hits[i], misses[i] = in[r.IntN(size)], out[r.IntN(size)]
	}
	name := fmt.Sprintf("%d keys", size)
	contests := []contest{changes(t, in, name), changesBulk(t, in, name)}
	contests = append(contests, lookups(t, hits, "hit, "+name)...)
	contests = append(contests, lookups(t, misses, "miss, "+name)...)
	return append(contests, largeValues(large, hits, "hit, 32-byte values, "+name)), nil
}

func lookups(t *hashtable.Table[connection, uint64], keys []connection, name string) []contest {
	at, mask, raw, k := 0, len(keys)-1, t.Pointer(), unsafe.Pointer(&keys[0])
	values, found, data := make([]uint64, 32), make([]bool, 32), make([]uintptr, 32)
	var sum uint64
	return []contest{{
		group: "table", name: "lookup, " + name, burst: 1,
		c: func(iters int) { sum += cloop.Table(raw, k, connectionSize, len(keys), iters) },
		goNative: func(iters int) {
			for range iters {
				v, _ := t.Lookup(keys[at&mask])
				sum += v
				at++
			}
		},
		cgo: func(iters int) {
			for range iters {
				v, _ := twin.HashLookup(raw, unsafe.Pointer(&keys[at&mask]), connectionSize, 0)
				sum += uint64(v)
				at++
			}
		},
	}, {
		group: "table", name: "bulk lookup, " + name, burst: 32,
		c: func(iters int) { sum += cloop.TableBulk(raw, k, connectionSize, len(keys), iters) },
		goNative: func(iters int) {
			at &^= 31
			for range iters {
				t.LookupBulk(values, found, keys[at&mask:at&mask+32])
				at += 32
			}
		},
		cgo: func(iters int) {
			at &^= 31
			for range iters {
				sum += twin.HashLookupBulk(raw, unsafe.Pointer(&keys[at&mask]), connectionSize, unsafe.Pointer(&data[0]), 32)
				at += 32
			}
		},
	}}
}

// largeValues compares lookups of values that are not in the data of a key. C has them in an array.
func largeValues(t *hashtable.Table[connection, [4]uint64], keys []connection, name string) contest {
	at, mask, raw, k := 0, len(keys)-1, t.Pointer(), unsafe.Pointer(&keys[0])
	array := make([][4]uint64, t.Capacity()+1)
	var value [4]uint64
	var sum uint64
	return contest{
		group: "table", name: "lookup, " + name, burst: 1,
		c: func(iters int) {
			sum += cloop.TableLarge(raw, k, connectionSize, len(keys), unsafe.Pointer(&array[0]), len(value)*8, unsafe.Pointer(&value), iters)
		},
		goNative: func(iters int) {
			for range iters {
				v, _ := t.Lookup(keys[at&mask])
				sum += v[0]
				at++
			}
		},
	}
}

// changes compares a Delete and an Add of its key. C takes no lock.
func changes(t *hashtable.Table[connection, uint64], keys []connection, name string) contest {
	at, mask, raw := 0, len(keys)-1, t.Pointer()
	return contest{
		group: "table", name: "delete and add, " + name, burst: 1,
		c: func(iters int) {
			cloop.TableChange(raw, unsafe.Pointer(&keys[0]), connectionSize, len(keys), iters)
		},
		goNative: func(iters int) {
			for range iters {
				k := keys[at&mask]
				_ = t.Delete(k)
				_ = t.Add(k, uint64(at))
				at++
			}
		},
	}
}

// changesBulk compares new values for 32 keys.
func changesBulk(t *hashtable.Table[connection, uint64], keys []connection, name string) contest {
	at, mask, raw := 0, len(keys)-1, t.Pointer()
	values := make([]uint64, 32)
	return contest{
		group: "table", name: "add again, " + name, burst: 32,
		c: func(iters int) {
			cloop.TableReplace(raw, unsafe.Pointer(&keys[0]), connectionSize, len(keys), iters)
		},
		goNative: func(iters int) {
			for range iters {
				_, _ = t.AddBulk(keys[at&mask:at&mask+32], values)
				at += 32
			}
		},
		cgo: func(iters int) {
			for range iters {
				for i := range 32 {
					twin.HashAdd(raw, unsafe.Pointer(&keys[at&mask+i]), 0)
				}
				at += 32
			}
		},
	}
}
