package lcore

import (
	"context"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	opCoreAdd   = "rte_service_lcore_add"
	opCoreDel   = "rte_service_lcore_del"
	opCoreStart = "rte_service_lcore_start"
	opCoreStop  = "rte_service_lcore_stop"
)

// ServiceCores are the lcores that run services (rte_service_lcore_list): those of
// EAL's option -s, and of AddServiceCore.
func ServiceCores() ([]int, error) {
	var cores []int
	err := control.Call("rte_service_lcore_list", "", func() error {
		cores = serviceCores()
		return nil
	})
	return cores, err
}

// AddServiceCore makes a service core of a worker (rte_service_lcore_add). It takes
// no functions until RemoveServiceCore, and no services until StartServiceCore.
//
// Errors: dpdk.ErrBusy if a function runs there, dpdk.ErrInvalid (no such lcore,
// the main one, a service core already), dpdk.ErrNotRunning.
func AddServiceCore(id int) error {
	if id == Main() {
		return check.Invalid(opCoreAdd, name(id), "it is the main lcore: use one of the workers, %v", Workers())
	}
	t := newTask(context.Background(), id, nil)
	if err := t.reserve(); err != nil { // DPDK would wait for a function's end
		t.end(err)
		return err
	}
	defer t.end(nil)
	defer slots[id].release(t)
	if slots[id].stranded.Load() {
		return busy(id, "a function that called runtime.Goexit has left it unfit for services")
	}
	servicesMu.Lock()
	defer servicesMu.Unlock()
	if idle := slots[id].idle(id, leave); !idle {
		return busy(id, "a function of C's runs there")
	}
	return control.Call(opCoreAdd, name(id), func() error { return control.Errno(cgo.ServiceCoreAdd(id)) })
}

// RemoveServiceCore makes an ordinary worker of a service core that is stopped
// (rte_service_lcore_del). The error is dpdk.ErrBusy if it is not, or if a service on it
// does not return since StopServiceCore.
func RemoveServiceCore(id int) error {
	return core(opCoreDel, id, "it is started, or a service on it does not return: StopServiceCore first", func(id int) int {
		// DPDK looks at what the core was told, not at where its thread is: the thread
		// would go on to services, and Unregister would not see it.
		if !slots[id].outside(id) {
			return int(dpdk.ErrBusy)
		}
		return cgo.ServiceCoreDel(id)
	})
}

// StartServiceCore lets a service core run the services mapped to it
// (rte_service_lcore_start); one that is started stays so. The error is dpdk.ErrBusy if
// a service on it does not return since StopServiceCore.
func StartServiceCore(id int) error {
	return core(opCoreStart, id, "a service on it does not return: try again", func(id int) int {
		// DPDK would take the core for started, while its thread leaves the loop.
		s := &slots[id]
		if !s.outside(id) {
			return int(dpdk.ErrBusy)
		}
		s.launching.Lock()
		defer s.launching.Unlock()
		return cgo.ServiceCoreStart(id)
	})
}

// StopServiceCore takes a service core out of its loop and waits until it is
// (rte_service_lcore_stop), at most 5 seconds; one that is stopped stays so.
//
// Errors: dpdk.ErrBusy if a started service has no other core, or a service does
// not return; dpdk.ErrInvalid, dpdk.ErrNotRunning.
func StopServiceCore(id int) error {
	err := core(opCoreStop, id, "it is the only core of a service that is started: Stop the service, or Map it to another core", func(id int) int {
		errno := cgo.ServiceCoreStop(id)
		slots[id].leaving = slots[id].leaving || errno == 0
		return errno
	})
	if err == nil && !slots[id].idle(id, grace) {
		return &dpdk.Error{Op: opCoreStop, Name: name(id), Errno: dpdk.ErrBusy, Detail: "a service on it does not return"}
	}
	return err
}

// ServiceCoreLoops is how often a service core has gone through its services
// (rte_service_lcore_attr_get).
func ServiceCoreLoops(id int) (uint64, error) {
	var n uint64
	err := core("rte_service_lcore_attr_get", id, "", func(id int) (errno int) {
		n, errno = cgo.ServiceCoreAttr(id, cgo.ServiceCoreLoops)
		return errno
	})
	return n, err
}

func core(op string, id int, whenBusy string, f func(int) int) error {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	if err := serviceCore(op, id); err != nil {
		return err
	}
	err := control.Call(op, name(id), func() error {
		errno := f(id)
		if syscall.Errno(errno) == syscall.EALREADY {
			return nil
		}
		return control.Errno(errno)
	})
	if e, ok := err.(*dpdk.Error); ok && e.Errno == dpdk.ErrBusy {
		e.Detail = whenBusy
	}
	return err
}

// outside waits until the thread of a service core that StopServiceCore has told to leave
// its loop has done so, and says whether it has. The caller holds servicesMu.
func (s *slot) outside(id int) bool {
	if s.leaving && s.idle(id, leave) {
		s.leaving = false
	}
	return !s.leaving
}

// idle waits until the lcore is in EAL's loop, and says whether it is.
func (s *slot) idle(id int, most time.Duration) bool {
	for begin := time.Now(); ; linux.Sleep(100 * time.Microsecond) {
		running := false
		if err := control.Call(opCoreStop, name(id), func() error { running = cgo.LcoreRunning(id); return nil }); err != nil {
			return false
		}
		if !running {
			return true
		}
		if time.Since(begin) > most {
			return false
		}
	}
}

// stopServices ends the loops of service cores, which are workers then, before
// EAL stops.
func stopServices() {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	cgo.ServiceCoreReset()
}
