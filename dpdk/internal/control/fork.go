package control

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// DPDK opens files without close-on-exec. A program that this process starts would inherit
// them. While it lives, devices and hugepages would stay in use, and the socket of a dead
// process would look alive.

// openKind is the kind of files that a control call may open.
type openKind int

const (
	nothing openKind = iota
	memory           // files of hugepages: DPDK's memory event closes them on exec, see cgo/eal.c
	devices          // those, and files of devices
)

// openWords are parts of the names of rte_ functions.
var openWords = []struct {
	word string
	kind openKind
}{
	{"_dev_probe", devices}, {"_dev_remove", devices}, {"_from_rings", devices}, {"_bond_member_", devices},
	{"_dev_configure", devices}, {"_queue_setup", devices}, {"_dev_start", devices}, {"_dev_reset", devices},
	{"_queue_start", devices}, {"_link_up", devices}, {"_set_mtu", devices},
	{"_create", memory}, {"_reserve", memory}, {"_populate", memory}, {"_register", memory}, {"_alloc", memory},
	{"_init", memory}, {"_add", memory},
}

// opens returns the kind of files that a call of the rte_ function op may open.
func opens(op string) openKind {
	for _, w := range openWords {
		if strings.Contains(op, w.word) {
			return w.kind
		}
	}
	return nothing
}

// fork counts the calls that hold syscall.ForkLock. They hold it together: a control call may
// wait for another one, which would wait behind a fork that waits for the first.
var fork struct {
	sync.Mutex
	holders int
	since   time.Time // of the first holder
	free    chan struct{}
}

// forkTurn is the time for which successive calls delay a fork. The next call then waits for
// the fork for the same time only: a call that waits for it may be inside.
const forkTurn = 20 * time.Millisecond

// forkLimit is the time for which one call delays forks. A driver may wait longer, for a peer
// that this process is about to start. Files that it opens later are closed on exec only
// after the call.
const forkLimit = time.Second

// holdFork keeps the process from starting another program until release.
func holdFork() (release func()) {
	fork.Lock()
	defer fork.Unlock()
	if fork.holders > 0 && time.Since(fork.since) > forkTurn {
		free := fork.free
		fork.Unlock()
		select {
		case <-free:
		case <-time.After(forkTurn):
		}
		fork.Lock()
	}
	if fork.holders == 0 {
		syscall.ForkLock.RLock()
		fork.since, fork.free = time.Now(), make(chan struct{})
	}
	fork.holders++
	return func() {
		fork.Lock()
		defer fork.Unlock()
		if fork.holders--; fork.holders == 0 {
			syscall.ForkLock.RUnlock()
			close(fork.free)
		}
	}
}

// opening must be called before files of this kind are opened, and done afterwards. Programs
// that this process starts then do not inherit these files. Files that the application wants
// to pass on must be open before.
func opening(kind openKind) (done func()) {
	release, sweep := holdFork(), func() {}
	if kind == devices {
		before := inherited()
		sweep = func() {
			for fd := range inherited() {
				if !before[fd] {
					linux.CloseOnExec(fd)
				}
			}
		}
	}
	var once sync.Once
	end := func() { once.Do(func() { sweep(); release() }) }
	timer := time.AfterFunc(forkLimit, end)
	return func() {
		if !timer.Stop() {
			sweep()
		}
		end()
	}
}

// CloseOnExec does for the start of EAL what Call does for a control call: files opened until
// done are closed in programs that this process starts.
func CloseOnExec() (done func()) { return opening(devices) }

// inherited returns the descriptors that a program started by this process inherits.
func inherited() map[int]bool {
	all := map[int]bool{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		fd, _ := strconv.Atoi(e.Name())
		if linux.Inherited(fd) {
			all[fd] = true
		}
	}
	return all
}
