//go:build godpdk_debug

package ethdev

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/mbuftrace"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// user records whether a goroutine is in a call on the queue.
type user struct{ in atomic.Bool }

// enter panics if another goroutine is in a call on the queue.
func (u *user) enter(q *queue) *user {
	if u.in.Swap(true) {
		panic(fmt.Sprintf("ethdev: two goroutines at once in %s on queue %d of %v, the second at %s", q.op(), q.id, q.port, mbuftrace.Caller()))
	}
	return u
}

func (u *user) leave() { u.in.Store(false) }

// received records that the caller now owns pkts.
func received(pkts []*mbuf.Mbuf) {
	for _, m := range pkts {
		mbuftrace.Alloc(unsafe.Pointer(m))
	}
}

// sendable panics if one of pkts was freed.
func sendable(pkts []*mbuf.Mbuf) {
	for _, m := range pkts {
		if m != nil {
			m.Len()
		}
	}
}
