package lcore

import (
	"context"
	"runtime"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const opControl = "rte_ctrl_thread_create"

var controls handles[Task]

func init() { cgo.Callbacks.Control = onControl }

// StartControlThread runs fn on a new control thread of EAL. The thread has a name, which ps and top
// show, and runs on the CPUs that EAL's lcores do not use. For most uses a goroutine does the same.
// Use a control thread for work that must not run on the CPUs of pollers. The [Task] works as that of
// [Launch], but its Lcore is -1.
//
// Errors: dpdk.ErrNameTooLong (over 15 bytes), dpdk.ErrInvalid, dpdk.ErrNotRunning.
//
// Implements: rte_ctrl_thread_create, rte_thread_create_control
func StartControlThread(ctx context.Context, name string, fn Func) (*Task, error) {
	if err := check.Name(opControl, name, cgo.ThreadNameSize); err != nil {
		return nil, err
	}
	if err := checkFunc(opControl, ctx, fn, name); err != nil {
		return nil, err
	}
	t := newTask(ctx, -1, fn)
	t.name = "control thread " + name
	id := controls.add(t)
	err := control.Call(opControl, name, func() error {
		if stopping.Load() {
			return &dpdk.Error{Op: opControl, Name: name, Cause: dpdk.ErrNotRunning}
		}
		return control.Errno(cgo.ControlCreate(name, id))
	})
	if err != nil {
		controls.drop(id)
		t.end(err)
		return nil, err
	}
	return t, nil
}

// onControl runs a task on the new control thread.
func onControl(id uintptr) {
	runtime.LockOSThread() // see slot.lock
	defer runtime.UnlockOSThread()
	t := controls.get(id)
	t.tid.Store(int64(linux.Gettid()))
	returned := false
	defer func() {
		if !returned { // runtime.Goexit: see slot.strand. This thread has no next task.
			controls.drop(id)
			t.end(ErrGoexit)
			select {}
		}
	}()
	err := try(func() error { return t.fn(t.ctx) })
	returned = true
	controls.drop(id)
	t.end(err)
}
