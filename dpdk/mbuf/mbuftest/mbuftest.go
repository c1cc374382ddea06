// Package mbuftest finds the mbufs that tests forgot to free.
//
// CheckFull fails a test whose pools are not full at its end, and Leaks a whole
// suite. Both name the places that allocated what is missing: all of them in
// builds with the tag godpdk_debug, else those of allocations through Trace.
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

// CheckFull fails the test if at its end, after the cleanups that it registers
// later, mbufs are missing from one of the pools, which must still exist then.
// Caches must be flushed or closed by then, and no other process may use the
// pools any more.
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

// Leaks is nil if all pools of mbufs are full. It is for the end of a suite, when
// nobody uses a pool any more: see harness.MainEAL.
func Leaks() error {
	all, err := mempool.List()
	if err != nil {
		return err
	}
	var errs []error
	for _, i := range all {
		p, err := mbuf.LookupPool(i.Name)
		if errors.Is(err, dpdk.ErrInvalid) {
			continue // objects that are no mbufs
		}
		if err == nil {
			err = Missing(p)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Missing is nil if the pool is full. Otherwise the error says how many mbufs are
// missing and, as far as that is known, who allocated them.
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
		fmt.Fprintf(&b, "\n\t%d allocated by nobody known, or kept in a cache: build with -tags godpdk_debug, or allocate through mbuftest.Trace", unknown)
	}
	return errors.New(b.String())
}

// free are the mbufs in the pool: taken out for a moment, and put back.
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

// Tracer is an mbuf.Allocator that remembers who it allocated for.
type Tracer struct{ alloc mbuf.Allocator }

// Trace makes allocations through alloc, a *mbuf.Cache or a *mbuf.Pool, known to
// CheckFull and Leaks.
func Trace(alloc mbuf.Allocator) *Tracer { return &Tracer{alloc} }

// Alloc takes an empty packet, and says whether there was one.
func (t *Tracer) Alloc() (m *mbuf.Mbuf, ok bool) {
	var one [1]*mbuf.Mbuf
	if ok = t.alloc.AllocBulk(one[:]); ok {
		mbuftrace.Alloc(unsafe.Pointer(one[0]))
	}
	return one[0], ok
}

// AllocBulk fills all of pkts with empty packets or takes nothing, and says which.
func (t *Tracer) AllocBulk(pkts []*mbuf.Mbuf) bool {
	if !t.alloc.AllocBulk(pkts) {
		return false
	}
	for _, m := range pkts {
		mbuftrace.Alloc(unsafe.Pointer(m))
	}
	return true
}
