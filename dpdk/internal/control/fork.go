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

// DPDK opens files without close-on-exec. A program that this process starts would inherit them: while
// it lives, devices and hugepages stay in use, and the socket of a dead process looks alive.

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
	{"_lpm_add", nothing}, {"_lpm6_add", nothing}, {"_fib_add", nothing}, {"_fib6_add", nothing}, // of a route
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

// fork counts the control calls that hold syscall.ForkLock. They share one hold: a control call may wait
// for another one, which would wait behind a fork that waits for the first.
var fork struct {
	sync.Mutex
	holders int
	since   time.Time // of the first holder
	free    chan struct{}
}

// forkTurn is the time for which overlapping calls make a fork wait. After it the next call waits for
// the fork, for the same time at most: a call that waits for the next one may be inside.
const forkTurn = 20 * time.Millisecond

// forkLimit is the time for which one call makes forks wait. A driver may wait longer, for a peer that
// this process is about to start. Files that it opens later become close-on-exec when the call ends.
var forkLimit = time.Second

// holdFork prevents this process from starting another program until release.
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

// opening prevents programs that this process starts from inheriting files of this kind that are opened
// until done. The application must open files for such programs before.
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

// CloseOnExec calls opening for the start of EAL.
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
