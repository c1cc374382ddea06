//go:build linux

package cgo

/*
#include "godpdk_ethdev.h"

#cgo noescape godpdk_eth_name
#cgo nocallback godpdk_eth_name
*/
import "C"

import (
	"bytes"
	"unsafe"
)

// Limits of the build, and values of rte_ethdev.h.
const (
	EthMaxPorts  = C.RTE_MAX_ETHPORTS
	EthMaxQueues = C.RTE_MAX_QUEUES_PER_PORT
	EthNameSize  = C.RTE_ETH_NAME_MAX_LEN
	EthMinMTU    = C.RTE_ETHER_MIN_MTU

	EthDevIntrLSC     = C.RTE_ETH_DEV_INTR_LSC
	EthDevIntrRMV     = C.RTE_ETH_DEV_INTR_RMV
	EthDevRepresentor = C.RTE_ETH_DEV_REPRESENTOR
	EthDevBonded      = C.GODPDK_ETH_DEV_BONDED

	EthQueueStopped = C.RTE_ETH_QUEUE_STATE_STOPPED
	EthQueueStarted = C.RTE_ETH_QUEUE_STATE_STARTED
	EthQueueHairpin = C.RTE_ETH_QUEUE_STATE_HAIRPIN
)

// EthFindNext returns the first port from id on, whatever its owner, or a negative number.
//
// Implements: rte_eth_find_next
func EthFindNext(id int) int { return int(C.godpdk_eth_find_next(C.uint16_t(id))) }

// EthName returns the name of a port.
//
// Implements: rte_eth_dev_get_name_by_port
func EthName(port uint16) (string, int) {
	var name [EthNameSize]C.char
	errno := C.godpdk_eth_name(C.uint16_t(port), &name[0])
	return C.GoString(&name[0]), int(errno)
}

// EthIsNamed reports whether port exists and has that name. It does not allocate.
//
// Implements: rte_eth_dev_get_name_by_port
func EthIsNamed(port uint16, name string) bool {
	var buf [EthNameSize]byte
	errno := C.godpdk_eth_name(C.uint16_t(port), (*C.char)(unsafe.Pointer(&buf[0])))
	return errno == 0 && string(buf[:bytes.IndexByte(buf[:], 0)]) == name
}

// EthSocket returns the NUMA socket of a port.
//
// Implements: rte_eth_dev_socket_id
func EthSocket(port uint16) int { return int(C.rte_eth_dev_socket_id(C.uint16_t(port))) }

// EthDescLimits is struct rte_eth_desc_lim.
type EthDescLimits struct{ Max, Min, Align, SegMax, MTUSegMax uint16 }

// EthInfo is struct rte_eth_dev_info.
type EthInfo struct {
	Driver, Device                       string
	IfIndex                              uint32
	Flags                                uint32
	MinMTU, MaxMTU                       uint16
	MinRxBuf, MaxRxPkt, MaxLRO           uint32
	MaxRxQueues, MaxTxQueues             uint16
	RxQueues, TxQueues                   uint16
	MaxMACs                              uint32
	RxOffloads, TxOffloads               uint64
	RxQueueOffloads, TxQueueOffloads     uint64
	RETASize                             uint16
	HashKeySize                          uint8
	RSSTypes                             uint64
	RxDesc, TxDesc                       EthDescLimits
	Speeds                               uint32
	RxBurst, TxBurst                     uint16
	RxRing, TxRing                       uint16
	RxQueuesPreferred, TxQueuesPreferred uint16
	Capabilities                         uint64
}

func ethDescLimits(l *C.struct_rte_eth_desc_lim) EthDescLimits {
	return EthDescLimits{uint16(l.nb_max), uint16(l.nb_min), uint16(l.nb_align), uint16(l.nb_seg_max), uint16(l.nb_mtu_seg_max)}
}

