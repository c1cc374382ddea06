package ethdev

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	opRx = "rte_eth_rx_burst"
	opTx = "rte_eth_tx_burst"
)

// queue is a queue of a port. All RxQueue or TxQueue values of the queue share it.
type queue struct {
	port *Port
	id   uint16
	tx   bool
	gate *cgo.EthQueue
	fast uint // see Port.fast
	// stopped: the queue was stopped individually, or waits for its own Start.
	stopped bool
	sleeper *sleeper // see RxQueue.WaitBurst
	user    user
}

// RxQueue is a receive queue of a port. One goroutine at a time uses it. Copies are the same
// queue. The zero value receives nothing.
type RxQueue struct{ q *queue }

// TxQueue is a transmit queue of a port. One goroutine at a time uses it. Copies are the same
// queue. The zero value sends nothing.
type TxQueue struct{ q *queue }

// RxQueue returns receive queue n of the port. The port need not be configured: the queue stays
// valid over Stop, Configure and Start. A queue that does not exist receives nothing, and its
// Err returns the reason.
func (p *Port) RxQueue(n int) RxQueue {
	if p == nil {
		return RxQueue{}
	}
	return RxQueue{p.queue(n, false)}
}

// TxQueue returns transmit queue n of the port: see [Port.RxQueue].
func (p *Port) TxQueue(n int) TxQueue {
	if p == nil {
		return TxQueue{}
	}
	return TxQueue{p.queue(n, true)}
}

// queue returns the queue. For an n that no port can have, it returns a queue that stays closed.
func (p *Port) queue(n int, tx bool) *queue {
	if n < 0 || n >= cgo.EthMaxQueues {
		return newQueue(p, cgo.EthMaxQueues, tx)
	}
	p.mu.Lock()
	list := &p.rx
	if tx {
		list = &p.tx
	}
	p.grow(list, n+1, tx)
	q := (*list)[n]
	p.mu.Unlock()
	if !primary() {
		_ = q.openInSecondary() // Err returns the error
	}
	return q
}

// grow extends the list to n queues. The caller holds mu.
func (p *Port) grow(list *[]*queue, n int, tx bool) {
	for len(*list) < n {
		*list = append(*list, newQueue(p, uint16(len(*list)), tx))
	}
}

func newQueue(p *Port, id uint16, tx bool) *queue {
	return &queue{port: p, id: id, tx: tx, fast: p.fast, gate: cgo.NewEthQueue(p.id, id, !hasMembarrier())}
}

// openInSecondary opens the gate of a queue that a secondary can poll: the primary has set
// it up, and had configured the port when this process attached, and the driver has a burst
// function here.
func (q *queue) openInSecondary() error {
	p := q.port
	return p.do(q.op(), func() error {
		i, ok := setUp(p.id, q.id, q.tx)
		if !ok {
			return q.fail(dpdk.ErrInvalid, "queue %d has not been set up by the primary", q.id)
		}
		if err := q.pollable(); err != nil {
			return err
		}
		if q.tx {
			q.countSenders(TxOffload(i.Offloads))
		}
		q.gate.Open(true)
		return nil
	})
}

var lookMu sync.Mutex // held during cgo.EthQueueLook

// setUp reports whether a queue has been set up, and its info. A driver may not report info for
// a queue that exists.
func setUp(port, queue uint16, tx bool) (i cgo.EthQueueInfo, ok bool) {
	lookMu.Lock()
	defer lookMu.Unlock()
	i, errno := cgo.EthQueueLook(port, queue, tx)
	return i, errno == 0 || dpdk.Errno(errno) == dpdk.ErrUnsupported
}

// countSenders prepares the gate of a transmit queue for several goroutines at once, if its
// offloads allow them.
func (q *queue) countSenders(offloads TxOffload) {
	if offloads&TxLockFree != 0 {
		q.gate.Count()
	}
}

// openGates lets bursts into all queues of the port that are not stopped individually. The
// caller holds mu.
func (p *Port) openGates() {
	for _, q := range p.rx[:p.cfg.RxQueues] {
		q.gate.Open(!q.stopped)
	}
	for _, q := range p.tx[:p.cfg.TxQueues] {
		q.gate.Open(!q.stopped)
	}
}

// closeGates lets no more bursts into the port's queues and waits for those that run.
// The caller holds mu.
func (p *Port) closeGates() error {
	return closeGates(append(append([]*queue(nil), p.rx...), p.tx...)...)
}

// burstTimeout is how long closeGates waits for a burst. Bursts take microseconds, but the
// kernel may have stopped their thread.
var burstTimeout = 10 * time.Second

