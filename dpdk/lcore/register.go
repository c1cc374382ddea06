package lcore

import (
	"runtime"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	opRegister   = "rte_thread_register"
	opUnregister = "rte_thread_unregister"
)

// Registration is the lcore that [Register] has made of a goroutine's thread.
type Registration struct{ id, tid int }

// Register locks the calling goroutine to its thread and makes the thread an lcore, with an ID, a
// cache in each mempool and a timer list. The thread keeps its CPUs. To have others, call [Pin] first.
//
// Register excludes secondary processes. From the first call on, successful or not, this primary
// refuses every secondary until it ends. Register fails if a secondary has ever attached. Goroutines
// that do not need an lcore ID should use Pin, which has none of these costs.
//
// Call [Registration.Unregister] before eal.Runtime.Close, on the same goroutine and before it ends.
// The ID of a thread that has ended remains in use.
//
// Errors: dpdk.ErrInvalid (a secondary has attached), dpdk.ErrSecondary (this process is a
// secondary), dpdk.ErrExist (the thread is an lcore), dpdk.ErrNoMemory (no ID is free, or an lcore
// callback refused), dpdk.ErrNotRunning.
//
// Implements: rte_thread_register
func Register() (*Registration, error) {
	if inCallback() {
		return nil, errInCallback(opRegister)
	}
	runtime.LockOSThread()
	err := control.Call(opRegister, "", func() error {
		switch _, ok := Current(); {
		case ok:
			return dpdk.ErrExist
		case cgo.ProcessType() == cgo.ProcSecondary:
			return dpdk.ErrSecondary
		}
		return control.Errno(cgo.ThreadRegister())
	})
	if err != nil {
		runtime.UnlockOSThread()
		if e, ok := err.(*dpdk.Error); ok {
			e.Detail = map[dpdk.Errno]string{
				dpdk.ErrExist:     "the thread is an lcore already: use lcore.Current",
				dpdk.ErrSecondary: "use Pin, or give this process lcores of its own",
				dpdk.ErrInvalid:   "a secondary process has attached: use Pin, or give this process more lcores",
				dpdk.ErrNoMemory:  "all lcore IDs are taken, or an lcore callback refused this one: use Pin",
			}[e.Errno]
		}
		return nil, err
	}
	id, _ := Current()
	return &Registration{id: id, tid: linux.Gettid()}, nil
}

// Lcore returns the ID of the lcore.
func (r *Registration) Lcore() int { return r.id }

// Unregister frees the ID and unlocks the goroutine. Call it once, on the goroutine that called
// [Register]. Flush the caches of the lcore first: their objects stay in them. If Unregister fails,
// the goroutine stays locked, and its thread ends with it.
//
// Implements: rte_thread_unregister
func (r *Registration) Unregister() error {
	if inCallback() {
		return errInCallback(opUnregister)
	}
	if id, ok := Current(); !ok || id != r.id || linux.Gettid() != r.tid {
		return check.Invalid(opUnregister, name(r.id), "the calling thread is not this lcore: defer Unregister right after Register")
	}
	err := control.Call(opUnregister, name(r.id), func() error {
		cgo.ThreadUnregister()
		return nil
	})
	if err == nil { // otherwise the thread stays an lcore, and ends with its goroutine
		runtime.UnlockOSThread()
	}
	return err
}
