package eal

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// Runtime is EAL, started. Its methods may be called from any goroutine.
type Runtime struct {
	main   *thread
	role   ProcessType
	shared bool
	prefix string
	dir    string
	args   []string
	// keep is --huge-unlink=never: the primary's files outlive it.
	keep bool
	ear  int // DPDK's socket for messages; -1 if there is none, or nobody hears
	presence
}

// ProcessType is Primary or Secondary, also where Auto was asked for
// (rte_eal_process_type).
func (rt *Runtime) ProcessType() ProcessType { return rt.role }

// FilePrefix is what the processes that share memory with this one have in common.
func (rt *Runtime) FilePrefix() string { return rt.prefix }

// RuntimeDir is the folder of the prefix's files and sockets
// (rte_eal_get_runtime_dir); with Config.InMemory nothing is kept there.
func (rt *Runtime) RuntimeDir() string { return rt.dir }

// Args are the options that EAL was started with.
func (rt *Runtime) Args() []string { return slices.Clone(rt.args) }

// HasHugepages is false with Config.NoHuge (rte_eal_has_hugepages).
func (rt *Runtime) HasHugepages() bool { return cgo.HasHugepages() }

// IOVAMode is IOVAPhysical or IOVAVirtual (rte_eal_iova_mode).
func (rt *Runtime) IOVAMode() IOVAMode {
	if cgo.IOVAMode() == cgo.IOVAPhysical {
		return IOVAPhysical
	}
	return IOVAVirtual
}

// MainLcore is the lcore of EAL's own thread (rte_get_main_lcore).
func (rt *Runtime) MainLcore() int { return cgo.MainLcore() }

// SocketMemory is the state of DPDK's heap on one NUMA socket, in bytes.
type SocketMemory struct {
	Socket      dpdk.SocketID
	Total       uint64 // allocated from hugepages so far
	Free        uint64 // of Total
	Used        uint64 // of Total
	LargestFree uint64 // the largest block of Free
}

// Memory is the state of the heap per NUMA socket (rte_malloc_get_socket_stats).
// It grows when more is needed and hugepages are left.
func (rt *Runtime) Memory() ([]SocketMemory, error) {
	var all []SocketMemory
	err := control.Call("rte_malloc_get_socket_stats", "", func() error {
		for _, id := range cgo.Sockets() {
			s, errno := cgo.MallocSocketStats(id)
			if errno != 0 {
				return control.Errno(errno)
			}
			all = append(all, SocketMemory{dpdk.Socket(id), s.Total, s.Free, s.Allocated, s.GreatestFree})
		}
		return nil
	})
	return all, err
}

// Close ends this process's use of DPDK. A primary gives its hugepages back
// (rte_eal_cleanup) and removes their files and the runtime directory, unless
// --huge-unlink=never was among the options: afterwards every view of shared memory in it is invalid,
// so stop the goroutines that use one first. A secondary only detaches: it
// takes its socket away, frees what EAL's start took from the shared heap
// (rte_service_finalize), and keeps the memory mapped, because rte_eal_cleanup
// in a secondary would close devices under the primary.
//
// Functions on lcores (package lcore) have their contexts cancelled, and Close
// waits for them up to 5 seconds. If one still runs then, or C code occupies a
// lcore, rte_eal_cleanup would wait for it for ever: Close leaves the memory
// mapped and the devices open until the process ends, removes the files, and
// returns an error that names the lcores (dpdk.ErrBusy). What Close would
// wait for cannot call it (a function on an lcore or a control thread, a timer, a
// service, an lcore callback): that is refused, and EAL runs on.
//
// Close refuses further control calls with dpdk.ErrNotRunning and waits for those that
// run, up to 5 seconds. If one runs even then, such as one that waits for another process,
// Close does as for a busy lcore; the dpdk.ErrBusy names the call. It waits 10 seconds for
// DPDK's own clean-up, with the same outcome. A primary's Close first waits for a process of its prefix that
// is starting, up to 5 seconds, and from then on none starts until the files are gone.
// Do not call it in a handler of Config.Logger. EAL cannot start again in this process.
// A second Close does nothing.
func (rt *Runtime) Close() error {
	if own := control.Lcores.Own; own != nil && own() {
		return &dpdk.Error{Op: opCleanup, Errno: dpdk.ErrBusy,
			Detail: "called by what it would wait for, on an lcore or a control thread or in an lcore callback: call Close elsewhere"}
	}
	initMu.Lock()
	defer initMu.Unlock()
	return rt.close()
}

