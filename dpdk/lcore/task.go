package lcore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opLaunch = "rte_eal_remote_launch"
	opWait   = "rte_eal_wait_lcore"
)

// Func is what runs on an lcore. It should return soon after ctx ends, which it
// does at Task.Stop, at eal.Runtime.Close, and with the context given to Launch.
type Func func(ctx context.Context) error

// Task is a function on an lcore. Its methods may be called from any goroutine,
// also after Close.
type Task struct {
	lcore  int
	name   string // in errors
	ctx    context.Context
	cancel context.CancelCauseFunc
	fn     Func
	begin  time.Time
	tid    atomic.Int64 // of a control thread
	ended  atomic.Bool
	done   chan struct{}
	err    error // before done
}

// Launch runs fn on an lcore of this process, a worker or the main one, and does
// not wait for it (rte_eal_remote_launch). fn runs on the lcore's own thread:
// Current, the CPUs and mempools' caches are the lcore's. Any goroutine may call
// it, and a function on another lcore.
//
// ctx is for fn, whose own ends earlier with Task.Stop and with Close; Launch
// itself waits for nothing.
//
// Errors: dpdk.ErrBusy (a function runs there, of Go or C), dpdk.ErrInvalid (no
// such lcore, a service core, a registered thread, a nil fn), dpdk.ErrNotRunning.
func Launch(ctx context.Context, id int, fn Func) (*Task, error) {
	if err := checkFunc(opLaunch, ctx, fn, name(id)); err != nil {
		return nil, err
	}
	t := newTask(ctx, id, fn)
	if err := t.reserve(); err != nil {
		t.cancel(nil)
		return nil, err
	}
	if err := t.start(); err != nil {
		return nil, err
	}
	return t, nil
}

// LaunchWorkers launches fn on all Workers or, if a Go function runs on one of
// them, on none (rte_eal_mp_remote_launch). If C's runs there it may have begun
// on others by then: their contexts end at once. Without workers there are no
// tasks and no error.
func LaunchWorkers(ctx context.Context, fn Func) (Tasks, error) {
	if err := checkFunc(opLaunch, ctx, fn, ""); err != nil {
		return nil, err
	}
	if !control.Running() {
		return nil, &dpdk.Error{Op: opLaunch, Cause: dpdk.ErrNotRunning}
	}
	var tasks Tasks
	var err error
	for _, id := range Workers() {
		t := newTask(ctx, id, fn)
		tasks = append(tasks, t)
		if err = t.reserve(); err != nil {
			break
		}
	}
	started := 0
	for err == nil && started < len(tasks) {
		err = tasks[started].start()
		started++
	}
	if err == nil {
		return tasks, nil
	}
	tasks[:started].Stop()
	for _, t := range tasks[started:] {
		slots[t.lcore].release(t)
		t.end(err)
	}
	return nil, err
}

func checkFunc(op string, ctx context.Context, fn Func, name string) error {
	switch {
	case fn == nil:
		return check.Invalid(op, name, "the function is nil")
	case ctx == nil:
		return check.Invalid(op, name, "the context is nil: use context.Background()")
	}
	return nil
}

