// Package mbuftest finds mbufs that tests do not free.
//
// [CheckFull] fails a test if its pools are not full at its end. [Leaks] does the same for a
// whole test binary. Both name the places that allocated the missing mbufs. Without the tag
// godpdk_debug they know only allocations through [Trace].
package mbuftest

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/mbuftrace"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// CheckFull fails the test if mbufs are missing from one of the pools at its end. It runs
// after the cleanups that the test registers later. The pools must still exist then, their
// caches must be flushed or closed, and no other process may use them any more.
func CheckFull(t testing.TB, pools ...*mbuf.Pool) {
	t.Helper()
	t.Cleanup(func() {
		t.Helper()
		for _, p := range pools {
			if err := Missing(p); err != nil {
				t.Error(err)
			}
		}
	})
}

// Leaks returns nil if all pools of mbufs are full. Call it at the end of a test binary, when
// nothing uses the pools any more: see harness.MainEAL.
func Leaks() error {
	all, err := mempool.List()
	if err != nil {
		return err
	}
	var errs []error
	for _, i := range all {
		p, err := mbuf.LookupPool(i.Name)
		if errors.Is(err, dpdk.ErrInvalid) {
			continue // objects that are not mbufs
		}
		if err == nil {
			err = Missing(p)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Missing returns nil if the pool is full. Otherwise the error has the number of missing mbufs
// and, if known, the places that allocated them.
func Missing(p *mbuf.Pool) error {
	if p.Full() {
		return nil
	}
	objects, err := mempool.Lookup(p.Name())
	if err != nil {
		return err
	}
	in := free(objects)
	count, unknown := map[string]int{}, 0
	for _, o := range objects.All() {
		if in[o.Pointer()] {
			continue
		}
		if who := mbuftrace.AllocatedBy(o.Pointer()); who != "" {
			count[who]++
		} else {
			unknown++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "pool %q: %d of %d mbufs are missing", p.Name(), p.Size()-p.Available(), p.Size())
	places := make([]string, 0, len(count))
	for who := range count {
		places = append(places, who)
	}
	sort.Strings(places)
	for _, who := range places {
		fmt.Fprintf(&b, "\n\t%d allocated by %s", count[who], who)
	}
	if unknown > 0 {
		fmt.Fprintf(&b, "\n\t%d allocated in an unknown place, or still in a cache: build with -tags godpdk_debug, or allocate through mbuftest.Trace", unknown)
	}
	return errors.New(b.String())
}

// free returns the objects in the pool. It takes them out and puts them back.
func free(p *mempool.Pool) map[unsafe.Pointer]bool {
	objs := make([]mempool.Object, 0, p.Size())
	for o, ok := p.Get(); ok; o, ok = p.Get() {
		objs = append(objs, o)
	}
	in := make(map[unsafe.Pointer]bool, len(objs))
	for _, o := range objs {
		in[o.Pointer()] = true
		p.Put(o)
	}
	return in
}

// Tracer is an [mbuf.Allocator] that records the places that allocate.
type Tracer struct{ alloc mbuf.Allocator }

// Trace returns a Tracer that allocates through alloc, a [*mbuf.Cache] or a [*mbuf.Pool].
// [CheckFull] and [Leaks] then name these places.
func Trace(alloc mbuf.Allocator) *Tracer { return &Tracer{alloc} }

// Alloc takes an empty packet. It reports whether there was one.
func (t *Tracer) Alloc() (m *mbuf.Mbuf, ok bool) {
	var one [1]*mbuf.Mbuf
	if ok = t.alloc.AllocBulk(one[:]); ok {
		mbuftrace.Alloc(unsafe.Pointer(one[0]))
	}
	return one[0], ok
}

// AllocBulk fills all of pkts with empty packets, or takes none. It reports whether it took
// them.
func (t *Tracer) AllocBulk(pkts []*mbuf.Mbuf) bool {
	if !t.alloc.AllocBulk(pkts) {
		return false
	}
	for _, m := range pkts {
		mbuftrace.Alloc(unsafe.Pointer(m))
	}
	return true
}
