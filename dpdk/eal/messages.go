package eal

import (
	"path/filepath"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// listen prepares what DPDK's messages lack, when EAL has started: other processes can
// ask which names have an action here, and it is noticed when DPDK hears no more.
func (rt *Runtime) listen() {
	control.IsGo = func(string) bool { return false }
	if !rt.shared {
		return
	}
	if _, fds, err := mpsocket.Own(filepath.Join(rt.dir, mpsocket.Primary)); err == nil && len(fds) > 0 {
		rt.ear = fds[0]
		cgo.MPAnswer(rt.ear)
		mpsocket.FindThread()
	}
	if rt.attachment != nil {
		control.IsGo = rt.isGo
	}
}

// hear looks whether DPDK hears messages. If not, those who send some get an error instead of
// waiting for answers that never come.
func (rt *Runtime) hear() {
	if rt.ear < 0 || !mpsocket.Deaf() {
		return
	}
	control.Logger().Error("this process receives no messages of other processes any more: DPDK's thread for them has ended, at one that it could not read. "+
		"It no longer follows changes of memory and of devices: end it, and start it again", "file-prefix", rt.prefix)
	_ = linux.ShutdownRead(rt.ear)
	rt.ear = -1
}

// isGo says whether the process with this socket runs godpdk. It is called in control
// calls only, while the table is mapped.
func (a *attachment) isGo(socket string) bool {
	if a.table == nil {
		return false
	}
	if socket == mpsocket.Primary {
		return true
	}
	found := false
	_ = a.table.look(func() {
		for i := range a.table.slots {
			s := &a.table.slots[i]
			found = found || s.state.Load() == slotAttached && s.socketName() == socket
		}
	})
	return found
}
