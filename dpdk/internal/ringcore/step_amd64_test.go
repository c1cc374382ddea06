//go:build linux && !purego && !race && !godpdk_debug

package ringcore_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// table is a ring and a batch in memory that a test shares with the process that uses them.
type table struct {
	done       uint32
	prod, cons ringcore.HeadTail
	slots      [16]uint64
	batch      batch
}

// tableAt is the address of the table in both processes.
const tableAt = 0x7e0000000000

func mapTable(file *os.File) (*table, []byte, error) {
	size := unsafe.Sizeof(table{})
	at, _, e := unix.Syscall6(unix.SYS_MMAP, tableAt, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED_NOREPLACE, file.Fd(), 0)
	if e != 0 {
		return nil, nil, e
	}
	t := *(**table)(unsafe.Pointer(&at))
	return t, unsafe.Slice((*byte)(unsafe.Pointer(t)), size), nil
}

func (t *table) ring() *ringcore.Ring {
	r, err := ringcore.New(&t.prod, &t.cons, unsafe.Pointer(&t.slots), 16, 15, 8)
	if err != nil {
		panic(err)
	}
	r.ID = 1
	return &r
}

// stepEnv has the side of the operation in the process that the test steps through.
const stepEnv = "GODPDK_STEP"

func init() {
	side := os.Getenv(stepEnv)
	if side == "" {
		return
	}
	t, _, err := mapTable(os.NewFile(3, "table"))
	if err != nil {
		panic(err)
	}
	r, rec, enqueue := t.ring(), &t.batch.Record, side == fmt.Sprint(ringcore.Producing)
	stop := [3]uintptr{uintptr(os.Getpid()), uintptr(unix.Gettid()), uintptr(syscall.SIGSTOP)}
	// init runs on the thread that the test traces. From here on no function checks for preemption.
	_, _, _ = syscall.RawSyscall(unix.SYS_TGKILL, stop[0], stop[1], stop[2])
	if enqueue {
		ringcore.EnqueueBatch(r, rec, 0, ringcore.Burst)
	} else {
		ringcore.DequeueBatch(r, rec, 32, ringcore.Burst)
	}
	t.done = 1
	os.Exit(0)
}

// newTable maps a table until the end of the test.
func newTable(t *testing.T) (*table, []byte, *os.File) {
	file, err := os.CreateTemp(t.TempDir(), "table")
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	require.NoError(t, file.Truncate(int64(unsafe.Sizeof(table{}))))
	tab, memory, err := mapTable(file)
	require.NoError(t, err)
	t.Cleanup(func() { _, _, _ = unix.Syscall(unix.SYS_MUNMAP, tableAt, uintptr(len(memory)), 0) })
	return tab, memory, file
}

// A process may be killed between any two instructions of the assembly: each element is then in the ring or in
// the batch, once.
func TestKilledAfterEachInstruction(t *testing.T) {
	tab, memory, file := newTable(t)
	for _, sync := range syncs {
		for _, side := range []uint8{ringcore.Producing, ringcore.Consuming} {
			for _, n := range []uint64{1, 2, 13} {
				t.Run(fmt.Sprint(sync, side, n), func(t *testing.T) {
					tab.set(sync, side, n)
					stepThrough(t, file, tab, memory, side, n, -1)
				})
			}
		}
	}
}

// The same, if another thread enqueues an element after one of the instructions: the move of the head then fails.
func TestKilledAfterEachInstructionOfARetry(t *testing.T) {
	tab, memory, file := newTable(t)
	for _, sync := range []ringcore.Sync{ringcore.Multi, ringcore.RTS, ringcore.HTS} {
		t.Run(sync.String(), func(t *testing.T) {
			retries := 0
			for other, steps := 0, 1; other < steps; other++ {
				var entered int
				tab.set(sync, ringcore.Producing, 2)
				steps, entered = stepThrough(t, file, tab, memory, ringcore.Producing, 2, other)
				retries += entered - 1
			}
			require.Positive(t, retries)
		})
	}
}

