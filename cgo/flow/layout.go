//go:build linux

package flow

/*
#include "godpdk_flow.h"
*/
import "C"

// Types of items, the sizes of their structs, and the offsets of the fields.
const (
	ItemEth     = C.RTE_FLOW_ITEM_TYPE_ETH
	ItemEthSize = C.sizeof_struct_rte_flow_item_eth
	ItemEthDst  = C.GODPDK_FLOW_ITEM_ETH_DST
	ItemEthSrc  = C.GODPDK_FLOW_ITEM_ETH_SRC
	ItemEthType = C.GODPDK_FLOW_ITEM_ETH_TYPE

	ItemVLAN      = C.RTE_FLOW_ITEM_TYPE_VLAN
	ItemVLANSize  = C.sizeof_struct_rte_flow_item_vlan
	ItemVLANTCI   = C.GODPDK_FLOW_ITEM_VLAN_TCI
	ItemVLANInner = C.GODPDK_FLOW_ITEM_VLAN_INNER

	ItemIPv4           = C.RTE_FLOW_ITEM_TYPE_IPV4
	ItemIPv4Size       = C.sizeof_struct_rte_flow_item_ipv4
	ItemIPv4VersionIHL = C.GODPDK_FLOW_ITEM_IPV4_VERSIONIHL
	ItemIPv4TOS        = C.GODPDK_FLOW_ITEM_IPV4_TOS
	ItemIPv4Length     = C.GODPDK_FLOW_ITEM_IPV4_LENGTH
	ItemIPv4ID         = C.GODPDK_FLOW_ITEM_IPV4_ID
	ItemIPv4Fragment   = C.GODPDK_FLOW_ITEM_IPV4_FRAGMENT
	ItemIPv4TTL        = C.GODPDK_FLOW_ITEM_IPV4_TTL
	ItemIPv4Proto      = C.GODPDK_FLOW_ITEM_IPV4_PROTO
	ItemIPv4Src        = C.GODPDK_FLOW_ITEM_IPV4_SRC
	ItemIPv4Dst        = C.GODPDK_FLOW_ITEM_IPV4_DST

	ItemIPv6        = C.RTE_FLOW_ITEM_TYPE_IPV6
	ItemIPv6Size    = C.sizeof_struct_rte_flow_item_ipv6
	ItemIPv6VTCFlow = C.GODPDK_FLOW_ITEM_IPV6_VTCFLOW
	ItemIPv6Length  = C.GODPDK_FLOW_ITEM_IPV6_LENGTH
	ItemIPv6Proto   = C.GODPDK_FLOW_ITEM_IPV6_PROTO
	ItemIPv6Hop     = C.GODPDK_FLOW_ITEM_IPV6_HOP
	ItemIPv6Src     = C.GODPDK_FLOW_ITEM_IPV6_SRC
	ItemIPv6Dst     = C.GODPDK_FLOW_ITEM_IPV6_DST

	ItemIPv6Ext     = C.RTE_FLOW_ITEM_TYPE_IPV6_EXT
	ItemIPv6ExtSize = C.sizeof_struct_rte_flow_item_ipv6_ext
	ItemIPv6ExtNext = C.GODPDK_FLOW_ITEM_IPV6EXT_NEXT

	ItemIPv6Frag     = C.RTE_FLOW_ITEM_TYPE_IPV6_FRAG_EXT
	ItemIPv6FragSize = C.sizeof_struct_rte_flow_item_ipv6_frag_ext
	ItemIPv6FragNext = C.GODPDK_FLOW_ITEM_IPV6FRAG_NEXT
	ItemIPv6FragData = C.GODPDK_FLOW_ITEM_IPV6FRAG_DATA
	ItemIPv6FragID   = C.GODPDK_FLOW_ITEM_IPV6FRAG_ID

	ItemICMP      = C.RTE_FLOW_ITEM_TYPE_ICMP
	ItemICMPSize  = C.sizeof_struct_rte_flow_item_icmp
	ItemICMPType  = C.GODPDK_FLOW_ITEM_ICMP_TYPE
	ItemICMPCode  = C.GODPDK_FLOW_ITEM_ICMP_CODE
	ItemICMPIdent = C.GODPDK_FLOW_ITEM_ICMP_IDENT
	ItemICMPSeq   = C.GODPDK_FLOW_ITEM_ICMP_SEQ

	ItemICMP6     = C.RTE_FLOW_ITEM_TYPE_ICMP6
	ItemICMP6Size = C.sizeof_struct_rte_flow_item_icmp6
	ItemICMP6Type = C.GODPDK_FLOW_ITEM_ICMP6_TYPE
	ItemICMP6Code = C.GODPDK_FLOW_ITEM_ICMP6_CODE

	ItemTCP      = C.RTE_FLOW_ITEM_TYPE_TCP
	ItemTCPSize  = C.sizeof_struct_rte_flow_item_tcp
	ItemTCPSrc   = C.GODPDK_FLOW_ITEM_TCP_SRC
	ItemTCPDst   = C.GODPDK_FLOW_ITEM_TCP_DST
	ItemTCPFlags = C.GODPDK_FLOW_ITEM_TCP_FLAGS

	ItemUDP     = C.RTE_FLOW_ITEM_TYPE_UDP
	ItemUDPSize = C.sizeof_struct_rte_flow_item_udp
	ItemUDPSrc  = C.GODPDK_FLOW_ITEM_UDP_SRC
	ItemUDPDst  = C.GODPDK_FLOW_ITEM_UDP_DST

	ItemSCTP      = C.RTE_FLOW_ITEM_TYPE_SCTP
	ItemSCTPSize  = C.sizeof_struct_rte_flow_item_sctp
	ItemSCTPSrc   = C.GODPDK_FLOW_ITEM_SCTP_SRC
	ItemSCTPDst   = C.GODPDK_FLOW_ITEM_SCTP_DST
	ItemSCTPTag   = C.GODPDK_FLOW_ITEM_SCTP_TAG
	ItemSCTPCksum = C.GODPDK_FLOW_ITEM_SCTP_CKSUM

	ItemARP     = C.RTE_FLOW_ITEM_TYPE_ARP_ETH_IPV4
	ItemARPSize = C.sizeof_struct_rte_flow_item_arp_eth_ipv4
	ItemARPOp   = C.GODPDK_FLOW_ITEM_ARP_OP
	ItemARPSHA  = C.GODPDK_FLOW_ITEM_ARP_SHA
	ItemARPSPA  = C.GODPDK_FLOW_ITEM_ARP_SPA
	ItemARPTHA  = C.GODPDK_FLOW_ITEM_ARP_THA
	ItemARPTPA  = C.GODPDK_FLOW_ITEM_ARP_TPA

	ItemESP     = C.RTE_FLOW_ITEM_TYPE_ESP
	ItemESPSize = C.sizeof_struct_rte_flow_item_esp
	ItemESPSPI  = C.GODPDK_FLOW_ITEM_ESP_SPI

	ItemAH     = C.RTE_FLOW_ITEM_TYPE_AH
	ItemAHSize = C.sizeof_struct_rte_flow_item_ah
	ItemAHSPI  = C.GODPDK_FLOW_ITEM_AH_SPI

	ItemVXLAN         = C.RTE_FLOW_ITEM_TYPE_VXLAN
	ItemVXLANSize     = C.sizeof_struct_rte_flow_item_vxlan
	ItemVXLANFlags    = C.GODPDK_FLOW_ITEM_VXLAN_FLAGS
	ItemVXLANVNI      = C.GODPDK_FLOW_ITEM_VXLAN_VNI
	ItemVXLANLastRsvd = C.GODPDK_FLOW_ITEM_VXLAN_LASTRSVD

	ItemVXLANGPE         = C.RTE_FLOW_ITEM_TYPE_VXLAN_GPE
	ItemVXLANGPESize     = C.sizeof_struct_rte_flow_item_vxlan_gpe
	ItemVXLANGPEProtocol = C.GODPDK_FLOW_ITEM_VXLANGPE_PROTOCOL
	ItemVXLANGPEVNI      = C.GODPDK_FLOW_ITEM_VXLANGPE_VNI

	ItemGRE         = C.RTE_FLOW_ITEM_TYPE_GRE
	ItemGRESize     = C.sizeof_struct_rte_flow_item_gre
	ItemGREFlags    = C.GODPDK_FLOW_ITEM_GRE_FLAGS
	ItemGREProtocol = C.GODPDK_FLOW_ITEM_GRE_PROTOCOL

	ItemNVGRE       = C.RTE_FLOW_ITEM_TYPE_NVGRE
	ItemNVGRESize   = C.sizeof_struct_rte_flow_item_nvgre
	ItemNVGRETNI    = C.GODPDK_FLOW_ITEM_NVGRE_TNI
	ItemNVGREFlowID = C.GODPDK_FLOW_ITEM_NVGRE_FLOWID

	ItemGeneve         = C.RTE_FLOW_ITEM_TYPE_GENEVE
	ItemGeneveSize     = C.sizeof_struct_rte_flow_item_geneve
	ItemGeneveFlags    = C.GODPDK_FLOW_ITEM_GENEVE_FLAGS
	ItemGeneveProtocol = C.GODPDK_FLOW_ITEM_GENEVE_PROTOCOL
	ItemGeneveVNI      = C.GODPDK_FLOW_ITEM_GENEVE_VNI

	ItemMPLS      = C.RTE_FLOW_ITEM_TYPE_MPLS
	ItemMPLSSize  = C.sizeof_struct_rte_flow_item_mpls
	ItemMPLSLabel = C.GODPDK_FLOW_ITEM_MPLS_LABEL
	ItemMPLSTTL   = C.GODPDK_FLOW_ITEM_MPLS_TTL

	ItemGTP        = C.RTE_FLOW_ITEM_TYPE_GTP
	ItemGTPSize    = C.sizeof_struct_rte_flow_item_gtp
	ItemGTPFlags   = C.GODPDK_FLOW_ITEM_GTP_FLAGS
	ItemGTPMsgType = C.GODPDK_FLOW_ITEM_GTP_MSGTYPE
	ItemGTPTEID    = C.GODPDK_FLOW_ITEM_GTP_TEID

	ItemGTPPSC     = C.RTE_FLOW_ITEM_TYPE_GTP_PSC
	ItemGTPPSCSize = C.sizeof_struct_rte_flow_item_gtp_psc

	ItemPPPoE        = C.RTE_FLOW_ITEM_TYPE_PPPOES
	ItemPPPoESize    = C.sizeof_struct_rte_flow_item_pppoe
	ItemPPPoESession = C.GODPDK_FLOW_ITEM_PPPOE_SESSION

	ItemL2TPv3        = C.RTE_FLOW_ITEM_TYPE_L2TPV3OIP
	ItemL2TPv3Size    = C.sizeof_struct_rte_flow_item_l2tpv3oip
	ItemL2TPv3Session = C.GODPDK_FLOW_ITEM_L2TPV3_SESSION

	ItemAny     = C.RTE_FLOW_ITEM_TYPE_ANY
	ItemAnySize = C.sizeof_struct_rte_flow_item_any
	ItemAnyNum  = C.GODPDK_FLOW_ITEM_ANY_NUM

	ItemFuzzy       = C.RTE_FLOW_ITEM_TYPE_FUZZY
	ItemFuzzySize   = C.sizeof_struct_rte_flow_item_fuzzy
	ItemFuzzyThresh = C.GODPDK_FLOW_ITEM_FUZZY_THRESH

	ItemMark     = C.RTE_FLOW_ITEM_TYPE_MARK
	ItemMarkSize = C.sizeof_struct_rte_flow_item_mark
	ItemMarkID   = C.GODPDK_FLOW_ITEM_MARK_ID

	ItemMeta     = C.RTE_FLOW_ITEM_TYPE_META
	ItemMetaSize = C.sizeof_struct_rte_flow_item_meta
	ItemMetaData = C.GODPDK_FLOW_ITEM_META_DATA

	ItemTag      = C.RTE_FLOW_ITEM_TYPE_TAG
	ItemTagSize  = C.sizeof_struct_rte_flow_item_tag
	ItemTagData  = C.GODPDK_FLOW_ITEM_TAG_DATA
	ItemTagIndex = C.GODPDK_FLOW_ITEM_TAG_INDEX

	ItemPortID     = C.RTE_FLOW_ITEM_TYPE_PORT_ID
	ItemPortIDSize = C.sizeof_struct_rte_flow_item_port_id
	ItemPortIDID   = C.GODPDK_FLOW_ITEM_PORTID_ID

	ItemEthdev     = C.RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT
	ItemEthdevSize = C.sizeof_struct_rte_flow_item_ethdev
	ItemEthdevPort = C.GODPDK_FLOW_ITEM_ETHDEV_PORT

	ItemRaw        = C.RTE_FLOW_ITEM_TYPE_RAW
	ItemRawSize    = C.sizeof_struct_rte_flow_item_raw
	ItemRawOffset  = C.GODPDK_FLOW_ITEM_RAW_OFFSET
	ItemRawLimit   = C.GODPDK_FLOW_ITEM_RAW_LIMIT
	ItemRawLength  = C.GODPDK_FLOW_ITEM_RAW_LENGTH
	ItemRawPattern = C.GODPDK_FLOW_ITEM_RAW_PATTERN

	ItemVoid            = C.RTE_FLOW_ITEM_TYPE_VOID
	ItemInvert          = C.RTE_FLOW_ITEM_TYPE_INVERT
	ItemGREKey          = C.RTE_FLOW_ITEM_TYPE_GRE_KEY
	ItemGTPC            = C.RTE_FLOW_ITEM_TYPE_GTPC
	ItemGTPU            = C.RTE_FLOW_ITEM_TYPE_GTPU
	ItemPPPoED          = C.RTE_FLOW_ITEM_TYPE_PPPOED
	ItemPortRepresentor = C.RTE_FLOW_ITEM_TYPE_PORT_REPRESENTOR
)

