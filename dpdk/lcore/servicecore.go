package lcore

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

const (
	opCoreAdd   = "rte_service_lcore_add"
	opCoreDel   = "rte_service_lcore_del"
	opCoreStart = "rte_service_lcore_start"
	opCoreStop  = "rte_service_lcore_stop"
)

// ServiceCores returns the IDs of the lcores that run services: those of EAL's option -s, and those of
// [AddServiceCore].
//
// Implements: rte_service_lcore_list, rte_service_lcore_count
func ServiceCores() ([]int, error) {
	var cores []int
	err := control.Call("rte_service_lcore_list", "", func() error {
		cores = serviceCores()
		return nil
	})
	return cores, err
}

// AddServiceCore makes a worker a service core. It accepts no functions until [RemoveServiceCore], and
// runs no services until [StartServiceCore].
//
// Errors: dpdk.ErrBusy (a function runs there), dpdk.ErrInvalid (the lcore does not exist, is the main
// lcore, or is a service core), dpdk.ErrNotRunning.
//
// Implements: rte_service_lcore_add
func AddServiceCore(id int) error {
	if id == Main() {
		return check.Invalid(opCoreAdd, name(id), "the lcore is the main one: use one of the workers %v", Workers())
	}
	t := newTask(context.Background(), id, nil)
	if err := t.reserve(); err != nil { // DPDK would wait until a function returns
		return err
	}
	defer t.end(nil)
	defer slots[id].release(t)
	if slots[id].stranded.Load() {
		return busy(id, "a function called runtime.Goexit on it, so it cannot run services: use another worker")
	}
	servicesMu.Lock()
	defer servicesMu.Unlock()
	if !waitIdle(id, leaveTimeout) {
		return busy(id, "a C function runs there: wait until it returns")
	}
	return control.Call(opCoreAdd, name(id), func() error { return control.Errno(cgo.ServiceCoreAdd(id)) })
}

// RemoveServiceCore makes a stopped service core an ordinary worker. The error is dpdk.ErrBusy if the
// core is started, or if a service on it has not returned since [StopServiceCore].
//
// Implements: rte_service_lcore_del
func RemoveServiceCore(id int) error {
	return core(opCoreDel, id, "the core is started, or a service on it does not return: call StopServiceCore first", func() error {
		// DPDK checks only the core's state, not its thread. The thread could still run
		// services, and Unregister would not know.
		if !slots[id].outside(id) {
			return dpdk.ErrBusy
		}
		return control.Errno(cgo.ServiceCoreDel(id))
	})
}

// StartServiceCore lets a service core run the services that are mapped to it. It is a no-op on a
// started core. The error is dpdk.ErrBusy if a service on it has not returned since
// [StopServiceCore].
//
// Implements: rte_service_lcore_start
func StartServiceCore(id int) error {
	return core(opCoreStart, id, "a service on the core does not return: try again", func() error {
		// For DPDK the core would be started, but its thread would leave the loop.
		s := &slots[id]
		if !s.outside(id) {
			return dpdk.ErrBusy
		}
		s.launching.Lock()
		defer s.launching.Unlock()
		return control.Errno(cgo.ServiceCoreStart(id))
	})
}

// StopServiceCore stops the loop of a service core and waits for its end, at most 5 seconds. It is a
// no-op on a stopped core.
//
// Errors: dpdk.ErrBusy (a started service has no other core, or a service does not return),
// dpdk.ErrInvalid, dpdk.ErrNotRunning.
//
// Implements: rte_service_lcore_stop
func StopServiceCore(id int) error {
	err := core(opCoreStop, id, "the core is the only one of a started service: Stop the service, or Map it to another core", func() error {
		errno := cgo.ServiceCoreStop(id)
		slots[id].leaving = slots[id].leaving || errno == 0
		return control.Errno(errno)
	})
	if err == nil && !slots[id].waitOutside(id) {
		return &dpdk.Error{Op: opCoreStop, Name: name(id), Errno: dpdk.ErrBusy, Detail: "a service on the core does not return: try again"}
	}
	return err
}

// ServiceCoreLoops returns how many times a service core has run its list of services.
//
// Implements: rte_service_lcore_attr_get
func ServiceCoreLoops(id int) (uint64, error) {
	var n uint64
	err := core("rte_service_lcore_attr_get", id, "", func() error {
		var errno int
		n, errno = cgo.ServiceCoreAttr(id, cgo.ServiceCoreLoops)
		return control.Errno(errno)
	})
	return n, err
}

func core(op string, id int, whenBusy string, f func() error) error {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	if err := serviceCore(op, id); err != nil {
		return err
	}
	err := control.Call(op, name(id), func() error {
		if err := f(); !errors.Is(err, syscall.EALREADY) {
			return err
		}
		return nil
	})
	return control.Explain(err, dpdk.ErrBusy, whenBusy)
}

// outside waits until the thread of a service core has left its loop after StopServiceCore, and
// reports whether it has. The caller holds servicesMu.
func (s *slot) outside(id int) bool {
	if s.leaving && waitIdle(id, leaveTimeout) {
		s.leaving = false
	}
	return !s.leaving
}

// waitOutside waits until the thread of a service core has left its loop after StopServiceCore. It may be in the
// loop again by then: if leaving is false, another goroutine has seen it outside.
func (s *slot) waitOutside(id int) bool {
	for begin := time.Now(); ; {
		servicesMu.Lock()
		leaving := s.leaving
		servicesMu.Unlock()
		switch {
		case !leaving || waitIdle(id, time.Millisecond):
			return true
		case !control.Running() || time.Since(begin) > grace:
			return false
		}
	}
}

// waitIdle waits until the lcore's thread is idle in EAL's loop, and reports whether it is.
func waitIdle(id int, most time.Duration) bool {
	var pause wait.Backoff
	for begin := time.Now(); ; pause.Turn() {
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

// stopServices ends the loops of all service cores before EAL stops. They are workers then.
func stopServices() {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	cgo.ServiceCoreReset()
}
