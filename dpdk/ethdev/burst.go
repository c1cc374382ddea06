package ethdev

import (
	"errors"
	"math"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Each burst exists twice: by fastcall, and by cgo for the drivers and builds that
// need it. Both end in the same C.

// table is what C is given of pkts. A driver counts in 16 bits.
func table(pkts []*mbuf.Mbuf) (unsafe.Pointer, int) {
	return unsafe.Pointer(unsafe.SliceData(pkts)), min(len(pkts), math.MaxUint16)
}

// longestShort is how many packets a burst may have to take the short way. Some
// drivers, and pdump, put tables of as many entries on the stack, of which fastcall
// has 64 KiB; and a collection waits for the burst.
const longestShort = 512

// short says whether a burst of n packets may take the short way.
func (q *queue) short(n int) bool {
	return fastcall.Enabled && q.direct && n <= longestShort && fastcall.Allowed()
}

// Burst receives at most len(pkts) packets into pkts, from the first on, and
// returns how many (rte_eth_rx_burst): fewer, or 0, if no more have come. They are
// the caller's, to be freed or passed on. It does not wait.
//
// Some drivers receive in steps of 4 or 8 packets, or at least 4: use bursts of 32.
// At a port that is stopped or gone it returns 0: see Err.
func (q RxQueue) Burst(pkts []*mbuf.Mbuf) int {
	if len(pkts) == 0 || q.q == nil {
		return 0
	}
	if build.Debug {
		defer q.q.user.enter(q.q).leave()
	}
	p, n := table(pkts)
	if !q.q.short(n) {
		n = cgo.EthRx(q.q.gate, p, n)
	} else {
		b := cgo.EthBurst{Queue: q.q.gate, Pkts: p, N: n}
		n = int(fastcall.Call(cgo.EthRxAddress, unsafe.Pointer(&b)))
	}
	if build.Debug {
		received(pkts[:n])
	}
	return n
}

// Burst sends packets, from the first on, and returns how many the port has taken
// (rte_eth_tx_burst): those are the port's, which frees them when they are sent.
// The others are still the caller's: send them again, or free them. It does not
// wait.
//
// A nil among pkts ends the burst before it. At a port that is stopped or gone
// nothing is sent. Err tells of both.
func (q TxQueue) Burst(pkts []*mbuf.Mbuf) int {
	if len(pkts) == 0 || q.q == nil {
		return 0
	}
	if build.Debug {
		defer q.q.user.enter(q.q).leave()
		sendable(pkts)
	}
	p, n := table(pkts)
	if !q.q.short(n) {
		return cgo.EthTx(q.q.gate, p, n)
	}
	b := cgo.EthBurst{Queue: q.q.gate, Pkts: p, N: n}
	return int(fastcall.Call(cgo.EthTxAddress, unsafe.Pointer(&b)))
}

// Exchange is q.Burst(out) and rx.Burst(in) with one call of C. What is not sent
// stays the caller's, so in must not overlap out: see Forward.
func (q TxQueue) Exchange(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf) (sent, received int) {
	return q.exchange(out, rx, in, 0)
}

// Forward is q.Burst(out), a free of what the port did not take, and rx.Burst(in),
// with one call of C: the step of a loop that sends what it received before. in may
// be the slice that out is the start of. Nothing of out is the caller's afterwards.
func (q TxQueue) Forward(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf) (sent, received int) {
	return q.exchange(out, rx, in, 1)
}

func (q TxQueue) exchange(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf, drop int) (sent, n int) {
	if q.q == nil || rx.q == nil || len(in) == 0 || len(out) > math.MaxUint16 {
		return q.separate(out, rx, in, drop)
	}
	if build.Debug {
		defer q.q.user.enter(q.q).leave()
		defer rx.q.user.enter(rx.q).leave()
		sendable(out)
	}
	pOut, nOut := table(out)
	pIn, nIn := table(in)
	if !q.q.short(nOut) || !rx.q.short(nIn) {
		sent, n = cgo.EthSwap(q.q.gate, pOut, nOut, rx.q.gate, pIn, nIn, drop != 0)
	} else {
		// Field by field: the compiler would build a literal elsewhere and copy it in
		// larger words than it was written in, which stalls the CPU.
		var e cgo.EthExchange
		e.Tx, e.Out, e.NOut = q.q.gate, pOut, nOut
		e.Rx, e.In, e.NIn = rx.q.gate, pIn, nIn
		e.Drop = drop
		sent = int(fastcall.Call(cgo.EthExchangeAddress, unsafe.Pointer(&e)))
		n = e.Received
	}
	if build.Debug {
		received(in[:n])
	}
	return sent, n
}

// separate is an exchange in two calls, for what one call does not take.
func (q TxQueue) separate(out []*mbuf.Mbuf, rx RxQueue, in []*mbuf.Mbuf, drop int) (sent, n int) {
	sent = q.Burst(out)
	if drop != 0 {
		mbuf.FreeBulk(out[sent:])
	}
	return sent, rx.Burst(in)
}

// Prepare checks packets before Burst, and changes what the driver must have
// otherwise, such as checksums of the pseudo header (rte_eth_tx_prepare). It
// returns how many are good; the error is about the first that is not:
// dpdk.ErrInvalid for wrong offloads or a nil, dpdk.ErrUnsupported for offloads that
// the port does not have. Without offloads in Config there is no need to call it.
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
		return good, nil // of more than a driver counts
	}
	return good, &dpdk.Error{Op: "rte_eth_tx_prepare", Name: q.q.port.name, Errno: dpdk.Errno(errno)}
}

