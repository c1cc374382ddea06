package lock

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// The package compiles only if the types have the layout of C's types.
var (
	_ = build.Same[unsafe.Sizeof(Spin{})-cgo.SpinlockSizeof]
	_ = build.Same[unsafe.Sizeof(Ticket{})-cgo.TicketlockSizeof]
	_ = build.Same[unsafe.Alignof(Ticket{})-cgo.TicketlockAlign]
	_ = build.Same[unsafe.Offsetof(Ticket{}.next)-cgo.TicketlockNext]
	_ = build.Same[unsafe.Sizeof(MCSNode{})-cgo.MCSlockSizeof]
	_ = build.Same[unsafe.Offsetof(MCSNode{}.locked)-cgo.MCSlockLocked]
	_ = build.Same[unsafe.Sizeof(RW{})-cgo.RWlockSizeof]
	_ = build.Same[writerWaits-cgo.RWlockWait]
	_ = build.Same[writerIn-cgo.RWlockWrite]
	_ = build.Same[reader-cgo.RWlockRead]
	_ = build.Same[unsafe.Sizeof(PhaseFair{})-cgo.PFlockSizeof]
	_ = build.Same[unsafe.Alignof(PhaseFair{})-cgo.PFlockAlign]
	_ = build.Same[unsafe.Offsetof(PhaseFair{}.rd.out)-cgo.PFlockRdOut]
	_ = build.Same[unsafe.Offsetof(PhaseFair{}.wr)-cgo.PFlockWr]
	_ = build.Same[phase-cgo.PFlockPhase]
	_ = build.Same[present-cgo.PFlockPres]
	_ = build.Same[oneReader-cgo.PFlockRead]
	_ = build.Same[unsafe.Sizeof(SeqCount{})-cgo.SeqcountSizeof]
	_ = build.Same[unsafe.Sizeof(Seq{})-cgo.SeqlockSizeof]
	_ = build.Same[unsafe.Offsetof(Seq{}.lock)-cgo.SeqlockLock]
	_ = build.Same[unsafe.Sizeof(OwnedSpin{})-16]
	_ = build.Same[unsafe.Sizeof(OwnedTicket{})-16]
	_ = build.Same[unsafe.Sizeof(OwnedRW{})-144]
	_ = build.Same[unsafe.Offsetof(OwnedSeq{}.own)-unsafe.Offsetof(OwnedSeq{}.count)-cgo.SeqlockLock]
)
