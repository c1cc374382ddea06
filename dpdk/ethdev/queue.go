package ethdev

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
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

// queue is a queue of a port, for all values that stand for it.
type queue struct {
	port *Port
	id   uint16
	tx   bool
	gate *cgo.EthQueue
	// direct is set if the driver's bursts may be fast calls, where those are allowed.
	direct bool
	// stopped is that the queue was stopped by itself, or waits for its own start.
	stopped bool
	sleeper *sleeper // see RxQueue.Wait
	user    user
}

// RxQueue is a receive queue of a port. One goroutine at a time uses it; copies
// stand for the same queue. The zero value receives nothing.
type RxQueue struct{ q *queue }

// TxQueue is a transmit queue of a port. One goroutine at a time uses it; copies
// stand for the same queue. The zero value sends nothing.
type TxQueue struct{ q *queue }

// RxQueue is receive queue n of the port. It can be had before the port is
// configured, and stays valid over Stop, Configure and Start. A queue that does
// not exist receives nothing, and its Err says so.
func (p *Port) RxQueue(n int) RxQueue {
	if p == nil {
		return RxQueue{}
	}
	return RxQueue{p.queue(n, false)}
}

// TxQueue is transmit queue n of the port; see RxQueue.
func (p *Port) TxQueue(n int) TxQueue {
	if p == nil {
		return TxQueue{}
	}
	return TxQueue{p.queue(n, true)}
}

// queue finds the queue, or makes one that is never opened.
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
		_ = q.attach() // see Err
	}
	return q
}

// grow makes the list's queues up to number n. The caller holds mu.
func (p *Port) grow(list *[]*queue, n int, tx bool) {
	for len(*list) < n {
		*list = append(*list, newQueue(p, uint16(len(*list)), tx))
	}
}

func newQueue(p *Port, id uint16, tx bool) *queue {
	return &queue{port: p, id: id, tx: tx, direct: p.direct, gate: cgo.NewEthQueue(p.id, id, !barrier())}
}

// attach opens the queue to a secondary if it can be polled there: the primary has
// set it up, and had configured the port when this process attached, and the driver has
// a burst function there.
func (q *queue) attach() error {
	p := q.port
	return p.do(q.op(), func() error {
		i, ok := setUp(p.id, q.id, q.tx)
		if !ok {
			return q.fail(syscall.EINVAL, "queue %d has not been set up by the primary", q.id)
		}
		if err := q.ready(); err != nil {
			return err
		}
		if q.tx {
			q.share(TxOffload(i.Offloads))
		}
		q.gate.Open(true)
		return nil
	})
}

var looking sync.Mutex // one cgo.EthQueueLook at a time

// setUp says whether and how a queue has been set up. Of one that there is, the driver
// may have nothing to tell.
func setUp(port, queue uint16, tx bool) (i cgo.EthQueueInfo, ok bool) {
	looking.Lock()
	defer looking.Unlock()
	i, errno := cgo.EthQueueLook(port, queue, tx)
	return i, errno == 0 || errno == int(syscall.ENOTSUP)
}

// share prepares the gate of a transmit queue with these offloads for as many
// goroutines as may be in a burst at once.
func (q *queue) share(offloads TxOffload) {
	if offloads&TxLockFree != 0 {
		q.gate.Count()
	}
}

// open lets bursts into all queues that the port has and that are not stopped by
// themselves. The caller holds mu.
func (p *Port) open() {
	for _, q := range p.rx[:p.cfg.RxQueues] {
		q.gate.Open(!q.stopped)
	}
	for _, q := range p.tx[:p.cfg.TxQueues] {
		q.gate.Open(!q.stopped)
	}
}

// shut lets no more bursts into the port's queues and waits for those under way.
// The caller holds mu.
func (p *Port) shut() error {
	return shut(append(append([]*queue(nil), p.rx...), p.tx...)...)
}

// patience is how long shut waits for a burst: they take microseconds, but the
// kernel may have stopped their thread.
var patience = 10 * time.Second

// shut closes the queues' gates. They stay closed if it fails: it is for the caller to
// open them again, unless the port is no more.
func shut(queues ...*queue) error {
	var open []*queue
	for _, q := range queues {
		if q.gate.IsOpen() {
			q.gate.Open(false)
			open = append(open, q)
		}
	}
	if len(open) == 0 {
		return nil
	}
	pass()
	start := time.Now()
	for _, q := range open {
		for q.gate.Busy() {
			if time.Since(start) > patience {
				return &dpdk.Error{Op: q.op(), Name: q.port.name, Errno: dpdk.ErrBusy,
					Detail: fmt.Sprintf("a burst of queue %d does not end", q.id)}
			}
			runtime.Gosched()
		}
		q.rouse()
	}
	return nil
}