// EthDevInfo returns the properties of a port. The report of a fault in a fast call names the
// driver of a port that it was called for.
//
// Implements: rte_eth_dev_info_get
func EthDevInfo(port uint16) (EthInfo, int) {
	var i C.struct_rte_eth_dev_info
	if e := C.rte_eth_dev_info_get(C.uint16_t(port), &i); e != 0 {
		return EthInfo{}, int(-e)
	}
	C.godpdk_eth_note_driver(C.uint16_t(port), i.driver_name)
	return EthInfo{
		Driver: C.GoString(i.driver_name), Device: C.GoString(C.godpdk_eth_device(&i)),
		IfIndex: uint32(i.if_index), Flags: uint32(C.godpdk_eth_dev_flags(&i)),
		MinMTU: uint16(i.min_mtu), MaxMTU: uint16(i.max_mtu),
		MinRxBuf: uint32(i.min_rx_bufsize), MaxRxPkt: uint32(i.max_rx_pktlen), MaxLRO: uint32(i.max_lro_pkt_size),
		MaxRxQueues: uint16(i.max_rx_queues), MaxTxQueues: uint16(i.max_tx_queues),
		RxQueues: uint16(i.nb_rx_queues), TxQueues: uint16(i.nb_tx_queues),
		MaxMACs:    uint32(i.max_mac_addrs),
		RxOffloads: uint64(i.rx_offload_capa), TxOffloads: uint64(i.tx_offload_capa),
		RxQueueOffloads: uint64(i.rx_queue_offload_capa), TxQueueOffloads: uint64(i.tx_queue_offload_capa),
		RETASize: uint16(i.reta_size), HashKeySize: uint8(i.hash_key_size), RSSTypes: uint64(i.flow_type_rss_offloads),
		RxDesc: ethDescLimits(&i.rx_desc_lim), TxDesc: ethDescLimits(&i.tx_desc_lim),
		Speeds:  uint32(i.speed_capa),
		RxBurst: uint16(i.default_rxportconf.burst_size), TxBurst: uint16(i.default_txportconf.burst_size),
		RxRing: uint16(i.default_rxportconf.ring_size), TxRing: uint16(i.default_txportconf.ring_size),
		RxQueuesPreferred: uint16(i.default_rxportconf.nb_queues), TxQueuesPreferred: uint16(i.default_txportconf.nb_queues),
		Capabilities: uint64(i.dev_capa),
	}, 0
}

// EthConf has the supported fields of struct rte_eth_conf.
type EthConf struct {
	RxQueues, TxQueues                uint16
	LinkSpeeds, Loopback, MTU, MaxLRO uint32
	RxOffloads, TxOffloads, RSSTypes  uint64
	RSSKey                            []byte
	LSC, RxInterrupts, RMV            bool
}

// EthConfigure configures a port.
//
// Implements: rte_eth_dev_configure
func EthConfigure(port uint16, c EthConf) int {
	conf := C.struct_godpdk_eth_conf{
		rx_queues: C.uint16_t(c.RxQueues), tx_queues: C.uint16_t(c.TxQueues),
		link_speeds: C.uint32_t(c.LinkSpeeds), loopback: C.uint32_t(c.Loopback), mtu: C.uint32_t(c.MTU), max_lro: C.uint32_t(c.MaxLRO),
		rx_offloads: C.uint64_t(c.RxOffloads), tx_offloads: C.uint64_t(c.TxOffloads),
		rss_types: C.uint64_t(c.RSSTypes), rss_key_len: C.uint8_t(len(c.RSSKey)),
		lsc: C.uint8_t(cbool(c.LSC)), rxq: C.uint8_t(cbool(c.RxInterrupts)), rmv: C.uint8_t(cbool(c.RMV)),
	}
	return int(C.godpdk_eth_configure(C.uint16_t(port), &conf, (*C.uint8_t)(unsafe.SliceData(c.RSSKey))))
}

// EthQueueConf has the supported fields of struct rte_eth_rxconf and rte_eth_txconf. A
// negative number selects the driver's default.
type EthQueueConf struct {
	Descriptors                                                         uint16
	Socket                                                              int
	Prefetch, Host, WriteBack, FreeThreshold, ReportThreshold, DropFull int
	Deferred                                                            bool
	Offloads                                                            uint64
}

func (c *EthQueueConf) c() C.struct_godpdk_eth_queue_conf {
	return C.struct_godpdk_eth_queue_conf{
		descriptors: C.uint16_t(c.Descriptors), socket: C.int(c.Socket),
		pthresh: C.int32_t(c.Prefetch), hthresh: C.int32_t(c.Host), wthresh: C.int32_t(c.WriteBack),
		free_thresh: C.int32_t(c.FreeThreshold), rs_thresh: C.int32_t(c.ReportThreshold),
		drop: C.int8_t(c.DropFull), deferred: C.uint8_t(cbool(c.Deferred)), offloads: C.uint64_t(c.Offloads),
	}
}

// EthRxSetup sets a receive queue up.
//
// Implements: rte_eth_rx_queue_setup
func EthRxSetup(port, queue uint16, c EthQueueConf, pool unsafe.Pointer) int {
	conf := c.c()
	return int(C.godpdk_eth_rx_setup(C.uint16_t(port), C.uint16_t(queue), &conf, (*C.struct_rte_mempool)(pool)))
}

// EthTxSetup sets a transmit queue up.
//
// Implements: rte_eth_tx_queue_setup
func EthTxSetup(port, queue uint16, c EthQueueConf) int {
	conf := c.c()
	return int(C.godpdk_eth_tx_setup(C.uint16_t(port), C.uint16_t(queue), &conf))
}

