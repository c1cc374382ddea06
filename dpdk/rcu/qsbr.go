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
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
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

// MaxReaders is the largest number of readers of one QSBR.
const MaxReaders = 1 << 20

// Config says where a QSBR lies. The zero value is any socket.
type Config struct {
	Socket dpdk.SocketID
}

// QSBR is a quiescent state variable in a memzone (struct rte_rcu_qsbr). C programs find
// it with rte_memzone_lookup. Its methods may be called from any goroutine, in every
// process role, between eal.Init and Close.
type QSBR struct {
	name  string
	v     cgo.RCU // nil after Free
	max   int
	token *atomic.Uint64
	life  sync.RWMutex // Free holds it for writing; what asks C about the variable, for reading
}

// Token is a moment that readers are to pass.
type Token uint64

// Create makes a variable for readers with the ids 0 to maxReaders-1 (rte_rcu_qsbr_init),
// in a memzone of that name.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNoSpace (too many zones),
// dpdk.ErrNameTooLong, dpdk.ErrInvalid.
func Create(name string, maxReaders int, cfg Config) (*QSBR, error) {
	if err := check.Name(opInit, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	if maxReaders < 1 || maxReaders > MaxReaders {
		return nil, check.Invalid(opInit, name, "%d readers: use 1 to %d", maxReaders, MaxReaders)
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

// Lookup finds a variable that any process has made, a C program included, if it is what
// its memzone begins with and fills. Errors: dpdk.ErrNotFound; syscall.EAGAIN if the zone holds no
// variable, or does not yet, as its maker is at it.
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
		return nil, control.Explain(err, dpdk.ErrAgain, "the zone holds no QSBR variable, or not yet")
	}
	return q, nil
}

// control is control.Call for a variable that has not been freed.
func (q *QSBR) control(op string, f func() int) error {
	q.life.RLock()
	defer q.life.RUnlock()
	return q.existing(op, f)
}

// existing is control for a caller that holds life.
func (q *QSBR) existing(op string, f func() int) error {
	return control.Call(op, q.name, func() error {
		if q.v == nil {
			return &dpdk.Error{Op: op, Name: q.name, Errno: dpdk.ErrNotFound, Detail: control.Freed}
		}
		return control.Errno(f())
	})
}

// Name is the name of the variable and its memzone.
func (q *QSBR) Name() string { return q.name }

// Pointer is the struct rte_rcu_qsbr, for C; nil after Free on this handle.
func (q *QSBR) Pointer() unsafe.Pointer { return q.v }

// MaxReaders is how many readers there may be.
func (q *QSBR) MaxReaders() int { return q.max }

// NumReaders is how many readers are registered, dead ones included.
func (q *QSBR) NumReaders() int {
	n := 0
	_ = q.control(opRegister, func() int {
		n = int(cgo.RCUCount(q.name, q.v))
		return 0
	})
	return n
}

// Free destroys the variable for all processes (rte_memzone_free). Errors: dpdk.ErrBusy
// while readers are registered, dpdk.ErrNotFound if it was freed before. DeferQueues that use
// it must be deleted before.
func (q *QSBR) Free() error {
	readers, err := q.Readers()
	if err != nil {
		return err
	}
	if len(readers) != 0 {
		return &dpdk.Error{Op: opFree, Name: q.name, Errno: dpdk.ErrBusy, Detail: list(readers) + " not unregistered"}
	}
	q.life.Lock()
	defer q.life.Unlock()
	err = q.existing(opFree, func() int { return cgo.MemzoneFree(q.name, q.v) })
	if err == nil {
		q.v = nil
	}
	return control.Explain(err, dpdk.ErrNotFound, control.Freed)
}

// ReaderState is what a registered reader said last.
type ReaderState struct {
	ID     int
	Online bool
	Passed Token // the last moment it has passed, if it is online
}

// Readers lists the registered readers of all processes.
func (q *QSBR) Readers() ([]ReaderState, error) {
	var all []ReaderState
	err := q.control(opRegister, func() int {
		ids, cnts, errno := cgo.RCUReaders(q.name, q.v, q.max)
		for i, id := range ids {
			all = append(all, ReaderState{int(id), cnts[i] != 0, Token(cnts[i])})
		}
		return errno
	})
	return all, err
}

// Unregister ends the registration of a reader whose process has died
// (rte_rcu_qsbr_thread_unregister): nobody waits for it any more. It is fatal to a reader that
// lives. The error is dpdk.ErrNotFound if the id is not registered.
func (q *QSBR) Unregister(id int) error {
	if err := q.checkID(opUnregister, id); err != nil {
		return err
	}
	err := q.control(opUnregister, func() int { return cgo.RCUUnregister(q.name, q.v, uint32(id)) })
	return control.Explain(err, dpdk.ErrNotFound, fmt.Sprintf("no reader with id %d is registered", id))
}

func (q *QSBR) checkID(op string, id int) error {
	if id < 0 || id >= q.max {
		return check.Invalid(op, q.name, "there is no reader %d: ids are 0 to %d", id, q.max-1)
	}
	return nil
}

// Start begins a grace period (rte_rcu_qsbr_start): the token is this moment, which
// readers are to pass. Take elements out of reach before. It must not run in parallel with
// Free; after it, the token is 0.
func (q *QSBR) Start() Token {
	if q.v == nil {
		return 0
	}
	racesync.Release(q.v)
	return Token(q.token.Add(1))
}

// Check says whether all readers have passed the token (rte_rcu_qsbr_check). It does not
// wait, and takes a look at each reader unless others have passed a later token. It must not
// run in parallel with Free or eal.Close; after Free, which needs that there are no readers,
// it returns true.
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

// Wait waits until all readers have passed the token, or ctx ends: then the error is the
// cause that ctx gives, and says which readers have not. Without an end of ctx it waits for
// a dead reader for ever. A goroutine that is a reader itself would wait for itself: see
// Reader.Synchronize.
//
// It yields, and sleeps when that has not helped for a millisecond. Errors: also
// dpdk.ErrNotRunning, when EAL closes while it waits.
func (q *QSBR) Wait(ctx context.Context, t Token) error {
	var wait ringcore.Backoff
	for {
		var passed bool
		if err := q.control(opCheck, func() int { passed = q.Check(t); return 0 }); err != nil || passed {
			return err
		}
		if ctx.Err() != nil {
			return &dpdk.Error{Op: opCheck, Name: q.name, Cause: context.Cause(ctx), Detail: q.late(t)}
		}
		wait.Yield()
	}
}

// Synchronize waits until every reader has let go of all that was taken out of its reach
// before the call (rte_rcu_qsbr_synchronize). Errors are those of Wait.
func (q *QSBR) Synchronize(ctx context.Context) error {
	var t Token
	if err := q.control(opCheck, func() int { t = q.Start(); return 0 }); err != nil {
		return err
	}
	return q.Wait(ctx, t)
}

// late names the readers that have not passed a token.
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
	return list(late) + " not passed: Unregister those that are dead"
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

// Dump is the text of rte_rcu_qsbr_dump.
func (q *QSBR) Dump() (string, error) {
	var text string
	err := q.control(opDump, func() (errno int) {
		text, errno = cgo.RCUDump(q.name, q.v)
		return errno
	})
	return strings.TrimSpace(text), err
}