// set puts the elements 1 to n into the ring, near its end, or into the batch, whichever the operation empties.
func (t *table) set(sync ringcore.Sync, side uint8, n uint64) {
	const at = 12
	*t = table{}
	t.batch.Capacity = uint32(len(t.batch.elems))
	for _, ht := range []*ringcore.HeadTail{&t.prod, &t.cons} {
		*ht = ringcore.HeadTail{Head: at, Tail: at, SyncType: sync}
		if sync == ringcore.RTS {
			ht.Head, ht.RTSHead, ht.HTDMax = 7, at<<32|7, 8
		}
	}
	t.batch.Out, t.batch.In = *t.ring(), *t.ring()
	for i := range n {
		t.batch.add(i + 1)
	}
	if side == ringcore.Consuming {
		t.ring().EnqueueBatchGo(&t.batch.Record)
	}
}

// stepThrough checks the table after each instruction of the operation. After the instruction with the number other another
// thread enqueues n + 1. It returns the number of instructions, and how often the process tried to move the head.
func stepThrough(t *testing.T, file *os.File, tab *table, memory []byte, side uint8, n uint64, other int) (steps, entered int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), fmt.Sprint(stepEnv, "=", side), "GODEBUG=asyncpreemptoff=1", "GOGC=off")
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	require.NoError(t, cmd.Start())
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	pid := cmd.Process.Pid
	wait := func() (s syscall.WaitStatus) {
		_, err := syscall.Wait4(pid, &s, syscall.WALL, nil)
		require.NoError(t, err)
		require.True(t, s.Stopped(), s)
		return s
	}
	for s := wait(); s.StopSignal() != syscall.SIGSTOP; s = wait() { // after exec, SIGTRAP
		require.NoError(t, syscall.PtraceCont(pid, 0))
	}
	before, head := []byte(nil), uint32(0)
	for ; tab.done == 0; steps++ {
		require.Less(t, steps, 1000)
		if steps == other && tab.free() {
			n++
			require.Equal(t, uint32(1), tab.ring().Enqueue(unsafe.Pointer(&n), 1, true).Done())
		}
		if b := &tab.batch; b.Step == ringcore.Entering && b.Head != head {
			head = b.Head
			entered++
		}
		if before == nil || !bytes.Equal(before, memory) {
			before = bytes.Clone(memory)
			tab.check(t, side, n)
			copy(memory, before)
		}
		require.NoError(t, syscall.PtraceSingleStep(pid))
		wait()
	}
	require.Positive(t, entered)
	tab.check(t, side, n)
	return steps, entered
}

// free reports whether no producer is inside. Another one would wait for it.
func (t *table) free() bool {
	if t.prod.SyncType == ringcore.RTS {
		return uint32(t.prod.RTSHead) == t.prod.Head
	}
	return t.prod.Head == t.prod.Tail
}

// check ends what a dead process has begun, and finds each element once.
func (t *table) check(tt *testing.T, side uint8, n uint64) {
	b, r := &t.batch, t.ring()
	if b.Step != ringcore.Idle {
		require.Equal(tt, side, b.Side)
		op := &ringcore.Op{Record: &b.Record, Objs: b.Elem(b.Index, 8)}
		require.True(tt, r.Settle(side, []*ringcore.Op{op}, nil, true))
		if side == ringcore.Producing {
			b.Lo = b.Index + op.Moved
		} else {
			b.Hi = b.Index + op.Moved
		}
	}
	all := slices.Concat(b.held(), drained(r))
	if side == ringcore.Producing {
		slices.Sort(all) // another thread may have been first
	}
	want := make([]uint64, n)
	for i := range want {
		want[i] = uint64(i) + 1
	}
	require.Equal(tt, want, all, "step %d", b.Step)
	elem := uint64(5)
	require.Equal(tt, uint32(1), r.Enqueue(unsafe.Pointer(&elem), 1, true).Done(), "the ring is usable")
	require.Equal(tt, []uint64{5}, drained(r))
}
