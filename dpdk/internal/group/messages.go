package group

import (
	"path/filepath"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// listen prepares what DPDK's messages lack, when EAL has started: other processes can
// ask which names have an action here, and it is noticed when DPDK hears no more.
func (m *Member) listen() {
	if _, fds, err := mpsocket.Own(filepath.Join(m.dir, mpsocket.Primary)); err == nil && len(fds) > 0 {
		m.ear = fds[0]
		cgo.MPAnswer(m.ear)
		mpsocket.FindThread()
	}
}

// hear looks whether DPDK hears messages. If not, those who send some get an error instead of
// waiting for answers that never come.
func (m *Member) hear() {
	if m.ear < 0 || !mpsocket.Deaf() {
		return
	}
	control.Logger().Error("this process receives no messages of other processes any more: DPDK's thread for them has ended, at one that it could not read. "+
		"It no longer follows changes of memory and of devices: end it, and start it again", "file-prefix", m.prefix)
	_ = linux.ShutdownRead(m.ear)
	m.ear = -1
}

// RunsGo says whether the process with this socket runs godpdk. It is called in control
// calls only, while the table is mapped.
func (m *Member) RunsGo(socket string) bool {
	if m.table == nil {
		return false
	}
	if socket == mpsocket.Primary {
		return true
	}
	found := false
	_ = m.table.look(func() {
		for i := range m.table.slots {
			s := &m.table.slots[i]
			found = found || s.state.Load() == Attached && s.socketName() == socket
		}
	})
	return found
}
