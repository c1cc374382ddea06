package mbuf

import (
	"fmt"
	"strings"
	"sync"

	"github.com/godpdk/godpdk/cgo"
)

// OffloadFlags is a set of flags of an mbuf: results of the port that received the packet
// (Rx…), requests to the port that sends it (Tx…), the owner of the buffer, and flags made by
// [RegisterFlag]. Checksums, tunnels and L4 types are fields of several bits. Compare them
// under their mask:
//
//	m.Flags()&mbuf.RxIPChecksumMask == mbuf.RxIPChecksumGood
type OffloadFlags uint64

// Results of the port that received the packet.
const (
	RxVLAN         OffloadFlags = cgo.MbufRxVLAN         // VLAN is set
	RxVLANStripped OffloadFlags = cgo.MbufRxVLANStripped // and the tag is not in the data
	RxQinQ         OffloadFlags = cgo.MbufRxQinQ         // OuterVLAN is set
	RxQinQStripped OffloadFlags = cgo.MbufRxQinQStripped // and both tags are not in the data
	RxRSSHash      OffloadFlags = cgo.MbufRxRSSHash      // RSSHash is set
	RxFDIR         OffloadFlags = cgo.MbufRxFDIR         // a flow rule matched
	RxFDIRID       OffloadFlags = cgo.MbufRxFDIRID
	RxFDIRFlex     OffloadFlags = cgo.MbufRxFDIRFlex

	RxIPChecksumMask OffloadFlags = cgo.MbufRxIPCksumMask // 0 under the mask: unknown
	RxIPChecksumBad  OffloadFlags = cgo.MbufRxIPCksumBad
	RxIPChecksumGood OffloadFlags = cgo.MbufRxIPCksumGood
	RxIPChecksumNone OffloadFlags = cgo.MbufRxIPCksumNone // wrong, but the packet is intact
	RxL4ChecksumMask OffloadFlags = cgo.MbufRxL4CksumMask
	RxL4ChecksumBad  OffloadFlags = cgo.MbufRxL4CksumBad
	RxL4ChecksumGood OffloadFlags = cgo.MbufRxL4CksumGood
	RxL4ChecksumNone OffloadFlags = cgo.MbufRxL4CksumNone

	RxOuterIPChecksumBad  OffloadFlags = cgo.MbufRxOuterIPCksumBad
	RxOuterL4ChecksumMask OffloadFlags = cgo.MbufRxOuterL4CksumMask
	RxOuterL4ChecksumBad  OffloadFlags = cgo.MbufRxOuterL4CksumBad
	RxOuterL4ChecksumGood OffloadFlags = cgo.MbufRxOuterL4CksumGood

	RxPTP            OffloadFlags = cgo.MbufRxPTP
	RxPTPTimestamp   OffloadFlags = cgo.MbufRxPTPTimestamp
	RxLRO            OffloadFlags = cgo.MbufRxLRO // several packets in one
	RxSecurity       OffloadFlags = cgo.MbufRxSecOffload
	RxSecurityFailed OffloadFlags = cgo.MbufRxSecOffloadFailed
)

