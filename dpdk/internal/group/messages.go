package group

import (
	"path/filepath"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// listen adds two functions to DPDK's messages, after EAL's start: other processes can ask which
// names have an action here, and [Member.hear] can detect that DPDK no longer receives. EAL started in the thread eal.
func (m *Member) listen(eal int) {
	if _, fds, err := mpsocket.Own(filepath.Join(m.dir, mpsocket.Primary)); err == nil && len(fds) > 0 {
		m.ear = fds[0]
		cgo.MPAnswer(m.ear)
		mpsocket.FindThread(eal)
	}
}

// hear checks that DPDK receives messages. If it does not, senders get an error from then on,
// instead of waiting for an answer until their timeout.
func (m *Member) hear() {
	if m.ear < 0 || !mpsocket.Deaf() {
		return
	}
	control.Logger().Error("this process no longer receives messages of other processes, because DPDK's thread for messages has ended at a malformed one. "+
		"It no longer follows changes of memory and of devices: restart it", "file-prefix", m.prefix)
	_ = linux.ShutdownRead(m.ear)
	m.ear = -1
}

// RunsGo reports whether the process with this socket runs godpdk. Call it only in control calls, in
// which the table is mapped.
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
