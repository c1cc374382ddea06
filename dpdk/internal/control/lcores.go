package control

import (
	"log/slog"
	"sync/atomic"
)

var logger atomic.Pointer[slog.Logger]

// SetLogger says where warnings go.
func SetLogger(l *slog.Logger) { logger.Store(l) }

// Logger is where warnings go: EAL's logger, and before its start slog's default.
func Logger() *slog.Logger {
	if l := logger.Load(); l != nil {
		return l
	}
	return slog.Default()
}

// Lcores is what the packages eal and lcore tell each other: eal stands below
// lcore, which a program need not have.
var Lcores struct {
	// Main gives f to the thread of the main lcore. EAL sets it.
	Main func(f func())
	// Own says whether the caller is in what Stop, or SetRunning, would wait for.
	Own func() bool
	// Stop ends what runs on lcores, and names what does not end. Then EAL's
	// clean-up must not run: it would wait for ever, or unmap memory in use.
	Stop func() error
}

// IsGo says whether another process of the file prefix, by the last part of the path of
// its socket for messages, runs godpdk. EAL sets it; it is for control calls.
var IsGo func(socket string) bool