// Requests to the port that sends the packet.
const (
	TxVLAN OffloadFlags = cgo.MbufTxVLAN // insert VLAN
	TxQinQ OffloadFlags = cgo.MbufTxQinQ // insert VLAN and OuterVLAN

	TxIPv4         OffloadFlags = cgo.MbufTxIPv4 // the type of the packet, for the requests below
	TxIPv6         OffloadFlags = cgo.MbufTxIPv6
	TxIPChecksum   OffloadFlags = cgo.MbufTxIPCksum
	TxL4Mask       OffloadFlags = cgo.MbufTxL4Mask // 0 under the mask: no checksum
	TxTCPChecksum  OffloadFlags = cgo.MbufTxTCPCksum
	TxSCTPChecksum OffloadFlags = cgo.MbufTxSCTPCksum
	TxUDPChecksum  OffloadFlags = cgo.MbufTxUDPCksum
	TxTCPSegment   OffloadFlags = cgo.MbufTxTCPSeg
	TxUDPSegment   OffloadFlags = cgo.MbufTxUDPSeg

	TxOuterIPv4        OffloadFlags = cgo.MbufTxOuterIPv4
	TxOuterIPv6        OffloadFlags = cgo.MbufTxOuterIPv6
	TxOuterIPChecksum  OffloadFlags = cgo.MbufTxOuterIPCksum
	TxOuterUDPChecksum OffloadFlags = cgo.MbufTxOuterUDPCksum

	TxTunnelMask      OffloadFlags = cgo.MbufTxTunnelMask
	TxTunnelVXLAN     OffloadFlags = cgo.MbufTxTunnelVXLAN
	TxTunnelGRE       OffloadFlags = cgo.MbufTxTunnelGRE
	TxTunnelIPIP      OffloadFlags = cgo.MbufTxTunnelIPIP
	TxTunnelGeneve    OffloadFlags = cgo.MbufTxTunnelGeneve
	TxTunnelMPLSinUDP OffloadFlags = cgo.MbufTxTunnelMPLSinUDP
	TxTunnelVXLANGPE  OffloadFlags = cgo.MbufTxTunnelVXLANGPE
	TxTunnelGTP       OffloadFlags = cgo.MbufTxTunnelGTP
	TxTunnelESP       OffloadFlags = cgo.MbufTxTunnelESP
	TxTunnelIP        OffloadFlags = cgo.MbufTxTunnelIP
	TxTunnelUDP       OffloadFlags = cgo.MbufTxTunnelUDP

	TxPTPTimestamp OffloadFlags = cgo.MbufTxPTPTimestamp
	TxSecurity     OffloadFlags = cgo.MbufTxSecOffload
	TxMACsec       OffloadFlags = cgo.MbufTxMACsec
)

// The owner of the buffer of the mbuf. [Mbuf.Attach], [Mbuf.AttachExternal] and [Mbuf.Detach]
// set and clear these. [Mbuf.SetFlags] does not change them.
const (
	External OffloadFlags = cgo.MbufExternal // memory given to AttachExternal
	Indirect OffloadFlags = cgo.MbufIndirect // another mbuf: this one is a clone

	attached = External | Indirect
)

// Flags returns the flags of the mbuf (ol_flags).
func (m *Mbuf) Flags() OffloadFlags {
	m.alive("Flags")
	return m.olFlags
}

// SetFlags replaces the flags of the mbuf, except [External] and [Indirect].
func (m *Mbuf) SetFlags(f OffloadFlags) {
	m.alive("SetFlags")
	m.olFlags = m.olFlags&attached | f&^attached
}

// String returns the names of the flags in DPDK without their common prefix, such as
// "RX_VLAN|RX_IP_CKSUM_GOOD". Flags without a name, such as those made by [RegisterFlag],
// follow in hexadecimal. The empty set is "0".
//
// Implements: rte_get_rx_ol_flag_list, rte_get_tx_ol_flag_list
func (f OffloadFlags) String() string {
	var names []string
	var known OffloadFlags
	for _, tx := range []bool{false, true} {
		for _, name := range strings.Fields(cgo.MbufFlagList(uint64(f), tx)) {
			// These names mean that no bit of a field is set.
			if !strings.HasSuffix(name, "_UNKNOWN") && !strings.HasSuffix(name, "_L4_NO_CKSUM") {
				names = append(names, strings.TrimPrefix(name, "RTE_MBUF_F_"))
			}
		}
		known |= nameable(tx)
	}
	if f&External != 0 {
		names = append(names, "EXTERNAL")
	}
	if f&Indirect != 0 {
		names = append(names, "INDIRECT")
	}
	if rest := f &^ (known | attached); rest != 0 || len(names) == 0 {
		if rest == 0 {
			rest = f
		}
		names = append(names, hex(rest))
	}
	return strings.Join(names, "|")
}

func hex(f OffloadFlags) string {
	if f == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", uint64(f))
}

// nameable returns the flags of a direction that have a name in DPDK.
func nameable(tx bool) OffloadFlags {
	if tx {
		return txNamed()
	}
	return rxNamed()
}

var rxNamed, txNamed = named(false), named(true)

// named asks DPDK once: a bit has a name if it makes the list longer.
func named(tx bool) func() OffloadFlags {
	return sync.OnceValue(func() (all OffloadFlags) {
		none := cgo.MbufFlagList(0, tx)
		for bit := range 64 {
			if cgo.MbufFlagList(1<<bit, tx) != none {
				all |= 1 << bit
			}
		}
		return all
	})
}
