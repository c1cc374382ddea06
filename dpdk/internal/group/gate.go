package group

import "time"

// gateTurn is the time for which a control call waits at the closed gate while another one of this process
// is inside: it may be part of that call.
const gateTurn = 20 * time.Millisecond

// EnterLocks notes in shared memory that a control call of this process may take DPDK's locks until
// LeaveLocks. If the primary releases locks of a dead process at that moment, EnterLocks waits.
func (m *Member) EnterLocks() {
	t := m.table
	if t == nil {
		return
	}
	_ = t.look(func() {
		own, gate := &t.slots[t.own], &t.slots[0].closed
		part := own.inside.Load() > 0
		for began := time.Now(); ; time.Sleep(time.Millisecond) {
			own.inside.Add(1)
			if gate.Load() == 0 || part && time.Since(began) > gateTurn || m.role == Secondary && !t.held(0) {
				return
			}
			own.inside.Add(-1)
		}
	})
}

// LeaveLocks ends what EnterLocks has begun.
func (m *Member) LeaveLocks() {
	if t := m.table; t != nil {
		_ = t.look(func() { t.slots[t.own].inside.Add(-1) })
	}
}

// quiet reports whether no control call of a living process is between EnterLocks and LeaveLocks.
func (t *table) quiet() bool {
	for i := range t.slots {
		s := &t.slots[i]
		if s.inside.Load() > 0 && s.state.Load() != free && t.held(i) {
			return false
		}
	}
	return true
}
