package group

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// sharedLocks are DPDK's locks in shared memory. A process that is killed while it holds one keeps it, and
// all others then wait for it without end. The primary releases it. Only a lock that no living process holds
// is the dead one's:
//
//   - Each process counts in its slot its control calls that may be inside: see [Member.EnterLocks]. The
//     primary closes the gate before them and waits until all have left. DPDK's own threads take locks
//     only on behalf of such a call. A lock that is taken then is the dead one's.
//   - A call that does not leave waits for the dead one's lock. The holder of the first lock in the order
//     that is taken waits for no other. The primary releases it if it has not changed for lockWindow, and for
//     the time in which DPDK clears all memory: it does that under its locks.
//   - Processes attach without a count, and hold rundir.InitLock. One that does not end waits for the lock too.
//   - C programs count nothing, and a process that is stopped does not go on: the primary releases nothing
//     beside them.
//
// A dead writer may have left its data half changed. That is only reported.
type sharedLocks struct {
	mu       sync.Mutex // held while locks are released
	all      []cgo.SharedLock
	memzones unsafe.Pointer // see cgo.PortOwnersLock
	again    atomic.Bool    // a lock may still be a dead process's
}

// find finds the locks in the memory of this process. EAL runs, and no other process of the directory does.
func (s *sharedLocks) find(dir string) {
	base, size := mapping(filepath.Join(dir, "config"))
	if base == nil {
		return
	}
	// The lock of the memzones can be found only if there is one.
	const name = "godpdk_locks"
	if zone, errno := cgo.MemzoneReserve(name, cgo.CacheLineSize, -1, 0, 0, 0); errno == 0 {
		defer cgo.MemzoneFree(name, zone.Addr)
	}
	s.all, s.memzones, _ = cgo.SharedLocks(base, size)
	for _, name := range []string{"page table", "memzone table", hotplug, "heap", "memzones", "tailq", "mempools", "timers"} {
		if !slices.ContainsFunc(s.all, func(l cgo.SharedLock) bool { return l.Name == name }) {
			control.Logger().Warn("a lock of DPDK was not found in shared memory: it stays taken if a process is killed while it holds the lock", "lock", name)
		}
	}
}

// mapping returns the memory to which a file is mapped.
func mapping(path string) (base unsafe.Pointer, size uintptr) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var begin, end, offset, inode uintptr
		var access, device, name string
		n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s %x %s %d %s", &begin, &end, &access, &offset, &device, &inode, &name)
		if n == 7 && name == path {
			return *(*unsafe.Pointer)(unsafe.Pointer(&begin)), end - begin
		}
	}
	return nil, 0
}

// locks returns the locks, those first that are taken last.
func (s *sharedLocks) locks() []cgo.SharedLock {
	if word := cgo.PortOwnersLock(s.memzones); word != nil {
		return append(slices.Clip(s.all), cgo.SharedLock{Name: "port owners", Word: word})
	}
	return s.all
}

// first returns the first lock that is taken, and its word. The word is 0 if all are free.
func (s *sharedLocks) first() (lock cgo.SharedLock, word uint32) {
	for _, l := range s.locks() {
		if word = l.Word.Load(); word != 0 {
			return l, word
		}
	}
	return cgo.SharedLock{}, 0
}