// Sent asks the driver to free up to max packets that were sent, all for 0, and
// returns how many it freed (rte_eth_tx_done_cleanup); otherwise drivers do so when
// they need descriptors. It is for the queue's goroutine. Errors:
// dpdk.ErrUnsupported, and those of Err.
func (q TxQueue) Sent(max int) (freed int, err error) {
	if q.q == nil {
		return 0, q.Err()
	}
	if max < 0 || max > math.MaxUint32 {
		return 0, q.q.port.invalid("rte_eth_tx_done_cleanup", "max is %d", max)
	}
	return q.q.result("rte_eth_tx_done_cleanup", cgo.EthDoneCleanup(q.q.gate, uint32(max)))
}

// Used is how many descriptors hold packets that were received and not yet taken
// (rte_eth_rx_queue_count). It is for the queue's goroutine. Errors:
// dpdk.ErrUnsupported, and those of Err.
func (q RxQueue) Used() (int, error) {
	return q.q.used("rte_eth_rx_queue_count")
}

// Used is how many descriptors hold packets that are not yet sent
// (rte_eth_tx_queue_count). It is for the queue's goroutine. Errors: a
// *dpdk.UnsupportedError before DPDK 24.11, dpdk.ErrUnsupported, and those of Err.
func (q TxQueue) Used() (int, error) {
	const op = "rte_eth_tx_queue_count"
	n, err := q.q.used(op)
	if errors.Is(err, dpdk.ErrUnsupported) && cgo.BuildVersion() < 24<<24|11<<16 {
		err.(*dpdk.Error).Cause = &dpdk.UnsupportedError{Feature: op, Needs: "24.11", Running: dpdk.Version()}
	}
	return n, err
}

func (q *queue) used(op string) (int, error) {
	if q == nil {
		return 0, errZero(op)
	}
	return q.result(op, cgo.EthQueueCount(q.gate, q.tx))
}

// RxDescriptor is what a descriptor of a receive queue holds.
type RxDescriptor int

// States of a receive descriptor (RTE_ETH_RX_DESC_…).
const (
	RxFree        RxDescriptor = iota // a packet can come
	RxDone                            // a packet has come
	RxUnavailable                     // held by the driver
)

// TxDescriptor is what a descriptor of a transmit queue holds.
type TxDescriptor int

// States of a transmit descriptor (RTE_ETH_TX_DESC_…).
const (
	TxFull        TxDescriptor = iota // a packet that is not yet sent
	TxDone                            // a packet that was sent
	TxUnavailable                     // held by the driver
)

// Descriptor is what the descriptor n after the next one holds
// (rte_eth_rx_descriptor_status). It is for the queue's goroutine. Errors:
// dpdk.ErrUnsupported, dpdk.ErrInvalid for a number that there is not, and those of
// Err.
func (q RxQueue) Descriptor(n int) (RxDescriptor, error) {
	s, err := q.q.descriptor("rte_eth_rx_descriptor_status", n)
	return RxDescriptor(s), err
}

// Descriptor is what the descriptor n after the next one holds
// (rte_eth_tx_descriptor_status); see RxQueue.Descriptor.
func (q TxQueue) Descriptor(n int) (TxDescriptor, error) {
	s, err := q.q.descriptor("rte_eth_tx_descriptor_status", n)
	return TxDescriptor(s), err
}

func (q *queue) descriptor(op string, n int) (int, error) {
	if q == nil {
		return 0, errZero(op)
	}
	if n < 0 || n > math.MaxUint16 {
		return 0, q.port.invalid(op, "there is no descriptor %d", n)
	}
	return q.result(op, cgo.EthDescriptorStatus(q.gate, q.tx, uint16(n)))
}

// result makes an error of a negative errno.
func (q *queue) result(op string, ret int) (int, error) {
	if ret >= 0 {
		return ret, nil
	}
	if err := q.err(); err != nil {
		return 0, err
	}
	return 0, &dpdk.Error{Op: op, Name: q.port.name, Errno: dpdk.Errno(-ret)}
}
