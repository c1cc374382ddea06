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

// Control runs fn on a new control thread of EAL's (rte_ctrl_thread_create, since
// 23.11 rte_thread_create_control): a thread with a name, for ps and top, on the
// CPUs that EAL's lcores leave over. A goroutine does the same for most uses; take
// this for what must not run on the CPUs of pollers. Its Task is like that of a
// function on an lcore, but Lcore is -1.
//
// Errors: dpdk.ErrNameTooLong (over 15 bytes), dpdk.ErrInvalid, dpdk.ErrNotRunning.
func Control(ctx context.Context, name string, fn Func) (*Task, error) {
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
			return control.Errno(-1)
		}
		return control.Errno(cgo.ControlCreate(name, id))
	})
	if err != nil {
		if stopping.Load() {
			err = &dpdk.Error{Op: opControl, Name: name, Cause: dpdk.ErrNotRunning}
		}
		controls.drop(id)
		t.end(err)
		return nil, err
	}
	return t, nil
}

// onControl is called by the thread.
func onControl(id uintptr) {
	runtime.LockOSThread() // see slot.lock
	defer runtime.UnlockOSThread()
	t := controls.get(id)
	t.tid.Store(int64(linux.Gettid()))
	returned := false
	defer func() {
		if !returned { // runtime.Goexit: see slot.strand; nothing else wants this thread
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
