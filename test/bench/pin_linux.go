package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// pin binds the measuring goroutine to the last CPU that it may use: the first CPU handles most
// interrupts.
func pin() {
	runtime.LockOSThread()
	var may, one unix.CPUSet
	if unix.SchedGetaffinity(0, &may) != nil {
		return
	}
	for cpu := 1023; cpu >= 0; cpu-- {
		if may.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	_ = unix.SchedSetaffinity(0, &one)
}

// cpuTime returns the CPU time of this process.
func cpuTime() time.Duration {
	var u unix.Rusage
	must(unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