func (rt *Runtime) close() error {
	if !current.CompareAndSwap(rt, nil) {
		return nil
	}
	unlock, starting := rt.endStarts()
	defer unlock()
	var busy error
	if stop := control.Lcores.Stop; stop != nil {
		busy = stop()
	}
	busy = errors.Join(busy, control.Stop())
	rt.stopLooking()
	if rt.role == Secondary {
		return errors.Join(busy, rt.detach(busy == nil))
	}
	if rt.attachment != nil {
		rt.leave() // first of all: secondaries must not touch what is about to go
	}
	defer setOwn("")
	pages, err := hugepageFiles(rt.prefix)
	err = errors.Join(err, starting)
	if !rt.shared { // all that it has is a socket for telemetry, beside those of other such processes
		if own, _, e := mpsocket.Own(rt.dir + "/dpdk_telemetry"); e == nil {
			defer func() {
				_ = removeAll(own)
				_ = os.Remove(rt.dir) // unless others have something in it
			}()
		}
	}
	if busy != nil {
		rt.main.end()
		return errors.Join(busy, err, rt.remove(pages, starting == nil))
	}
	ended, e := rt.last(ealCleanup)
	if ended {
		cgo.LogReset()
		stream.in.Close()
	}
	return errors.Join(e, err, rt.remove(pages, starting == nil))
}

var ealCleanup = cgo.EALCleanup // a test has it fail

// detach ends a secondary. It gives back what rte_eal_init took from the memory that
// all processes share, for which nothing in C may run any more.
func (rt *Runtime) detach(quiet bool) error {
	defer rt.leave()
	var err error
	var unlock func()
	if quiet {
		unlock = rt.beforeEnding()
	}
	if unlock != nil {
		// Memory that becomes free goes back by messages with the primary: the socket is
		// still there, and the primary does not end meanwhile.
		_, err = rt.last(func() int { cgo.ServiceFinalize(); return 0 })
		unlock()
	} else {
		rt.main.end()
	}
	return errors.Join(err, detach(rt.dir))
}

// beforeEnding keeps a secondary's primary from ending until unlock, if it lives and has
// not begun to; otherwise unlock is nil.
func (rt *Runtime) beforeEnding() (unlock func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for !rt.gone.Load() && rt.primaryLives() && !ending(rt.dir) {
		if f, err := tryInit(rt.dir, false); err != nil {
			return nil
		} else if f != nil {
			if ending(rt.dir) || !rt.primaryLives() {
				f.Close()
				return nil
			}
			return func() { f.Close() }
		}
		if sleep(ctx, poll) != nil { // others start, one after the other
			return nil
		}
	}
	return nil
}

// last runs f, which returns an errno, on EAL's thread, which then ends. It waits 10
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
			Detail: "it did not end within 10s, which a lock in shared memory can cause whose holder was killed: its memory stays mapped and its devices open until the process ends"}
	}
}

const opCleanup = "rte_eal_cleanup"

// endStarts keeps processes of this primary's prefix from starting until unlock: they
// would find a primary that is about to go, or files that are. One that is starting just
// now is waited for, the others are not let in before.
func (rt *Runtime) endStarts() (unlock func(), err error) {
	if rt.role == Secondary || !rt.shared {
		return func() {}, nil
	}
	if rt.attachment != nil {
		rt.leaving()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if unlock, err = lockInit(ctx, rt.dir, true); err != nil {
		return func() {}, err
	}
	return unlock, nil
}

// remove takes the primary's files away, if it had any and should: the folder only if
// nobody starts in it.
func (rt *Runtime) remove(pages []string, folder bool) error {
	switch {
	case !rt.shared:
		return nil
	case rt.keep:
		return removeAll([]string{rt.dir + "/" + tableFile})
	case !folder:
		return removeAll(pages)
	}
	return errors.Join(removeAll(pages), removeRuntimeDir(rt.dir))
}
