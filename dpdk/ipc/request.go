package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

const (
	opSend    = "rte_mp_sendmsg"
	opRequest = "rte_mp_request_sync"

	// DefaultTimeout is the timeout of [Send] and [Request] if the context has no deadline.
	DefaultTimeout = 5 * time.Second

	inspectEvery = 100 * time.Millisecond // interval of checks whether processes without an answer still run
	maxPause     = 5 * time.Millisecond   // longest pause between attempts to send to a full queue
)

// Send sends a message to the primary, or from the primary to all secondaries. It returns the
// number of processes that have it in their queues. A process without an action for the message
// drops it. While a queue is full, as that of a stopped process may be, Send waits until the
// context ends, at most [DefaultTimeout] if the context has no deadline.
//
// Errors: [dpdk.ErrInvalid], [dpdk.ErrNameTooLong], [dpdk.ErrMessageSize],
// [dpdk.ErrNotShared], [dpdk.ErrUnsupported] (see Requests above), [dpdk.ErrPrimaryGone],
// [ErrDeaf], [dpdk.ErrNotRunning]. A [RequestError] holds [dpdk.ErrTimeout] or the context's
// cause for each process with a full queue, and ErrDeaf for each process that cannot receive.
//
// Implements: rte_mp_sendmsg
func Send(ctx context.Context, m *Message) (int, error) {
	e, err := newExchange(ctx, opSend, cgo.MPMsg, m)
	if err != nil {
		return 0, err
	}
	err = e.run(here.sender)
	n := 0
	for _, t := range e.targets {
		if t.sent {
			n++
		}
	}
	return n, err
}

// Request sends a message to the primary, or from the primary to all secondaries, and waits for
// the reply of each. It asks all processes at once. It waits until the context ends, at most
// [DefaultTimeout] if the context has no deadline. It returns the replies that arrived also
// beside a [RequestError], which names the other processes. The caller must close the Files of
// all replies.
//
// Request may be called from any goroutine, also in handlers, any number at a time.
//
// Errors: those of [Send], and [ErrNoPeer]. A RequestError holds for each process
// [dpdk.ErrTimeout], the context's cause, [ErrNoHandler] or [ErrPeerGone] (both within half a
// second), [ErrDeaf], or a [RemoteError] from its handler. A C program does not report a missing
// handler, so the error is dpdk.ErrTimeout.
//
// Implements: rte_mp_request_sync, rte_mp_request_async
func Request(ctx context.Context, m *Message) ([]*Message, error) {
	e, err := newExchange(ctx, opRequest, cgo.MPReq, m)
	if err != nil {
		return nil, err
	}
	s, err := here.take()
	if err != nil {
		return nil, &dpdk.Error{Op: opRequest, Name: m.Name, Cause: err}
	}
	err = e.run(s)
	if e.clean() {
		here.keep(s)
	} else {
		here.drop(s)
	}
	var replies []*Message
	for _, t := range e.targets {
		if t.reply != nil {
			replies = append(replies, t.reply)
		}
	}
	if err == nil && len(replies) == 0 {
		err = &dpdk.Error{Op: opRequest, Name: m.Name, Cause: ErrNoPeer}
	}
	return replies, err
}

// exchange is a message to some processes, and their answers.
type exchange struct {
	ctx       context.Context
	op        string
	kind      int
	m         *Message
	targets   []*target
	pause     time.Duration
	inspectAt time.Time
	shut      bool // the context has ended: the socket cannot be used again
}

// target is a process that gets the message.
type target struct {
	path  string
	sent  bool
	done  bool // no answer is expected any more
	heard bool // it has answered
	asked int  // number of questions whether it has a handler
	has   bool // it has a handler
	gone  bool // it has exited, but its answer may still be unread
	reply *Message
	err   error
}

