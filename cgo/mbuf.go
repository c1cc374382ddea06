//go:build linux

package cgo

/*
#include "godpdk_mbuf.h"

#cgo noescape godpdk_mbuf_alloc_bulk
#cgo nocallback godpdk_mbuf_alloc_bulk
#cgo noescape godpdk_mbuf_reset_bulk
#cgo nocallback godpdk_mbuf_reset_bulk
#cgo noescape godpdk_mbuf_free_bulk
#cgo nocallback godpdk_mbuf_free_bulk
#cgo noescape rte_pktmbuf_free
#cgo nocallback rte_pktmbuf_free
#cgo noescape rte_pktmbuf_free_seg
#cgo nocallback rte_pktmbuf_free_seg
#cgo noescape rte_mbuf_refcnt_update
#cgo nocallback rte_mbuf_refcnt_update
*/
import "C"

import "unsafe"

// Sizes and limits of rte_mbuf.h, rte_mbuf_core.h and rte_mbuf_dyn.h.
const (
	MbufDefaultBufSize = C.RTE_MBUF_DEFAULT_BUF_SIZE
	MbufHeadroom       = C.RTE_PKTMBUF_HEADROOM
	MbufPrivAlign      = C.RTE_MBUF_PRIV_ALIGN
	MbufPoolPinned     = C.RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF
	MbufMaxSegs        = C.RTE_MBUF_MAX_NB_SEGS
	MbufPortInvalid    = C.RTE_MBUF_PORT_INVALID
	MbufDynNameSize    = C.RTE_MBUF_DYN_NAMESIZE

	// MbufNative is 1 if Go may reset and free simple mbufs.
	MbufNative = C.GODPDK_MBUF_NATIVE

	MbufDeadDataLen = C.GODPDK_MBUF_DEAD_DATA_LEN
	MbufDeadPktLen  = C.GODPDK_MBUF_DEAD_PKT_LEN
)

// Layout of struct rte_mbuf, in bytes.
const (
	MbufBufAddr      = C.GODPDK_MBUF_BUF_ADDR
	MbufDataOff      = C.GODPDK_MBUF_DATA_OFF
	MbufRefcnt       = C.GODPDK_MBUF_REFCNT
	MbufNbSegs       = C.GODPDK_MBUF_NB_SEGS
	MbufPort         = C.GODPDK_MBUF_PORT
	MbufOlFlags      = C.GODPDK_MBUF_OL_FLAGS
	MbufPacketType   = C.GODPDK_MBUF_PACKET_TYPE
	MbufPktLen       = C.GODPDK_MBUF_PKT_LEN
	MbufDataLen      = C.GODPDK_MBUF_DATA_LEN
	MbufVlanTCI      = C.GODPDK_MBUF_VLAN_TCI
	MbufRSS          = C.GODPDK_MBUF_RSS
	MbufFdirHi       = C.GODPDK_MBUF_FDIR_HI
	MbufVlanTCIOuter = C.GODPDK_MBUF_VLAN_TCI_OUTER
	MbufBufLen       = C.GODPDK_MBUF_BUF_LEN
	MbufPool         = C.GODPDK_MBUF_POOL
	MbufNext         = C.GODPDK_MBUF_NEXT
	MbufTxOffloadOff = C.GODPDK_MBUF_TX_OFFLOAD
	MbufShinfo       = C.GODPDK_MBUF_SHINFO
	MbufPrivSizeOff  = C.GODPDK_MBUF_PRIV_SIZE
	MbufTimesync     = C.GODPDK_MBUF_TIMESYNC
	MbufExtRefcnt    = C.GODPDK_MBUF_EXT_REFCNT // in the struct that shinfo points to
	MbufSizeof       = C.GODPDK_MBUF_SIZEOF
)

// Widths and offsets of the fields of tx_offload, in bits.
const (
	MbufL2LenBits      = C.RTE_MBUF_L2_LEN_BITS
	MbufL3LenBits      = C.RTE_MBUF_L3_LEN_BITS
	MbufL4LenBits      = C.RTE_MBUF_L4_LEN_BITS
	MbufTSOSegszBits   = C.RTE_MBUF_TSO_SEGSZ_BITS
	MbufOuterL3LenBits = C.RTE_MBUF_OUTL3_LEN_BITS
	MbufOuterL2LenBits = C.RTE_MBUF_OUTL2_LEN_BITS

	MbufL2LenOfs      = C.RTE_MBUF_L2_LEN_OFS
	MbufL3LenOfs      = C.RTE_MBUF_L3_LEN_OFS
	MbufL4LenOfs      = C.RTE_MBUF_L4_LEN_OFS
	MbufTSOSegszOfs   = C.RTE_MBUF_TSO_SEGSZ_OFS
	MbufOuterL3LenOfs = C.RTE_MBUF_OUTL3_LEN_OFS
	MbufOuterL2LenOfs = C.RTE_MBUF_OUTL2_LEN_OFS
)

