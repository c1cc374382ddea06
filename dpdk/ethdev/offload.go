package ethdev

import (
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
)

// RxOffload is a set of what a port can do with packets that it receives
// (RTE_ETH_RX_OFFLOAD_…). What it found out is among the Flags of each mbuf.
type RxOffload uint64

// What a port can do with packets that it receives.
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

// TxOffload is a set of what a port can do with packets that it sends
// (RTE_ETH_TX_OFFLOAD_…). What it is to do with one is said by the Flags of its
// mbuf; Config asks for what may be said.
type TxOffload uint64

// What a port can do with packets that it sends.
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
	// TxFastFree lets the driver free packets without a look: all of one pool and
	// with one holder each.
	TxFastFree TxOffload = cgo.EthTxMbufFastFree
	// TxLockFree lets several goroutines send through one queue at once, which then
	// counts them, by an atomic addition or two a burst. The nil that Err tells of, and
	// the debug build, still take one.
	TxLockFree        TxOffload = cgo.EthTxMTLockFree
	TxSendOnTimestamp TxOffload = cgo.EthTxSendOnTimestamp
	TxSecurity        TxOffload = cgo.EthTxSecurity
	TxMACsecInsert    TxOffload = cgo.EthTxMACsecInsert

	TxChecksum = TxIPv4Checksum | TxUDPChecksum | TxTCPChecksum
)

// String is the offloads' names in DPDK, such as "VLAN_STRIP|UDP_CKSUM"
// (rte_eth_dev_rx_offload_name); none are "0".
func (o RxOffload) String() string { return names(uint64(o), cgo.EthRxOffloadName) }

// String is the offloads' names in DPDK, such as "VLAN_INSERT|UDP_CKSUM"
// (rte_eth_dev_tx_offload_name); none are "0".
func (o TxOffload) String() string { return names(uint64(o), cgo.EthTxOffloadName) }

// names joins the names of set's bits; a bit without a name is a number.
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
