// Package release releases what a dead process had in shared memory, where it keeps no other process
// waiting for a lock: readers of RCU variables, and the ownership of ports. The primary does so when a
// process has ended.
package release

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
)

const opReaders = "rte_rcu_qsbr_thread_unregister"

func init() {
	delegate.OnEnd(func(o delegate.Owner, _ bool) {
		_ = control.Call(opReaders, "", func() error { readers(owner.Of(o)); return nil })
	})
}

// OwnReader makes this process the owner of a reader that it has registered. The owner is a word in the
// reader's cache line, where C has padding. A process that dies between the two leaves a reader without an
// owner, as one of a C program. That reader is offline, so no writer waits for it.
func OwnReader(v cgo.RCU, id int) {
	word := (*atomic.Uint32)(unsafe.Add(v, cgo.RCUCnt+id*cgo.RCUStride+cgo.RCUOwner))
	word.Store(uint32(owner.Self()))
}

// readers unregisters the readers of a process that has ended, from all variables.
func readers(of owner.ID) {
	pid := owner.Describe(of).Pid
	for _, r := range cgo.RCURelease(uint32(of), uint32(owner.Self())) {
		control.Logger().Warn("an RCU reader of an ended process was unregistered", "qsbr", r.Name, "reader", r.ID, "pid", pid)
	}
}
