package lcore

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	opCallback   = "rte_lcore_callback_register"
	opUncallback = "rte_lcore_callback_unregister"
)

// Callback is a pair of functions that are called when lcores come and go.
type Callback struct {
	init   func(id int) error
	uninit func(id int)
	name   string
	id     uintptr
	handle atomic.Pointer[byte]
	refuse error // of the last call of init
}

// calling is the ID of the thread that runs a callback now. DPDK's lock of lcores is held then.
var calling atomic.Int64

var callbacks handles[Callback]

func init() {
	cgo.Callbacks.LcoreInit = func(lcore int, id uintptr) bool {
		c := callbacks.get(id)
		err := apart(func() error { return c.init(lcore) })
		if err != nil {
			c.refuse = err
		}
		return err == nil
	}
	cgo.Callbacks.LcoreUninit = func(lcore int, id uintptr) {
		c := callbacks.get(id)
		if err := apart(func() error { c.uninit(lcore); return nil }); err != nil {
			control.Logger().Error("godpdk: lcore callback", "name", c.name, "lcore", lcore, "error", err)
		}
	}
}

// RegisterCallback registers init and uninit for all lcores. One of them may be nil.
//
// init is called at once for each existing lcore, in order of the IDs. Later it is called for each
// thread that registers, before the thread is an lcore. uninit is called when an lcore has gone, and
// for all lcores in [Callback.Unregister]. If init returns an error for an lcore, uninit is called
// for the lcores that init has accepted, and RegisterCallback or [Register] fails.
//
// The functions run one at a time, on goroutines of their own. DPDK holds its lock of lcores
// meanwhile: [List], [Register] and RegisterCallback fail with dpdk.ErrBusy in them. A panic in init
// refuses the lcore. A panic in uninit is logged.
//
// Errors: the error of init, dpdk.ErrInvalid, dpdk.ErrNotRunning.
//
// Implements: rte_lcore_callback_register
func RegisterCallback(name string, init func(id int) error, uninit func(id int)) (*Callback, error) {
	if err := check.Name(opCallback, name, 64); err != nil {
		return nil, err
	}
	if init == nil && uninit == nil {
		return nil, check.Invalid(opCallback, name, "both functions are nil")
	}
	if inCallback() {
		return nil, errInCallback(opCallback)
	}
	c := &Callback{name: name, init: init, uninit: uninit}
	if init == nil {
		c.init = func(int) error { return nil }
	}
	if uninit == nil {
		c.uninit = func(int) {}
	}
	c.id = callbacks.add(c)
	err := control.Call(opCallback, name, func() error {
		h := cgo.LcoreCallback(name, c.id)
		if h == nil {
			return dpdk.ErrNoMemory
		}
		c.handle.Store((*byte)(h))
		return nil
	})
	if err != nil {
		callbacks.drop(c.id)
		if c.refuse != nil {
			return nil, &dpdk.Error{Op: opCallback, Name: name, Cause: c.refuse}
		}
		return nil, err
	}
	return c, nil
}

// Unregister calls uninit for all lcores and ends the registration. A second call returns
// dpdk.ErrNotFound.
//
// Implements: rte_lcore_callback_unregister
func (c *Callback) Unregister() error {
	if inCallback() {
		return errInCallback(opUncallback)
	}
	err := control.Call(opUncallback, c.name, func() error {
		h := c.handle.Swap(nil)
		if h == nil {
			return dpdk.ErrNotFound
		}
		cgo.LcoreCallbackUnregister(unsafe.Pointer(h))
		return nil
	})
	if err == nil {
		callbacks.drop(c.id)
	}
	return control.Explain(err, dpdk.ErrNotFound, "it was unregistered before")
}

// apart runs f on a goroutine of its own: runtime.Goexit in f must not end a goroutine that C has
// called.
func apart(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // inCallback compares thread IDs
		defer runtime.UnlockOSThread()
		err := ErrGoexit
		calling.Store(int64(linux.Gettid()))
		defer func() {
			calling.Store(0) // before the next one can set it
			result <- err
		}()
		err = try(f)
	}()
	return <-result
}

func inCallback() bool { return calling.Load() == int64(linux.Gettid()) }

func errInCallback(op string) error {
	return &dpdk.Error{Op: op, Errno: dpdk.ErrBusy, Detail: "the caller is an lcore callback, and DPDK has locked its lcores: call it afterwards"}
}
