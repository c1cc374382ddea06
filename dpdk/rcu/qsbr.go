package rcu

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

const (
	opInit       = "rte_rcu_qsbr_init"
	opLookup     = "rte_memzone_lookup"
	opFree       = "rte_memzone_free"
	opRegister   = "rte_rcu_qsbr_thread_register"
	opUnregister = "rte_rcu_qsbr_thread_unregister"
	opCheck      = "rte_rcu_qsbr_check"
	opDump       = "rte_rcu_qsbr_dump"
)

// MaxName is the maximum length of a name, in bytes.
const MaxName = cgo.MemzoneNameSize - 1

// MaxReaders is the maximum number of readers of one QSBR.
const MaxReaders = 1 << 20

// Config selects the memory of a QSBR. The zero value is any socket.
type Config struct {
	Socket dpdk.SocketID
}

// QSBR is a handle to a quiescent state variable in a memzone (struct rte_rcu_qsbr). C
// programs find it with rte_memzone_lookup. Its methods may be called from any goroutine, in
// every process role, between eal.Init and Close.
type QSBR struct {
	name  string
	v     cgo.RCU // nil after Free
	max   int
	token *atomic.Uint64
	life  sync.RWMutex // held for writing by Free, for reading by calls into C
}

// Token identifies a grace period.
type Token uint64