// Flags of ol_flags.
const (
	MbufRxVLAN             = C.RTE_MBUF_F_RX_VLAN
	MbufRxRSSHash          = C.RTE_MBUF_F_RX_RSS_HASH
	MbufRxFDIR             = C.RTE_MBUF_F_RX_FDIR
	MbufRxOuterIPCksumBad  = C.RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD
	MbufRxVLANStripped     = C.RTE_MBUF_F_RX_VLAN_STRIPPED
	MbufRxIPCksumMask      = C.RTE_MBUF_F_RX_IP_CKSUM_MASK
	MbufRxIPCksumBad       = C.RTE_MBUF_F_RX_IP_CKSUM_BAD
	MbufRxIPCksumGood      = C.RTE_MBUF_F_RX_IP_CKSUM_GOOD
	MbufRxIPCksumNone      = C.RTE_MBUF_F_RX_IP_CKSUM_NONE
	MbufRxL4CksumMask      = C.RTE_MBUF_F_RX_L4_CKSUM_MASK
	MbufRxL4CksumBad       = C.RTE_MBUF_F_RX_L4_CKSUM_BAD
	MbufRxL4CksumGood      = C.RTE_MBUF_F_RX_L4_CKSUM_GOOD
	MbufRxL4CksumNone      = C.RTE_MBUF_F_RX_L4_CKSUM_NONE
	MbufRxPTP              = C.RTE_MBUF_F_RX_IEEE1588_PTP
	MbufRxPTPTimestamp     = C.RTE_MBUF_F_RX_IEEE1588_TMST
	MbufRxFDIRID           = C.RTE_MBUF_F_RX_FDIR_ID
	MbufRxFDIRFlex         = C.RTE_MBUF_F_RX_FDIR_FLX
	MbufRxQinQStripped     = C.RTE_MBUF_F_RX_QINQ_STRIPPED
	MbufRxLRO              = C.RTE_MBUF_F_RX_LRO
	MbufRxSecOffload       = C.RTE_MBUF_F_RX_SEC_OFFLOAD
	MbufRxSecOffloadFailed = C.RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED
	MbufRxQinQ             = C.RTE_MBUF_F_RX_QINQ
	MbufRxOuterL4CksumMask = C.RTE_MBUF_F_RX_OUTER_L4_CKSUM_MASK
	MbufRxOuterL4CksumBad  = C.RTE_MBUF_F_RX_OUTER_L4_CKSUM_BAD
	MbufRxOuterL4CksumGood = C.RTE_MBUF_F_RX_OUTER_L4_CKSUM_GOOD
	MbufTxOuterUDPCksum    = C.RTE_MBUF_F_TX_OUTER_UDP_CKSUM
	MbufTxUDPSeg           = C.RTE_MBUF_F_TX_UDP_SEG
	MbufTxSecOffload       = C.RTE_MBUF_F_TX_SEC_OFFLOAD
	MbufTxMACsec           = C.RTE_MBUF_F_TX_MACSEC
	MbufTxTunnelMask       = C.RTE_MBUF_F_TX_TUNNEL_MASK
	MbufTxTunnelVXLAN      = C.RTE_MBUF_F_TX_TUNNEL_VXLAN
	MbufTxTunnelGRE        = C.RTE_MBUF_F_TX_TUNNEL_GRE
	MbufTxTunnelIPIP       = C.RTE_MBUF_F_TX_TUNNEL_IPIP
	MbufTxTunnelGeneve     = C.RTE_MBUF_F_TX_TUNNEL_GENEVE
	MbufTxTunnelMPLSinUDP  = C.RTE_MBUF_F_TX_TUNNEL_MPLSINUDP
	MbufTxTunnelVXLANGPE   = C.RTE_MBUF_F_TX_TUNNEL_VXLAN_GPE
	MbufTxTunnelGTP        = C.RTE_MBUF_F_TX_TUNNEL_GTP
	MbufTxTunnelESP        = C.RTE_MBUF_F_TX_TUNNEL_ESP
	MbufTxTunnelIP         = C.RTE_MBUF_F_TX_TUNNEL_IP
	MbufTxTunnelUDP        = C.RTE_MBUF_F_TX_TUNNEL_UDP
	MbufTxQinQ             = C.RTE_MBUF_F_TX_QINQ
	MbufTxTCPSeg           = C.RTE_MBUF_F_TX_TCP_SEG
	MbufTxPTPTimestamp     = C.RTE_MBUF_F_TX_IEEE1588_TMST
	MbufTxL4Mask           = C.RTE_MBUF_F_TX_L4_MASK
	MbufTxTCPCksum         = C.RTE_MBUF_F_TX_TCP_CKSUM
	MbufTxSCTPCksum        = C.RTE_MBUF_F_TX_SCTP_CKSUM
	MbufTxUDPCksum         = C.RTE_MBUF_F_TX_UDP_CKSUM
	MbufTxIPCksum          = C.RTE_MBUF_F_TX_IP_CKSUM
	MbufTxIPv4             = C.RTE_MBUF_F_TX_IPV4
	MbufTxIPv6             = C.RTE_MBUF_F_TX_IPV6
	MbufTxVLAN             = C.RTE_MBUF_F_TX_VLAN
	MbufTxOuterIPCksum     = C.RTE_MBUF_F_TX_OUTER_IP_CKSUM
	MbufTxOuterIPv4        = C.RTE_MBUF_F_TX_OUTER_IPV4
	MbufTxOuterIPv6        = C.RTE_MBUF_F_TX_OUTER_IPV6
	MbufExternal           = C.RTE_MBUF_F_EXTERNAL
	MbufIndirect           = C.RTE_MBUF_F_INDIRECT
)

