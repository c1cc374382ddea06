package mpsocket

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// thread is the ID of DPDK's thread that reads this process's messages; 0 if unknown.
var thread atomic.Int64

// FindThread finds DPDK's thread for messages by its name, after EAL has started.
func FindThread() {
	tasks, _ := filepath.Glob("/proc/self/task/*/comm")
	for _, task := range tasks {
		name, _ := os.ReadFile(task)
		switch strings.TrimSpace(string(name)) {
		case "rte_mp_handle", "dpdk-mp-msg": // since 23.11 the latter
			tid, _ := strconv.Atoi(filepath.Base(filepath.Dir(task)))
			if linux.ThreadLives(tid) { // or /proc is of another pid namespace
				thread.Store(int64(tid))
			}
		}
	}
}

// Thread returns the ID of DPDK's thread for messages; 0 if FindThread has not found it.
func Thread() int { return int(thread.Load()) }

// Deaf reports whether DPDK's thread for messages has ended. It ends at the first malformed message.
func Deaf() bool {
	return Thread() != 0 && !linux.ThreadLives(Thread())
}