// barrier says whether the kernel can make all threads of a process pass a memory
// barrier (membarrier(2)).
var barrier = sync.OnceValue(func() bool {
	return linux.Membarrier(registerPrivateExpedited) == nil
})

const ( // linux/membarrier.h
	privateExpedited         = 1 << 3
	registerPrivateExpedited = 1 << 4
)

// pass makes all threads pass a barrier; with one in each burst there is no need to.
func pass() {
	if barrier() {
		_ = linux.Membarrier(privateExpedited)
	}
}

func (q *queue) op() string {
	if q.tx {
		return opTx
	}
	return opRx
}

func (q *queue) fail(errno syscall.Errno, format string, args ...any) error {
	return &dpdk.Error{Op: q.op(), Name: q.port.name, Errno: dpdk.Errno(errno), Detail: fmt.Sprintf(format, args...)}
}

// errZero is the error of a call on the zero value.
func errZero(op string) error {
	return check.Invalid(op, "", "the queue is a zero value: use Port.RxQueue or Port.TxQueue")
}

// err says why bursts move nothing.
func (q *queue) err() error {
	if !primary() {
		return q.attach()
	}
	return q.port.do(q.op(), q.idle)
}

// idle says why a primary's bursts move nothing. The caller holds the port's mu.
func (q *queue) idle() error {
	p := q.port
	n := p.cfg.RxQueues
	if q.tx {
		n = p.cfg.TxQueues
	}
	switch {
	case p.state == attached:
		return q.fail(syscall.ENETDOWN, "the port is not configured: call Configure and Start")
	case int(q.id) >= n:
		return q.fail(syscall.EINVAL, "there is no queue %d: the Config asked for %d", q.id, n)
	case p.state != started:
		return q.fail(syscall.ENETDOWN, "the port is not started: call Start")
	case q.stopped:
		return q.fail(syscall.ENETDOWN, "queue %d is stopped: call its Start", q.id)
	}
	return nil
}

// Port is the queue's port; nil for the zero value.
func (q RxQueue) Port() *Port {
	if q.q == nil {
		return nil
	}
	return q.q.port
}

// ID is the queue's number; -1 for the zero value.
func (q RxQueue) ID() int {
	if q.q == nil {
		return -1
	}
	return int(q.q.id)
}

// Err says why Burst moves nothing although it could, or nil: the port is gone
// (dpdk.ErrNoDevice), not started, or an AF_XDP port without its XDP program
// (syscall.ENETDOWN), or was never given this queue (dpdk.ErrInvalid), or this process is
// a secondary and the driver cannot be polled there (dpdk.ErrUnsupported; see the package's
// documentation), or the queue's pool has no mbufs to receive into (syscall.ENOBUFS), which
// passes when mbufs are freed. It is for pollers that have been idle for long; it takes a
// lock. In a secondary it does not look at the pool.
func (q RxQueue) Err() error {
	if q.q == nil {
		return errZero(opRx)
	}
	if err := q.q.err(); err != nil || !primary() {
		return err
	}
	return q.q.port.do(q.q.op(), q.q.starved)
}

// Port is the queue's port; nil for the zero value.
func (q TxQueue) Port() *Port {
	if q.q == nil {
		return nil
	}
	return q.q.port
}

// ID is the queue's number; -1 for the zero value.
func (q TxQueue) ID() int {
	if q.q == nil {
		return -1
	}
	return int(q.q.id)
}

// Err says why Burst sends nothing although it could, or nil: as RxQueue.Err
// does, but for the pool, and dpdk.ErrInvalid, once, if there was a nil among the packets. It takes a
// lock.
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

// Start starts a queue that was stopped by itself, or set up with DeferredStart
// (rte_eth_dev_rx_queue_start). Errors: dpdk.ErrUnsupported with drivers that
// cannot, dpdk.ErrInvalid, dpdk.ErrSecondary.
func (q RxQueue) Start() error { return q.q.power("rte_eth_dev_rx_queue_start", true) }

// Stop stops this queue only (rte_eth_dev_rx_queue_stop), after its burst under
// way. Errors are those of Start.
func (q RxQueue) Stop() error { return q.q.power("rte_eth_dev_rx_queue_stop", false) }