func newExchange(ctx context.Context, op string, kind int, m *Message) (*exchange, error) {
	if err := m.check(op); err != nil {
		return nil, err
	}
	if err := here.open(op, m.Name); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, &dpdk.Error{Op: op, Name: m.Name, Cause: late(ctx)}
	}
	paths, err := here.peers()
	if err != nil {
		return nil, &dpdk.Error{Op: op, Name: m.Name, Detail: err.Error()}
	}
	e := &exchange{ctx: ctx, op: op, kind: kind, m: m, pause: 50 * time.Microsecond, inspectAt: time.Now().Add(inspectEvery)}
	for _, p := range paths {
		e.targets = append(e.targets, &target{path: p})
	}
	return e, nil
}

// run sends the message to all targets and waits for all answers.
func (e *exchange) run(s *socket) error {
	if _, has := e.ctx.Deadline(); !has {
		ctx, cancel := context.WithTimeout(e.ctx, DefaultTimeout)
		defer cancel()
		e.ctx = ctx
	}
	b := e.m.encode(e.kind)
	return withRights(e.m.Files, func(rights []byte) error {
		if e.kind == cgo.MPMsg {
			for e.send(s, b, rights) > 0 && e.wait() {
			}
			return e.outcome()
		}
		stop := context.AfterFunc(e.ctx, s.shut)
		defer func() { e.shut = !stop() }()
		for {
			full := e.send(s, b, rights)
			if !e.waiting() || !e.receive(s, full > 0) {
				return e.outcome()
			}
		}
	})
}

// send tries all targets that do not have the message yet. It returns the number of full queues.
func (e *exchange) send(s *socket, b, rights []byte) (full int) {
	for _, t := range e.targets {
		if t.sent || t.done {
			continue
		}
		switch err := s.send(t.path, b, rights); {
		case err == nil:
			t.sent = true
			t.done = e.kind == cgo.MPMsg
		case err == syscall.EAGAIN:
			full++
		case mpsocket.IsGone(err):
			t.done = true
			if !here.primary {
				t.err = dpdk.ErrPrimaryGone
			} else if err == syscall.ECONNREFUSED {
				os.Remove(t.path) // as DPDK does: no process uses the name again
			}
		case errors.Is(err, os.ErrClosed):
			t.done, t.err = true, dpdk.ErrNotRunning
		case err == syscall.EPIPE:
			t.done, t.err = true, ErrDeaf
		default:
			t.done, t.err = true, fmt.Errorf("sendmsg: %w", err)
		}
	}
	return full
}

// waiting reports whether a target is not done.
func (e *exchange) waiting() bool {
	for _, t := range e.targets {
		if !t.done {
			return true
		}
	}
	return false
}

// next returns the next pause for a full queue.
func (e *exchange) next() time.Duration {
	d := e.pause
	e.pause = min(2*e.pause, maxPause)
	return d
}

// wait pauses before the next attempt. It returns false when the context or EAL has ended.
func (e *exchange) wait() bool {
	timer := time.NewTimer(e.next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return control.Running()
	case <-e.ctx.Done():
		return false
	}
}

// receive waits for one answer, until it is time to send again or to inspect the targets. It
// returns false when no more answers are expected.
func (e *exchange) receive(s *socket, full bool) bool {
	if !time.Now().Before(e.inspectAt) {
		if e.inspect(s); !e.waiting() {
			return false
		}
	}
	limit := time.Until(e.inspectAt).Round(10 * time.Millisecond) // rounded: setting another limit costs a system call
	if full {
		limit = e.next()
	}
	s.wait(max(limit, time.Millisecond/20)) // 0 would mean no limit
	if e.ctx.Err() != nil {                 // checked after wait, which could undo shut
		return false
	}
	kind, from, m, err := s.receive()
	switch {
	case from != "":
		e.answer(kind, from, m, err)
		return true
	case errors.Is(err, os.ErrClosed), !control.Running():
		e.fail(dpdk.ErrNotRunning)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		e.fail(err)
	}
	return e.ctx.Err() == nil
}

// answer stores an answer in the target that sent it. DPDK builds the path for each message
// again, so only its last element is compared.
func (e *exchange) answer(kind int, from string, m *Message, err error) {
	if m != nil && m.Name == cgo.MPHas && e.m.Name != m.Name {
		e.handlerKnown(from, string(m.Param))
		m.Close()
		return
	}
	if m != nil && m.Name != e.m.Name {
		m.Close() // an error of the other process
		return
	}
	for _, t := range e.targets {
		if !t.sent || t.done || filepath.Base(t.path) != filepath.Base(from) {
			continue
		}
		t.done, t.heard, t.err = true, true, err
		switch {
		case kind == cgo.MPIgn:
			t.sent = false
		case err == nil:
			t.reply, m = m, nil
		}
		break
	}
	if m != nil {
		m.Close()
	}
}