// suspect reports whether a lock is taken for some milliseconds.
func (s *sharedLocks) suspect() bool {
	held := s.locks()
	for range 20 {
		var still []cgo.SharedLock
		for _, l := range held {
			if l.Word.Load() != 0 {
				still = append(still, l)
			}
		}
		if held = still; len(held) == 0 {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// hotplug is the name of the lock that is held while memory grows.
const hotplug = "memory hotplug"

// The times in which a lock must not change. Only tests change them.
var (
	// lockSettle is the time if no control call is inside. Threads that are not counted, such as that of DPDK's
	// telemetry, hold a lock for some microseconds, and while they wait for the CPU.
	lockSettle = 200 * time.Millisecond
	// lockWindow is the time if a control call is inside, which perhaps waits for the lock.
	lockWindow = 3 * time.Second
	// growthWindow is the time for the lock that is held while memory grows, and while a process attaches: DPDK
	// waits for other processes twice for 5 s.
	growthWindow = 12 * time.Second
	// startLimit is the time for which the primary waits until a process has attached.
	startLimit = 5 * time.Second
)

const (
	// releaseLimit is the time after which the primary releases no more locks.
	releaseLimit = time.Minute
	// lockTurn is the most that one look at a lock counts: while all processes of the group are stopped, or
	// do not get the CPU, time passes and no holder goes on.
	lockTurn = 5 * time.Millisecond
)

// clearing returns the time in which DPDK clears all its memory at the most, at 1 GiB a second.
var clearing = func() time.Duration { return time.Duration(cgo.SharedMemory()>>30) * time.Second }

// exclusive reports whether a lock with this word has one holder, which may have changed data.
func exclusive(l cgo.SharedLock, word uint32) bool { return !l.RW || word/cgo.RWLockReader == 0 }

// living is what the primary knows about the living while it releases locks.
type living struct {
	quiet     func() bool   // no control call is inside
	others    func() string // why processes that are not counted may hold a lock; "" if none can
	attaching bool          // a process attaches
}

// stays reports whether a lock keeps its word until it can only be a dead process's.
func stays(l cgo.SharedLock, word uint32, by living) bool {
	settle, window := lockSettle, lockWindow
	if by.attaching || exclusive(l, word) && l.Name == hotplug { // DPDK may still grow memory for the dead process
		settle, window = growthWindow, growthWindow
	}
	var quiet, all time.Duration
	for last := time.Now(); quiet < settle && all < window+clearing(); {
		time.Sleep(time.Millisecond)
		now := time.Now()
		turn := min(now.Sub(last), lockTurn)
		last, quiet, all = now, quiet+turn, all+turn
		if l.Word.Load() != word {
			return false
		}
		if !by.quiet() {
			quiet = 0
		}
		if by.others() != "" {
			return false
		}
	}
	return true
}

// release releases what dead processes hold, and returns the number of locks. The gate is closed.
func (s *sharedLocks) release(by living) (released int) {
	for began := time.Now(); time.Since(began) < releaseLimit+2*clearing(); {
		l, word := s.first()
		if word == 0 {
			return released
		}
		if why := by.others(); why != "" {
			control.Logger().Warn("a dead process may hold a lock of DPDK, but "+why+" may hold it too", "lock", l.Name)
			s.again.Store(true)
			return released
		}
		if !stays(l, word, by) || !l.Word.CompareAndSwap(word, 0) {
			continue
		}
		released++
		if exclusive(l, word) {
			control.Logger().Error("a process was killed while it changed data under a lock of DPDK: the lock is released. The data may be damaged: restart all processes of the file prefix soon", "lock", l.Name)
		} else {
			control.Logger().Warn("a process was killed while it read under a lock of DPDK: the lock is released", "lock", l.Name, "readers", word/cgo.RWLockReader)
		}
	}
	s.again.Store(true)
	return released
}

// giveUp releases DPDK's locks that dead processes hold, and returns their number. attaching is set if a
// process may attach meanwhile.
func (m *Member) giveUp(attaching bool) (released int) {
	m.locks.mu.Lock()
	defer m.locks.mu.Unlock()
	if !m.locks.suspect() {
		return 0
	}
	m.locks.again.Store(false)
	by := living{quiet: m.table.quiet, others: m.others}
	if attaching {
		by.others = func() string {
			if m.ending() {
				return "this process, which ends,"
			}
			return m.others()
		}
		ctx, cancel := context.WithTimeout(m.ctx, startLimit)
		defer cancel()
		unlock, err := lockInit(ctx, m.dir, false)
		switch {
		case err == nil:
			defer unlock()
		case m.ending(): // see EndStarts
			return 0
		default: // the process that attaches may wait for the lock
			by.attaching, by.quiet = true, func() bool { return false }
		}
	}
	_ = m.table.look(func() {
		gate := &m.table.slots[0].closed
		gate.Store(1)
		defer gate.Store(0)
		released = m.locks.release(by)
	})
	return released
}

// ending reports whether EndStarts has begun: it releases the locks.
func (m *Member) ending() bool { return m.ctx.Err() != nil || m.table.ending() }

// others describes processes that may hold a lock, and are not counted or do not go on; "" if there are none.
func (m *Member) others() string {
	if m.programs() != 0 {
		return "the C programs that live"
	}
	if pid := m.stopped(); pid != 0 {
		return fmt.Sprintf("process %d, which is stopped,", pid)
	}
	return ""
}

// programs returns the number of living C programs, 1 if it is not known.
func (m *Member) programs() (n int) {
	var strangers []string
	err := m.table.look(func() {
		var unread error
		if strangers, unread = m.strangers(); unread != nil {
			n = 1
		}
	})
	if err != nil {
		return 1
	}
	for _, name := range strangers {
		if mpsocket.Answers(filepath.Join(m.dir, name)) {
			n++
		}
	}
	return n
}
