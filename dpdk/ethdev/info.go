package ethdev

import (
	"math"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// Info describes a port and its capabilities (struct rte_eth_dev_info).
type Info struct {
	Driver string // such as "net_null"
	Device string // the device's name on its bus
	// IfIndex is the kernel's index of the interface behind the port; 0 is none.
	IfIndex int
	Socket  dpdk.SocketID // of the device; AnySocket if it is unknown

	MinMTU, MaxMTU int // bytes; a frame of MaxMTU fits into MaxRxPacket
	MinRxBuffer    int // smallest mbuf to receive into, in bytes after its headroom
	MaxRxPacket    int // largest frame, in bytes
	MaxLRO         int // largest packet of LRO, in bytes; 0: no LRO

	RxQueues, TxQueues       int // configured now
	MaxRxQueues, MaxTxQueues int
	Rx                       RxLimits
	Tx                       TxLimits
	MaxMACs                  int

	RSS        RSSType // headers that RSS can hash; 0: no RSS
	RSSKeySize int     // bytes
	RETASize   int     // entries of the redirection table

	Speeds        LinkSpeeds
	LinkEvents    bool // the driver supports Config.LinkEvents
	RemovalEvents bool // the driver supports Config.RemovalEvents
	Representor   bool
	// Bonded is true for a member of a bonding port. Only the bonding port configures,
	// starts and stops it, and it cannot be detached.
	Bonded bool
}

// DescriptorLimits are the limits of the number of descriptors of a queue.
type DescriptorLimits struct {
	Min, Max  int
	Multiple  int // the number must be a multiple of it
	Preferred int // by the driver; 0 is unknown
}

// RxLimits are the capabilities of a port's receive queues.
type RxLimits struct {
	Descriptors   DescriptorLimits
	Offloads      RxOffload // of the port: Config.RxOffloads
	QueueOffloads RxOffload // of a single queue: RxQueueConfig.Offloads
	Burst         int       // the driver's recommended burst size; 0 is unknown
}

// TxLimits are the capabilities of a port's transmit queues.
type TxLimits struct {
	Descriptors    DescriptorLimits
	Offloads       TxOffload // of the port: Config.TxOffloads
	QueueOffloads  TxOffload // of a single queue: TxQueueConfig.Offloads
	Burst          int       // the driver's recommended burst size; 0 is unknown
	MaxSegments    int       // of a packet for segmentation offload; 0: no limit
	MaxMTUSegments int       // of any other packet; 0: no limit
}

// Info asks the driver for the port's Info. If the port has become a member of a bonding port,
// Info discards the port's configuration.
//
// Implements: rte_eth_dev_info_get, rte_eth_dev_socket_id
func (p *Port) Info() (Info, error) {
	var i Info
	err := p.do("rte_eth_dev_info_get", func() (err error) {
		i, err = p.info()
		return err
	})
	return i, err
}

// info does the work of Info. The caller holds mu.
func (p *Port) info() (Info, error) {
	i, errno := cgo.EthDevInfo(p.id)
	if errno != 0 {
		return Info{}, p.failed("rte_eth_dev_info_get", errno)
	}
	if i.Flags&cgo.EthDevBonded != 0 && p.state == configured { // the bonding port configures it from now on
		p.cfg, p.state = Config{}, attached
		p.generation++
	}
	socket := dpdk.AnySocket
	if s := cgo.EthSocket(p.id); s >= 0 {
		socket = dpdk.Socket(s)
	}
	return Info{
		Driver: i.Driver, Device: i.Device, IfIndex: int(i.IfIndex), Socket: socket,
		MinMTU: int(i.MinMTU), MaxMTU: maxMTU(int(i.MaxMTU), int(i.MaxRxPkt)), MinRxBuffer: int(i.MinRxBuf), MaxRxPacket: int(i.MaxRxPkt), MaxLRO: int(i.MaxLRO),
		RxQueues: int(i.RxQueues), TxQueues: int(i.TxQueues), MaxRxQueues: int(i.MaxRxQueues), MaxTxQueues: int(i.MaxTxQueues),
		Rx: RxLimits{
			Descriptors: descriptorLimits(i.RxDesc, i.RxRing),
			Offloads:    RxOffload(i.RxOffloads), QueueOffloads: RxOffload(i.RxQueueOffloads), Burst: int(i.RxBurst),
		},
		Tx: TxLimits{
			Descriptors: descriptorLimits(i.TxDesc, i.TxRing),
			Offloads:    TxOffload(i.TxOffloads), QueueOffloads: TxOffload(i.TxQueueOffloads), Burst: int(i.TxBurst),
			MaxSegments: segments(i.TxDesc.SegMax), MaxMTUSegments: segments(i.TxDesc.MTUSegMax),
		},
		MaxMACs: int(i.MaxMACs), RSS: RSSType(i.RSSTypes), RSSKeySize: int(i.HashKeySize), RETASize: int(i.RETASize),
		Speeds: LinkSpeeds(i.Speeds), LinkEvents: i.Flags&cgo.EthDevIntrLSC != 0, RemovalEvents: i.Flags&cgo.EthDevIntrRMV != 0,
		Representor: i.Flags&cgo.EthDevRepresentor != 0, Bonded: i.Flags&cgo.EthDevBonded != 0,
	}, nil
}

// maxMTU returns the largest MTU that rte_eth_dev_configure accepts. Drivers that do not know theirs
// report 65535: then the limit is the largest frame without its Ethernet header and frame check sequence.
func maxMTU(mtu, frame int) int {
	const overhead = 14 + 4
	if mtu == math.MaxUint16 || frame <= mtu {
		return max(0, min(mtu, frame-overhead))
	}
	return mtu
}

// unbonded refuses the call op on a member of a bonding port: only the bonding port configures,
// starts and stops its members. The caller holds mu.
func (p *Port) unbonded(op string) error {
	i, err := p.info()
	if err != nil {
		return err
	}
	if !i.Bonded {
		return nil
	}
	return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrBusy, Detail: "the port is a member of a bonding port: remove it from the bonding port first"}
}