// Start starts a queue that was stopped by itself, or set up with DeferredStart
// (rte_eth_dev_tx_queue_start). Errors: dpdk.ErrUnsupported with drivers that
// cannot, dpdk.ErrInvalid, dpdk.ErrSecondary.
func (q TxQueue) Start() error { return q.q.power("rte_eth_dev_tx_queue_start", true) }

// Stop stops this queue only (rte_eth_dev_tx_queue_stop), after its burst under
// way. Errors are those of Start.
func (q TxQueue) Stop() error { return q.q.power("rte_eth_dev_tx_queue_stop", false) }

// power starts or stops the queue.
func (q *queue) power(op string, on bool) error {
	if q == nil {
		return errZero(op)
	}
	p := q.port
	return p.owned(op, func() error {
		if err := q.idle(); err != nil && !(p.state == started && q.stopped) {
			return err
		}
		if err := shut(q); err != nil {
			q.gate.Open(!q.stopped)
			return err
		}
		err := p.result(op, cgo.EthQueueSwitch(p.id, q.id, q.tx, on))
		if err == nil {
			q.stopped = !on
		}
		q.gate.Open(!q.stopped)
		return err
	})
}

// QueueState is whether a queue runs, in the driver's own words; not all keep it.
type QueueState int

// States of a queue (RTE_ETH_QUEUE_STATE_…).
const (
	QueueStopped QueueState = cgo.EthQueueStopped
	QueueStarted QueueState = cgo.EthQueueStarted
	QueueHairpin QueueState = cgo.EthQueueHairpin
)

// String is the state in a word.
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

// QueueInfo describes a queue that was set up.
type QueueInfo struct {
	Descriptors   int
	State         QueueState
	DeferredStart bool
}

// RxQueueInfo describes a receive queue that was set up.
type RxQueueInfo struct {
	QueueInfo
	Offloads   RxOffload
	Scattered  bool // packets may come in several segments
	BufferSize int  // bytes of each segment; 0 if the driver does not tell
}

// TxQueueInfo describes a transmit queue that was set up.
type TxQueueInfo struct {
	QueueInfo
	Offloads TxOffload
}

// Info describes the queue (rte_eth_rx_queue_info_get). Errors:
// dpdk.ErrUnsupported, and dpdk.ErrInvalid if the queue was not set up.
func (q RxQueue) Info() (RxQueueInfo, error) {
	i, err := q.q.info("rte_eth_rx_queue_info_get")
	return RxQueueInfo{queueInfo(i), RxOffload(i.Offloads), i.Scattered, int(i.BufSize)}, err
}

// Info describes the queue (rte_eth_tx_queue_info_get). Errors:
// dpdk.ErrUnsupported, and dpdk.ErrInvalid if the queue was not set up.
func (q TxQueue) Info() (TxQueueInfo, error) {
	i, err := q.q.info("rte_eth_tx_queue_info_get")
	return TxQueueInfo{queueInfo(i), TxOffload(i.Offloads)}, err
}

func queueInfo(i cgo.EthQueueInfo) QueueInfo {
	return QueueInfo{int(i.Descriptors), QueueState(i.State), i.Deferred}
}

func (q *queue) info(op string) (i cgo.EthQueueInfo, err error) {
	if q == nil {
		return i, errZero(op)
	}
	err = q.port.control(op, func() (errno int) {
		i, errno = cgo.EthQueueInfoGet(q.port.id, q.id, q.tx)
		return errno
	})
	return i, err
}

// BurstMode is how the driver does this queue's bursts, such as "Vector SSE"
// (rte_eth_rx_burst_mode_get). The error is dpdk.ErrUnsupported with drivers that
// do not tell.
func (q RxQueue) BurstMode() (string, error) { return q.q.burstMode("rte_eth_rx_burst_mode_get") }

// BurstMode is how the driver does this queue's bursts (rte_eth_tx_burst_mode_get).
// The error is dpdk.ErrUnsupported with drivers that do not tell.
func (q TxQueue) BurstMode() (string, error) { return q.q.burstMode("rte_eth_tx_burst_mode_get") }

func (q *queue) burstMode(op string) (mode string, err error) {
	if q == nil {
		return "", errZero(op)
	}
	err = q.port.control(op, func() (errno int) {
		mode, errno = cgo.EthBurstMode(q.port.id, q.id, q.tx)
		return errno
	})
	return mode, err
}
