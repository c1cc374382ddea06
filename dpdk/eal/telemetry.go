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
	began := time.Now()
	for first := true; ; first = false {
		paths, fds, err := mpsocket.Own(filepath.Join(rt.dir, "dpdk_telemetry"))
		connected := false
		for i, fd := range fds {
			if linux.Listening(fd) {
				if first { // no client connects any more. Later the path may be that of a successor
					_ = os.Remove(paths[i])
				}
				continue
			}
			connected = true
			_ = linux.ShutdownRead(fd)
		}
		if err != nil || !connected || time.Since(began) > time.Second {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