func descriptorLimits(l cgo.EthDescLimits, preferred uint16) DescriptorLimits {
	return DescriptorLimits{Min: int(l.Min), Max: int(l.Max), Multiple: max(1, int(l.Align)), Preferred: int(preferred)}
}

// segments returns a limit of segments. Drivers report 65535 for no limit.
func segments(n uint16) int {
	if n == 1<<16-1 {
		return 0
	}
	return int(n)
}

// LinkSpeeds is a set of link speeds (RTE_ETH_LINK_SPEED_…). The empty set is all speeds, with
// autonegotiation.
type LinkSpeeds uint32

// Speeds of a link. SpeedFixed with one other speed disables autonegotiation.
const (
	SpeedFixed    LinkSpeeds = cgo.EthSpeedFixed
	Speed10MHalf  LinkSpeeds = cgo.EthSpeed10MHD
	Speed10M      LinkSpeeds = cgo.EthSpeed10M
	Speed100MHalf LinkSpeeds = cgo.EthSpeed100MHD
	Speed100M     LinkSpeeds = cgo.EthSpeed100M
	Speed1G       LinkSpeeds = cgo.EthSpeed1G
	Speed2500M    LinkSpeeds = cgo.EthSpeed2_5G
	Speed5G       LinkSpeeds = cgo.EthSpeed5G
	Speed10G      LinkSpeeds = cgo.EthSpeed10G
	Speed20G      LinkSpeeds = cgo.EthSpeed20G
	Speed25G      LinkSpeeds = cgo.EthSpeed25G
	Speed40G      LinkSpeeds = cgo.EthSpeed40G
	Speed50G      LinkSpeeds = cgo.EthSpeed50G
	Speed56G      LinkSpeeds = cgo.EthSpeed56G
	Speed100G     LinkSpeeds = cgo.EthSpeed100G
	Speed200G     LinkSpeeds = cgo.EthSpeed200G
)

var speedNames = map[LinkSpeeds]string{
	SpeedFixed: "fixed", Speed10MHalf: "10M half duplex", Speed10M: "10M", Speed100MHalf: "100M half duplex", Speed100M: "100M",
	Speed1G: "1G", Speed2500M: "2.5G", Speed5G: "5G", Speed10G: "10G", Speed20G: "20G", Speed25G: "25G", Speed40G: "40G",
	Speed50G: "50G", Speed56G: "56G", Speed100G: "100G", Speed200G: "200G",
}

// String returns the speeds in bits per second, such as "1G|10G"; "auto" for the empty set.
func (s LinkSpeeds) String() string {
	if s == 0 {
		return "auto"
	}
	return names(uint64(s), func(bit uint64) string { return speedNames[LinkSpeeds(bit)] })
}

// RSSType is a set of headers, and parts of headers, that RSS hashes (RTE_ETH_RSS_…).
type RSSType uint64

