package ipc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opRegister   = "rte_mp_action_register"
	opUnregister = "rte_mp_action_unregister"
	opReply      = "rte_mp_reply"
	opDisable    = "rte_mp_disable"
)

// Handler handles one message and returns the reply, of which only Param and Files are used. To
// send no reply, as for one-way messages, return nil and no error; a requester then times out.
// An error or a panic becomes a [RemoteError] at the requester.
//
// A handler runs on a goroutine that handles other messages afterwards. It may wait, make
// requests and use DPDK. It must undo any runtime.LockOSThread call before it returns. The
// context ends when the time to reply is over, and when EAL stops.
//
// The Files of the reply are closed once it was sent, or cannot be sent. The handler must close
// the Files of m.
//
// Implements: rte_mp_reply
type Handler func(ctx context.Context, m *Message) (*Message, error)

// Config configures how the messages of an action are handled. With the zero value they are
// handled one at a time, in FIFO order, and each has to be answered within 4 seconds.
type Config struct {
	// Timeout is the time from a message's arrival until the requester gets an error
	// instead of a reply. Let requesters wait longer than that. 0 is 4 s.
	Timeout time.Duration
	// Workers is the number of messages handled at a time. 0 is 1, which keeps their order.
	Workers int
	// Queue is the number of messages that may wait for a worker. The next one is answered
	// with an error at once. 0 is 1024.
	Queue int
	// OneWay suppresses all replies and errors.
	OneWay bool
}

// check refuses negative values, and replaces 0 by the defaults.
func (c *Config) check(name string) error {
	for _, f := range []struct {
		name     string
		value    int
		negative bool
	}{{"Timeout", int(c.Timeout), c.Timeout < 0}, {"Workers", c.Workers, c.Workers < 0}, {"Queue", c.Queue, c.Queue < 0}} {
		if f.negative {
			return check.Invalid(opRegister, name, "%s is %d: use a positive value, or 0 for the default", f.name, f.value)
		}
	}
	if c.Timeout == 0 {
		c.Timeout = 4 * time.Second
	}
	if c.Workers == 0 {
		c.Workers = 1
	}
	if c.Queue == 0 {
		c.Queue = 1024
	}
	return nil
}

// action is a name with its handler.
type action struct {
	name    string
	handler Handler
	cfg     Config

	mu      sync.Mutex
	queue   []*call
	workers int
	open    map[*call]struct{} // not answered yet
	gone    error              // why it accepts no more messages
}

// actions are all actions of this process.
var actions struct {
	sync.Mutex
	byName map[string]*action
	wake   *os.File
}

// alive ends when EAL stops.
var alive, kill = context.WithCancelCause(context.Background())

func init() { control.AtStop(stop) }

// Register registers the handler for messages of a name, in a primary or a secondary. The
// sender may be a C program. Register before others send: DPDK drops a message without an
// action, and the request ends with [ErrNoHandler] or [dpdk.ErrTimeout].
//
// Errors: [dpdk.ErrExist], [dpdk.ErrInvalid], [dpdk.ErrNameTooLong], [dpdk.ErrNotShared] if
// EAL was started without shared files, [dpdk.ErrUnsupported] (see Requests above),
// [dpdk.ErrPrimaryGone], [ErrDeaf], [dpdk.ErrNotRunning].
//
// Implements: rte_mp_action_register
func Register(name string, h Handler, cfg Config) error {
	if err := check.Name(opRegister, name, cgo.MPMaxName); err != nil {
		return err
	}
	if h == nil {
		return check.Invalid(opRegister, name, "the handler is nil")
	}
	if err := cfg.check(name); err != nil {
		return err
	}
	if err := here.open(opRegister, name); err != nil {
		return err
	}
	err := control.Call(opRegister, name, func() error {
		actions.Lock()
		defer actions.Unlock()
		if actions.wake == nil {
			fd, errno := cgo.MPOpen()
			if errno != 0 {
				return control.Errno(errno)
			}
			actions.byName = map[string]*action{}
			actions.wake = os.NewFile(uintptr(fd), "pipe of messages")
			go serve(actions.wake)
			go lead()
		}
		if errno := cgo.MPRegister(name); errno != 0 {
			return control.Errno(errno)
		}
		actions.byName[name] = &action{name: name, handler: h, cfg: cfg, open: map[*call]struct{}{}}
		return nil
	})
	return control.Explain(err, dpdk.ErrExist, "this process already has a handler of that name: call Unregister first, or use another name")
}

// Unregister removes the handler of a name, and does not wait. Handlers in progress continue,
// and their replies are sent. Messages that wait for a handler are answered with an error.
// Later messages are dropped.
//
// Errors: [dpdk.ErrNotFound], [dpdk.ErrPrimaryGone], [dpdk.ErrNotRunning].
//
// Implements: rte_mp_action_unregister
func Unregister(name string) error {
	var a *action
	err := control.Call(opUnregister, name, func() error {
		actions.Lock()
		defer actions.Unlock()
		if a = actions.byName[name]; a == nil {
			return dpdk.ErrNotFound
		}
		cgo.MPUnregister(name)
		delete(actions.byName, name)
		return nil
	})
	if err != nil {
		return control.Explain(err, dpdk.ErrNotFound, "this process has no handler of that name")
	}
	a.mu.Lock()
	queue := a.queue
	a.queue, a.gone = nil, errors.New("the action was unregistered")
	a.mu.Unlock()
	for _, c := range queue {
		c.refuse(a.gone)
	}
	return nil
}

