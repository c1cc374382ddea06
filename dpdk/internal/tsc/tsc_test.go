package tsc

import (
	"runtime"
	"testing"
	"time"
)

func TestCyclesNeverRunsBackwards(t *testing.T) {
	if !Native {
		t.Log("this processor has no counter")
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	last := Cycles()
	for begin := time.Now(); time.Since(begin) < 10*time.Millisecond; {
		now := Cycles()
		if now < last {
			t.Fatalf("%d after %d", now, last)
		}
		last = now
	}
	begin := Cycles()
	time.Sleep(10 * time.Millisecond)
	if d := Cycles() - begin; d < 10_000 || d > 1e12 { // 1 MHz to 100 THz
		t.Fatalf("%d cycles in 10 ms", d)
	}
}
