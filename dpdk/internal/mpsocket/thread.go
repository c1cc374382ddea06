package mpsocket

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// thread is the ID of DPDK's thread that reads this process's messages; 0 if unknown.
var thread atomic.Int64

// FindThread finds DPDK's thread for messages by its name, after EAL has started in the thread eal. Linux numbers the
// threads of EAL in the order of their start, so it reads few names. Each thread of which a file in /proc has been read makes
// the end of this process slower: while the kernel drops these files, the process that waits for this one waits busily.
func FindThread(eal int) {
	const near = 1024
	for tid := eal + 1; tid <= eal+near; tid++ {
		if linux.ThreadLives(tid) && isThread(tid) {
			return
		}
	}
	tasks, _ := os.ReadDir("/proc/self/task") // the numbers have started again from 1
	for _, task := range tasks {
		if tid, _ := strconv.Atoi(task.Name()); linux.ThreadLives(tid) && isThread(tid) { // or /proc is of another pid namespace
			return
		}
	}
}

// isThread notes a thread if it is DPDK's thread for messages.
func isThread(tid int) bool {
	name, _ := os.ReadFile("/proc/self/task/" + strconv.Itoa(tid) + "/comm")
	switch strings.TrimSpace(string(name)) {
	case "rte_mp_handle", "dpdk-mp-msg": // since 23.11 the latter
		thread.Store(int64(tid))
		return true
	}
	return false
}

// Thread returns the ID of DPDK's thread for messages; 0 if FindThread has not found it.
func Thread() int { return int(thread.Load()) }

// Deaf reports whether DPDK's thread for messages has ended. It ends at the first malformed message.
func Deaf() bool {
	return Thread() != 0 && !linux.ThreadLives(Thread())
}