// closeGates closes the queues' gates and waits for the bursts that run. The gates stay closed
// if it fails: the caller opens them again, unless the port does not exist any more.
func closeGates(queues ...*queue) error {
	var open []*queue
	for _, q := range queues {
		if q.gate.IsOpen() {
			q.gate.Open(false)
			q.closeSleeper()
			open = append(open, q)
		}
	}
	if len(open) == 0 {
		return nil
	}
	passBarrier()
	start := time.Now()
	for _, q := range open {
		for q.gate.Busy() {
			if time.Since(start) > burstTimeout {
				return &dpdk.Error{Op: q.op(), Name: q.port.name, Errno: dpdk.ErrBusy,
					Detail: fmt.Sprintf("a burst of queue %d does not end", q.id)}
			}
			runtime.Gosched()
		}
	}
	return nil
}

// hasMembarrier reports whether the kernel can make all threads of a process pass a memory
// barrier (membarrier(2)).
var hasMembarrier = sync.OnceValue(func() bool {
	return linux.Membarrier(registerPrivateExpedited) == nil
})

const ( // linux/membarrier.h
	privateExpedited         = 1 << 3
	registerPrivateExpedited = 1 << 4
)

// passBarrier makes all threads pass a memory barrier. Without membarrier(2) each burst has
// its own.
func passBarrier() {
	if hasMembarrier() {
		_ = linux.Membarrier(privateExpedited)
	}
}

func (q *queue) op() string {
	if q.tx {
		return opTx
	}
	return opRx
}

func (q *queue) fail(errno dpdk.Errno, format string, args ...any) error {
	return &dpdk.Error{Op: q.op(), Name: q.port.name, Errno: errno, Detail: fmt.Sprintf(format, args...)}
}

// errZero returns the error of a call on the zero value.
func errZero(op string) error {
	return check.Invalid(op, "", "the queue is a zero value: use Port.RxQueue or Port.TxQueue")
}

// err returns why bursts move no packets; nil if they can.
func (q *queue) err() error {
	if !primary() {
		return q.openInSecondary()
	}
	return q.port.do(q.op(), q.stateError)
}

// stateError is err in the primary. The caller holds the port's mu.
func (q *queue) stateError() error {
	p := q.port
	n := p.cfg.RxQueues
	if q.tx {
		n = p.cfg.TxQueues
	}
	switch {
	case p.state == attached:
		return q.fail(dpdk.ErrNetDown, "the port is not configured: call Configure and Start")
	case int(q.id) >= n:
		return q.fail(dpdk.ErrInvalid, "queue %d does not exist: the Config has %d", q.id, n)
	case p.state != started:
		return q.fail(dpdk.ErrNetDown, "the port is not started: call Start")
	case q.stopped:
		return q.fail(dpdk.ErrNetDown, "queue %d is stopped: call its Start", q.id)
	}
	return nil
}

// Port returns the queue's port, or nil for the zero value.
func (q RxQueue) Port() *Port {
	if q.q == nil {
		return nil
	}
	return q.q.port
}

// ID returns the queue's number, or -1 for the zero value.
func (q RxQueue) ID() int {
	if q.q == nil {
		return -1
	}
	return int(q.q.id)
}

// Err returns why Burst cannot receive, or nil if it can:
//
//   - dpdk.ErrNoDevice: the port was closed or detached, or this secondary attached before the
//     primary had configured the port.
//   - dpdk.ErrNetDown: the port or the queue is not started, or an AF_XDP port has lost its XDP
//     program.
//   - dpdk.ErrInvalid: the port has no such queue, or the primary has not set it up.
//   - dpdk.ErrUnsupported: this process is a secondary, which cannot poll the driver. See the
//     package's documentation.
//   - dpdk.ErrNoBuffers: the queue's pool has no mbufs to receive into, until mbufs are freed.
//     A secondary does not check the pool.
//
// Call it in a poller that has received nothing for a long time: it takes a lock.
func (q RxQueue) Err() error {
	if q.q == nil {
		return errZero(opRx)
	}
	if err := q.q.err(); err != nil || !primary() {
		return err
	}
	return q.q.port.do(q.q.op(), q.q.supplyError)
}

// Port returns the queue's port, or nil for the zero value.
func (q TxQueue) Port() *Port {
	if q.q == nil {
		return nil
	}
	return q.q.port
}

// ID returns the queue's number, or -1 for the zero value.
func (q TxQueue) ID() int {
	if q.q == nil {
		return -1
	}
	return int(q.q.id)
}

// Err returns why Burst cannot send, or nil if it can. The errors are those of [RxQueue.Err]
// without dpdk.ErrNoBuffers. After a burst with a nil packet it returns dpdk.ErrInvalid once. It
// takes a lock.
func (q TxQueue) Err() error {
	if q.q == nil {
		return errZero(opTx)
	}
	if err := q.q.err(); err != nil {
		return err
	}
	if at := q.q.gate.TakeNil(); at >= 0 {
		return q.q.port.invalid(q.q.op(), "packet %d of a burst was nil: the burst ended before it", at)
	}
	return nil
}

// Start starts a queue that was stopped individually or set up with DeferredStart. Errors:
// dpdk.ErrUnsupported if the driver does not support it, dpdk.ErrInvalid, dpdk.ErrSecondary.
//
// Implements: rte_eth_dev_rx_queue_start
func (q RxQueue) Start() error { return q.q.setRunning("rte_eth_dev_rx_queue_start", true) }

