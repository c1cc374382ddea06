package group

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
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
//     that is taken waits for no other. The primary releases it if it has not changed for lockWindow.
//   - Processes attach without a count, and hold rundir.InitLock.
//   - C programs count nothing: the primary does not interfere while one lives.
//
// A dead writer may have left its data half changed. That is only reported.
type sharedLocks struct {
	mu       sync.Mutex // held while locks are released
	all      []cgo.SharedLock
	memzones unsafe.Pointer // see cgo.PortOwnersLock
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

// suspect returns the name of a lock that is taken for some milliseconds, or "".
func (s *sharedLocks) suspect() string {
	held := s.locks()
	for range 20 {
		var still []cgo.SharedLock
		for _, l := range held {
			if l.Word.Load() != 0 {
				still = append(still, l)
			}
		}
		if held = still; len(held) == 0 {
			return ""
		}
		time.Sleep(time.Millisecond)
	}
	return held[0].Name
}

// hotplug is the name of the lock that is held while memory grows.
const hotplug = "memory hotplug"

const (
	// lockSettle is the time for which a lock must not change while no control call is inside.
	lockSettle = 20 * time.Millisecond
	// lockWindow is this time if a control call is inside, which perhaps waits for the lock.
	lockWindow = 3 * time.Second
	// growthWindow is this time for the lock that is held while memory grows: DPDK waits for other processes
	// twice for 5 s.
	growthWindow = 12 * time.Second
	// releaseLimit is the time after which the primary releases no more locks.
	releaseLimit = time.Minute
)

// exclusive reports whether a lock with this word has one holder, which may have changed data.
func exclusive(l cgo.SharedLock, word uint32) bool { return !l.RW || word/cgo.RWLockReader == 0 }

// stays reports whether a lock keeps its word until it can only be a dead process's.
func stays(l cgo.SharedLock, word uint32, quiet func() bool) bool {
	settle, window := lockSettle, lockWindow
	if exclusive(l, word) && l.Name == hotplug { // DPDK may still grow memory for the dead process
		settle, window = growthWindow, growthWindow
	}
	began, noisy := time.Now(), time.Now()
	for time.Since(noisy) < settle && time.Since(began) < window {
		time.Sleep(time.Millisecond)
		if l.Word.Load() != word {
			return false
		}
		if !quiet() {
			noisy = time.Now()
		}
	}
	return true
}

// release releases what dead processes hold, and returns the number of locks. The gate is closed. quiet
// reports whether no control call of a living process is inside.
func (s *sharedLocks) release(quiet func() bool) (released int) {
	for began := time.Now(); time.Since(began) < releaseLimit; {
		l, word := s.first()
		if word == 0 {
			return released
		}
		if !stays(l, word, quiet) || !l.Word.CompareAndSwap(word, 0) {
			continue
		}
		released++
		if exclusive(l, word) {
			control.Logger().Error("a process was killed while it changed data under a lock of DPDK: the lock is released. The data may be damaged: restart all processes of the file prefix soon", "lock", l.Name)
		} else {
			control.Logger().Warn("a process was killed while it read under a lock of DPDK: the lock is released", "lock", l.Name, "readers", word/cgo.RWLockReader)
		}
	}
	return released
}

// giveUp releases DPDK's locks that dead processes hold, and returns their number. attaching is set if a
// process may attach meanwhile.
func (m *Member) giveUp(attaching bool) (released int) {
	m.locks.mu.Lock()
	defer m.locks.mu.Unlock()
	suspect := m.locks.suspect()
	if suspect == "" {
		return 0
	}
	if attaching {
		ctx, cancel := context.WithTimeout(m.ctx, 5*time.Second)
		defer cancel()
		unlock, err := lockInit(ctx, m.dir, false)
		if err != nil && m.ctx.Err() != nil { // the end of EAL has released the locks
			return 0
		}
		if err != nil {
			control.Logger().Warn("a dead process may hold a lock of DPDK, but another process attaches and may hold it too", "lock", suspect, "error", err)
			return 0
		}
		defer unlock()
	}
	if n := m.programs(); n != 0 {
		control.Logger().Warn("a dead process may hold a lock of DPDK, but the C programs that live may hold it too", "lock", suspect, "programs", n)
		return 0
	}
	_ = m.table.look(func() {
		gate := &m.table.slots[0].closed
		gate.Store(1)
		defer gate.Store(0)
		if pid := m.stopped(); pid != 0 {
			control.Logger().Warn("a dead process may hold a lock of DPDK, but a process that is stopped may hold it too", "lock", suspect, "pid", pid)
			return
		}
		released = m.locks.release(m.table.quiet)
	})
	return released
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