// Mbuf points to a struct rte_mbuf.
type Mbuf = unsafe.Pointer

// MbufPoolInfo describes a mempool as a pool of mbufs.
type MbufPoolInfo struct {
	IsMbuf             bool // false for other mempools
	Unfinished         bool // IsMbuf is false and will be true when the pool's creator is done
	DataRoom, PrivSize uint32
	Flags              uint32
}

func mbuf(m Mbuf) *C.struct_rte_mbuf { return (*C.struct_rte_mbuf)(m) }

// MbufNamedOps returns the ops for pools of mbufs that an EAL option or the platform selects,
// or "".
//
// Implements: rte_mbuf_user_mempool_ops, rte_mbuf_platform_mempool_ops
func MbufNamedOps() string {
	if ops := C.godpdk_mbuf_named_ops(); ops != nil {
		return C.GoString(ops)
	}
	return ""
}

// MbufPoolCreate creates a pool of mbufs. Ops "" selects the best ones.
//
// Implements: rte_pktmbuf_pool_create_by_ops
func MbufPoolCreate(name string, n, cache uint32, priv, room uint16, socket int, ops string) (unsafe.Pointer, int) {
	create := func(ops *C.char) C.struct_godpdk_ptr {
		return withName(name, func(name *C.char) C.struct_godpdk_ptr {
			return C.godpdk_mbuf_pool_create(name, C.uint(n), C.uint(cache), C.uint16_t(priv), C.uint16_t(room), C.int(socket), ops)
		})
	}
	if ops == "" {
		return pointer(create(nil))
	}
	return pointer(withName(ops, create))
}

// MbufPoolDescribe describes a mempool as a pool of mbufs. It returns ENOENT if name no longer
// refers to it.
func MbufPoolDescribe(name string, pool unsafe.Pointer) (MbufPoolInfo, int) {
	var i C.struct_godpdk_mbuf_pool_info
	errno := withName(name, func(n *C.char) C.int { return C.godpdk_mbuf_pool_info(n, (*C.struct_rte_mempool)(pool), &i) })
	return MbufPoolInfo{i.is_mbuf != 0, i.unfinished != 0, uint32(i.data_room), uint32(i.priv_size), uint32(i.flags)}, int(errno)
}

// MbufAllocBulk allocates n mbufs or none, from the caller's own cache unless that is nil, and
// reports which.
//
// Implements: rte_pktmbuf_alloc_bulk
func MbufAllocBulk(pool, cache, table unsafe.Pointer, n uint32) bool {
	return C.godpdk_mbuf_alloc_bulk((*C.struct_rte_mempool)(pool), (*C.struct_rte_mempool_cache)(cache), (*C.uintptr_t)(table), C.uint32_t(n)) != 0
}

