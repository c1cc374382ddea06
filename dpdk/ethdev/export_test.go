package ethdev

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
)

// ByCgo returns the same queue with bursts by cgo.
func (q RxQueue) ByCgo() RxQueue { return RxQueue{q.q.byCgo()} }

// ByCgo returns the same queue with bursts by cgo.
func (q TxQueue) ByCgo() TxQueue { return TxQueue{q.q.byCgo()} }

func (q *queue) byCgo() *queue {
	return &queue{port: q.port, id: q.id, tx: q.tx, gate: q.gate}
}

// UsesFastcall reports whether bursts of n packets use fastcall.
func (q RxQueue) UsesFastcall(n int) bool {
	return fastcall.Enabled && uint(n-1) < q.q.fast && fastcall.Allowed()
}

// CheckConfig returns the error of Configure for cfg at a port with this Info, without calls of C.
func CheckConfig(cfg Config, i Info) error {
	c := cfg.withDefaults(i)
	return c.check(&Port{name: "port"}, i)
}

// CountersOf returns the IDs of the counters of packets, bytes and errors with names that begin with prefix.
func CountersOf(names []string, prefix string) []uint64 { return countersOf(names, prefix) }

// MaxMTU returns Info.MaxMTU of a driver that reports these limits.
func MaxMTU(mtu, frame int) int { return maxMTU(mtu, frame) }

// HoldControl excludes control calls of the port until release is called.
func HoldControl(p *Port) (release func()) {
	p.mu.Lock()
	return p.mu.Unlock
}

// BreakInterrupt makes the driver refuse to enable the interrupt until mend is called.
func BreakInterrupt(i *RxInterrupt) (mend func()) {
	good := i.s.interrupt
	i.s.interrupt, _, _ = cgo.EthInterruptOpen(i.s.port.id, 9999) // no such queue
	return func() { i.s.interrupt = good }
}

// SetSysPCI changes the folder of PCI devices. The returned function undoes it.
func SetSysPCI(dir string) (reset func()) {
	before := sysPCI
	sysPCI = dir
	return func() { sysPCI = before }
}

// Masters returns the number of ports that are checked for DMA.
func Masters() int {
	masters.Lock()
	defer masters.Unlock()
	return len(masters.configs)
}

// SetMasters checks the ports for DMA. It returns the number of new errors, and whether each port failed.
func SetMasters() (errs int, failed []bool) {
	errs = len(setMasters())
	masters.Lock()
	defer masters.Unlock()
	for _, m := range masters.configs {
		failed = append(failed, m.failed)
	}
	return errs, failed
}

// Failed returns the error of a driver that returned this error number.
func (p *Port) Failed(op string, errno int) error { return p.failed(op, errno) }

// Enter starts a burst of another goroutine. The returned function ends it.
func (q TxQueue) Enter() (leave func()) {
	busy := (*uint32)(unsafe.Pointer(q.q.gate)) // its first field
	atomic.AddUint32(busy, 1)
	return func() { atomic.AddUint32(busy, ^uint32(0)) }
}

// Share does what Start does with a queue that has these offloads.
func (q TxQueue) Share(offloads TxOffload) { q.q.countSenders(offloads) }

// Busy reports whether a burst runs.
func (q TxQueue) Busy() bool { return q.q.gate.Busy() }

// IsOpen reports whether bursts may run.
func (q TxQueue) IsOpen() bool { return q.q.gate.IsOpen() }

// End ends the handle, as the end of the port does.
func (p *Port) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.markGone()
}

// SetBurstTimeout changes how long Stop waits for a burst. The returned function undoes it.
func SetBurstTimeout(d time.Duration) (reset func()) {
	before := burstTimeout
	burstTimeout = d
	return func() { burstTimeout = before }
}
