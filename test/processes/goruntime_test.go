//go:build linux

package processes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// before is a node's affinity before it has done anything.
var before = affinity()

func affinity() string {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", set)
}

// "threads" makes 64 OS threads and a process, and returns those with another affinity than this
// process had at first.
var _ = verb("threads", func([]string) (string, error) {
	var all, read sync.WaitGroup
	var mu sync.Mutex
	masks, ids := map[string]int{}, map[int]bool{}
	read.Add(64)
	for range 64 {
		all.Go(func() {
			runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
			mask, id := affinity(), unix.Gettid()
			mu.Lock()
			masks[mask]++
			ids[id] = true
			mu.Unlock()
			read.Done()
			read.Wait() // all 64 exist at once
		})
	}
	all.Wait()
	if len(ids) != 64 {
		return "", fmt.Errorf("%d threads", len(ids))
	}
	if masks[before] != 64 {
		return "", fmt.Errorf("affinities %v, want 64 times %s", masks, before)
	}
	child, err := exec.Command("grep", "Cpus_allowed:", "/proc/self/status").Output()
	if err != nil {
		return "", err
	}
	own, err := os.ReadFile("/proc/thread-self/status")
	if err != nil || !strings.Contains(string(own), string(child)) {
		return "", errors.Join(err, fmt.Errorf("a child process has %s", child))
	}
	return "", nil
})

func TestNewThreadsHaveTheAffinityOfBefore(t *testing.T) {
	var set unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &set))
	require.Greater(t, set.Count(), 1, "with one CPU there is nothing to inherit")
	prefix := newPrefix(t)
	p, s, failed := goPeer(t), goPeer(t), goPeer(t)
	p.do("init", "primary", prefix)
	p.do("threads")
	s.do("init", "secondary", prefix)
	s.do("threads")
	failed.refused("", "init", "primary", prefix+"2", "--vdev=net_nosuch0") // EAL has pinned its thread by then
	failed.do("threads")
	failed.quit()
	s.do("close")
	s.do("threads")
	s.quit()
	p.do("close")
	p.do("threads")
	p.quit()
	removeAll(t, hugeFiles(t, prefix+"2"))
}

// "handlers" returns the signal handlers that do not run on a signal stack: a goroutine's stack is
// too small for them.
var _ = verb("handlers", func([]string) (string, error) {
	var bad []string
	for sig := 1; sig <= 64; sig++ {
		var act struct{ handler, flags, restorer, mask uintptr } // struct sigaction of the kernel
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&act)), 8, 0, 0); errno != 0 {
			return "", fmt.Errorf("signal %d: %w", sig, errno)
		}
		const saOnStack = 0x08000000
		if act.handler > 1 && act.flags&saOnStack == 0 {
			bad = append(bad, unix.SignalName(unix.Signal(sig)))
		}
		if (sig == int(unix.SIGBUS) || sig == int(unix.SIGSEGV)) && act.handler <= 1 {
			bad = append(bad, unix.SignalName(unix.Signal(sig))+" has no handler")
		}
	}
	return strings.Join(bad, " "), nil
})

func TestSignalHandlersStayOnSignalStacks(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	assert.Empty(t, p.do("handlers"))
	s := started(t, "secondary", prefix)
	s.do("reserve", "grown", "40000000", "text")
	assert.Empty(t, s.do("handlers"))
	assert.Empty(t, p.do("handlers"), "after memory has grown")
	s.quit()
	p.quit()
}