// MbufResetBulk makes raw mbufs of pool empty packets.
//
// Implements: rte_pktmbuf_reset
func MbufResetBulk(pool, table unsafe.Pointer, n uint32) {
	C.godpdk_mbuf_reset_bulk((*C.struct_rte_mempool)(pool), (*C.uintptr_t)(table), C.uint32_t(n))
}

// MbufFreeBulk frees packets. It puts mbufs of pool into the caller's own cache unless that is
// nil.
//
// Implements: rte_pktmbuf_free_bulk
func MbufFreeBulk(pool, cache, table unsafe.Pointer, n uint32) {
	C.godpdk_mbuf_free_bulk((*C.struct_rte_mempool)(pool), (*C.struct_rte_mempool_cache)(cache), (*C.uintptr_t)(table), C.uint32_t(n))
}

// MbufFree frees a packet.
//
// Implements: rte_pktmbuf_free
func MbufFree(m Mbuf) { C.rte_pktmbuf_free(mbuf(m)) }

// MbufFreeSeg frees a segment.
//
// Implements: rte_pktmbuf_free_seg
func MbufFreeSeg(m Mbuf) { C.rte_pktmbuf_free_seg(mbuf(m)) }

// MbufFreeDebug frees a segment, marks it if it goes back to its pool, and reports whether it
// does.
//
// Implements: rte_pktmbuf_free_seg
func MbufFreeDebug(m Mbuf, pid uint32) bool {
	return C.godpdk_mbuf_free_debug(mbuf(m), C.uint32_t(pid)) != 0
}

// MbufInit makes m an mbuf of pool as at the creation of the pool.
//
// Implements: rte_pktmbuf_init
func MbufInit(pool unsafe.Pointer, m Mbuf) {
	C.rte_pktmbuf_init((*C.struct_rte_mempool)(pool), nil, unsafe.Pointer(m), 0)
}

// MbufClone returns a clone, or nil if the pool has too few mbufs.
//
// Implements: rte_pktmbuf_clone
func MbufClone(m Mbuf, pool unsafe.Pointer) Mbuf {
	return Mbuf(C.rte_pktmbuf_clone(mbuf(m), (*C.struct_rte_mempool)(pool)))
}

// MbufCopy returns a copy, or nil if the pool has too few mbufs.
//
// Implements: rte_pktmbuf_copy
func MbufCopy(m Mbuf, pool unsafe.Pointer, off, length uint32) Mbuf {
	return Mbuf(C.rte_pktmbuf_copy(mbuf(m), (*C.struct_rte_mempool)(pool), C.uint32_t(off), C.uint32_t(length)))
}

// MbufAttach attaches indirect to the buffer of m.
//
// Implements: rte_pktmbuf_attach
func MbufAttach(indirect, m Mbuf) { C.rte_pktmbuf_attach(mbuf(indirect), mbuf(m)) }

// MbufDetach undoes [MbufAttach].
//
// Implements: rte_pktmbuf_detach
func MbufDetach(m Mbuf) { C.rte_pktmbuf_detach(mbuf(m)) }

// MbufChain appends the segments of tail to head.
//
// Implements: rte_pktmbuf_chain
func MbufChain(head, tail Mbuf) int { return int(C.godpdk_mbuf_chain(mbuf(head), mbuf(tail))) }

// MbufLinearize copies all segments into the first one. It returns false if they do not fit.
//
// Implements: rte_pktmbuf_linearize
func MbufLinearize(m Mbuf) bool { return C.godpdk_mbuf_linearize(mbuf(m)) != 0 }

// MbufRefcntUpdate adds v to the reference count and returns the sum.
//
// Implements: rte_mbuf_refcnt_update
func MbufRefcntUpdate(m Mbuf, v int16) uint16 {
	return uint16(C.rte_mbuf_refcnt_update(mbuf(m), C.int16_t(v)))
}

// MbufCheck returns the first error in an mbuf, or "".
//
// Implements: rte_mbuf_check
func MbufCheck(m Mbuf, head bool) string {
	reason := C.godpdk_mbuf_check(mbuf(m), cbool(head))
	if reason == nil {
		return ""
	}
	return C.GoString(reason)
}

// MbufValidateTx checks the transmit offloads of m.
//
// Implements: rte_validate_tx_offload
func MbufValidateTx(m Mbuf) int { return int(C.godpdk_mbuf_validate_tx(mbuf(m))) }