// EthStart starts a port.
//
// Implements: rte_eth_dev_start
func EthStart(port uint16) int { return int(-C.rte_eth_dev_start(C.uint16_t(port))) }

// EthStop stops a port.
//
// Implements: rte_eth_dev_stop
func EthStop(port uint16) int { return int(-C.rte_eth_dev_stop(C.uint16_t(port))) }

// EthClose closes a port.
//
// Implements: rte_eth_dev_close
func EthClose(port uint16) int { return int(-C.rte_eth_dev_close(C.uint16_t(port))) }

// EthReset resets a port.
//
// Implements: rte_eth_dev_reset
func EthReset(port uint16) int { return int(-C.rte_eth_dev_reset(C.uint16_t(port))) }

// EthIsRemoved reports whether the device of a port was removed.
//
// Implements: rte_eth_dev_is_removed
func EthIsRemoved(port uint16) bool { return C.rte_eth_dev_is_removed(C.uint16_t(port)) != 0 }

// EthQueueReady checks that a queue can be polled in this process. It returns ENODEV if the
// process attached before the port was configured, and ENOTSUP if the driver has no burst
// function.
func EthQueueReady(port, queue uint16, tx bool) (errno int) {
	return int(C.godpdk_eth_queue_ready(C.uint16_t(port), C.uint16_t(queue), cbool(tx)))
}

// EthQueueInfo has fields of struct rte_eth_rxq_info and rte_eth_txq_info.
type EthQueueInfo struct {
	Pool                 unsafe.Pointer
	Descriptors, BufSize uint32
	Offloads             uint64
	State                uint8
	Scattered, Deferred  bool
}

// EthQueueInfoGet returns the properties of a queue.
//
// Implements: rte_eth_rx_queue_info_get, rte_eth_tx_queue_info_get
func EthQueueInfoGet(port, queue uint16, tx bool) (EthQueueInfo, int) {
	var i C.struct_godpdk_eth_queue_info
	errno := C.godpdk_eth_queue_info(C.uint16_t(port), C.uint16_t(queue), cbool(tx), &i)
	return queueInfo(&i), int(errno)
}

// EthQueueLook does what [EthQueueInfoGet] does, without an error in DPDK's log if the queue is
// not set up.
// Only one goroutine at a time may call it.
//
// Implements: rte_eth_rx_queue_info_get, rte_eth_tx_queue_info_get
func EthQueueLook(port, queue uint16, tx bool) (EthQueueInfo, int) {
	var i C.struct_godpdk_eth_queue_info
	errno := C.godpdk_eth_queue_look(C.uint16_t(port), C.uint16_t(queue), cbool(tx), &i)
	return queueInfo(&i), int(errno)
}

func queueInfo(i *C.struct_godpdk_eth_queue_info) EthQueueInfo {
	return EthQueueInfo{unsafe.Pointer(i.pool), uint32(i.descriptors), uint32(i.buf_size), uint64(i.offloads),
		uint8(i.state), i.scattered != 0, i.deferred != 0}
}

// EthBurstMode returns the name of a queue's burst function.
//
// Implements: rte_eth_rx_burst_mode_get, rte_eth_tx_burst_mode_get
func EthBurstMode(port, queue uint16, tx bool) (string, int) {
	var m C.struct_rte_eth_burst_mode
	errno := C.godpdk_eth_burst_mode(C.uint16_t(port), C.uint16_t(queue), cbool(tx), &m)
	return C.GoString(&m.info[0]), int(errno)
}

// EthQueueSwitch starts or stops a queue.
//
// Implements: rte_eth_dev_rx_queue_start, rte_eth_dev_rx_queue_stop, rte_eth_dev_tx_queue_start, rte_eth_dev_tx_queue_stop
func EthQueueSwitch(port, queue uint16, tx, on bool) int {
	return int(C.godpdk_eth_queue_switch(C.uint16_t(port), C.uint16_t(queue), cbool(tx), cbool(on)))
}

// EthRxOffloadName returns the name of one bit, or "UNKNOWN".
//
// Implements: rte_eth_dev_rx_offload_name
func EthRxOffloadName(bit uint64) string {
	return C.GoString(C.rte_eth_dev_rx_offload_name(C.uint64_t(bit)))
}

// EthTxOffloadName returns the name of one bit, or "UNKNOWN".
//
// Implements: rte_eth_dev_tx_offload_name
func EthTxOffloadName(bit uint64) string {
	return C.GoString(C.rte_eth_dev_tx_offload_name(C.uint64_t(bit)))
}
