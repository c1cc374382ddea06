package eal

import (
	"os"
	"path/filepath"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// endTelemetry ends the connections of telemetry clients. rte_eal_cleanup leaves DPDK's threads for them, which
// would then read memory that it has unmapped. A thread that does not end within a second is left.
func (rt *Runtime) endTelemetry() {
	for end := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		paths, fds, err := mpsocket.Own(filepath.Join(rt.dir, "dpdk_telemetry"))
		connected := false
		for i, fd := range fds {
			if linux.Listening(fd) {
				_ = os.Remove(paths[i]) // no client connects any more
				continue
			}
			connected = true
			_ = linux.ShutdownRead(fd)
		}
		if err != nil || !connected || time.Now().After(end) {
			return
		}
	}
}
