package lock

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
)

// The package compiles only if the types have the layout of C's types.
var (
	_ = same[unsafe.Sizeof(Spin{})-cgo.SpinlockSizeof]
	_ = same[unsafe.Sizeof(Ticket{})-cgo.TicketlockSizeof]
	_ = same[unsafe.Alignof(Ticket{})-cgo.TicketlockAlign]
	_ = same[unsafe.Offsetof(Ticket{}.next)-cgo.TicketlockNext]
	_ = same[unsafe.Sizeof(MCSNode{})-cgo.MCSlockSizeof]
	_ = same[unsafe.Offsetof(MCSNode{}.locked)-cgo.MCSlockLocked]
	_ = same[unsafe.Sizeof(RW{})-cgo.RWlockSizeof]
	_ = same[writerWaits-cgo.RWlockWait]
	_ = same[writerIn-cgo.RWlockWrite]
	_ = same[reader-cgo.RWlockRead]
	_ = same[unsafe.Sizeof(PhaseFair{})-cgo.PFlockSizeof]
	_ = same[unsafe.Alignof(PhaseFair{})-cgo.PFlockAlign]
	_ = same[unsafe.Offsetof(PhaseFair{}.rd.out)-cgo.PFlockRdOut]
	_ = same[unsafe.Offsetof(PhaseFair{}.wr)-cgo.PFlockWr]
	_ = same[phase-cgo.PFlockPhase]
	_ = same[present-cgo.PFlockPres]
	_ = same[oneReader-cgo.PFlockRead]
	_ = same[unsafe.Sizeof(SeqCount{})-cgo.SeqcountSizeof]
	_ = same[unsafe.Sizeof(Seq{})-cgo.SeqlockSizeof]
	_ = same[unsafe.Offsetof(Seq{}.lock)-cgo.SeqlockLock]
)

var same [1]struct{}
