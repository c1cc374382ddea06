//go:build linux

package cgo

/*
#include "godpdk_ethdev.h"

#cgo noescape godpdk_eth_rx
#cgo nocallback godpdk_eth_rx
#cgo noescape godpdk_eth_tx
#cgo nocallback godpdk_eth_tx
#cgo noescape godpdk_eth_prepare
#cgo nocallback godpdk_eth_prepare
#cgo noescape godpdk_eth_swap
#cgo nocallback godpdk_eth_swap
#cgo noescape godpdk_eth_done_cleanup
#cgo nocallback godpdk_eth_done_cleanup
#cgo noescape godpdk_eth_queue_count
#cgo nocallback godpdk_eth_queue_count
#cgo noescape godpdk_eth_descriptor_status
#cgo nocallback godpdk_eth_descriptor_status
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// EthQueue is the gate of a queue: struct godpdk_eth_queue. It holds no
// pointers, so that C may have one that Go allocated.
type EthQueue C.struct_godpdk_eth_queue

// NewEthQueue makes a closed gate. With count each burst is counted, behind a memory
// barrier.
func NewEthQueue(port, queue uint16, count bool) *EthQueue {
	return &EthQueue{port: C.uint16_t(port), queue: C.uint16_t(queue), count: C.uint32_t(cbool(count))}
}

// Count has bursts counted from now on, so that several may be under way at once. It is
// for a closed gate.
func (q *EthQueue) Count() { atomic.StoreUint32((*uint32)(unsafe.Pointer(&q.count)), 1) }

// Open lets bursts in, or, with false, no more of them.
func (q *EthQueue) Open(open bool) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&q.open)), uint32(cbool(open)))
}

// IsOpen says whether bursts may run.
func (q *EthQueue) IsOpen() bool { return atomic.LoadUint32((*uint32)(unsafe.Pointer(&q.open))) != 0 }

// Busy says whether a burst is under way.
func (q *EthQueue) Busy() bool { return atomic.LoadUint32((*uint32)(unsafe.Pointer(&q.busy))) != 0 }

// TakeNil says where in a transmit burst a nil was, or -1, and forgets it. It is
// for the queue's poller.
func (q *EthQueue) TakeNil() int {
	at := int(q.nil) - 1
	q.nil = 0
	return at
}

// EthBurst is struct godpdk_eth_burst.
type EthBurst struct {
	Queue *EthQueue
	Pkts  unsafe.Pointer // to n pointers to mbufs
	N     int
}

// EthExchange is struct godpdk_eth_exchange.
type EthExchange struct {
	Tx, Rx    *EthQueue
	Out, In   unsafe.Pointer
	NOut, NIn int
	Drop      int
	Received  int
}

// What Go takes for granted of both.
type (
	_ [unsafe.Sizeof(EthBurst{}) - C.sizeof_struct_godpdk_eth_burst]struct{}
	_ [C.sizeof_struct_godpdk_eth_burst - unsafe.Sizeof(EthBurst{})]struct{}
	_ [unsafe.Sizeof(EthExchange{}) - C.sizeof_struct_godpdk_eth_exchange]struct{}
	_ [C.sizeof_struct_godpdk_eth_exchange - unsafe.Sizeof(EthExchange{})]struct{}
)

// C functions int32_t f(void *): a burst that EthBurst or EthExchange describes.
var (
	EthRxAddress       = unsafe.Pointer(C.godpdk_eth_rx_direct)
	EthTxAddress       = unsafe.Pointer(C.godpdk_eth_tx_direct)
	EthExchangeAddress = unsafe.Pointer(C.godpdk_eth_swap_direct)
)

// EthRx is rte_eth_rx_burst behind the queue's gate.
func EthRx(q *EthQueue, pkts unsafe.Pointer, n int) int {
	return int(C.godpdk_eth_rx((*C.struct_godpdk_eth_queue)(q), (*C.uintptr_t)(pkts), C.uint32_t(n)))
}

// EthTx is rte_eth_tx_burst behind the queue's gate, up to the first nil.
func EthTx(q *EthQueue, pkts unsafe.Pointer, n int) int {
	return int(C.godpdk_eth_tx((*C.struct_godpdk_eth_queue)(q), (*C.uintptr_t)(pkts), C.uint32_t(n)))
}

// EthPrepare is rte_eth_tx_prepare behind the queue's gate, up to the first nil.
func EthPrepare(q *EthQueue, pkts unsafe.Pointer, n int) (good, errno int) {
	var e C.int
	good = int(C.godpdk_eth_prepare((*C.struct_godpdk_eth_queue)(q), (*C.uintptr_t)(pkts), C.uint32_t(n), &e))
	return good, int(e)
}

// EthSwap is EthTx, a free of what was refused if drop, and EthRx.
func EthSwap(tx *EthQueue, out unsafe.Pointer, nOut int, rx *EthQueue, in unsafe.Pointer, nIn int, drop bool) (sent, received int) {
	var got C.uint32_t
	sent = int(C.godpdk_eth_swap((*C.struct_godpdk_eth_queue)(tx), (*C.uintptr_t)(out), C.uint32_t(nOut),
		(*C.struct_godpdk_eth_queue)(rx), (*C.uintptr_t)(in), C.uint32_t(nIn), cbool(drop), &got))
	return sent, int(got)
}

// EthDoneCleanup is rte_eth_tx_done_cleanup: a count or a negative errno.
func EthDoneCleanup(q *EthQueue, n uint32) int {
	return int(C.godpdk_eth_done_cleanup((*C.struct_godpdk_eth_queue)(q), C.uint32_t(n)))
}

// EthQueueCount is rte_eth_rx_queue_count or rte_eth_tx_queue_count: a count or a
// negative errno.
func EthQueueCount(q *EthQueue, tx bool) int {
	return int(C.godpdk_eth_queue_count((*C.struct_godpdk_eth_queue)(q), cbool(tx)))
}

// EthDescriptorStatus is rte_eth_rx_descriptor_status or its tx twin: a status or
// a negative errno.
func EthDescriptorStatus(q *EthQueue, tx bool, offset uint16) int {
	return int(C.godpdk_eth_descriptor_status((*C.struct_godpdk_eth_queue)(q), cbool(tx), C.uint16_t(offset)))
}