// Stop stops only this queue, after a burst that runs. Errors are those of [RxQueue.Start].
//
// Implements: rte_eth_dev_rx_queue_stop
func (q RxQueue) Stop() error { return q.q.setRunning("rte_eth_dev_rx_queue_stop", false) }

// Start starts a queue that was stopped individually or set up with DeferredStart. Errors:
// dpdk.ErrUnsupported if the driver does not support it, dpdk.ErrInvalid, dpdk.ErrSecondary.
//
// Implements: rte_eth_dev_tx_queue_start
func (q TxQueue) Start() error { return q.q.setRunning("rte_eth_dev_tx_queue_start", true) }

// Stop stops only this queue, after a burst that runs. Errors are those of [TxQueue.Start].
//
// Implements: rte_eth_dev_tx_queue_stop
func (q TxQueue) Stop() error { return q.q.setRunning("rte_eth_dev_tx_queue_stop", false) }

// setRunning starts or stops the queue.
func (q *queue) setRunning(op string, on bool) error {
	if q == nil {
		return errZero(op)
	}
	p := q.port
	return p.owned(op, func() error {
		if err := q.stateError(); err != nil && !(p.state == started && q.stopped) {
			return err
		}
		if err := closeGates(q); err != nil {
			q.gate.Open(!q.stopped)
			return err
		}
		err := driverError(cgo.EthQueueSwitch(p.id, q.id, q.tx, on))
		if err == nil {
			q.stopped = !on
		}
		q.gate.Open(!q.stopped)
		return err
	})
}

// QueueState is the state of a queue as its driver reports it. Not all drivers update it.
type QueueState int

// States of a queue (RTE_ETH_QUEUE_STATE_…).
const (
	QueueStopped QueueState = cgo.EthQueueStopped
	QueueStarted QueueState = cgo.EthQueueStarted
	QueueHairpin QueueState = cgo.EthQueueHairpin
)

// String returns the state as a word, such as "started".
func (s QueueState) String() string {
	switch s {
	case QueueStopped:
		return "stopped"
	case QueueStarted:
		return "started"
	case QueueHairpin:
		return "hairpin"
	}
	return fmt.Sprintf("QueueState(%d)", int(s))
}

// RxQueueInfo describes a receive queue that was set up.
type RxQueueInfo struct {
	Descriptors   int
	State         QueueState
	DeferredStart bool
	Offloads      RxOffload
	Scattered     bool // packets may have several segments
	BufferSize    int  // bytes of each segment; 0 if the driver does not report it
}

// TxQueueInfo describes a transmit queue that was set up.
type TxQueueInfo struct {
	Descriptors   int
	State         QueueState
	DeferredStart bool
	Offloads      TxOffload
}

// Info returns the queue's info. Errors: dpdk.ErrUnsupported, and dpdk.ErrInvalid if the queue
// was not set up.
//
// Implements: rte_eth_rx_queue_info_get
func (q RxQueue) Info() (RxQueueInfo, error) {
	i, err := q.q.info("rte_eth_rx_queue_info_get")
	return RxQueueInfo{int(i.Descriptors), QueueState(i.State), i.Deferred, RxOffload(i.Offloads), i.Scattered, int(i.BufSize)}, err
}

// Info returns the queue's info. Errors: dpdk.ErrUnsupported, and dpdk.ErrInvalid if the queue
// was not set up.
//
// Implements: rte_eth_tx_queue_info_get
func (q TxQueue) Info() (TxQueueInfo, error) {
	i, err := q.q.info("rte_eth_tx_queue_info_get")
	return TxQueueInfo{int(i.Descriptors), QueueState(i.State), i.Deferred, TxOffload(i.Offloads)}, err
}

func (q *queue) info(op string) (i cgo.EthQueueInfo, err error) {
	if q == nil {
		return i, errZero(op)
	}
	return read(q.port, op, func(port uint16) (cgo.EthQueueInfo, int) { return cgo.EthQueueInfoGet(port, q.id, q.tx) })
}

// BurstMode returns the driver's name for its burst function, such as "Vector SSE". It returns
// dpdk.ErrUnsupported if the driver does not report it.
//
// Implements: rte_eth_rx_burst_mode_get
func (q RxQueue) BurstMode() (string, error) { return q.q.burstMode("rte_eth_rx_burst_mode_get") }

// BurstMode returns the driver's name for its burst function, such as "Vector SSE". It returns
// dpdk.ErrUnsupported if the driver does not report it.
//
// Implements: rte_eth_tx_burst_mode_get
func (q TxQueue) BurstMode() (string, error) { return q.q.burstMode("rte_eth_tx_burst_mode_get") }

func (q *queue) burstMode(op string) (mode string, err error) {
	if q == nil {
		return "", errZero(op)
	}
	return read(q.port, op, func(port uint16) (string, int) { return cgo.EthBurstMode(port, q.id, q.tx) })
}
