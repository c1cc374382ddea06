package main

import (
	"runtime"

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
