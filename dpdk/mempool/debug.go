//go:build godpdk_debug

package mempool

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// checkPut panics if one of the n objects at objs does not belong to p, or is in p already. It
// finds objects in the ring, in the caches of lcores and in the caches of this handle; not in
// the caches of other processes, and not in other backends. An object that the caller holds is
// in none of them, so it raises no false alarm.
func checkPut(p *Pool, c *Cache, objs unsafe.Pointer, n int) {
	if p.mp == nil || n <= 0 {
		return
	}
	put := slices.Clone(unsafe.Slice((*uintptr)(objs), n))
	chunks := cgo.MempoolChunks(p.info.Name, p.mp, p.info.Chunks)
	for i, o := range put {
		if o == 0 {
			fail(p, o, "is nil")
		}
		known := slices.ContainsFunc(chunks, func(c cgo.MempoolChunk) bool {
			start := uintptr(c.Addr)
			return o >= start+uintptr(p.info.HeaderSize) && o < start+uintptr(c.Len)
		})
		object := *(*Object)(unsafe.Add(objs, uintptr(i)*wordSize))
		if !known || !p.Owns(object) {
			fail(p, o, "is not of this pool")
		}
	}
	slices.Sort(put)
	for i := range put[1:] {
		if put[i] == put[i+1] {
			fail(p, put[i], "is put twice at once")
		}
	}
	isPut := func(o uintptr, where string, args ...any) {
		if o < put[0] || o > put[n-1] {
			return
		}
		if _, found := slices.BinarySearch(put, o); found {
			fail(p, o, "was put before: it is in "+fmt.Sprintf(where, args...))
		}
	}
	if c != nil {
		c.mem.each(func(o uintptr) { isPut(o, "this cache") })
	}
	if p.info.Caches != nil {
		for lcore := range cgo.MaxLcore {
			h := (*cacheHead)(unsafe.Add(p.info.Caches, lcore*cgo.MempoolCacheSizeof))
			h.each(func(o uintptr) { isPut(o, "the cache of lcore %d", lcore) })
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for other := range p.caches {
		if other != c {
			other.mem.each(func(o uintptr) { isPut(o, "another goroutine's cache") })
		}
	}
	if p.isRing && p.ring.Capacity != 0 {
		head := atomic.LoadUint32(&p.ring.Cons.Head)
		if p.ring.Cons.SyncType == ringcore.RTS {
			head = uint32(atomic.LoadUint64(&p.ring.Cons.RTSHead) >> 32)
		}
		for tail := atomic.LoadUint32(&p.ring.Prod.Tail); head != tail; head++ {
			isPut(*(*uintptr)(unsafe.Add(p.ring.Slots, uintptr(head&p.ring.Mask)*wordSize)), "the pool")
		}
	}
}

// each calls f for the objects of a cache, which others may be using.
func (h *cacheHead) each(f func(o uintptr)) {
	for i := range min(atomic.LoadUint32(&h.len), 2*cgo.MempoolCacheMax) {
		f(*h.object(i))
	}
}

// fail panics with the place outside godpdk that made the put.
func fail(p *Pool, o uintptr, what string) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		slash := strings.LastIndexByte(f.Function, '/') + 1
		name, _, _ := strings.Cut(f.Function[slash:], ".")
		if pkg := f.Function[:slash] + name; !more || !strings.HasPrefix(pkg, "github.com/godpdk/godpdk/dpdk/") || strings.HasSuffix(pkg, "_test") {
			panic(fmt.Sprintf("mempool: pool %q: the object at %#x that %s (%s:%d) puts %s", p.info.Name, o, f.Function, f.File, f.Line, what))
		}
	}
}
