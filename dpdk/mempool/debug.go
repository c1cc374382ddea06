//go:build godpdk_debug

package mempool

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
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
	var own *cacheHead
	if c != nil {
		own = c.mem
	}
	p.eachCached(func(h *cacheHead, lcore int, o uintptr) {
		switch {
		case h == own:
			isPut(o, "this cache")
		case lcore >= 0:
			isPut(o, "the cache of lcore %d", lcore)
		default:
			isPut(o, "another goroutine's cache")
		}
	})
	stored, _, _ := p.inStore(opObjIter) // what is known while others use it
	for _, o := range stored {
		isPut(o, "the pool")
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
