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

// Handler does what a message asks, on a goroutine that handles others afterwards: it may
// wait, make requests itself, and use DPDK, but undoes runtime.LockOSThread. The context
// ends when the time to reply is over, and at the end of EAL. What it returns is the reply; only Param and Files of it count. The
// Files of the reply are closed when it is sent, or need not be; those of m are the
// handler's to close. An error, or a panic, becomes a RemoteError for who asked. Nil and no
// error is no reply at all, as one-way messages want it: who sent a request waits in vain.
type Handler func(ctx context.Context, m *Message) (*Message, error)

// Config says how an action's messages are handled. The zero value is one at a time, in
// order, each answered within 4 seconds.
type Config struct {
	// Timeout is when who asked gets an error instead of a reply, counted from the
	// message's arrival; let requesters wait longer. 0 is 4 s.
	Timeout time.Duration
	// Workers is how many messages are handled at a time; 0 is 1, which keeps their order.
	Workers int
	// Queue is how many messages wait for a worker; the next is answered with an error
	// at once. 0 is 1024.
	Queue int
	// OneWay says that the messages want no replies: none is sent, and no errors either.
	OneWay bool
}

// check fills in what is 0.
func (c *Config) check(name string) error {
	for _, f := range []struct {
		name     string
		value    int
		negative bool
	}{{"Timeout", int(c.Timeout), c.Timeout < 0}, {"Workers", c.Workers, c.Workers < 0}, {"Queue", c.Queue, c.Queue < 0}} {
		if f.negative {
			return check.Invalid(opRegister, name, "%s is %d, which is negative", f.name, f.value)
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
	open    map[*call]struct{} // those that are not answered
	gone    error              // why it takes no more
}

// actions are all of this process.
var actions struct {
	sync.Mutex
	byName map[string]*action
	wake   *os.File
}

// alive ends when EAL does.
var alive, kill = context.WithCancelCause(context.Background())

func init() { control.AtStop(stop) }

// Register has messages of a name handled (rte_mp_action_register). It works in all
// processes. Register before others send: DPDK drops a message without an action, and
// who asked waits in vain. A C program in the other process may be the sender as well.
//
// Errors: dpdk.ErrExist, dpdk.ErrInvalid, dpdk.ErrNameTooLong, dpdk.ErrNotShared where
// EAL was started without shared files, dpdk.ErrUnsupported (see Requests above),
// dpdk.ErrPrimaryGone, ErrDeaf, dpdk.ErrNotRunning.
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
	return control.Explain(err, dpdk.ErrExist, "this process has a handler of that name: Unregister it, or use another name")
}

// Unregister ends what Register began (rte_mp_action_unregister), and does not wait:
// handlers that run go on and their replies are sent. Messages that wait for a handler
// are answered with an error, later ones are dropped.
//
// Errors: dpdk.ErrNotFound, dpdk.ErrPrimaryGone, dpdk.ErrNotRunning.
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

// Disable shuts this primary to secondaries for good, and so ends all need for messages
// (rte_mp_disable); a secondary's attach fails from now on. dpdk.ErrBusy if a secondary
// has ever attached, even if it has gone.
func Disable() error {
	err := control.Call(opDisable, "", func() error {
		if !cgo.MPDisable() {
			return dpdk.ErrBusy
		}
		return nil
	})
	return control.Explain(err, dpdk.ErrBusy, "a secondary has attached: call Disable in the primary before the first one does")
}

// lead waits for messages on a thread of its own and handles the first itself, which
// saves 30 µs in each request: Go's poller and scheduler wake up to three threads for it.
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

// oneSlice is how many waits in system calls a goroutine has before it lets itself be
// scheduled anew. After 10 ms in one time slice Go's monitor would take its P away at
// each look, and look every 20 µs: another 30 µs in each request.
const oneSlice = 32

// serve has messages handled that come while lead does not wait, as its handler takes
// its time. It sleeps in the Go runtime's poller.
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

// receive gives the messages that have come to their actions, and returns those that
// need one more worker, as often as they do.
func receive() (work []*action) {
	actions.Lock()
	defer actions.Unlock()
	for _, in := range cgo.MPMessages() {
		m := newMessage(in.Name, in.Peer, in.Param, in.FDs)
		if a := actions.byName[in.Name]; a == nil { // it was unregistered just now
			m.Close()
		} else if a.take(m, in.Missing) {
			work = append(work, a)
		}
	}
	return work
}

// call is a message that came for an action.
type call struct {
	a        *action
	m        *Message
	ctx      context.Context
	cancel   context.CancelFunc
	unwatch  func() bool
	answered atomic.Bool
}

// take queues a message, and has it answered in time whatever happens. It says whether
// the caller is to have one more worker for it. A message that speaks of descriptors which
// did not come is refused.
func (a *action) take(m *Message, missing int) bool {
	c := &call{a: a, m: m}
	c.ctx, c.cancel = context.WithTimeout(alive, a.cfg.Timeout)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open[c] = struct{}{}
	refusal := a.gone
	if len(a.queue) == a.cfg.Queue {
		refusal = fmt.Errorf("%d messages wait already", len(a.queue))
	}
	if missing > 0 {
		refusal = fmt.Errorf("%d of %d descriptors of the message did not come", missing, missing+len(m.Files))
		control.Logger().Warn("ipc: message refused", "name", a.name, "peer", m.Peer, "error", refusal)
	}
	if refusal != nil {
		go c.refuse(refusal) // which may wait for the other process
		return false
	}
	c.unwatch = context.AfterFunc(c.ctx, func() {
		c.answer(nil, fmt.Errorf("no reply within %v", a.cfg.Timeout))
		a.mu.Lock()
		defer a.mu.Unlock()
		if i := slices.Index(a.queue, c); i >= 0 { // or its descriptors would wait on
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

// work handles messages until none waits.
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
		if c.answered.Load() { // its time is just over
			c.m.Close()
			continue
		}
		c.handle()
	}
}

// handle runs the handler.
func (c *call) handle() {
	err := errors.New("the handler ended its goroutine")
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

// refuse answers a message that no handler saw.
func (c *call) refuse(err error) {
	if c.unwatch != nil {
		c.unwatch()
	}
	c.answer(nil, err)
	c.cancel()
	c.m.Close()
}
