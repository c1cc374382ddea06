//go:build godpdk_debug

package group

import "github.com/godpdk/godpdk/dpdk/internal/delegate"

// Bury does once more what the primary does after the death of a secondary. Tests call it after they have
// interrupted that.
func (m *Member) Bury(pid int) {
	for i := 1; i < tableSlots; i++ {
		if p, _, _ := m.table.process(i); p.Pid == pid {
			p.State = Died
			o := m.table.owner(i)
			delegate.Settled(o, true, m.bury(o, p))
		}
	}
}
