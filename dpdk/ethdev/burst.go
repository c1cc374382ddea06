package ethdev

import (
	"math"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Each burst has two ways to the same C function: fastcall, and cgo for the drivers, queues and
// builds that need it. A fast call of a queue with callbacks does nothing and returns cgo.EthByCgo.
// The conditions for fastcall are written out: a function would cost some instructions more.

// table returns pkts for C. Drivers count packets in 16 bits.
func table(pkts []*mbuf.Mbuf) (unsafe.Pointer, int) {
	return unsafe.Pointer(unsafe.SliceData(pkts)), min(len(pkts), math.MaxUint16)
}

// maxFast is the largest number of packets of a burst by fastcall. Some drivers, and
// pdump, have tables of as many entries on the stack, of which fastcall has 64 KiB. A
// garbage collection waits for the burst.
const maxFast = 512

// Burst receives up to len(pkts) packets into the first elements of pkts and returns their
// number. It does not wait: if no more packets have come, it returns fewer, or 0. The caller owns
// the packets and frees them or passes them on.
//
// Some drivers receive multiples of 4 or 8 packets, or at least 4: use bursts of 32. If the port
// is stopped, closed or detached, Burst returns 0: see [RxQueue.Err].
//
// Implements: rte_eth_rx_burst
func (q RxQueue) Burst(pkts []*mbuf.Mbuf) (n int) {
	if build.Debug && q.q != nil {
		defer q.q.user.enter(q.q).leave()
		defer func() { received(pkts[:n]) }()
	}
	if fastcall.Enabled && q.q != nil && uint(len(pkts)-1) < q.q.fast && fastcall.Allowed() {
		n = fastcall.Burst(cgo.EthRxAddress, q.q.gate, unsafe.Pointer(unsafe.SliceData(pkts)), len(pkts))
		if n != cgo.EthByCgo {
			return n
		}
	}
	return q.burst(pkts)
}

// burst is Burst by cgo.
func (q RxQueue) burst(pkts []*mbuf.Mbuf) int {
	if len(pkts) == 0 || q.q == nil {
		return 0
	}
	p, n := table(pkts)
	return cgo.EthRx(q.q.gate, p, n)
}

// Burst sends packets, starting with the first, and returns the number that the port has
// accepted. The port owns those and frees them when they are sent. The caller still owns the
// others: send them again, or free them. Burst does not wait.
//
// A nil packet ends the burst before it. If the port is stopped, closed or detached, Burst sends
// nothing. [TxQueue.Err] returns the reason.
//
// Implements: rte_eth_tx_burst
func (q TxQueue) Burst(pkts []*mbuf.Mbuf) int {
	if build.Debug && q.q != nil {
		defer q.q.user.enter(q.q).leave()
		sendable(pkts)
	}
	if fastcall.Enabled && q.q != nil && uint(len(pkts)-1) < q.q.fast && fastcall.Allowed() {
		n := fastcall.Burst(cgo.EthTxAddress, q.q.gate, unsafe.Pointer(unsafe.SliceData(pkts)), len(pkts))
		if n != cgo.EthByCgo {
			return n
		}
	}
	return q.burst(pkts)
}

// burst is Burst by cgo.
func (q TxQueue) burst(pkts []*mbuf.Mbuf) int {
	if len(pkts) == 0 || q.q == nil {
		return 0
	}
	p, n := table(pkts)
	return cgo.EthTx(q.q.gate, p, n)
}

// Exchange does q.Burst(out) and rx.Burst(in) in one call of C. The caller still owns the
// packets of out that were not sent, so in must not overlap out: see [TxQueue.Forward].
//
// Implements: rte_eth_tx_burst, rte_eth_rx_burst
func (q TxQueue) Exchange(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf) (sent, received int) {
	return q.exchange(out, rx, in, 0)
}

// Forward does q.Burst(out), frees the packets that the port did not accept, and does
// rx.Burst(in), in one call of C. It is the step of a loop that sends the packets that it
// received in the step before. out may be the first elements of the slice in. The caller does not
// own the packets of out afterwards.
//
// Implements: rte_eth_tx_burst, rte_eth_rx_burst, rte_pktmbuf_free_bulk
func (q TxQueue) Forward(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf) (sent, received int) {
	return q.exchange(out, rx, in, 1)
}

func (q TxQueue) exchange(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf, drop int) (sent, n int) {
	if build.Debug {
		if q.q != nil {
			defer q.q.user.enter(q.q).leave()
		}
		if rx.q != nil {
			defer rx.q.user.enter(rx.q).leave()
		}
		sendable(out)
		defer func() { received(in[:n]) }()
	}
	if fastcall.Enabled && q.q != nil && uint(len(out)) <= q.q.fast &&
		rx.q != nil && uint(len(in)-1) < rx.q.fast && fastcall.Allowed() {
		both := fastcall.Exchange(cgo.EthExchangeAddress,
			q.q.gate, unsafe.Pointer(unsafe.SliceData(out)), len(out),
			rx.q.gate, unsafe.Pointer(unsafe.SliceData(in)), len(in), drop)
		sent, n = int(int32(both)), both>>32
		if sent >= 0 && n >= 0 {
			return sent, n
		}
		if sent >= 0 {
			return sent, rx.burst(in)
		}
	}
	return q.swap(out, rx, in, drop)
}

// swap is exchange by cgo: in one call, if the arguments allow that.
func (q TxQueue) swap(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf, drop int) (sent, n int) {
	if q.q == nil || rx.q == nil || len(in) == 0 || len(out) > math.MaxUint16 {
		sent = q.burst(out)
		if drop != 0 {
			mbuf.FreeBulk(out[sent:])
		}
		return sent, rx.burst(in)
	}
	pOut, nOut := table(out)
	pIn, nIn := table(in)
	return cgo.EthSwap(q.q.gate, pOut, nOut, rx.q.gate, pIn, nIn, drop != 0)
}

// Prepare checks packets before a Burst and changes fields that the driver needs in another form,
// such as checksums of the pseudo header. It returns the number of packets before the first bad
// one, and the error of that: dpdk.ErrInvalid for wrong offloads or a nil, dpdk.ErrUnsupported
// for offloads that the port does not have. Ports without offloads in their Config do not need
// it.
//
// Implements: rte_eth_tx_prepare
func (q TxQueue) Prepare(pkts []*mbuf.Mbuf) (int, error) {
	if len(pkts) == 0 {
		return 0, nil
	}
	if q.q == nil {
		return 0, q.Err()
	}
	p, n := table(pkts)
	good, errno := cgo.EthPrepare(q.q.gate, p, n)
	if good == len(pkts) {
		return good, nil
	}
	if err := q.Err(); err != nil {
		return good, err
	}
	if errno == 0 {
		return good, nil // pkts has more packets than a driver counts
	}
	return good, &dpdk.Error{Op: "rte_eth_tx_prepare", Name: q.q.port.name, Errno: dpdk.Errno(errno)}
}

// DoneCleanup makes the driver free up to max packets that were sent, or all of them if max is 0.
// It returns the number of freed packets. Without it, a driver frees sent packets when it needs
// descriptors. Only the queue's goroutine may call it. Errors: dpdk.ErrUnsupported, and those of
// [TxQueue.Err].
//
// Implements: rte_eth_tx_done_cleanup
func (q TxQueue) DoneCleanup(max int) (freed int, err error) {
	if q.q == nil {
		return 0, q.Err()
	}
	if max < 0 || max > math.MaxUint32 {
		return 0, q.q.port.invalid("rte_eth_tx_done_cleanup", "max is %d: use 0 to %d", max, uint32(math.MaxUint32))
	}
	return q.q.valueOrError("rte_eth_tx_done_cleanup", cgo.EthDoneCleanup(q.q.gate, uint32(max)))
}

// Count returns the number of descriptors with received packets that no Burst has returned yet.
// Only the queue's goroutine may call it. Errors: dpdk.ErrUnsupported, and those of
// [RxQueue.Err].
//
// Implements: rte_eth_rx_queue_count
func (q RxQueue) Count() (int, error) {
	return q.q.count("rte_eth_rx_queue_count")
}

// Count returns the number of descriptors with packets that are not sent yet. Only the queue's
// goroutine may call it. Errors: a *dpdk.UnsupportedError before DPDK 24.11,
// dpdk.ErrUnsupported, and those of [TxQueue.Err].
//
// Implements: rte_eth_tx_queue_count
func (q TxQueue) Count() (int, error) {
	const op = "rte_eth_tx_queue_count"
	if q.q != nil && cgo.BuildVersion() < 24<<24|11<<16 {
		if err := q.q.err(); err != nil {
			return 0, err
		}
		return 0, &dpdk.Error{Op: op, Name: q.q.port.name, Errno: dpdk.ErrUnsupported,
			Cause: &dpdk.UnsupportedError{Feature: op, Needs: "24.11", Running: dpdk.Version()}}
	}
	return q.q.count(op)
}

func (q *queue) count(op string) (int, error) {
	if q == nil {
		return 0, errZero(op)
	}
	return q.valueOrError(op, cgo.EthQueueCount(q.gate, q.tx))
}

// RxDescriptorStatus is the status of a receive descriptor (RTE_ETH_RX_DESC_…).
type RxDescriptorStatus int

// Statuses of a receive descriptor.
const (
	RxDescriptorAvailable   RxDescriptorStatus = iota // free: the device can receive into it
	RxDescriptorDone                                  // has a received packet
	RxDescriptorUnavailable                           // in use by the driver or the device
)

// TxDescriptorStatus is the status of a transmit descriptor (RTE_ETH_TX_DESC_…).
type TxDescriptorStatus int

// Statuses of a transmit descriptor.
const (
	TxDescriptorPending     TxDescriptorStatus = iota // has a packet that is not sent yet (RTE_ETH_TX_DESC_FULL)
	TxDescriptorDone                                  // its packet was sent
	TxDescriptorUnavailable                           // in use by the driver or the device
)

// DescriptorStatus returns the status of the descriptor n positions after the next one. Only the
// queue's goroutine may call it. Errors: dpdk.ErrUnsupported, dpdk.ErrInvalid for an n that the
// queue does not have, and those of [RxQueue.Err].
//
// Implements: rte_eth_rx_descriptor_status
func (q RxQueue) DescriptorStatus(n int) (RxDescriptorStatus, error) {
	s, err := q.q.descriptorStatus("rte_eth_rx_descriptor_status", n)
	return RxDescriptorStatus(s), err
}

// DescriptorStatus returns the status of the descriptor n positions after the next one: see
// [RxQueue.DescriptorStatus].
//
// Implements: rte_eth_tx_descriptor_status
func (q TxQueue) DescriptorStatus(n int) (TxDescriptorStatus, error) {
	s, err := q.q.descriptorStatus("rte_eth_tx_descriptor_status", n)
	return TxDescriptorStatus(s), err
}

func (q *queue) descriptorStatus(op string, n int) (int, error) {
	if q == nil {
		return 0, errZero(op)
	}
	if n < 0 || n > math.MaxUint16 {
		return 0, q.port.invalid(op, "descriptor %d does not exist: use 0 to %d", n, math.MaxUint16)
	}
	return q.valueOrError(op, cgo.EthDescriptorStatus(q.gate, q.tx, uint16(n)))
}

// valueOrError returns what a function of the queue returned: a value, or a negative errno.
func (q *queue) valueOrError(op string, ret int) (int, error) {
	if ret >= 0 {
		return ret, nil
	}
	if err := q.err(); err != nil {
		return 0, err
	}
	return 0, q.port.failed(op, -ret)
}
