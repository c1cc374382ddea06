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
