package harness

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Soak returns the duration of a test of concurrent operations: the duration in GODPDK_SOAK, or 3 s, or 1 s with -short.
func Soak(t testing.TB) time.Duration {
	t.Helper()
	s := os.Getenv("GODPDK_SOAK")
	switch {
	case s == "" && testing.Short():
		return time.Second
	case s == "":
		return 3 * time.Second
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatalf("GODPDK_SOAK: %v", err)
	}
	return d
}

// LongOnly skips a test with -short. why is the reason, such as "it compiles all of cgo/ once more".
func LongOnly(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("only without -short: " + why)
	}
}

// Size returns the size of a test that repeats its work, such as a number of rounds: short with -short, and long otherwise.
func Size[T any](long, short T) T {
	if testing.Short() {
		return short
	}
	return long
}

// Kills returns the number of processes that a test kills at random moments: GODPDK_KILLS if it is set.
func Kills(long, short int) int {
	if n, err := strconv.Atoi(os.Getenv("GODPDK_KILLS")); err == nil {
		return n
	}
	return Size(long, short)
}
