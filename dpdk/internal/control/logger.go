package control

import (
	"log/slog"
	"sync/atomic"
)

var logger atomic.Pointer[slog.Logger]

// SetLogger sets the logger for warnings.
func SetLogger(l *slog.Logger) { logger.Store(l) }

// Logger returns the logger for warnings: EAL's logger, or slog's default before EAL starts.
func Logger() *slog.Logger {
	if l := logger.Load(); l != nil {
		return l
	}
	return slog.Default()
}