// List returns the names of this process's actions, sorted.
func List() []string {
	actions.Lock()
	defer actions.Unlock()
	return slices.Sorted(maps.Keys(actions.byName))
}

// Disable makes this primary refuse all secondaries from now on, so that it needs no messages.
// It fails with [dpdk.ErrBusy] if a secondary has ever attached, even if that one has exited.
//
// Implements: rte_mp_disable
func Disable() error {
	err := control.Call(opDisable, "", func() error {
		if !cgo.MPDisable() {
			return dpdk.ErrBusy
		}
		return nil
	})
	return control.Explain(err, dpdk.ErrBusy, "a secondary has attached: call Disable in the primary before the first one does")
}

// lead waits for messages on its own thread and handles the first one itself. Go's poller and
// scheduler would wake up to three threads for that.
func lead() {
	defer func() { go lead() }() // a handler called runtime.Goexit
	for n := 1; ; n++ {
		if n%oneSlice == 0 {
			runtime.Gosched()
		}
		cgo.MPWait()
		work := receive()
		for i := 1; i < len(work); i++ {
			go work[i].work()
		}
		if len(work) > 0 {
			work[0].work()
		}
	}
}

// oneSlice is the number of waits in system calls after which a goroutine yields. After 10 ms
// in one time slice Go's monitor would take its P away at each of its checks.
const oneSlice = 32

// serve starts workers for the messages that arrive while lead runs a handler. It sleeps in
// the Go runtime's poller.
func serve(wake *os.File) {
	var tokens [64]byte
	for {
		if _, err := wake.Read(tokens[:]); err != nil {
			return
		}
		for _, a := range receive() {
			go a.work()
		}
	}
}

// receive queues the messages that have arrived at their actions. It returns the actions that
// need another worker, once for each worker.
func receive() (work []*action) {
	actions.Lock()
	defer actions.Unlock()
	for _, in := range cgo.MPMessages() {
		m := newMessage(in.Name, in.Peer, in.Param, in.FDs)
		if a := actions.byName[in.Name]; a == nil { // unregistered just now
			m.Close()
		} else if a.take(m, in.Missing) {
			work = append(work, a)
		}
	}
	return work
}

// call is a message for an action.
type call struct {
	a        *action
	m        *Message
	ctx      context.Context
	cancel   context.CancelFunc
	unwatch  func() bool
	answered atomic.Bool
}

// take queues a message, and makes sure that it is answered in time. It reports whether the
// caller must start another worker. It refuses a message with missing descriptors.
func (a *action) take(m *Message, missing int) bool {
	c := &call{a: a, m: m}
	c.ctx, c.cancel = context.WithTimeout(alive, a.cfg.Timeout)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open[c] = struct{}{}
	refusal := a.gone
	if len(a.queue) == a.cfg.Queue {
		refusal = fmt.Errorf("%d messages are already waiting", len(a.queue))
	}
	if missing > 0 {
		refusal = fmt.Errorf("%d of %d descriptors of the message did not arrive", missing, missing+len(m.Files))
		control.Logger().Warn("ipc: message refused", "name", a.name, "peer", m.Peer, "error", refusal)
	}
	if refusal != nil {
		go c.refuse(refusal) // in the background: it may wait for the other process
		return false
	}
	c.unwatch = context.AfterFunc(c.ctx, func() {
		c.answer(nil, fmt.Errorf("no reply within %v", a.cfg.Timeout))
		a.mu.Lock()
		defer a.mu.Unlock()
		if i := slices.Index(a.queue, c); i >= 0 { // else its descriptors would stay open
			a.queue = slices.Delete(a.queue, i, i+1)
			c.m.Close()
		}
	})
	a.queue = append(a.queue, c)
	if a.workers == a.cfg.Workers {
		return false
	}
	a.workers++
	return true
}

// work handles messages until the queue is empty.
func (a *action) work() {
	exited := true
	defer func() {
		if exited { // the handler called runtime.Goexit
			go a.work()
		}
	}()
	for {
		a.mu.Lock()
		if len(a.queue) == 0 {
			a.workers--
			a.queue = nil
			exited = false
			a.mu.Unlock()
			return
		}
		c := a.queue[0]
		a.queue = a.queue[1:]
		a.mu.Unlock()
		if c.answered.Load() { // its timeout has just passed
			c.m.Close()
			continue
		}
		c.handle()
	}
}

// handle runs the handler, and answers with its reply or error.
func (c *call) handle() {
	err := errors.New("the handler called runtime.Goexit")
	var reply *Message
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			control.Logger().Error("ipc: a handler panicked", "name", c.a.name, "panic", p, "stack", string(debug.Stack()))
			c.m.Close()
		}
		c.unwatch()
		c.answer(reply, err)
		c.cancel()
	}()
	reply, err = c.a.handler(c.ctx, c.m)
}

// refuse answers a message with an error instead of calling a handler.
func (c *call) refuse(err error) {
	if c.unwatch != nil {
		c.unwatch()
	}
	c.answer(nil, err)
	c.cancel()
	c.m.Close()
}
