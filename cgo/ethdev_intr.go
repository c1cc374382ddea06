//go:build linux

package cgo

/*
#include "godpdk_ethdev_intr.h"
*/
import "C"

// EthInterrupt is the interrupt of a receive queue: struct godpdk_eth_intr.
type EthInterrupt C.struct_godpdk_eth_intr

func (i *EthInterrupt) c() *C.struct_godpdk_eth_intr { return (*C.struct_godpdk_eth_intr)(i) }

// EthInterruptOpen makes an epoll of rte_eth_dev_rx_intr_ctl_q, which is the caller's
// to close, of a queue that is started.
func EthInterruptOpen(port, queue uint16) (i *EthInterrupt, epoll, errno int) {
	i = &EthInterrupt{port: C.uint16_t(port), queue: C.uint16_t(queue)}
	errno = int(C.godpdk_eth_intr_open(i.c()))
	return i, int(i.epfd), errno
}

// Arm is rte_eth_dev_rx_intr_enable or …_disable.
func (i *EthInterrupt) Arm(on bool) int { return int(C.godpdk_eth_intr_arm(i.c(), cbool(on))) }

// Take says whether the interrupt has come, and forgets it.
func (i *EthInterrupt) Take() bool { return C.godpdk_eth_intr_take(i.c()) != 0 }

// Close takes the queue out of the epoll.
func (i *EthInterrupt) Close() { C.godpdk_eth_intr_close(i.c()) }