// "errnos" lets goroutines fail for different reasons at the same time, each a
// thousand times, and counts the errors that were another's.
var _ = verb("errnos", func([]string) (string, error) {
	if _, err := ring.Create[message]("taken", 64, ring.Config{}); err != nil {
		return "", err
	}
	var wg sync.WaitGroup
	wrong := make(chan error, 1<<16)
	for _, kind := range []struct {
		want error
		fail func() error
	}{
		{dpdk.ErrNotFound, func() error { _, err := ring.Lookup[message]("nothing"); return err }},
		{dpdk.ErrExist, func() error { _, err := ring.Create[message]("taken", 64, ring.Config{}); return err }},
		{dpdk.ErrNoMemory, func() error { _, err := memzone.Reserve("huge", 1<<50, memzone.Config{}); return err }},
	} {
		for range 2 {
			wg.Go(func() {
				for range 2000 {
					var e *dpdk.Error
					if err := kind.fail(); !errors.As(err, &e) || e.Errno != kind.want {
						wrong <- fmt.Errorf("%w, want %w", err, kind.want)
					}
				}
			})
		}
	}
	wg.Wait()
	close(wrong)
	if err, some := <-wrong; some {
		return "", fmt.Errorf("%d of them: %w", len(wrong)+1, err)
	}
	return "", nil
})

func TestEachGoroutineGetsItsOwnErrno(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("errnos")
	p.quit()
}

// atDepth moves messages between buffers on the stack, depth calls deep, so
// that the stack has grown and moved just before, or has to in the middle.
//
//go:noinline
func atDepth(depth int, r *ring.Ring[message]) error {
	var in, out [5]message
	for i := range in {
		in[i] = newMessage(uint64(depth*len(in) + i))
	}
	if depth > 0 {
		if err := atDepth(depth-1, r); err != nil {
			return err
		}
	} else if r.EnqueueBulk(in[:]) != len(in) || r.DequeueBurst(out[:]) != len(out) || in != out {
		return fmt.Errorf("sent %x, received %x", in, out)
	}
	for i, m := range in { // still there when the calls below have returned
		if m != newMessage(uint64(depth*len(in)+i)) {
			return fmt.Errorf("depth %d: %x", depth, m)
		}
	}
	return nil
}

// "depths" does that on a new stack for each depth.
var _ = verb("depths", func([]string) (string, error) {
	r, err := ring.Create[message]("ring", 64, ring.Config{})
	if err != nil {
		return "", err
	}
	for depth := range 1500 {
		result := make(chan error)
		go func() { result <- atDepth(depth, r) }()
		if err := <-result; err != nil {
			return "", fmt.Errorf("depth %d: %w", depth, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { err = atDepth(0, r) }); n != 0 && !harness.Race {
		return "", fmt.Errorf("%v allocations: the buffers are not on the stack", n)
	}
	return "", err
})

func TestBurstsWithBuffersOnMovingStacks(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("depths")
	p.quit()
}

// "poll" has one P, and a goroutine on it that polls without ever yielding.
var _ = verb("poll", func([]string) (string, error) {
	runtime.GOMAXPROCS(1)
	r, err := ring.Create[message]("ring", 64, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	if err != nil {
		return "", err
	}
	var stop, got uint64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for stop == 0 {
			if m, ok := r.Dequeue(); ok {
				got++
				stop = m.Seq & 1
			}
		}
	}()
	for seq := uint64(2); seq <= 20; seq += 2 { // each needs the poller to be preempted
		r.Enqueue(newMessage(seq))
		runtime.Gosched()
	}
	r.Enqueue(newMessage(21))
	<-done
	return fmt.Sprint(got), nil
})

func TestAPollerDoesNotStopOthersOnTheSameP(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.ask("poll")
	a := p.answer()
	assert.Equal(t, "11", a.Result)
	assert.Less(t, a.Took, atOnce)
	p.quit()
}

// "heap" returns whether this process's heap leaves EAL's addresses free.
var _ = verb("heap", func([]string) (string, error) {
	if rt != nil {
		return "", errors.New("EAL has started")
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			return "", err
		}
		if from <= 4<<30 && to >= 500<<30 && strings.Contains(line, "---p") {
			return "kept", nil
		}
	}
	return "", errors.New("EAL's addresses are anyone's")
})

// Go 1.26 places its heap at random. The addresses of EAL's memory must stay free: a secondary
// cannot attach if they are in use.
func TestGoHeapDoesNotOverlapEALAddresses(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	assert.Equal(t, "kept", p.do("heap"))
	p.do("init", "primary", prefix)
	p.quit()
}
