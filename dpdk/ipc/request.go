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

	// DefaultTimeout is that of Send and Request with a context without a deadline.
	DefaultTimeout = 5 * time.Second

	lookEvery = 100 * time.Millisecond // at processes that have not answered, for their end
	maxPause  = 5 * time.Millisecond   // between looks at a full queue
)

// Send gives a message to the primary, or from the primary to all secondaries, and
// returns how many processes have it in their queues (rte_mp_sendmsg). A message for
// which a process has no action is dropped there. It waits for room in a queue, which is what
// a process that was stopped has not, as long as the context lasts or DefaultTimeout.
//
// Errors: dpdk.ErrInvalid, dpdk.ErrNameTooLong, syscall.E2BIG, dpdk.ErrNotShared,
// dpdk.ErrPrimaryGone, ErrDeaf, a *RequestError with ErrTimeout or the context's cause for each
// process whose queue is full and with ErrDeaf for each that receives nothing, dpdk.ErrNotRunning.
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

// Request sends a message to the primary, or from the primary to all secondaries, and
// waits for the reply of each (rte_mp_request_sync), as long as the context lasts or
// DefaultTimeout. All are asked at once. It returns the replies that came also beside a
// *RequestError, which names the others; close the Files of all.
//
// It may be called from any goroutine, also in handlers, any number at a time.
//
// Errors: those of Send; ErrNoPeer; in the *RequestError for each process ErrTimeout,
// the context's cause, ErrNoHandler or ErrPeerGone (found out within half a second), ErrDeaf or a
// *RemoteError from its handler. A C program without a handler of the name cannot tell: that is ErrTimeout.
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
	ctx     context.Context
	op      string
	kind    int
	m       *Message
	targets []*target
	pause   time.Duration
	look    time.Time
	shut    bool // the context has ended, and with it the use of the socket
}

// target is a process that is spoken to.
type target struct {
	path  string
	sent  bool
	done  bool // nothing more is awaited of it
	heard bool // it has answered
	asked int  // how often, whether it has a handler
	has   bool // it has one
	gone  bool // nobody listens there: what it had sent may still be read
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
	e := &exchange{ctx: ctx, op: op, kind: kind, m: m, pause: 50 * time.Microsecond, look: time.Now().Add(lookEvery)}
	for _, p := range paths {
		e.targets = append(e.targets, &target{path: p})
	}
	return e, nil
}

// run sends to all and waits for all.
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

// send tries all that have not got the message; it returns how many have full queues.
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
				os.Remove(t.path) // as DPDK does: the name never comes again
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

// waiting says whether anything is still to be done.
func (e *exchange) waiting() bool {
	for _, t := range e.targets {
		if !t.done {
			return true
		}
	}
	return false
}

// next is how long to wait for a full queue.
func (e *exchange) next() time.Duration {
	d := e.pause
	e.pause = min(2*e.pause, maxPause)
	return d
}

// wait pauses before the next look at full queues; false at the context's end.
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

// receive waits for one answer, until it is time to send again or to look at who has
// not answered; false when nothing more is to come.
func (e *exchange) receive(s *socket, full bool) bool {
	if !time.Now().Before(e.look) {
		if e.inspect(s); !e.waiting() {
			return false
		}
	}
	limit := time.Until(e.look).Round(10 * time.Millisecond) // mostly the same: to set another costs a system call
	if full {
		limit = e.next()
	}
	s.wait(max(limit, time.Millisecond/20)) // 0 would be for ever
	if e.ctx.Err() != nil {                 // from here on its end ends the reading
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

// answer gives an answer to the process that it is from. DPDK puts a path together anew
// for each message, so only its last part is compared.
func (e *exchange) answer(kind int, from string, m *Message, err error) {
	if m != nil && m.Name == cgo.MPHas && e.m.Name != m.Name {
		e.told(from, string(m.Param))
		m.Close()
		return
	}
	if m != nil && m.Name != e.m.Name {
		m.Close() // a mistake of the other side
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

// ask has a process in Go tell whether it has a handler: DPDK drops a request without one.
// The question comes after the request, on the same thread there. It is asked three times,
// in which a process notices that it hears no more.
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

// told takes the answer to ask.
func (e *exchange) told(from, answer string) {
	for _, t := range e.targets {
		if t.asked == 0 || t.done || filepath.Base(t.path) != filepath.Base(from) {
			continue
		}
		if t.has = answer == "y"; answer == "n" {
			t.done, t.err = true, ErrNoHandler
		}
	}
}

// inspect looks whether the processes that have not answered still run, and have handlers.
func (e *exchange) inspect(s *socket) {
	e.look = time.Now().Add(lookEvery)
	for _, t := range e.targets {
		switch {
		case t.done:
		case mpsocket.Answers(t.path) && e.running() == nil:
			e.ask(s, t)
		case !t.gone: // what it sent last has come when we look again
			t.gone = true
		case here.primary:
			t.done, t.err = true, ErrPeerGone
		default:
			t.done, t.err = true, dpdk.ErrPrimaryGone
		}
	}
}

// running is an error when EAL has ended, or a secondary's primary, even if the next
// one has its path by now.
func (e *exchange) running() error {
	return control.Call(e.op, e.m.Name, func() error { return nil })
}

// fail ends the waiting for all.
func (e *exchange) fail(err error) {
	for _, t := range e.targets {
		if !t.done {
			t.done, t.err = true, err
		}
	}
}

// late is the error of who has not answered at the end of a context.
func late(ctx context.Context) error {
	if err := ctx.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return errTimeout
}

// outcome is the error of the whole.
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
			t.err = fmt.Errorf("%w: its queue is full, it takes no messages", late)
		case t.err == nil && !t.done && e.kind == cgo.MPReq && t.asked == 0 && late == errTimeout:
			t.err = fmt.Errorf("%w: a C program does not tell whether it has a handler of this name", late)
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

// clean says that no answer can come any more.
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
