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

// Func is a function for an lcore. It should return soon after ctx ends. ctx ends with [Task.Stop],
// with eal.Runtime.Close, and with the context given to [Launch].
type Func func(ctx context.Context) error

// Task is a function that was started on an lcore or a control thread. Its methods may be called from
// any goroutine, also after Close.
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
	err    error // written before done is closed
}

// Launch starts fn on an lcore of this process, a worker or the main one, and does not wait for it. fn
// runs on the lcore's own thread, with the lcore's ID, CPUs and mempool caches. Launch may be called
// from any goroutine, and from a function on another lcore.
//
// The context of fn derives from ctx. It also ends with [Task.Stop] and with eal.Runtime.Close.
// Launch itself does not use ctx.
//
// Errors: dpdk.ErrBusy (a function of Go or C runs there), dpdk.ErrInvalid (the lcore does not exist,
// is a service core or a registered thread, or fn is nil), dpdk.ErrNotRunning.
//
// Implements: rte_eal_remote_launch
func Launch(ctx context.Context, id int, fn Func) (*Task, error) {
	if err := checkFunc(opLaunch, ctx, fn, name(id)); err != nil {
		return nil, err
	}
	t := newTask(ctx, id, fn)
	if err := t.reserve(); err != nil {
		return nil, err
	}
	if err := t.start(); err != nil {
		return nil, err
	}
	return t, nil
}

// LaunchWorkers launches fn on all [Workers], or on none if a Go function runs on one of them. If a C
// function runs on one of them, fn may have begun on others: their contexts end at once. Without
// workers it returns no tasks and no error.
//
// Implements: rte_eal_mp_remote_launch
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

// newTask returns a task for an lcore.
func newTask(ctx context.Context, id int, fn Func) *Task {
	t := &Task{lcore: id, name: name(id), fn: fn, begin: time.Now(), done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancelCause(ctx)
	return t
}

// reserve takes the slot of the lcore for the task. If that fails it ends the task: Close waits for each
// task that it has found in a slot.
func (t *Task) reserve() (err error) {
	defer func() {
		if err != nil {
			t.end(err)
		}
	}()
	err = control.Call(opLaunch, t.name, func() error { return nil })
	if err != nil {
		return err
	}
	if t.lcore < 0 || t.lcore >= Max {
		return check.Invalid(opLaunch, t.name, "IDs are 0 to %d", Max-1)
	}
	if err := t.fits(); err != nil { // first, because its error explains more than "busy"
		return err
	}
	s := &slots[t.lcore]
	if !s.task.CompareAndSwap(nil, t) {
		return busy(t.lcore, "a function runs there: Wait for its Task first")
	}
	err = t.fits()                     // AddServiceCore changes roles while it holds the slot
	if err == nil && stopping.Load() { // Stop did not see this task, or has cancelled it
		err = &dpdk.Error{Op: opLaunch, Name: t.name, Cause: dpdk.ErrNotRunning}
	}
	if err != nil {
		s.release(t)
	}
	return err
}

// fits refuses lcores that accept no functions.
func (t *Task) fits() error {
	switch role := Role(cgo.LcoreRole(t.lcore)); role {
	case RoleEAL:
		return nil
	case RoleOff:
		return check.Invalid(opLaunch, t.name, "the lcore does not exist: the workers are %v; see eal.Config.Lcores", Workers())
	case RoleService:
		return check.Invalid(opLaunch, t.name, "the lcore is a service core: use another, or call RemoveServiceCore first")
	default:
		return check.Invalid(opLaunch, t.name, "an lcore with the role %v accepts no functions: the workers are %v", role, Workers())
	}
}

func busy(id int, why string) error {
	return &dpdk.Error{Op: opLaunch, Name: name(id), Errno: dpdk.ErrBusy, Detail: why}
}

// start starts the task on the lcore that it has reserved.
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

// end publishes the result, unless the task has one already.
func (t *Task) end(err error) {
	if !t.ended.CompareAndSwap(false, true) {
		return
	}
	t.err = err
	t.cancel(err)
	close(t.done)
}

// Lcore returns the ID of the lcore, or -1 for a control thread.
func (t *Task) Lcore() int { return t.lcore }

// Stop ends the function's context. It does not wait for the function.
func (t *Task) Stop() { t.cancel(context.Canceled) }

// Running reports whether the function has not returned yet.
func (t *Task) Running() bool { return !t.ended.Load() }

// Done returns a channel that is closed when the function has returned, or when Close has given it up.
func (t *Task) Done() <-chan struct{} { return t.done }

// Err returns the result once [Task.Done] is closed, and nil before.
func (t *Task) Err() error {
	select {
	case <-t.done:
		return t.err
	default:
		return nil
	}
}

// Wait waits until the function returns, and returns its error. It may be called several times. The
// error is a [*PanicError] if the function panicked, [ErrGoexit] if it called runtime.Goexit, and
// dpdk.ErrNotRunning if it did not end before Close gave it up. If ctx ends first, Wait returns the
// error of ctx and the function continues.
//
// Implements: rte_eal_wait_lcore
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
			Detail: "the function still runs: Stop its Task, or wait longer"}
	}
}

// Tasks is a list of functions on several lcores.
type Tasks []*Task

// Stop calls [Task.Stop] for all tasks.
func (ts Tasks) Stop() {
	for _, t := range ts {
		t.Stop()
	}
}

// Wait waits for all tasks and joins their errors. If ctx ends first, the tasks that still run have
// the error of ctx.
//
// Implements: rte_eal_mp_wait_lcore
func (ts Tasks) Wait(ctx context.Context) error {
	errs := make([]error, len(ts))
	for i, t := range ts {
		errs[i] = t.Wait(ctx)
	}
	return errors.Join(errs...)
}

// InUse reports whether the lcore runs a function, of Go or C, or services. The errors are
// dpdk.ErrInvalid and dpdk.ErrNotRunning.
//
// Implements: rte_eal_get_lcore_state
func InUse(id int) (bool, error) {
	inUse := false
	err := control.Call("rte_eal_get_lcore_state", name(id), func() error {
		if id < 0 || id >= Max || Role(cgo.LcoreRole(id)) == RoleOff {
			return dpdk.ErrInvalid
		}
		s := &slots[id]
		if inUse = s.task.Load() != nil; !inUse && !s.stranded.Load() {
			s.waitReturned(id)
			inUse = inLoop(id)
		}
		return nil
	})
	return inUse, err
}
