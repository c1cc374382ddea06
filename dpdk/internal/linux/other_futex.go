//go:build !linux

package linux

import "time"

func FutexWait(_ *uint32, _ uint32, most time.Duration) { time.Sleep(most) }
func FutexWake(*uint32)                                 {}