// Types of actions, the sizes of their structs, and the offsets of the fields.
const (
	ActionJump      = C.RTE_FLOW_ACTION_TYPE_JUMP
	ActionJumpSize  = C.sizeof_struct_rte_flow_action_jump
	ActionJumpGroup = C.GODPDK_FLOW_ACTION_JUMP_GROUP

	ActionMark     = C.RTE_FLOW_ACTION_TYPE_MARK
	ActionMarkSize = C.sizeof_struct_rte_flow_action_mark
	ActionMarkID   = C.GODPDK_FLOW_ACTION_MARK_ID

	ActionQueue      = C.RTE_FLOW_ACTION_TYPE_QUEUE
	ActionQueueSize  = C.sizeof_struct_rte_flow_action_queue
	ActionQueueIndex = C.GODPDK_FLOW_ACTION_QUEUE_INDEX

	ActionCount     = C.RTE_FLOW_ACTION_TYPE_COUNT
	ActionCountSize = C.sizeof_struct_rte_flow_action_count
	ActionCountID   = C.GODPDK_FLOW_ACTION_COUNT_ID

	ActionRSS       = C.RTE_FLOW_ACTION_TYPE_RSS
	ActionRSSSize   = C.sizeof_struct_rte_flow_action_rss
	ActionRSSFunc   = C.GODPDK_FLOW_ACTION_RSS_FUNC
	ActionRSSLevel  = C.GODPDK_FLOW_ACTION_RSS_LEVEL
	ActionRSSTypes  = C.GODPDK_FLOW_ACTION_RSS_TYPES
	ActionRSSKeyLen = C.GODPDK_FLOW_ACTION_RSS_KEYLEN
	ActionRSSQueues = C.GODPDK_FLOW_ACTION_RSS_QUEUES
	ActionRSSKey    = C.GODPDK_FLOW_ACTION_RSS_KEY
	ActionRSSQueue  = C.GODPDK_FLOW_ACTION_RSS_QUEUE

	ActionVF     = C.RTE_FLOW_ACTION_TYPE_VF
	ActionVFSize = C.sizeof_struct_rte_flow_action_vf
	ActionVFID   = C.GODPDK_FLOW_ACTION_VF_ID

	ActionPortID     = C.RTE_FLOW_ACTION_TYPE_PORT_ID
	ActionPortIDSize = C.sizeof_struct_rte_flow_action_port_id
	ActionPortIDID   = C.GODPDK_FLOW_ACTION_PORTID_ID

	ActionMeter     = C.RTE_FLOW_ACTION_TYPE_METER
	ActionMeterSize = C.sizeof_struct_rte_flow_action_meter
	ActionMeterID   = C.GODPDK_FLOW_ACTION_METER_ID

	ActionEthdev     = C.RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT
	ActionEthdevSize = C.sizeof_struct_rte_flow_action_ethdev
	ActionEthdevPort = C.GODPDK_FLOW_ACTION_ETHDEV_PORT

	ActionPushVLAN     = C.RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN
	ActionPushVLANSize = C.sizeof_struct_rte_flow_action_of_push_vlan
	ActionPushVLANType = C.GODPDK_FLOW_ACTION_PUSHVLAN_TYPE

	ActionSetVLANID     = C.RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID
	ActionSetVLANIDSize = C.sizeof_struct_rte_flow_action_of_set_vlan_vid
	ActionSetVLANIDVID  = C.GODPDK_FLOW_ACTION_SETVLANID_VID

	ActionSetVLANPCP     = C.RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_PCP
	ActionSetVLANPCPSize = C.sizeof_struct_rte_flow_action_of_set_vlan_pcp
	ActionSetVLANPCPPCP  = C.GODPDK_FLOW_ACTION_SETVLANPCP_PCP

	ActionVXLANEncap           = C.RTE_FLOW_ACTION_TYPE_VXLAN_ENCAP
	ActionVXLANEncapSize       = C.sizeof_struct_rte_flow_action_vxlan_encap
	ActionVXLANEncapDefinition = C.GODPDK_FLOW_ACTION_VXLANENCAP_DEFINITION

	ActionRawEncap         = C.RTE_FLOW_ACTION_TYPE_RAW_ENCAP
	ActionRawEncapSize     = C.sizeof_struct_rte_flow_action_raw_encap
	ActionRawEncapData     = C.GODPDK_FLOW_ACTION_RAWENCAP_DATA
	ActionRawEncapPreserve = C.GODPDK_FLOW_ACTION_RAWENCAP_PRESERVE
	ActionRawEncapLength   = C.GODPDK_FLOW_ACTION_RAWENCAP_LENGTH

	ActionRawDecap       = C.RTE_FLOW_ACTION_TYPE_RAW_DECAP
	ActionRawDecapSize   = C.sizeof_struct_rte_flow_action_raw_decap
	ActionRawDecapData   = C.GODPDK_FLOW_ACTION_RAWDECAP_DATA
	ActionRawDecapLength = C.GODPDK_FLOW_ACTION_RAWDECAP_LENGTH

	ActionSetIPv4     = C.RTE_FLOW_ACTION_TYPE_SET_IPV4_SRC
	ActionSetIPv4Size = C.sizeof_struct_rte_flow_action_set_ipv4
	ActionSetIPv4Addr = C.GODPDK_FLOW_ACTION_SETIPV4_ADDR

	ActionSetIPv6     = C.RTE_FLOW_ACTION_TYPE_SET_IPV6_SRC
	ActionSetIPv6Size = C.sizeof_struct_rte_flow_action_set_ipv6
	ActionSetIPv6Addr = C.GODPDK_FLOW_ACTION_SETIPV6_ADDR

	ActionSetTP     = C.RTE_FLOW_ACTION_TYPE_SET_TP_SRC
	ActionSetTPSize = C.sizeof_struct_rte_flow_action_set_tp
	ActionSetTPPort = C.GODPDK_FLOW_ACTION_SETTP_PORT

	ActionSetTTL      = C.RTE_FLOW_ACTION_TYPE_SET_TTL
	ActionSetTTLSize  = C.sizeof_struct_rte_flow_action_set_ttl
	ActionSetTTLValue = C.GODPDK_FLOW_ACTION_SETTTL_VALUE

	ActionSetMAC     = C.RTE_FLOW_ACTION_TYPE_SET_MAC_SRC
	ActionSetMACSize = C.sizeof_struct_rte_flow_action_set_mac
	ActionSetMACAddr = C.GODPDK_FLOW_ACTION_SETMAC_ADDR

	ActionSetDSCP      = C.RTE_FLOW_ACTION_TYPE_SET_IPV4_DSCP
	ActionSetDSCPSize  = C.sizeof_struct_rte_flow_action_set_dscp
	ActionSetDSCPValue = C.GODPDK_FLOW_ACTION_SETDSCP_VALUE

	ActionSetMeta     = C.RTE_FLOW_ACTION_TYPE_SET_META
	ActionSetMetaSize = C.sizeof_struct_rte_flow_action_set_meta
	ActionSetMetaData = C.GODPDK_FLOW_ACTION_SETMETA_DATA
	ActionSetMetaMask = C.GODPDK_FLOW_ACTION_SETMETA_MASK

	ActionSetTag      = C.RTE_FLOW_ACTION_TYPE_SET_TAG
	ActionSetTagSize  = C.sizeof_struct_rte_flow_action_set_tag
	ActionSetTagData  = C.GODPDK_FLOW_ACTION_SETTAG_DATA
	ActionSetTagMask  = C.GODPDK_FLOW_ACTION_SETTAG_MASK
	ActionSetTagIndex = C.GODPDK_FLOW_ACTION_SETTAG_INDEX

	ActionAge        = C.RTE_FLOW_ACTION_TYPE_AGE
	ActionAgeSize    = C.sizeof_struct_rte_flow_action_age
	ActionAgeContext = C.GODPDK_FLOW_ACTION_AGE_CONTEXT

	ActionVoid            = C.RTE_FLOW_ACTION_TYPE_VOID
	ActionPassthru        = C.RTE_FLOW_ACTION_TYPE_PASSTHRU
	ActionFlag            = C.RTE_FLOW_ACTION_TYPE_FLAG
	ActionDrop            = C.RTE_FLOW_ACTION_TYPE_DROP
	ActionPF              = C.RTE_FLOW_ACTION_TYPE_PF
	ActionPopVLAN         = C.RTE_FLOW_ACTION_TYPE_OF_POP_VLAN
	ActionVXLANDecap      = C.RTE_FLOW_ACTION_TYPE_VXLAN_DECAP
	ActionMACSwap         = C.RTE_FLOW_ACTION_TYPE_MAC_SWAP
	ActionDecTTL          = C.RTE_FLOW_ACTION_TYPE_DEC_TTL
	ActionSendToKernel    = C.RTE_FLOW_ACTION_TYPE_SEND_TO_KERNEL
	ActionSetIPv4Dst      = C.RTE_FLOW_ACTION_TYPE_SET_IPV4_DST
	ActionSetIPv6Dst      = C.RTE_FLOW_ACTION_TYPE_SET_IPV6_DST
	ActionSetTPDst        = C.RTE_FLOW_ACTION_TYPE_SET_TP_DST
	ActionSetMACDst       = C.RTE_FLOW_ACTION_TYPE_SET_MAC_DST
	ActionSetIPv6DSCP     = C.RTE_FLOW_ACTION_TYPE_SET_IPV6_DSCP
	ActionPortRepresentor = C.RTE_FLOW_ACTION_TYPE_PORT_REPRESENTOR
)

