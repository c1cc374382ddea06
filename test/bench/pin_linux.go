package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin keeps the measuring goroutine on one CPU, the last it may use: the first
// serves most interrupts.
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