// ask asks a process in Go whether it has a handler, because DPDK drops a request without one.
// The question arrives after the request, on the same thread there. It is sent up to three
// times: by then a process has noticed that its thread for messages has ended.
func (e *exchange) ask(s *socket, t *target) {
	if !t.sent || t.has || t.asked == 3 {
		return
	}
	isGo := false
	err := control.Call(e.op, e.m.Name, func() error {
		isGo = control.Started().RunsGo(filepath.Base(t.path))
		return nil
	})
	if err == nil && isGo {
		question := Message{Name: cgo.MPHas, Param: []byte(e.m.Name)}
		switch s.send(t.path, question.encode(cgo.MPReq), nil) {
		case nil:
			t.asked++
		case syscall.EPIPE:
			t.done, t.err = true, ErrDeaf
		}
	}
}

// handlerKnown stores the answer to ask.
func (e *exchange) handlerKnown(from, answer string) {
	for _, t := range e.targets {
		if t.asked == 0 || t.done || filepath.Base(t.path) != filepath.Base(from) {
			continue
		}
		if t.has = answer == "y"; answer == "n" {
			t.done, t.err = true, ErrNoHandler
		}
	}
}

// inspect checks whether the targets without an answer still run and have handlers.
func (e *exchange) inspect(s *socket) {
	e.inspectAt = time.Now().Add(inspectEvery)
	for _, t := range e.targets {
		switch {
		case t.done:
		case mpsocket.Answers(t.path) && e.running() == nil:
			e.ask(s, t)
		case !t.gone: // its last answer has arrived by the next check
			t.gone = true
		case here.primary:
			t.done, t.err = true, ErrPeerGone
		default:
			t.done, t.err = true, dpdk.ErrPrimaryGone
		}
	}
}

// running returns an error if EAL has stopped, or if the primary has exited, even if the next
// primary has its path already.
func (e *exchange) running() error {
	return control.Call(e.op, e.m.Name, func() error { return nil })
}

// fail ends the wait for all targets with this error.
func (e *exchange) fail(err error) {
	for _, t := range e.targets {
		if !t.done {
			t.done, t.err = true, err
		}
	}
}

// late returns the error of a target that has not answered when the context ends.
func late(ctx context.Context) error {
	if err := ctx.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return errTimeout
}

// outcome returns the error of the whole exchange.
func (e *exchange) outcome() error {
	late := late(e.ctx)
	if !control.Running() {
		late = dpdk.ErrNotRunning
	}
	r := &RequestError{Name: e.m.Name}
	for _, t := range e.targets {
		if t.sent || t.err != nil || !t.done {
			r.Asked++
		}
		switch {
		case t.err == dpdk.ErrPrimaryGone, t.err == dpdk.ErrNotRunning:
			return &dpdk.Error{Op: e.op, Name: e.m.Name, Cause: t.err}
		case t.err == nil && !t.done && !t.sent:
			t.err = fmt.Errorf("%w: its queue is full, so it has received nothing", late)
		case t.err == nil && !t.done && e.kind == cgo.MPReq && t.asked == 0 && late == errTimeout:
			t.err = fmt.Errorf("%w: a C program does not report whether it has a handler of this name", late)
		case t.err == nil && !t.done:
			t.err = late
		}
		if t.err != nil {
			r.Peers = append(r.Peers, &PeerError{filepath.Base(t.path), t.err})
		}
	}
	if len(r.Peers) > 0 {
		return r
	}
	return nil
}

// clean reports that no more answers can arrive on the socket.
func (e *exchange) clean() bool {
	if e.shut {
		return false
	}
	for _, t := range e.targets {
		if t.sent && !t.heard && t.err != ErrPeerGone {
			return false
		}
	}
	return true
}