// Bits are the first bits of bit-fields, counted from the first byte of their structs.
var (
	EthHasVLAN      = bit(C.GODPDK_FLOW_BIT_ETHHASVLAN)
	VLANHasMore     = bit(C.GODPDK_FLOW_BIT_VLANHASMORE)
	IPv6HasHop      = bit(C.GODPDK_FLOW_BIT_IPV6HASHOP)
	IPv6HasRoute    = bit(C.GODPDK_FLOW_BIT_IPV6HASROUTE)
	IPv6HasFrag     = bit(C.GODPDK_FLOW_BIT_IPV6HASFRAG)
	IPv6HasAuth     = bit(C.GODPDK_FLOW_BIT_IPV6HASAUTH)
	IPv6HasESP      = bit(C.GODPDK_FLOW_BIT_IPV6HASESP)
	IPv6HasDest     = bit(C.GODPDK_FLOW_BIT_IPV6HASDEST)
	IPv6HasMobility = bit(C.GODPDK_FLOW_BIT_IPV6HASMOBILITY)
	IPv6HasHIP      = bit(C.GODPDK_FLOW_BIT_IPV6HASHIP)
	IPv6HasShim6    = bit(C.GODPDK_FLOW_BIT_IPV6HASSHIM6)
	GTPPSCType      = bit(C.GODPDK_FLOW_BIT_GTPPSCTYPE)
	GTPPSCQFI       = bit(C.GODPDK_FLOW_BIT_GTPPSCQFI)
	RawRelative     = bit(C.GODPDK_FLOW_BIT_RAWRELATIVE)
	RawSearch       = bit(C.GODPDK_FLOW_BIT_RAWSEARCH)
	AttrIngress     = bit(C.GODPDK_FLOW_BIT_ATTRINGRESS)
	AttrEgress      = bit(C.GODPDK_FLOW_BIT_ATTREGRESS)
	AttrTransfer    = bit(C.GODPDK_FLOW_BIT_ATTRTRANSFER)
	VFOriginal      = bit(C.GODPDK_FLOW_BIT_VFORIGINAL)
	PortIDOriginal  = bit(C.GODPDK_FLOW_BIT_PORTIDORIGINAL)
	AgeTimeout      = bit(C.GODPDK_FLOW_BIT_AGETIMEOUT)
)

func bit(which C.int) int { return int(C.godpdk_flow_bit(which)) }