// newTask makes a task for an lcore.
func newTask(ctx context.Context, id int, fn Func) *Task {
	t := &Task{lcore: id, name: name(id), fn: fn, begin: time.Now(), done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancelCause(ctx)
	return t
}

// reserve takes the lcore for the task, or says why it cannot have it.
func (t *Task) reserve() error {
	err := control.Call(opLaunch, t.name, func() error { return nil })
	if err != nil {
		return err
	}
	if t.lcore < 0 || t.lcore >= Max {
		return check.Invalid(opLaunch, t.name, "ids are 0 to %d", Max-1)
	}
	if err := t.fits(); err != nil { // before the slot: it says more than that another has it
		return err
	}
	s := &slots[t.lcore]
	if !s.task.CompareAndSwap(nil, t) {
		return busy(t.lcore, "a function runs there: Wait for its Task")
	}
	err = t.fits()                     // AddServiceCore changes the role of lcores whose slot it has
	if err == nil && stopping.Load() { // whoever set it has not seen this task, or has cancelled it
		err = &dpdk.Error{Op: opLaunch, Name: t.name, Cause: dpdk.ErrNotRunning}
	}
	if err != nil {
		s.release(t)
	}
	return err
}

// fits refuses lcores that take no functions.
func (t *Task) fits() error {
	switch role := Role(cgo.LcoreRole(t.lcore)); role {
	case RoleEAL:
		return nil
	case RoleOff:
		return check.Invalid(opLaunch, t.name, "there is no such lcore: the workers are %v; see eal.Config.Lcores", Workers())
	case RoleService:
		return check.Invalid(opLaunch, t.name, "it is a service core: use another, or RemoveServiceCore first")
	default:
		return check.Invalid(opLaunch, t.name, "its role is %v: it takes no functions", role)
	}
}

func busy(id int, why string) error {
	return &dpdk.Error{Op: opLaunch, Name: name(id), Errno: dpdk.ErrBusy, Detail: why}
}

// start gives the task to its lcore, which it has reserved.
func (t *Task) start() error {
	watchPollers()
	s := &slots[t.lcore]
	err := s.start(t)
	if err != nil {
		s.release(t)
		t.end(err)
	}
	return err
}

// end makes the result known, once, and says whether it was this one.
func (t *Task) end(err error) bool {
	if !t.ended.CompareAndSwap(false, true) {
		return false
	}
	t.err = err
	t.cancel(err)
	close(t.done)
	return true
}

// Lcore is the id of the lcore.
func (t *Task) Lcore() int { return t.lcore }

// Stop ends the function's context and does not wait.
func (t *Task) Stop() { t.cancel(context.Canceled) }

// Running says whether the function has yet to return.
func (t *Task) Running() bool { return !t.ended.Load() }

// Done is closed when the function has returned, or Close has given it up.
func (t *Task) Done() <-chan struct{} { return t.done }

// Err is the result once Done is closed, and nil before.
func (t *Task) Err() error {
	select {
	case <-t.done:
		return t.err
	default:
		return nil
	}
}

// Wait waits for the function's end and returns its error, as often as it is
// called: a *PanicError if it panicked, ErrGoexit if it called runtime.Goexit,
// and dpdk.ErrNotRunning if it did not end before Close gave it up. If ctx ends
// first, Wait returns ctx's error and the function runs on.
func (t *Task) Wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.err
	default:
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return &dpdk.Error{Op: opWait, Name: t.name, Cause: context.Cause(ctx),
			Detail: "the function runs on: Stop its Task, or wait longer"}
	}
}

// Tasks are functions on several lcores.
type Tasks []*Task

// Stop ends the contexts of all.
func (ts Tasks) Stop() {
	for _, t := range ts {
		t.Stop()
	}
}

// Wait waits for all (rte_eal_mp_wait_lcore) and joins their errors. If ctx ends
// first, those that still run have its error.
func (ts Tasks) Wait(ctx context.Context) error {
	errs := make([]error, len(ts))
	for i, t := range ts {
		errs[i] = t.Wait(ctx)
	}
	return errors.Join(errs...)
}

// Running says whether a function runs on the lcore, of Go or C: services too
// (rte_eal_get_lcore_state). Errors: dpdk.ErrInvalid, dpdk.ErrNotRunning.
func Running(id int) (bool, error) {
	running := false
	err := control.Call("rte_eal_get_lcore_state", name(id), func() error {
		if id < 0 || id >= Max || Role(cgo.LcoreRole(id)) == RoleOff {
			return dpdk.ErrInvalid
		}
		s := &slots[id]
		if running = s.task.Load() != nil; !running && !s.stranded.Load() {
			s.back(id)
			running = inLoop(id)
		}
		return nil
	})
	return running, err
}
