//go:build linux

package lcore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

// endings run in child processes, because they end EAL. Each has lcores 0 to 3, and prints its error.
var endings = map[string]func(rt *eal.Runtime) error{}

var asked Lcores // by this process from its EAL

func ending(name string, f func(rt *eal.Runtime) error) struct{} {
	endings[name] = f
	return struct{}{}
}

var _ = harness.Role("ending", func(args []string) error {
	cfg := harness.Config(0)
	cfg.FilePrefix = args[1]
	lcores, err := ParseLcores(harness.Lcores(0, 4))
	if err != nil {
		return err
	}
	if args[0] == "lcores on groups of CPUs" {
		lcores = nil
		for _, l := range []struct {
			id   int
			cpus CPUSet
		}{{0, ownCPUs}, {1, ownCPUs[:1]}, {2, ownCPUs[:1]}, {3, ownCPUs}, {5, ownCPUs}, {7, ownCPUs[len(ownCPUs)-1:]}, {8, ownCPUs[len(ownCPUs)-1:]}, {9, ownCPUs[len(ownCPUs)-1:]}} {
			lcores = append(lcores, Lcore{ID: l.id, CPUs: l.cpus})
		}
	}
	asked = lcores
	cfg.Lcores = lcores.String() // EAL parses the text of Lcores
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	if err := endings[args[0]](rt); err != nil {
		return err
	}
	if err := rt.Close(); err != nil { // the first time, or once more
		return fmt.Errorf("close: %w", err)
	}
	return freshThreads()
})

