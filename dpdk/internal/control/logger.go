package control

import (
	"log/slog"
	"sync/atomic"
)

var logger atomic.Pointer[slog.Logger]

// SetLogger sets the logger for warnings.
func SetLogger(l *slog.Logger) { logger.Store(l) }

// Logger returns the logger for warnings: the logger of eal.Config, and before EAL's start slog's default.
func Logger() *slog.Logger {
	if l := logger.Load(); l != nil {
		return l
	}
	return slog.Default()
}
