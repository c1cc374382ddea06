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

// EthQueue is the gate of a queue, struct godpdk_eth_queue. It has no pointers, so that Go can
// allocate it and C can use it.
type EthQueue C.struct_godpdk_eth_queue

// NewEthQueue returns a closed gate. With count it counts each burst, with a memory barrier.
func NewEthQueue(port, queue uint16, count bool) *EthQueue {
	return &EthQueue{port: C.uint16_t(port), queue: C.uint16_t(queue), count: C.uint32_t(cbool(count))}
}

// Count makes the gate count bursts from now on, so that several can run at once. The gate
// must be closed.
func (q *EthQueue) Count() { atomic.StoreUint32((*uint32)(unsafe.Pointer(&q.count)), 1) }

// Open opens or closes the gate.
func (q *EthQueue) Open(open bool) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&q.open)), uint32(cbool(open)))
}

// IsOpen reports whether bursts may run.
func (q *EthQueue) IsOpen() bool { return atomic.LoadUint32((*uint32)(unsafe.Pointer(&q.open))) != 0 }

// Busy reports whether a burst is running.
func (q *EthQueue) Busy() bool { return atomic.LoadUint32((*uint32)(unsafe.Pointer(&q.busy))) != 0 }

// TakeNil returns and clears the index of a nil in a transmit burst, or -1. Only the queue's
// poller may call it.
func (q *EthQueue) TakeNil() int {
	at := int(q.nil) - 1
	q.nil = 0
	return at
}

// EthByCgo is the result of the functions below if a queue has callbacks. See godpdk_ethdev.h.
const EthByCgo = C.GODPDK_ETH_BY_CGO

// C functions of fastcall.Burst and fastcall.Exchange.
var (
	EthRxAddress       = unsafe.Pointer(C.godpdk_eth_rx_direct)
	EthTxAddress       = unsafe.Pointer(C.godpdk_eth_tx_direct)
	EthExchangeAddress = unsafe.Pointer(C.godpdk_eth_swap_direct)
)

// EthRx receives a burst if the gate is open.
//
// Implements: rte_eth_rx_burst
func EthRx(q *EthQueue, pkts unsafe.Pointer, n int) int {
	return int(C.godpdk_eth_rx((*C.struct_godpdk_eth_queue)(q), (*C.uintptr_t)(pkts), C.uint32_t(n)))
}

// EthTx transmits the packets before the first nil if the gate is open.
//
// Implements: rte_eth_tx_burst
func EthTx(q *EthQueue, pkts unsafe.Pointer, n int) int {
	return int(C.godpdk_eth_tx((*C.struct_godpdk_eth_queue)(q), (*C.uintptr_t)(pkts), C.uint32_t(n)))
}

// EthPrepare prepares the packets before the first nil if the gate is open.
//
// Implements: rte_eth_tx_prepare
func EthPrepare(q *EthQueue, pkts unsafe.Pointer, n int) (good, errno int) {
	var e C.int
	good = int(C.godpdk_eth_prepare((*C.struct_godpdk_eth_queue)(q), (*C.uintptr_t)(pkts), C.uint32_t(n), &e))
	return good, int(e)
}

// EthSwap calls [EthTx], frees the refused packets if drop is set, and calls [EthRx].
//
// Implements: rte_eth_tx_burst, rte_pktmbuf_free_bulk, rte_eth_rx_burst
func EthSwap(tx *EthQueue, out unsafe.Pointer, nOut int, rx *EthQueue, in unsafe.Pointer, nIn int, drop bool) (sent, received int) {
	var got C.uint32_t
	sent = int(C.godpdk_eth_swap((*C.struct_godpdk_eth_queue)(tx), (*C.uintptr_t)(out), C.uint32_t(nOut),
		(*C.struct_godpdk_eth_queue)(rx), (*C.uintptr_t)(in), C.uint32_t(nIn), cbool(drop), &got))
	return sent, int(got)
}

// EthDoneCleanup frees transmitted mbufs. It returns a count or a negative errno.
//
// Implements: rte_eth_tx_done_cleanup
func EthDoneCleanup(q *EthQueue, n uint32) int {
	return int(C.godpdk_eth_done_cleanup((*C.struct_godpdk_eth_queue)(q), C.uint32_t(n)))
}

// EthQueueCount returns a number of used descriptors or a negative errno.
//
// Implements: rte_eth_rx_queue_count, rte_eth_tx_queue_count
func EthQueueCount(q *EthQueue, tx bool) int {
	return int(C.godpdk_eth_queue_count((*C.struct_godpdk_eth_queue)(q), cbool(tx)))
}

// EthDescriptorStatus returns a status or a negative errno.
//
// Implements: rte_eth_rx_descriptor_status, rte_eth_tx_descriptor_status
func EthDescriptorStatus(q *EthQueue, tx bool, offset uint16) int {
	return int(C.godpdk_eth_descriptor_status((*C.struct_godpdk_eth_queue)(q), cbool(tx), C.uint16_t(offset)))
}
