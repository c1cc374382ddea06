package eal

import (
	"errors"
	"os"
	"slices"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// Runtime is a started EAL. Any goroutine may call its methods.
type Runtime struct {
	plan
	main      *thread
	dir       string
	args      []string
	keep      bool // --huge-unlink=never: the primary's files outlive it
	group     *group.Member
	telemetry *telserver.Server // nil in a secondary
}

// ProcessType returns Primary or Secondary, also if Config.ProcessType was Auto.
//
// Implements: rte_eal_process_type
func (rt *Runtime) ProcessType() ProcessType { return rt.role }

// FilePrefix returns the file prefix, which all processes that share memory with this process have.
func (rt *Runtime) FilePrefix() string { return rt.prefix }

// RuntimeDir returns the path of the directory for the prefix's files and sockets. With
// Config.InMemory it has none of them.
//
// Implements: rte_eal_get_runtime_dir
func (rt *Runtime) RuntimeDir() string { return rt.dir }

// Args returns the options that EAL was started with.
func (rt *Runtime) Args() []string { return slices.Clone(rt.args) }

// HasHugepages reports whether memory is in hugepages: it is not with Config.NoHuge.
//
// Implements: rte_eal_has_hugepages
func (rt *Runtime) HasHugepages() bool { return cgo.HasHugepages() }

// IOVAMode returns IOVAPhysical or IOVAVirtual.
//
// Implements: rte_eal_iova_mode
func (rt *Runtime) IOVAMode() IOVAMode {
	if cgo.IOVAMode() == cgo.IOVAPhysical {
		return IOVAPhysical
	}
	return IOVAVirtual
}

// MainLcore returns the ID of the main lcore, which EAL's own thread is.
//
// Implements: rte_get_main_lcore
func (rt *Runtime) MainLcore() int { return cgo.MainLcore() }

// SocketMemory describes DPDK's heap on one NUMA socket, in bytes.
type SocketMemory struct {
	Socket      dpdk.SocketID
	Total       uint64 // allocated from hugepages so far
	Free        uint64 // the free part of Total
	Used        uint64 // the used part of Total
	LargestFree uint64 // the largest block in Free
}

// Memory describes the heap of each NUMA socket. A heap grows on demand while free hugepages
// are left.
//
// Implements: rte_malloc_get_socket_stats
func (rt *Runtime) Memory() ([]SocketMemory, error) {
	var all []SocketMemory
	err := control.Call("rte_malloc_get_socket_stats", "", func() error {
		for _, id := range cgo.Sockets() {
			s, err := objects.MallocSocketStats(id)
			if err != nil {
				return err
			}
			all = append(all, SocketMemory{dpdk.Socket(id), s.Total, s.Free, s.Allocated, s.GreatestFree})
		}
		return nil
	})
	return all, err
}

// Close ends this process's use of DPDK. A primary frees its hugepages and removes their files and
// the runtime directory, unless --huge-unlink=never was among the options. Afterwards every view
// of shared memory in it is invalid: first stop the goroutines that use one. A secondary
// only detaches: it removes its socket, frees the memory that EAL's start took from the shared
// heap, and keeps the memory mapped, because rte_eal_cleanup in a secondary would close devices
// of the primary.
//
// Close cancels the contexts of functions on lcores (package lcore), and waits up to 5 seconds for
// them. rte_eal_cleanup would wait forever for a function that still runs then, or for C code on an
// lcore. So Close leaves the memory mapped and the devices open until the process ends, removes the
// files, and returns a dpdk.ErrBusy that names the lcores. A function on an lcore or a
// control thread, a timer, a service and an lcore callback cannot call Close, because
// Close would wait for it: the call fails, and EAL continues to run.
//
// Close refuses new control calls with dpdk.ErrNotRunning, and waits up to 5 seconds for running
// ones. If one still runs then, such as a call that waits for another process, Close does the
// same as for a busy lcore, and the dpdk.ErrBusy names the call. It waits 10 seconds for DPDK's own
// clean-up, with the same outcome. The Close of a primary first waits up to 5 seconds for a process of its
// prefix that is starting. From then on no process starts until the files are gone.
//
// Do not call Close in a handler of Config.Logger. EAL cannot start again in this process.
// A second Close does nothing.
//
// Implements: rte_eal_cleanup, rte_service_finalize
func (rt *Runtime) Close() error {
	if control.Inside() {
		return &dpdk.Error{Op: opCleanup, Errno: dpdk.ErrBusy,
			Detail: "called on an lcore or a control thread, or in an lcore callback, which Close would wait for: call Close on another goroutine"}
	}
	process.Lock()
	defer process.Unlock()
	return rt.close()
}

func (rt *Runtime) close() error {
	if !process.current.CompareAndSwap(rt, nil) {
		return nil
	}
	rt.group.Ready(false)
	unlock, starting := func() {}, error(nil)
	if rt.role == Primary && rt.shared {
		unlock, starting = rt.group.EndStarts()
	}
	defer unlock()
	busy := control.Stop()
	rt.group.Stop()
	if rt.role == Secondary {
		return errors.Join(busy, rt.detach(busy == nil))
	}
	return errors.Join(starting, rt.end(busy, starting == nil))
}

// end ends a primary. folder is set if no other process is starting in the runtime directory.
func (rt *Runtime) end(busy error, folder bool) error {
	rt.group.Leave() // first: secondaries must not touch memory that is about to go
	defer rt.group.Disown()
	pages, err := group.HugepageFiles(rt.prefix)
	rt.telemetry.Stop()
	if !rt.shared {
		defer func() { _ = os.Remove(rt.dir) }() // unless other such processes have something in it
	}
	if busy != nil {
		rt.main.end()
		return errors.Join(busy, err, rt.remove(pages, folder))
	}
	ended, e := rt.last(ealCleanup)
	if ended {
		cgo.LogReset()
		process.log.in.Close()
	}
	return errors.Join(e, err, rt.remove(pages, folder))
}

var ealCleanup = cgo.EALCleanup // a test has it fail

// detach ends a secondary. If quiet is set, nothing runs in C any more: the shared memory that rte_eal_init
// has allocated is freed, by the primary if that is a Go program.
func (rt *Runtime) detach(quiet bool) error {
	defer rt.group.Leave()
	var err error
	var unlock func()
	if quiet && !rt.group.LeaveArrays() {
		unlock = rt.group.HoldPrimary()
	}
	if unlock != nil {
		// Freed memory is returned by messages with the primary: the socket still exists,
		// and the primary does not end meanwhile.
		rt.group.EnterLocks()
		_, err = rt.last(func() int { cgo.ServiceFinalize(); return 0 })
		rt.group.LeaveLocks()
		unlock()
	} else {
		rt.main.end()
	}
	return errors.Join(err, rt.group.Detach())
}

// last runs f, which returns an errno, on EAL's thread, and ends the thread. It waits 10
// seconds: f takes locks that another process may have held when it was killed.
func (rt *Runtime) last(f func() int) (ended bool, err error) {
	done := make(chan int, 1)
	go func() {
		errno := 0
		rt.main.do(func() { errno = f() })
		rt.main.end()
		done <- errno
	}()
	select {
	case errno := <-done:
		if errno != 0 {
			err = &dpdk.Error{Op: opCleanup, Errno: dpdk.Errno(errno)}
		}
		return true, err
	case <-time.After(10 * time.Second):
		return false, &dpdk.Error{Op: opCleanup, Errno: dpdk.ErrBusy,
			Detail: "it did not end within 10s, perhaps because a killed process held a lock in shared memory: its memory stays mapped and its devices open until the process ends"}
	}
}

const opCleanup = "rte_eal_cleanup"

// remove removes the files of a primary that shared memory, and with folder also the runtime directory.
func (rt *Runtime) remove(pages []string, folder bool) error {
	switch {
	case !rt.shared:
		return nil
	case rt.keep:
		return rt.group.RemoveTable()
	}
	return rt.group.RemoveFiles(pages, folder)
}
