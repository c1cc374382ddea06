//go:build linux

package cgo

/*
#include "godpdk_ethdev_intr.h"
*/
import "C"

// EthInterrupt is the interrupt of a receive queue, struct godpdk_eth_intr.
type EthInterrupt C.struct_godpdk_eth_intr

func (i *EthInterrupt) c() *C.struct_godpdk_eth_intr { return (*C.struct_godpdk_eth_intr)(i) }

// EthInterruptOpen returns an epoll for the interrupt of a started queue. The caller closes
// the epoll.
//
// Implements: rte_eth_dev_rx_intr_ctl_q, rte_eth_dev_rx_intr_ctl_q_get_fd
func EthInterruptOpen(port, queue uint16) (i *EthInterrupt, epoll, errno int) {
	i = &EthInterrupt{port: C.uint16_t(port), queue: C.uint16_t(queue)}
	errno = int(C.godpdk_eth_intr_open(i.c()))
	return i, int(i.epfd), errno
}

// Arm enables or disables the interrupt.
//
// Implements: rte_eth_dev_rx_intr_enable, rte_eth_dev_rx_intr_disable
func (i *EthInterrupt) Arm(on bool) int { return int(C.godpdk_eth_intr_arm(i.c(), cbool(on))) }

// Take reports and clears a pending interrupt.
//
// Implements: rte_epoll_wait
func (i *EthInterrupt) Take() bool { return C.godpdk_eth_intr_take(i.c()) != 0 }

// Close removes the queue from the epoll.
//
// Implements: rte_eth_dev_rx_intr_ctl_q
func (i *EthInterrupt) Close() { C.godpdk_eth_intr_close(i.c()) }
