// Package owner identifies the processes of a group in words of shared memory, so that every
// process can find out whether the owner of a lock or an ID is alive.
package owner

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

// ID identifies a process of the group. A process without a group has the ID 0. An ID has
// 31 bits: the process's place in the group, and the number of processes that had the place before. The
// number repeats after 4 million processes.
type ID uint32

// Mark is the bit that no ID has.
const Mark ID = 1 << 31

// Slots is the number of places in a group.
const Slots = 1 << slotBits

const (
	slotBits  = 9
	roundMask = 1<<22 - 1
)

// Of returns the ID of a process.
func Of(o delegate.Owner) ID { return ID(o>>16&roundMask)<<slotBits | ID(o)&(Slots-1) }

// Slot returns the process's place in the group.
func (id ID) Slot() int { return int(id &^ Mark & (Slots - 1)) }

// Process describes a process of the group.
type Process struct {
	Pid   int       // in the pid namespace of the process; 0 is unknown
	Start time.Time // zero is unknown
}

// String returns the pid and the start.
func (p Process) String() string {
	switch {
	case p.Pid == 0:
		return "a process of this file prefix, which ended long ago,"
	case p.Start.IsZero():
		return fmt.Sprintf("process %d", p.Pid)
	}
	return fmt.Sprintf("process %d (started %s)", p.Pid, p.Start.Format(time.DateTime))
}

// Group is what a process knows about its group.
type Group interface {
	// IsAlive reports whether a process is alive. It is true if that cannot be found out.
	IsAlive(ID) bool
	// Process describes a process, also one that has ended, until another one has its place.
	Process(ID) Process
}

var (
	self  atomic.Uint32
	group atomic.Pointer[Group]
)

// Join makes this process a member of g.
func Join(id ID, g Group) {
	group.Store(&g)
	self.Store(uint32(id))
}

// Leave undoes Join.
func Leave() {
	self.Store(0)
	group.Store(nil)
}

// Self returns the ID of this process; 0 if it has no group.
func Self() ID { return ID(self.Load()) }

// Dead reports whether a process has ended, by death or by eal.Runtime.Close. It is a system call.
func Dead(id ID) bool {
	g := group.Load()
	return g != nil && id != 0 && id != Self() && !(*g).IsAlive(id)
}

// Describe describes a process.
func Describe(id ID) Process {
	if g := group.Load(); g != nil {
		return (*g).Process(id)
	}
	return Process{}
}
