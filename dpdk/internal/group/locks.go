package group

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// sharedLocks are DPDK's read-write locks in shared memory. A process that is killed while it reads
// under one of them keeps its share, and the next writer waits for it without end. Reading changes
// nothing, so the primary may give up the share for the dead process. It must know that no living
// process has it:
//
//   - Secondaries in Go take these locks only while they attach, and in few calls later (package
//     objects): no process attaches while the primary holds rundir.InitLock.
//   - The primary takes them in control calls, and they are short.
//   - What C programs do is not known: the primary does not interfere while one lives.
//
// A dead writer may have left its data half changed. That is only reported.
type sharedLocks struct {
	mu  sync.Mutex // held while shares are given up
	all []cgo.RWLock
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
	s.all, _ = cgo.RWLocks(base, size)
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

// suspects returns the locks that have had readers for some milliseconds.
func (s *sharedLocks) suspects() (held []cgo.RWLock) {
	for _, l := range s.all {
		if l.Readers() > 0 {
			held = append(held, l)
		}
	}
	for range 20 {
		if len(held) == 0 {
			return nil
		}
		time.Sleep(time.Millisecond)
		var still []cgo.RWLock
		for _, l := range held {
			if l.Readers() > 0 {
				still = append(still, l)
			}
		}
		held = still
	}
	return held
}

// lockWindow is the time for which a lock must have readers without a break, if control calls of the
// primary run meanwhile. Each of these reads for microseconds.
const lockWindow = 2 * time.Second

// dead returns the number of readers of a lock that do not live.
func dead(l cgo.RWLock) int {
	least, quiet := l.Readers(), 0
	for end := time.Now().Add(lockWindow); least > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		before, none := control.Quiet()
		now := l.Readers()
		after, still := control.Quiet()
		least = min(least, now)
		if !none || !still || before != after {
			quiet = 0
		} else if quiet++; quiet == 10 { // no call of this process has the lock
			break
		}
	}
	return least
}

// giveUp releases the shares that dead processes have in DPDK's locks, and returns their number. attaching
// is set if a process may attach meanwhile.
func (m *Member) giveUp(attaching bool) (released int) {
	m.locks.mu.Lock()
	defer m.locks.mu.Unlock()
	held := m.locks.suspects()
	if len(held) == 0 {
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
			control.Logger().Warn("a dead process may hold a lock of DPDK, but another process attaches and may hold it too", "lock", held[0].Name, "error", err)
			return 0
		}
		defer unlock()
	}
	if n := m.programs(); n != 0 {
		control.Logger().Warn("a dead process may hold a lock of DPDK, but the C programs that live may hold it too", "lock", held[0].Name, "programs", n)
		return 0
	}
	for _, l := range held { // the one that is taken last first: others may wait for it
		if n := dead(l); n > 0 {
			for range n {
				l.GiveUp()
			}
			control.Logger().Warn("a process was killed while it read under a lock of DPDK: the lock is released", "lock", l.Name, "readers", n)
			released += n
		}
	}
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