// Create makes a variable for readers with the IDs 0 to maxReaders-1, in a memzone of that
// name.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNoSpace (too many zones),
// dpdk.ErrNameTooLong, dpdk.ErrInvalid.
//
// Implements: rte_rcu_qsbr_init, rte_rcu_qsbr_get_memsize
func Create(name string, maxReaders int, cfg Config) (*QSBR, error) {
	if err := check.Name(opInit, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	if maxReaders < 1 || maxReaders > MaxReaders {
		return nil, check.Invalid(opInit, name, "the number of readers is %d: use 1 to %d", maxReaders, MaxReaders)
	}
	if err := check.Socket(opInit, name, cfg.Socket); err != nil {
		return nil, err
	}
	q, err := open(opInit, name, func() (cgo.RCU, uint32, int) {
		v, errno := cgo.RCUCreate(name, uint32(maxReaders), cfg.Socket.Int())
		return v, uint32(maxReaders), errno
	})
	return q, control.ExplainCreate(err, cfg.Socket)
}

// Lookup finds a variable by name. Any process, also a C program, may have created it. The
// variable must start at the beginning of its memzone and fill it.
//
// Errors: dpdk.ErrNotFound if no memzone has that name; dpdk.ErrAgain if the memzone does
// not contain a variable, or its creator has not initialized it yet.
func Lookup(name string) (*QSBR, error) {
	if err := check.Name(opLookup, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	q, err := open(opLookup, name, func() (cgo.RCU, uint32, int) { return cgo.RCULookup(name) })
	return q, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

func open(op, name string, f func() (v cgo.RCU, maxReaders uint32, errno int)) (*QSBR, error) {
	q := &QSBR{name: name}
	err := control.Call(op, name, func() error {
		v, maxReaders, errno := f()
		if errno == 0 {
			q.v, q.max = v, int(maxReaders)
			q.token = (*atomic.Uint64)(unsafe.Add(q.v, cgo.RCUToken))
		}
		return control.Errno(errno)
	})
	if err != nil {
		return nil, control.Explain(err, dpdk.ErrAgain, "the memzone does not contain a QSBR variable, or its creator has not initialized it yet: check the name, or try again")
	}
	return q, nil
}

// call runs f unless the variable was freed.
func (q *QSBR) call(op string, f func() error) error {
	q.life.RLock()
	defer q.life.RUnlock()
	return control.Call(op, q.name, func() error {
		if q.v == nil {
			return q.freed(op)
		}
		return f()
	})
}

func (q *QSBR) freed(op string) error {
	return &dpdk.Error{Op: op, Name: q.name, Errno: dpdk.ErrNotFound, Detail: control.Freed}
}

// Name returns the name of the variable and its memzone.
func (q *QSBR) Name() string { return q.name }

// Pointer returns the struct rte_rcu_qsbr, for C, or nil after Free on this handle.
func (q *QSBR) Pointer() unsafe.Pointer { return q.v }

// MaxReaders returns the maximum number of readers.
func (q *QSBR) MaxReaders() int { return q.max }

// NumReaders returns the number of registered readers, also those of dead C programs.
func (q *QSBR) NumReaders() int {
	n := 0
	_ = q.call(opRegister, func() error {
		n = int(cgo.RCUCount(q.name, q.v))
		return nil
	})
	return n
}

// Info describes a QSBR.
type Info struct {
	Name       string
	MaxReaders int
	NumReaders int // registered ones, also those of dead C programs
}

// Info describes the variable. The error is dpdk.ErrNotFound if it was freed.
func (q *QSBR) Info() (Info, error) {
	i := Info{q.name, q.max, 0}
	err := q.call(opLookup, func() error {
		v, _, errno := cgo.RCULookup(q.name)
		if errno == 0 && v != q.v {
			return dpdk.ErrNotFound // a newer variable of this name
		}
		i.NumReaders = int(cgo.RCUCount(q.name, q.v))
		return control.Errno(errno)
	})
	return i, control.Explain(err, dpdk.ErrNotFound, control.Freed)
}

// List describes all variables of the file prefix.
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opLookup, "", func() error {
		zones, errno := cgo.Memzones()
		for _, z := range zones {
			if v, maxReaders, errno := cgo.RCULookup(z.Name); errno == 0 {
				all = append(all, Info{z.Name, int(maxReaders), int(cgo.RCUCount(z.Name, v))})
			}
		}
		return control.Errno(errno)
	})
	return all, err
}

// Free destroys the variable for all processes. Close every [DeferQueue] that uses it
// before.
//
// Errors: dpdk.ErrBusy while readers are registered; dpdk.ErrNotFound if this or another
// process has freed it before.
//
// Implements: rte_memzone_free
func (q *QSBR) Free() error {
	readers, err := q.Readers()
	if err != nil {
		return err
	}
	if len(readers) != 0 {
		return &dpdk.Error{Op: opFree, Name: q.name, Errno: dpdk.ErrBusy, Detail: list(readers) + " not unregistered: call Unregister"}
	}
	q.life.Lock()
	defer q.life.Unlock()
	err = control.CallOn(opFree, q.name, q.v, func() error { return control.Errno(cgo.MemzoneFree(q.name, q.v)) })
	if err == nil {
		q.v = nil
	}
	return err
}

// ReaderState is the state that a registered reader reported last.
type ReaderState struct {
	ID     int
	Online bool
	Passed Token // the last grace period that it has passed, if it is online
}

// Readers lists the registered readers of all processes.
func (q *QSBR) Readers() ([]ReaderState, error) {
	var all []ReaderState
	err := q.call(opRegister, func() error {
		ids, cnts, errno := cgo.RCUReaders(q.name, q.v, q.max)
		for i, id := range ids {
			all = append(all, ReaderState{int(id), cnts[i] != 0, Token(cnts[i])})
		}
		return control.Errno(errno)
	})
	return all, err
}

// Unregister removes a reader of a dead C program, so that writers no longer wait for it. Readers
// of dead processes in Go are removed without it. Do not call it for a reader in use: writers would free memory that the reader accesses. The
// error is dpdk.ErrNotFound if the ID is not registered.
//
// Implements: rte_rcu_qsbr_thread_unregister
func (q *QSBR) Unregister(id int) error {
	if err := q.checkID(opUnregister, id); err != nil {
		return err
	}
	err := q.call(opUnregister, func() error { return control.Errno(cgo.RCUUnregister(q.name, q.v, uint32(id))) })
	return control.Explain(err, dpdk.ErrNotFound, fmt.Sprintf("no reader with ID %d is registered", id))
}

func (q *QSBR) checkID(op string, id int) error {
	if id < 0 || id >= q.max {
		return check.Invalid(op, q.name, "the reader %d does not exist: IDs are 0 to %d", id, q.max-1)
	}
	return nil
}

// Start begins a grace period and returns its token. Remove elements from the shared
// structure before. Start must not run in parallel with Free. After Free it returns 0.
//
// Implements: rte_rcu_qsbr_start
func (q *QSBR) Start() Token {
	if q.v == nil {
		return 0
	}
	racesync.Release(q.v)
	return Token(q.token.Add(1))
}

// Check reports whether all readers have passed the grace period. It does not wait. It must
// not run in parallel with Free or eal.Runtime.Close. After Free it returns true, because Free
// requires that no reader is registered.
//
// Implements: rte_rcu_qsbr_check
func (q *QSBR) Check(t Token) bool {
	if q.v == nil {
		return true
	}
	var passed bool
	if fastcall.Enabled {
		c := cgo.RCUCheckArg{V: q.v, Token: uint64(t)}
		passed = fastcall.Call(cgo.RCUCheckAddress, unsafe.Pointer(&c)) != 0
	} else {
		passed = cgo.RCUCheck(q.v, uint64(t))
	}
	if passed {
		racesync.Acquire(q.v)
	}
	return passed
}

// Wait waits until all readers have passed the grace period, or ctx ends. In the second case
// the error is the cause of ctx and names the readers that have not passed. The primary unregisters
// readers of dead processes in Go, within half a second. A dead reader in C never passes, so give ctx a deadline. A goroutine that is a reader must use
// [Reader.Synchronize], because Wait would wait for the goroutine itself.
//
// It yields, and sleeps after a millisecond without success. The error is dpdk.ErrNotRunning
// if EAL closes meanwhile.
//
// Implements: rte_rcu_qsbr_check
func (q *QSBR) Wait(ctx context.Context, t Token) error {
	var w wait.Backoff
	for {
		var passed bool
		if err := q.call(opCheck, func() error { passed = q.Check(t); return nil }); err != nil || passed {
			return err
		}
		if ctx.Err() != nil {
			return &dpdk.Error{Op: opCheck, Name: q.name, Cause: context.Cause(ctx), Detail: q.late(t)}
		}
		w.Turn()
	}
}

// Synchronize waits until no reader holds a reference to an element that was removed before
// the call. Its errors are those of [QSBR.Wait].
//
// Implements: rte_rcu_qsbr_synchronize
func (q *QSBR) Synchronize(ctx context.Context) error {
	var t Token
	if err := q.call(opCheck, func() error { t = q.Start(); return nil }); err != nil {
		return err
	}
	return q.Wait(ctx, t)
}

// late names the readers that have not passed a grace period.
func (q *QSBR) late(t Token) string {
	all, _ := q.Readers()
	var late []ReaderState
	for _, r := range all {
		if r.Online && r.Passed < t {
			late = append(late, r)
		}
	}
	if len(late) == 0 {
		return ""
	}
	return list(late) + " not passed: call Unregister for readers of dead C programs"
}

func list(readers []ReaderState) string {
	var ids []string
	for _, r := range readers {
		ids = append(ids, fmt.Sprint(r.ID))
	}
	if len(ids) == 1 {
		return "reader " + ids[0] + " has"
	}
	return "readers " + strings.Join(ids, ", ") + " have"
}

// Dump returns DPDK's description of the variable.
//
// Implements: rte_rcu_qsbr_dump
func (q *QSBR) Dump() (string, error) {
	var text string
	err := q.call(opDump, func() error {
		var errno int
		text, errno = cgo.RCUDump(q.name, q.v)
		return control.Errno(errno)
	})
	return strings.TrimSpace(text), err
}
