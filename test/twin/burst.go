//go:build linux

package twin

/*
#include <rte_ethdev.h>

enum { TWIN_PAINTED = 56 << 10 };

// With count unset it paints the stack below its caller, else it returns how much of that has
// been used since.
static __attribute__((noipa)) size_t
twin_stack(int count)
{
	const uint64_t paint = 0x5afe5afe5afe5afe;
	volatile uint64_t stack[TWIN_PAINTED / 8];
	size_t i = 0;

	if (count)
		while (i < RTE_DIM(stack) && stack[i] == paint)
			i++;
	else
		while (i < RTE_DIM(stack))
			stack[i++] = paint;
	return sizeof(stack) - i * 8;
}

static __attribute__((noipa)) uint16_t
twin_rx(uint16_t port, uint16_t queue, uintptr_t *pkts, uint16_t n)
{
	return rte_eth_rx_burst(port, queue, (struct rte_mbuf **)pkts, n);
}

static __attribute__((noipa)) uint16_t
twin_tx(uint16_t port, uint16_t queue, uintptr_t *pkts, uint16_t n)
{
	return rte_eth_tx_burst(port, queue, (struct rte_mbuf **)pkts, n);
}

static inline uint16_t
twin_burst_stack(uint16_t port, uint16_t queue, int tx, uintptr_t *pkts, uint16_t n, uint64_t *used)
{
	uint16_t moved;

	twin_stack(0);
	moved = (tx ? twin_tx : twin_rx)(port, queue, pkts, n);
	*used = twin_stack(1);
	return moved;
}

static inline int32_t
twin_call_stack(void *fn, uintptr_t arg, uint64_t *used)
{
	int32_t result;

	twin_stack(0);
	result = ((int32_t (*)(void *))fn)((void *)arg);
	*used = twin_stack(1);
	return result;
}

static uint16_t
twin_rx_callback(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t max, void *at)
{
	(void)port, (void)queue, (void)pkts, (void)max;
	*(uintptr_t *)at = (uintptr_t)__builtin_frame_address(0);
	return n;
}

static uint16_t
twin_tx_callback(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, void *at)
{
	return twin_rx_callback(port, queue, pkts, n, n, at);
}

static uintptr_t twin_callback_at;

static inline const void *
twin_callback_add(uint16_t port, uint16_t queue, int tx)
{
	return tx ? rte_eth_add_tx_callback(port, queue, twin_tx_callback, &twin_callback_at)
		  : rte_eth_add_rx_callback(port, queue, twin_rx_callback, &twin_callback_at);
}

static inline int
twin_callback_remove(uint16_t port, uint16_t queue, int tx, void *cb)
{
	return tx ? rte_eth_remove_tx_callback(port, queue, cb) : rte_eth_remove_rx_callback(port, queue, cb);
}

static inline uintptr_t
twin_callback_take(void)
{
	uintptr_t at = twin_callback_at;

	twin_callback_at = 0;
	return at;
}
*/
import "C"

import "unsafe"

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// EthBurstStack does a burst, and also returns how many bytes of stack it used, up to 56 KiB.
func EthBurstStack(port, queue uint16, tx bool, pkts unsafe.Pointer, n int) (moved, stack int) {
	var used C.uint64_t
	moved = int(C.twin_burst_stack(C.uint16_t(port), C.uint16_t(queue), flag(tx), (*C.uintptr_t)(pkts), C.uint16_t(n), &used))
	return moved, int(used)
}

// CallStack calls a C function int32_t f(void *), and also returns how many bytes of stack it used, up to 56 KiB. arg is not on a Go stack.
func CallStack(fn unsafe.Pointer, arg unsafe.Pointer) (result int32, stack int) {
	var used C.uint64_t
	result = int32(C.twin_call_stack(fn, C.uintptr_t(uintptr(arg)), &used))
	return result, int(used)
}

// EthCallbackAdd adds a callback to the bursts of a queue.
func EthCallbackAdd(port, queue uint16, tx bool) unsafe.Pointer {
	return unsafe.Pointer(C.twin_callback_add(C.uint16_t(port), C.uint16_t(queue), flag(tx)))
}

// EthCallbackRemove removes a callback of EthCallbackAdd. DPDK does not free it.
func EthCallbackRemove(port, queue uint16, tx bool, callback unsafe.Pointer) (errno int) {
	return -int(C.twin_callback_remove(C.uint16_t(port), C.uint16_t(queue), flag(tx), callback))
}

// EthCallbackAt returns an address of the stack on which a callback has run since the last call, or 0.
func EthCallbackAt() uintptr { return uintptr(C.twin_callback_take()) }
