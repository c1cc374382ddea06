package ethdev

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// ByCgo is the same queue with bursts by cgo.
func (q RxQueue) ByCgo() RxQueue { return RxQueue{q.q.byCgo()} }

// ByCgo is the same queue with bursts by cgo.
func (q TxQueue) ByCgo() TxQueue { return TxQueue{q.q.byCgo()} }

func (q *queue) byCgo() *queue {
	return &queue{port: q.port, id: q.id, tx: q.tx, gate: q.gate}
}

// Short says whether bursts of n packets take the short way.
func (q RxQueue) Short(n int) bool { return q.q.short(n) }

// CheckConfig is what Configure says of cfg for a port with that Info, before C.
func CheckConfig(cfg Config, i Info) error {
	c := cfg.normal(i)
	return c.check(&Port{name: "port"}, i)
}

// Result is how errnos become errors.
func (p *Port) Result(op string, errno int) error { return p.result(op, errno) }

// Enter is the start of a burst of another goroutine, which the function that it
// returns ends.
func (q TxQueue) Enter() (leave func()) {
	busy := (*uint32)(unsafe.Pointer(q.q.gate)) // its first field
	atomic.AddUint32(busy, 1)
	return func() { atomic.AddUint32(busy, ^uint32(0)) }
}

// Share is what Start does with a queue that has these offloads.
func (q TxQueue) Share(offloads TxOffload) { q.q.share(offloads) }

// Busy says whether a burst is under way.
func (q TxQueue) Busy() bool { return q.q.gate.Busy() }

// IsOpen says whether bursts may run.
func (q TxQueue) IsOpen() bool { return q.q.gate.IsOpen() }

// End is what happens to the port when it is gone.
func (p *Port) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

// SetPatience changes how long Stop waits for a burst, until the function that it
// returns is called.
func SetPatience(d time.Duration) (reset func()) {
	before := patience
	patience = d
	return func() { patience = before }
}