// Headers, and parts of headers, that RSS hashes.
const (
	RSSIPv4          RSSType = cgo.EthRSSIPv4
	RSSIPv4Fragment  RSSType = cgo.EthRSSFragIPv4
	RSSIPv4TCP       RSSType = cgo.EthRSSIPv4TCP
	RSSIPv4UDP       RSSType = cgo.EthRSSIPv4UDP
	RSSIPv4SCTP      RSSType = cgo.EthRSSIPv4SCTP
	RSSIPv4Other     RSSType = cgo.EthRSSIPv4Other
	RSSIPv6          RSSType = cgo.EthRSSIPv6
	RSSIPv6Fragment  RSSType = cgo.EthRSSFragIPv6
	RSSIPv6TCP       RSSType = cgo.EthRSSIPv6TCP
	RSSIPv6UDP       RSSType = cgo.EthRSSIPv6UDP
	RSSIPv6SCTP      RSSType = cgo.EthRSSIPv6SCTP
	RSSIPv6Other     RSSType = cgo.EthRSSIPv6Other
	RSSIPv6Ext       RSSType = cgo.EthRSSIPv6Ex
	RSSIPv6TCPExt    RSSType = cgo.EthRSSIPv6TCPEx
	RSSIPv6UDPExt    RSSType = cgo.EthRSSIPv6UDPEx
	RSSL2Payload     RSSType = cgo.EthRSSL2Payload
	RSSPort          RSSType = cgo.EthRSSPort
	RSSVXLAN         RSSType = cgo.EthRSSVXLAN
	RSSGeneve        RSSType = cgo.EthRSSGeneve
	RSSNVGRE         RSSType = cgo.EthRSSNVGRE
	RSSGTPU          RSSType = cgo.EthRSSGTPU
	RSSEthernet      RSSType = cgo.EthRSSEth
	RSSOuterVLAN     RSSType = cgo.EthRSSVLAN
	RSSInnerVLAN     RSSType = cgo.EthRSSInnerVLAN
	RSSESP           RSSType = cgo.EthRSSESP
	RSSAH            RSSType = cgo.EthRSSAH
	RSSL2TPv3        RSSType = cgo.EthRSSL2TPv3
	RSSPFCP          RSSType = cgo.EthRSSPFCP
	RSSPPPoE         RSSType = cgo.EthRSSPPPoE
	RSSECPRI         RSSType = cgo.EthRSSECPRI
	RSSMPLS          RSSType = cgo.EthRSSMPLS
	RSSIPv4Checksum  RSSType = cgo.EthRSSIPv4Cksum
	RSSL4Checksum    RSSType = cgo.EthRSSL4Cksum
	RSSL3Source      RSSType = cgo.EthRSSL3SrcOnly // only the source address of L3
	RSSL3Destination RSSType = cgo.EthRSSL3DstOnly
	RSSL4Source      RSSType = cgo.EthRSSL4SrcOnly
	RSSL4Destination RSSType = cgo.EthRSSL4DstOnly
	RSSL2Source      RSSType = cgo.EthRSSL2SrcOnly
	RSSL2Destination RSSType = cgo.EthRSSL2DstOnly

	RSSIP  = RSSIPv4 | RSSIPv4Fragment | RSSIPv4Other | RSSIPv6 | RSSIPv6Fragment | RSSIPv6Other | RSSIPv6Ext
	RSSTCP = RSSIPv4TCP | RSSIPv6TCP | RSSIPv6TCPExt
	RSSUDP = RSSIPv4UDP | RSSIPv6UDP | RSSIPv6UDPExt
)

var rssNames = map[RSSType]string{
	RSSIPv4: "ipv4", RSSIPv4Fragment: "ipv4-frag", RSSIPv4TCP: "ipv4-tcp", RSSIPv4UDP: "ipv4-udp", RSSIPv4SCTP: "ipv4-sctp",
	RSSIPv4Other: "ipv4-other", RSSIPv6: "ipv6", RSSIPv6Fragment: "ipv6-frag", RSSIPv6TCP: "ipv6-tcp", RSSIPv6UDP: "ipv6-udp",
	RSSIPv6SCTP: "ipv6-sctp", RSSIPv6Other: "ipv6-other", RSSIPv6Ext: "ipv6-ex", RSSIPv6TCPExt: "ipv6-tcp-ex", RSSIPv6UDPExt: "ipv6-udp-ex",
	RSSL2Payload: "l2-payload", RSSPort: "port", RSSVXLAN: "vxlan", RSSGeneve: "geneve", RSSNVGRE: "nvgre", RSSGTPU: "gtpu",
	RSSEthernet: "eth", RSSOuterVLAN: "s-vlan", RSSInnerVLAN: "c-vlan", RSSESP: "esp", RSSAH: "ah", RSSL2TPv3: "l2tpv3", RSSPFCP: "pfcp",
	RSSPPPoE: "pppoe", RSSECPRI: "ecpri", RSSMPLS: "mpls", RSSIPv4Checksum: "ipv4-chksum", RSSL4Checksum: "l4-chksum",
	RSSL3Source: "l3-src-only", RSSL3Destination: "l3-dst-only", RSSL4Source: "l4-src-only", RSSL4Destination: "l4-dst-only",
	RSSL2Source: "l2-src-only", RSSL2Destination: "l2-dst-only",
}

// String returns the names that dpdk-testpmd uses, such as "ipv4|ipv4-udp"; "0" for the empty
// set.
func (t RSSType) String() string {
	return names(uint64(t), func(bit uint64) string { return rssNames[RSSType(bit)] })
}
