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

// Registration is a goroutine's thread that is an lcore.
type Registration struct{ id, tid int }

// Register locks the calling goroutine to its thread and makes the thread an
// lcore (rte_thread_register): it has an id, a cache in each mempool and a timer
// list. It keeps its CPUs; Pin it before if it should have others.
//
// The price is multi-process: from the first Register on, successful or not, this
// primary refuses every secondary until it ends, and where a secondary has ever
// attached Register fails. A goroutine that wants no lcore id needs it not: Pin
// costs nothing of that.
//
// Unregister before Close, on the same goroutine and before it ends: the id of a
// thread that has ended stays taken.
//
// Errors: dpdk.ErrInvalid (a secondary has attached), dpdk.ErrSecondary (this is
// one), dpdk.ErrExist (the thread is an lcore), dpdk.ErrNoMemory (no id is free,
// or an lcore callback refused), dpdk.ErrNotRunning.
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
			return control.Errno(int(dpdk.ESECONDARY))
		}
		return control.Errno(cgo.ThreadRegister())
	})
	if err != nil {
		runtime.UnlockOSThread()
		if e, ok := err.(*dpdk.Error); ok {
			e.Detail = map[dpdk.Errno]string{
				dpdk.ErrExist:    "the thread is an lcore already",
				dpdk.ESECONDARY:  "use Pin, or give this process lcores of its own",
				dpdk.ErrInvalid:  "a secondary process has attached, which excludes it: use Pin, or give this process more lcores",
				dpdk.ErrNoMemory: "all lcore ids are taken, or an lcore callback refused this one",
			}[e.Errno]
		}
		return nil, err
	}
	id, _ := Current()
	return &Registration{id: id, tid: linux.Gettid()}, nil
}

// Lcore is the id.
func (r *Registration) Lcore() int { return r.id }

// Unregister gives the id back and unlocks the goroutine (rte_thread_unregister).
// The caches of the lcore keep what is in them: flush them before. It must be
// called by the goroutine that called Register, once. If it fails the goroutine
// stays locked, and its thread ends with it.
func (r *Registration) Unregister() error {
	if inCallback() {
		return errInCallback(opUnregister)
	}
	if id, ok := Current(); !ok || id != r.id || linux.Gettid() != r.tid {
		return check.Invalid(opUnregister, name(r.id), "the calling thread is not this lcore: defer it right after Register")
	}
	err := control.Call(opUnregister, name(r.id), func() error {
		cgo.ThreadUnregister()
		return nil
	})
	if err == nil { // else the thread stays an lcore, and ends with its goroutine
		runtime.UnlockOSThread()
	}
	return err
}