// end runs a process to its end, and checks that it leaves no file.
func end(t *testing.T, name string) {
	t.Helper()
	harness.Need(t, harness.Hugepages)
	prefix := fmt.Sprintf("lc%d%s", os.Getpid(), strings.ReplaceAll(name, " ", ""))
	assert.Empty(t, harness.Start(t, "ending", name, prefix).Wait())
	files, err := os.ReadDir(harness.HugeDir())
	require.NoError(t, err)
	for _, f := range files {
		assert.NotContains(t, f.Name(), prefix)
	}
	_, err = os.Stat(os.Getenv("RUNTIME_DIRECTORY") + "/dpdk/" + prefix)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestEndings(t *testing.T) {
	for name := range endings {
		t.Run(name, func(t *testing.T) { end(t, name) })
	}
}

// within returns an error if f takes too long.
func within(most time.Duration, f func() error) error {
	begin := time.Now()
	err := f()
	if took := time.Since(begin); took > most {
		return errors.Join(err, fmt.Errorf("took %v", took))
	}
	return err
}

// want returns nil if err wraps target and contains text.
func want(err, target error, text string) error {
	if !errors.Is(err, target) || !strings.Contains(fmt.Sprint(err), text) {
		return fmt.Errorf("%v, want %v (%q)", err, target, text)
	}
	return nil
}

var _ = ending("calls after Close", func(rt *eal.Runtime) error {
	ids := append(Workers(), Main())
	done, err := Launch(context.Background(), 1, func(context.Context) error { return os.ErrExist })
	if err != nil {
		return err
	}
	if err := rt.Close(); err != nil {
		return err
	}
	return within(time.Second, func() error {
		errs := []error{want(done.Wait(context.Background()), os.ErrExist, "")}
		for _, id := range ids {
			_, err := Launch(context.Background(), id, nothing)
			errs = append(errs, want(err, dpdk.ErrNotRunning, fmt.Sprint("lcore ", id)))
		}
		refused := func(_ any, err error) { errs = append(errs, want(err, dpdk.ErrNotRunning, "eal.Init")) }
		refused(LaunchWorkers(context.Background(), nothing))
		refused(List())
		refused(Lookup(0))
		refused(InUse(0))
		refused(Register())
		refused(StartControlThread(context.Background(), "late", nothing))
		refused(RegisterCallback("late", nil, func(int) {}))
		refused(NewTimer(func() {}))
		refused(NewAlarm(time.Second, func() {}))
		refused(NewMeter(0))
		refused(ListServices())
		refused(ServiceCores())
		refused(nil, AddServiceCore(1))
		if Main() != -1 || len(Workers()) != 0 {
			errs = append(errs, fmt.Errorf("main %d, workers %v", Main(), Workers()))
		}
		return errors.Join(errs...)
	})
})

var _ = ending("functions that obey their context", func(rt *eal.Runtime) error {
	var tasks Tasks
	for _, id := range append(Workers(), Main()) {
		t, err := Launch(context.Background(), id, func(ctx context.Context) error {
			if id%2 == 0 {
				<-ctx.Done()
			}
			for ctx.Err() == nil {
				continue
			}
			if _, err := List(); err != nil { // EAL runs until all have ended
				return err
			}
			return context.Cause(ctx)
		})
		if err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	control, err := StartControlThread(context.Background(), "waits", func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
	if err != nil {
		return err
	}
	tasks = append(tasks, control)
	waits := make(chan error, len(tasks))
	for _, t := range tasks {
		go func() { waits <- t.Wait(context.Background()) }()
	}
	if err := within(3*time.Second, rt.Close); err != nil {
		return err
	}
	for range tasks {
		if err := want(<-waits, dpdk.ErrNotRunning, ""); err != nil {
			return err
		}
	}
	return nil
})

var _ = ending("functions that never end", func(rt *eal.Runtime) error {
	grace = 200 * time.Millisecond
	forever := func(context.Context) error { select {} }
	var tasks Tasks
	for _, id := range []int{1, 2, 0} {
		t, err := Launch(context.Background(), id, forever)
		if err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	control, err := StartControlThread(context.Background(), "stays", forever)
	if err != nil {
		return err
	}
	tasks = append(tasks, control)
	waits := make(chan error, len(tasks))
	for _, t := range tasks {
		go func() { waits <- t.Wait(context.Background()) }()
	}
	closed := within(3*time.Second, func() error {
		return want(rt.Close(), dpdk.ErrBusy, "lcore 0 runs a function, lcore 1 runs a function, lcore 2 runs a function, control thread stays runs: ")
	})
	if closed != nil {
		return closed
	}
	for range tasks {
		if err := want(<-waits, dpdk.ErrNotRunning, "did not end before Close"); err != nil {
			return err
		}
	}
	return nil
})

var _ = ending("Close inside a function on an lcore", func(rt *eal.Runtime) error {
	var errs []error
	refused := func(where string, err error) {
		if err := want(err, dpdk.ErrBusy, "call Close on another goroutine"); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	launch := func(id int, f func()) {
		t, err := Launch(context.Background(), id, func(context.Context) error { f(); return nil })
		if err == nil {
			err = t.Wait(context.Background())
		}
		errs = append(errs, err)
	}
	for _, id := range []int{Main(), 1} {
		launch(id, func() { refused(name(id), rt.Close()) })
	}

	control, err := StartControlThread(context.Background(), "closes", func(context.Context) error { return rt.Close() })
	if err != nil {
		return err
	}
	refused("a control thread", control.Wait(context.Background()))

	c, err := RegisterCallback("closes", func(id int) error { refused("a callback", rt.Close()); return nil }, nil)
	if err != nil {
		return err
	}
	errs = append(errs, c.Unregister())

	once := make(chan error, 1)
	s, err := RegisterService("closes", ServiceConfig{}, func(int) bool {
		select {
		case once <- rt.Close():
		default:
		}
		return true
	})
	if err != nil {
		return err
	}
	errs = append(errs, AddServiceCore(2), StartServiceCore(2), s.Map(2), s.Start())
	refused("a service", <-once)
	errs = append(errs, s.Stop(), StopServiceCore(2), s.Unregister())

	r, err := Register() // has a timer list, but no task
	if err != nil {
		return err
	}
	timer, err := NewTimer(func() { refused("a timer", rt.Close()) })
	if err != nil {
		return err
	}
	errs = append(errs, timer.Once(0, r.Lcore()), RunTimers(), r.Unregister())
	_, err = List() // EAL runs on
	return errors.Join(append(errs, err)...)
})

var _ = ending("Goexit", func(rt *eal.Runtime) error {
	for _, id := range []int{Main(), 1, 2} {
		tids := map[int]bool{}
		deferred := 0
		run := func(f func()) error {
			t, err := Launch(context.Background(), id, func(context.Context) error {
				defer func() { deferred++ }()
				tids[unix.Gettid()] = true
				f()
				if got, _ := Current(); got != id {
					return fmt.Errorf("lcore %d", got)
				}
				return nil
			})
			if err != nil {
				return err
			}
			return t.Wait(context.Background())
		}
		for range 3 {
			if err := want(run(runtime.Goexit), ErrGoexit, "Goexit"); err != nil {
				return err
			}
			for range 100 {
				if err := run(func() {}); err != nil {
					return err
				}
			}
			var p *PanicError
			if err := run(func() { panic("after") }); !errors.As(err, &p) || p.Lcore != id {
				return fmt.Errorf("no panic: %w", err)
			}
		}
		if used, err := InUse(id); used || err != nil {
			return fmt.Errorf("lcore %d runs (%v)", id, err)
		}
		if len(tids) != 1 || deferred != 3*102 {
			return fmt.Errorf("threads %v, %d deferred calls", tids, deferred)
		}
	}
	t, err := StartControlThread(context.Background(), "exits", func(context.Context) error { runtime.Goexit(); return nil })
	if err != nil {
		return err
	}
	if err := want(t.Wait(context.Background()), ErrGoexit, ""); err != nil {
		return err
	}
	if err := want(AddServiceCore(1), dpdk.ErrBusy, "Goexit"); err != nil {
		return err
	}
	return within(time.Second, func() error {
		return want(rt.Close(), dpdk.ErrBusy, "lcore 1 was left by runtime.Goexit, lcore 2 was left")
	})
})

var _ = ending("lcores on groups of CPUs", func(*eal.Runtime) error {
	lcores, err := List()
	if err != nil {
		return err
	}
	var got Lcores
	for _, l := range lcores {
		got = append(got, Lcore{ID: l.ID, CPUs: l.CPUs})
	}
	if got.String() != asked.String() {
		return fmt.Errorf("%v, not %v", got, asked)
	}
	tasks, err := LaunchWorkers(context.Background(), func(context.Context) error {
		id, _ := Current()
		i, err := Lookup(id)
		if err != nil {
			return err
		}
		if cpus, err := ThreadCPUs(); err != nil || cpus.String() != i.CPUs.String() {
			return fmt.Errorf("lcore %d on CPUs %v (%v), not %v", id, cpus, err, i.CPUs)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tasks.Wait(context.Background())
})

// settled waits until this package runs nothing on the lcore.
func settled(id int) error {
	for begin := time.Now(); slots[id].task.Load() != nil; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			return fmt.Errorf("%s runs", name(id))
		}
	}
	return nil
}

var _ = ending("a timer that outlives Close", func(rt *eal.Runtime) error {
	grace = 100 * time.Millisecond
	begun, end := make(chan struct{}), make(chan struct{})
	timer, err := NewTimer(func() { close(begun); <-end })
	if err != nil {
		return err
	}
	if err := timer.Once(0, 1); err != nil {
		return err
	}
	t, err := Launch(context.Background(), 1, func(context.Context) error {
		for {
			if err := RunTimers(); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	<-begun
	if err := want(rt.Close(), dpdk.ErrBusy, "lcore 1 runs a function"); err != nil {
		return err
	}
	if _, errno := cgo.MemzoneLookup("rte_timer_mz"); errno != 0 {
		return fmt.Errorf("the timers' memory is gone: %w", unix.Errno(errno))
	}
	close(end) // DPDK continues in the timer's list
	return errors.Join(want(t.Wait(context.Background()), dpdk.ErrNotRunning, ""), settled(1))
})

var _ = ending("timers that are set while EAL stops", func(rt *eal.Runtime) error {
	ended := make(chan error)
	begun := make(chan struct{}, 3)
	for range cap(begun) {
		go func() {
			for i := 0; ; i++ {
				timer, err := NewTimer(func() {})
				if err == nil {
					err = errors.Join(timer.Once(time.Hour, 1), timer.Close())
				}
				if err != nil {
					ended <- want(err, dpdk.ErrNotRunning, "")
					return
				}
				if i == 100 {
					begun <- struct{}{}
				}
			}
		}()
	}
	for range cap(begun) {
		<-begun
	}
	errs := []error{rt.Close()}
	for range cap(begun) {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
})

var _ = ending("a thread that Close finds registered", func(rt *eal.Runtime) error {
	registered, ended := make(chan int), make(chan struct{})
	result := make(chan error, 1)
	go func() {
		r, err := Register()
		registered <- unix.Gettid()
		<-ended
		result <- errors.Join(err, want(r.Unregister(), dpdk.ErrNotRunning, ""))
	}()
	tid := <-registered
	if err := rt.Close(); err != nil {
		return err
	}
	close(ended)
	if err := <-result; err != nil {
		return err
	}
	// The thread must not run other goroutines, because it is still an lcore. Go cannot end the
	// first thread of a program: that one sleeps forever instead.
	for begin := time.Now(); tid != os.Getpid() && unix.Tgkill(os.Getpid(), tid, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			return errors.New("the thread lives on")
		}
	}
	return nil
})

// Close may find the task of a Launch that it refuses in the slot of the lcore, and then waits for its end.
var _ = ending("a function that is refused", func(*eal.Runtime) error {
	stopping.Store(true)
	t := newTask(context.Background(), 1, nothing)
	if err := want(t.reserve(), dpdk.ErrNotRunning, "lcore 1"); err != nil {
		return err
	}
	if t.Running() {
		return errors.New("Close would wait for the task")
	}
	return nil
})

// A call while EAL stops is done or refused, and Close waits for the calls that it does not refuse.
var _ = ending("all calls at once while EAL stops", func(rt *eal.Runtime) error {
	until := func(f func() error) func() error {
		return func() error {
			for {
				err := f()
				switch {
				case errors.Is(err, dpdk.ErrNotRunning):
					return nil
				case err != nil && !errors.Is(err, dpdk.ErrBusy):
					return err
				}
			}
		}
	}
	wait := func(t *Task, err error) error {
		if err != nil {
			return err
		}
		return t.Wait(context.Background())
	}
	var loops []func() error
	for _, id := range []int{Main(), 1, 1} {
		loops = append(loops, until(func() error { return wait(Launch(context.Background(), id, nothing)) }))
	}
	loops = append(loops,
		until(func() error {
			ts, err := LaunchWorkers(context.Background(), nothing)
			if errors.Is(err, dpdk.ErrInvalid) {
				return nil // lcore 3 is a service core now
			}
			return errors.Join(err, ts.Wait(context.Background()))
		}),
		until(func() error { return wait(StartControlThread(context.Background(), "races", nothing)) }),
		until(func() error { _, err := NewAlarm(time.Microsecond, func() {}); return err }),
		until(func() error {
			if err := AddServiceCore(3); err != nil {
				return err
			}
			for _, f := range []func(int) error{StartServiceCore, StopServiceCore, RemoveServiceCore} {
				if err := f(3); errors.Is(err, dpdk.ErrInvalid) {
					return nil // Close has made it a worker
				} else if err != nil {
					return err
				}
			}
			return nil
		}),
		until(func() error {
			r, err := Register()
			if err != nil {
				return err
			}
			return errors.Join(RunTimers(), r.Unregister())
		}))
	ended := make(chan error, len(loops))
	for _, f := range loops {
		go func() { ended <- f() }()
	}
	time.Sleep(20 * time.Millisecond) // at any moment
	errs := []error{within(3*time.Second, rt.Close)}
	for range loops {
		select {
		case err := <-ended:
			errs = append(errs, err)
		case <-time.After(10 * time.Second):
			return errors.Join(append(errs, errors.New("a call hangs"))...)
		}
	}
	return errors.Join(errs...)
})
