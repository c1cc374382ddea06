package ethdev

import (
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
)

// RxOffload is a set of operations of a port on packets that it receives
// (RTE_ETH_RX_OFFLOAD_…). The Flags of each mbuf have the results.
type RxOffload uint64

// Offloads of received packets.
const (
	RxVLANStrip         RxOffload = cgo.EthRxVLANStrip
	RxVLANFilter        RxOffload = cgo.EthRxVLANFilter
	RxVLANExtend        RxOffload = cgo.EthRxVLANExtend
	RxQinQStrip         RxOffload = cgo.EthRxQinQStrip
	RxIPv4Checksum      RxOffload = cgo.EthRxIPv4Cksum
	RxUDPChecksum       RxOffload = cgo.EthRxUDPCksum
	RxTCPChecksum       RxOffload = cgo.EthRxTCPCksum
	RxSCTPChecksum      RxOffload = cgo.EthRxSCTPCksum
	RxOuterIPv4Checksum RxOffload = cgo.EthRxOuterIPv4Cksum
	RxOuterUDPChecksum  RxOffload = cgo.EthRxOuterUDPCksum
	RxLRO               RxOffload = cgo.EthRxTCPLRO
	RxScatter           RxOffload = cgo.EthRxScatter // packets of several segments
	RxTimestamp         RxOffload = cgo.EthRxTimestamp
	RxKeepCRC           RxOffload = cgo.EthRxKeepCRC
	RxRSSHash           RxOffload = cgo.EthRxRSSHash // RSSHash of each mbuf
	RxBufferSplit       RxOffload = cgo.EthRxBufferSplit
	RxSecurity          RxOffload = cgo.EthRxSecurity
	RxMACsecStrip       RxOffload = cgo.EthRxMACsecStrip

	RxChecksum = RxIPv4Checksum | RxUDPChecksum | RxTCPChecksum
)

// TxOffload is a set of operations of a port on packets that it sends
// (RTE_ETH_TX_OFFLOAD_…). [Config] enables offloads; the Flags of an mbuf select those for its
// packet.
type TxOffload uint64

// Offloads of sent packets.
const (
	TxVLANInsert        TxOffload = cgo.EthTxVLANInsert
	TxQinQInsert        TxOffload = cgo.EthTxQinQInsert
	TxIPv4Checksum      TxOffload = cgo.EthTxIPv4Cksum
	TxUDPChecksum       TxOffload = cgo.EthTxUDPCksum
	TxTCPChecksum       TxOffload = cgo.EthTxTCPCksum
	TxSCTPChecksum      TxOffload = cgo.EthTxSCTPCksum
	TxOuterIPv4Checksum TxOffload = cgo.EthTxOuterIPv4Cksum
	TxOuterUDPChecksum  TxOffload = cgo.EthTxOuterUDPCksum
	TxTCPSegment        TxOffload = cgo.EthTxTCPTSO
	TxUDPSegment        TxOffload = cgo.EthTxUDPTSO
	TxVXLANSegment      TxOffload = cgo.EthTxVXLANTSO
	TxGRESegment        TxOffload = cgo.EthTxGRETSO
	TxIPIPSegment       TxOffload = cgo.EthTxIPIPTSO
	TxGeneveSegment     TxOffload = cgo.EthTxGeneveTSO
	TxUDPTunnelSegment  TxOffload = cgo.EthTxUDPTunnelTSO
	TxIPTunnelSegment   TxOffload = cgo.EthTxIPTunnelTSO
	TxMultiSegment      TxOffload = cgo.EthTxMultiSegs // packets of several segments
	// TxFastFree lets the driver free packets without checks: all packets must be of one
	// pool and have one reference.
	TxFastFree TxOffload = cgo.EthTxMbufFastFree
	// TxLockFree lets several goroutines send through one queue at once. Each burst then
	// has one or two atomic additions, which count the goroutines. The error of TxQueue.Err
	// for a nil packet and the debug build still need a single goroutine.
	TxLockFree        TxOffload = cgo.EthTxMTLockFree
	TxSendOnTimestamp TxOffload = cgo.EthTxSendOnTimestamp
	TxSecurity        TxOffload = cgo.EthTxSecurity
	TxMACsecInsert    TxOffload = cgo.EthTxMACsecInsert

	TxChecksum = TxIPv4Checksum | TxUDPChecksum | TxTCPChecksum
)

// String returns DPDK's names of the offloads, such as "VLAN_STRIP|UDP_CKSUM"; "0" for the empty
// set.
//
// Implements: rte_eth_dev_rx_offload_name
func (o RxOffload) String() string { return names(uint64(o), cgo.EthRxOffloadName) }

// String returns DPDK's names of the offloads, such as "VLAN_INSERT|UDP_CKSUM"; "0" for the empty
// set.
//
// Implements: rte_eth_dev_tx_offload_name
func (o TxOffload) String() string { return names(uint64(o), cgo.EthTxOffloadName) }

// names joins the names of the bits of set. A bit without a name becomes a number.
func names(set uint64, name func(bit uint64) string) string {
	if set == 0 {
		return "0"
	}
	var all []string
	for ; set != 0; set &= set - 1 {
		bit := set & -set
		n := name(bit)
		if n == "" || n == "UNKNOWN" {
			n = "0x" + strconv.FormatUint(bit, 16)
		}
		all = append(all, n)
	}
	return strings.Join(all, "|")
}