// MbufDump describes m with at most length bytes of its data.
//
// Implements: rte_pktmbuf_dump
func MbufDump(m Mbuf, length uint32) (string, int) {
	return text(C.godpdk_mbuf_dump(mbuf(m), C.uint(length)))
}

// MbufPrivSize returns the private size of m's pool.
//
// Implements: rte_pktmbuf_priv_size
func MbufPrivSize(m Mbuf) uint16 { return uint16(C.godpdk_mbuf_priv_size(mbuf(m))) }

// MbufFlagList returns the names of the flags in mask.
//
// Implements: rte_get_rx_ol_flag_list, rte_get_tx_ol_flag_list
func MbufFlagList(mask uint64, tx bool) string {
	var buf [2048]C.char
	if C.godpdk_mbuf_flag_list(C.uint64_t(mask), cbool(tx), &buf[0], C.size_t(len(buf))) != 0 {
		return ""
	}
	return C.GoString(&buf[0])
}

// MbufDynfieldRegister registers a dynamic field. At 0 means at any offset.
//
// Implements: rte_mbuf_dynfield_register_offset
func MbufDynfieldRegister(name string, size, align uint64, flags uint32, at uint64) (offset, errno int) {
	return valueOrErrno(withName(name, func(n *C.char) C.int {
		return C.godpdk_mbuf_dynfield_register(n, C.size_t(size), C.size_t(align), C.uint(flags), C.size_t(at))
	}))
}

// MbufDynfieldLookup finds a dynamic field.
//
// Implements: rte_mbuf_dynfield_lookup
func MbufDynfieldLookup(name string) (offset int, size, align uint64, errno int) {
	var s, a C.size_t
	offset, errno = valueOrErrno(withName(name, func(n *C.char) C.int {
		return C.godpdk_mbuf_dynfield_lookup(n, &s, &a)
	}))
	return offset, uint64(s), uint64(a), errno
}

// MbufDynflagRegister registers a dynamic flag. Bit 0 means any bit.
//
// Implements: rte_mbuf_dynflag_register_bitnum
func MbufDynflagRegister(name string, flags, bit uint32) (num, errno int) {
	return valueOrErrno(withName(name, func(n *C.char) C.int {
		return C.godpdk_mbuf_dynflag_register(n, C.uint(flags), C.uint(bit))
	}))
}

// MbufDynflagLookup finds a dynamic flag.
//
// Implements: rte_mbuf_dynflag_lookup
func MbufDynflagLookup(name string) (num, errno int) {
	return valueOrErrno(withName(name, func(n *C.char) C.int { return C.godpdk_mbuf_dynflag_lookup(n) }))
}

// MbufDynDump describes all dynamic fields and flags.
//
// Implements: rte_mbuf_dyn_dump
func MbufDynDump() (string, int) { return text(C.godpdk_mbuf_dyn_dump()) }

// MbufTimestamp registers the field and the flag of timestamps.
//
// Implements: rte_mbuf_dyn_rx_timestamp_register, rte_mbuf_dyn_tx_timestamp_register
func MbufTimestamp(tx bool) (offset int, flag uint64, errno int) {
	var o C.int
	var f C.uint64_t
	errno = int(C.godpdk_mbuf_timestamp(cbool(tx), &o, &f))
	return int(o), uint64(f), errno
}

// ExtOpen returns a pipe that becomes readable when there are freed external buffers.
func ExtOpen() (fd, errno int) { return valueOrErrno(C.godpdk_ext_open()) }

// ExtAttach attaches an external buffer to m. With iova 0 it looks the IO address up.
//
// Implements: rte_pktmbuf_attach_extbuf
func ExtAttach(m Mbuf, addr unsafe.Pointer, iova uint64, length uint16, id uint64) int {
	return int(C.godpdk_ext_attach(mbuf(m), addr, C.uint64_t(iova), C.uint16_t(length), C.uint64_t(id)))
}

// ExtFreed returns the ids of the external buffers without references, each once.
func ExtFreed(running bool) (ids []uint64) {
	for e := C.godpdk_ext_take(); e != nil; {
		ids = append(ids, uint64(e.id))
		e = C.godpdk_ext_drop(e, cbool(running))
	}
	return ids
}

// valueOrErrno splits a value or negative errno.
func valueOrErrno(n C.int) (value, errno int) {
	if n < 0 {
		return 0, int(-n)
	}
	return int(n), 0
}
