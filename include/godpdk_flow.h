/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_flow of librte_ethdev: the layout of items and actions, and the calls with their errors. */
#ifndef GODPDK_FLOW_H
#define GODPDK_FLOW_H

#include "godpdk.h"

#include <rte_ethdev.h>
#include <rte_flow.h>

/* Drivers use these fields of the item ARP_ETH_IPV4. Since 23.03 the addresses of the protocol's header are at other offsets
 * than the fields of the first names. */
#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define GODPDK_FLOW_ARP(old, new) old
#else
#define GODPDK_FLOW_ARP(old, new) hdr.new
#endif

/* Offsets of the fields of items. */
enum {
	GODPDK_FLOW_ITEM_ETH_DST = offsetof(struct rte_flow_item_eth, dst),
	GODPDK_FLOW_ITEM_ETH_SRC = offsetof(struct rte_flow_item_eth, src),
	GODPDK_FLOW_ITEM_ETH_TYPE = offsetof(struct rte_flow_item_eth, type),
	GODPDK_FLOW_ITEM_VLAN_TCI = offsetof(struct rte_flow_item_vlan, tci),
	GODPDK_FLOW_ITEM_VLAN_INNER = offsetof(struct rte_flow_item_vlan, inner_type),
	GODPDK_FLOW_ITEM_IPV4_VERSIONIHL = offsetof(struct rte_flow_item_ipv4, hdr.version_ihl),
	GODPDK_FLOW_ITEM_IPV4_TOS = offsetof(struct rte_flow_item_ipv4, hdr.type_of_service),
	GODPDK_FLOW_ITEM_IPV4_LENGTH = offsetof(struct rte_flow_item_ipv4, hdr.total_length),
	GODPDK_FLOW_ITEM_IPV4_ID = offsetof(struct rte_flow_item_ipv4, hdr.packet_id),
	GODPDK_FLOW_ITEM_IPV4_FRAGMENT = offsetof(struct rte_flow_item_ipv4, hdr.fragment_offset),
	GODPDK_FLOW_ITEM_IPV4_TTL = offsetof(struct rte_flow_item_ipv4, hdr.time_to_live),
	GODPDK_FLOW_ITEM_IPV4_PROTO = offsetof(struct rte_flow_item_ipv4, hdr.next_proto_id),
	GODPDK_FLOW_ITEM_IPV4_SRC = offsetof(struct rte_flow_item_ipv4, hdr.src_addr),
	GODPDK_FLOW_ITEM_IPV4_DST = offsetof(struct rte_flow_item_ipv4, hdr.dst_addr),
	GODPDK_FLOW_ITEM_IPV6_VTCFLOW = offsetof(struct rte_flow_item_ipv6, hdr.vtc_flow),
	GODPDK_FLOW_ITEM_IPV6_LENGTH = offsetof(struct rte_flow_item_ipv6, hdr.payload_len),
	GODPDK_FLOW_ITEM_IPV6_PROTO = offsetof(struct rte_flow_item_ipv6, hdr.proto),
	GODPDK_FLOW_ITEM_IPV6_HOP = offsetof(struct rte_flow_item_ipv6, hdr.hop_limits),
	GODPDK_FLOW_ITEM_IPV6_SRC = offsetof(struct rte_flow_item_ipv6, hdr.src_addr),
	GODPDK_FLOW_ITEM_IPV6_DST = offsetof(struct rte_flow_item_ipv6, hdr.dst_addr),
	GODPDK_FLOW_ITEM_IPV6EXT_NEXT = offsetof(struct rte_flow_item_ipv6_ext, next_hdr),
	GODPDK_FLOW_ITEM_IPV6FRAG_NEXT = offsetof(struct rte_flow_item_ipv6_frag_ext, hdr.next_header),
	GODPDK_FLOW_ITEM_IPV6FRAG_DATA = offsetof(struct rte_flow_item_ipv6_frag_ext, hdr.frag_data),
	GODPDK_FLOW_ITEM_IPV6FRAG_ID = offsetof(struct rte_flow_item_ipv6_frag_ext, hdr.id),
	GODPDK_FLOW_ITEM_ICMP_TYPE = offsetof(struct rte_flow_item_icmp, hdr.icmp_type),
	GODPDK_FLOW_ITEM_ICMP_CODE = offsetof(struct rte_flow_item_icmp, hdr.icmp_code),
	GODPDK_FLOW_ITEM_ICMP_IDENT = offsetof(struct rte_flow_item_icmp, hdr.icmp_ident),
	GODPDK_FLOW_ITEM_ICMP_SEQ = offsetof(struct rte_flow_item_icmp, hdr.icmp_seq_nb),
	GODPDK_FLOW_ITEM_ICMP6_TYPE = offsetof(struct rte_flow_item_icmp6, type),
	GODPDK_FLOW_ITEM_ICMP6_CODE = offsetof(struct rte_flow_item_icmp6, code),
	GODPDK_FLOW_ITEM_TCP_SRC = offsetof(struct rte_flow_item_tcp, hdr.src_port),
	GODPDK_FLOW_ITEM_TCP_DST = offsetof(struct rte_flow_item_tcp, hdr.dst_port),
	GODPDK_FLOW_ITEM_TCP_FLAGS = offsetof(struct rte_flow_item_tcp, hdr.tcp_flags),
	GODPDK_FLOW_ITEM_UDP_SRC = offsetof(struct rte_flow_item_udp, hdr.src_port),
	GODPDK_FLOW_ITEM_UDP_DST = offsetof(struct rte_flow_item_udp, hdr.dst_port),
	GODPDK_FLOW_ITEM_SCTP_SRC = offsetof(struct rte_flow_item_sctp, hdr.src_port),
	GODPDK_FLOW_ITEM_SCTP_DST = offsetof(struct rte_flow_item_sctp, hdr.dst_port),
	GODPDK_FLOW_ITEM_SCTP_TAG = offsetof(struct rte_flow_item_sctp, hdr.tag),
	GODPDK_FLOW_ITEM_SCTP_CKSUM = offsetof(struct rte_flow_item_sctp, hdr.cksum),
	GODPDK_FLOW_ITEM_ARP_OP = offsetof(struct rte_flow_item_arp_eth_ipv4, GODPDK_FLOW_ARP(op, arp_opcode)),
	GODPDK_FLOW_ITEM_ARP_SHA = offsetof(struct rte_flow_item_arp_eth_ipv4, GODPDK_FLOW_ARP(sha, arp_data.arp_sha)),
	GODPDK_FLOW_ITEM_ARP_SPA = offsetof(struct rte_flow_item_arp_eth_ipv4, GODPDK_FLOW_ARP(spa, arp_data.arp_sip)),
	GODPDK_FLOW_ITEM_ARP_THA = offsetof(struct rte_flow_item_arp_eth_ipv4, GODPDK_FLOW_ARP(tha, arp_data.arp_tha)),
	GODPDK_FLOW_ITEM_ARP_TPA = offsetof(struct rte_flow_item_arp_eth_ipv4, GODPDK_FLOW_ARP(tpa, arp_data.arp_tip)),
	GODPDK_FLOW_ITEM_ESP_SPI = offsetof(struct rte_flow_item_esp, hdr.spi),
	GODPDK_FLOW_ITEM_AH_SPI = offsetof(struct rte_flow_item_ah, spi),
	GODPDK_FLOW_ITEM_VXLAN_FLAGS = offsetof(struct rte_flow_item_vxlan, flags),
	GODPDK_FLOW_ITEM_VXLAN_VNI = offsetof(struct rte_flow_item_vxlan, vni),
	GODPDK_FLOW_ITEM_VXLAN_LASTRSVD = offsetof(struct rte_flow_item_vxlan, rsvd1),
	GODPDK_FLOW_ITEM_VXLANGPE_PROTOCOL = offsetof(struct rte_flow_item_vxlan_gpe, protocol),
	GODPDK_FLOW_ITEM_VXLANGPE_VNI = offsetof(struct rte_flow_item_vxlan_gpe, vni),
	GODPDK_FLOW_ITEM_GRE_FLAGS = offsetof(struct rte_flow_item_gre, c_rsvd0_ver),
	GODPDK_FLOW_ITEM_GRE_PROTOCOL = offsetof(struct rte_flow_item_gre, protocol),
	GODPDK_FLOW_ITEM_NVGRE_TNI = offsetof(struct rte_flow_item_nvgre, tni),
	GODPDK_FLOW_ITEM_NVGRE_FLOWID = offsetof(struct rte_flow_item_nvgre, flow_id),
	GODPDK_FLOW_ITEM_GENEVE_FLAGS = offsetof(struct rte_flow_item_geneve, ver_opt_len_o_c_rsvd0),
	GODPDK_FLOW_ITEM_GENEVE_PROTOCOL = offsetof(struct rte_flow_item_geneve, protocol),
	GODPDK_FLOW_ITEM_GENEVE_VNI = offsetof(struct rte_flow_item_geneve, vni),
	GODPDK_FLOW_ITEM_MPLS_LABEL = offsetof(struct rte_flow_item_mpls, label_tc_s),
	GODPDK_FLOW_ITEM_MPLS_TTL = offsetof(struct rte_flow_item_mpls, ttl),
	GODPDK_FLOW_ITEM_GTP_FLAGS = offsetof(struct rte_flow_item_gtp, v_pt_rsv_flags),
	GODPDK_FLOW_ITEM_GTP_MSGTYPE = offsetof(struct rte_flow_item_gtp, msg_type),
	GODPDK_FLOW_ITEM_GTP_TEID = offsetof(struct rte_flow_item_gtp, teid),
	GODPDK_FLOW_ITEM_PPPOE_SESSION = offsetof(struct rte_flow_item_pppoe, session_id),
	GODPDK_FLOW_ITEM_L2TPV3_SESSION = offsetof(struct rte_flow_item_l2tpv3oip, session_id),
	GODPDK_FLOW_ITEM_ANY_NUM = offsetof(struct rte_flow_item_any, num),
	GODPDK_FLOW_ITEM_FUZZY_THRESH = offsetof(struct rte_flow_item_fuzzy, thresh),
	GODPDK_FLOW_ITEM_MARK_ID = offsetof(struct rte_flow_item_mark, id),
	GODPDK_FLOW_ITEM_META_DATA = offsetof(struct rte_flow_item_meta, data),
	GODPDK_FLOW_ITEM_TAG_DATA = offsetof(struct rte_flow_item_tag, data),
	GODPDK_FLOW_ITEM_TAG_INDEX = offsetof(struct rte_flow_item_tag, index),
	GODPDK_FLOW_ITEM_PORTID_ID = offsetof(struct rte_flow_item_port_id, id),
	GODPDK_FLOW_ITEM_ETHDEV_PORT = offsetof(struct rte_flow_item_ethdev, port_id),
	GODPDK_FLOW_ITEM_RAW_OFFSET = offsetof(struct rte_flow_item_raw, offset),
	GODPDK_FLOW_ITEM_RAW_LIMIT = offsetof(struct rte_flow_item_raw, limit),
	GODPDK_FLOW_ITEM_RAW_LENGTH = offsetof(struct rte_flow_item_raw, length),
	GODPDK_FLOW_ITEM_RAW_PATTERN = offsetof(struct rte_flow_item_raw, pattern),
};

/* Offsets of the fields of actions. */
enum {
	GODPDK_FLOW_ACTION_JUMP_GROUP = offsetof(struct rte_flow_action_jump, group),
	GODPDK_FLOW_ACTION_MARK_ID = offsetof(struct rte_flow_action_mark, id),
	GODPDK_FLOW_ACTION_QUEUE_INDEX = offsetof(struct rte_flow_action_queue, index),
	GODPDK_FLOW_ACTION_COUNT_ID = offsetof(struct rte_flow_action_count, id),
	GODPDK_FLOW_ACTION_AGE_CONTEXT = offsetof(struct rte_flow_action_age, context),
	GODPDK_FLOW_ACTION_RSS_FUNC = offsetof(struct rte_flow_action_rss, func),
	GODPDK_FLOW_ACTION_RSS_LEVEL = offsetof(struct rte_flow_action_rss, level),
	GODPDK_FLOW_ACTION_RSS_TYPES = offsetof(struct rte_flow_action_rss, types),
	GODPDK_FLOW_ACTION_RSS_KEYLEN = offsetof(struct rte_flow_action_rss, key_len),
	GODPDK_FLOW_ACTION_RSS_QUEUES = offsetof(struct rte_flow_action_rss, queue_num),
	GODPDK_FLOW_ACTION_RSS_KEY = offsetof(struct rte_flow_action_rss, key),
	GODPDK_FLOW_ACTION_RSS_QUEUE = offsetof(struct rte_flow_action_rss, queue),
	GODPDK_FLOW_ACTION_VF_ID = offsetof(struct rte_flow_action_vf, id),
	GODPDK_FLOW_ACTION_PORTID_ID = offsetof(struct rte_flow_action_port_id, id),
	GODPDK_FLOW_ACTION_METER_ID = offsetof(struct rte_flow_action_meter, mtr_id),
	GODPDK_FLOW_ACTION_ETHDEV_PORT = offsetof(struct rte_flow_action_ethdev, port_id),
	GODPDK_FLOW_ACTION_PUSHVLAN_TYPE = offsetof(struct rte_flow_action_of_push_vlan, ethertype),
	GODPDK_FLOW_ACTION_SETVLANID_VID = offsetof(struct rte_flow_action_of_set_vlan_vid, vlan_vid),
	GODPDK_FLOW_ACTION_SETVLANPCP_PCP = offsetof(struct rte_flow_action_of_set_vlan_pcp, vlan_pcp),
	GODPDK_FLOW_ACTION_VXLANENCAP_DEFINITION = offsetof(struct rte_flow_action_vxlan_encap, definition),
	GODPDK_FLOW_ACTION_RAWENCAP_DATA = offsetof(struct rte_flow_action_raw_encap, data),
	GODPDK_FLOW_ACTION_RAWENCAP_PRESERVE = offsetof(struct rte_flow_action_raw_encap, preserve),
	GODPDK_FLOW_ACTION_RAWENCAP_LENGTH = offsetof(struct rte_flow_action_raw_encap, size),
	GODPDK_FLOW_ACTION_RAWDECAP_DATA = offsetof(struct rte_flow_action_raw_decap, data),
	GODPDK_FLOW_ACTION_RAWDECAP_LENGTH = offsetof(struct rte_flow_action_raw_decap, size),
	GODPDK_FLOW_ACTION_SETIPV4_ADDR = offsetof(struct rte_flow_action_set_ipv4, ipv4_addr),
	GODPDK_FLOW_ACTION_SETIPV6_ADDR = offsetof(struct rte_flow_action_set_ipv6, ipv6_addr),
	GODPDK_FLOW_ACTION_SETTP_PORT = offsetof(struct rte_flow_action_set_tp, port),
	GODPDK_FLOW_ACTION_SETTTL_VALUE = offsetof(struct rte_flow_action_set_ttl, ttl_value),
	GODPDK_FLOW_ACTION_SETMAC_ADDR = offsetof(struct rte_flow_action_set_mac, mac_addr),
	GODPDK_FLOW_ACTION_SETDSCP_VALUE = offsetof(struct rte_flow_action_set_dscp, dscp),
	GODPDK_FLOW_ACTION_SETMETA_DATA = offsetof(struct rte_flow_action_set_meta, data),
	GODPDK_FLOW_ACTION_SETMETA_MASK = offsetof(struct rte_flow_action_set_meta, mask),
	GODPDK_FLOW_ACTION_SETTAG_DATA = offsetof(struct rte_flow_action_set_tag, data),
	GODPDK_FLOW_ACTION_SETTAG_MASK = offsetof(struct rte_flow_action_set_tag, mask),
	GODPDK_FLOW_ACTION_SETTAG_INDEX = offsetof(struct rte_flow_action_set_tag, index),
};

/* The first bit of each bit-field that Go sets, counted from the first byte of its struct. The place of a bit-field
 * in memory is not a constant expression. */
enum {
	GODPDK_FLOW_BIT_ETHHASVLAN,
	GODPDK_FLOW_BIT_VLANHASMORE,
	GODPDK_FLOW_BIT_IPV6HASHOP,
	GODPDK_FLOW_BIT_IPV6HASROUTE,
	GODPDK_FLOW_BIT_IPV6HASFRAG,
	GODPDK_FLOW_BIT_IPV6HASAUTH,
	GODPDK_FLOW_BIT_IPV6HASESP,
	GODPDK_FLOW_BIT_IPV6HASDEST,
	GODPDK_FLOW_BIT_IPV6HASMOBILITY,
	GODPDK_FLOW_BIT_IPV6HASHIP,
	GODPDK_FLOW_BIT_IPV6HASSHIM6,
	GODPDK_FLOW_BIT_GTPPSCTYPE,
	GODPDK_FLOW_BIT_GTPPSCQFI,
	GODPDK_FLOW_BIT_RAWRELATIVE,
	GODPDK_FLOW_BIT_RAWSEARCH,
	GODPDK_FLOW_BIT_ATTRINGRESS,
	GODPDK_FLOW_BIT_ATTREGRESS,
	GODPDK_FLOW_BIT_ATTRTRANSFER,
	GODPDK_FLOW_BIT_VFORIGINAL,
	GODPDK_FLOW_BIT_PORTIDORIGINAL,
	GODPDK_FLOW_BIT_AGETIMEOUT,
};

#define GODPDK_FLOW_FIRST_BIT(type, field) \
	do { \
		union { \
			struct type s; \
			uint8_t b[sizeof(struct type)]; \
		} u; \
		memset(&u, 0, sizeof(u)); \
		u.s.field = 1; \
		return godpdk_flow_first_bit(u.b, sizeof(u)); \
	} while (0)

static inline int
godpdk_flow_first_bit(const uint8_t *b, int size)
{
	for (int i = 0; i < size; i++)
		if (b[i] != 0)
			return 8 * i + __builtin_ctz(b[i]);
	return -1;
}

/* The place of a bit-field: see GODPDK_FLOW_BIT_ETHHASVLAN. */
static inline int
godpdk_flow_bit(int which)
{
	switch (which) {
	case GODPDK_FLOW_BIT_ETHHASVLAN:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_eth, has_vlan);
	case GODPDK_FLOW_BIT_VLANHASMORE:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_vlan, has_more_vlan);
	case GODPDK_FLOW_BIT_IPV6HASHOP:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_hop_ext);
	case GODPDK_FLOW_BIT_IPV6HASROUTE:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_route_ext);
	case GODPDK_FLOW_BIT_IPV6HASFRAG:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_frag_ext);
	case GODPDK_FLOW_BIT_IPV6HASAUTH:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_auth_ext);
	case GODPDK_FLOW_BIT_IPV6HASESP:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_esp_ext);
	case GODPDK_FLOW_BIT_IPV6HASDEST:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_dest_ext);
	case GODPDK_FLOW_BIT_IPV6HASMOBILITY:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_mobil_ext);
	case GODPDK_FLOW_BIT_IPV6HASHIP:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_hip_ext);
	case GODPDK_FLOW_BIT_IPV6HASSHIM6:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_ipv6, has_shim6_ext);
	case GODPDK_FLOW_BIT_GTPPSCTYPE:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_gtp_psc, hdr.type);
	case GODPDK_FLOW_BIT_GTPPSCQFI:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_gtp_psc, hdr.qfi);
	case GODPDK_FLOW_BIT_RAWRELATIVE:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_raw, relative);
	case GODPDK_FLOW_BIT_RAWSEARCH:
		GODPDK_FLOW_FIRST_BIT(rte_flow_item_raw, search);
	case GODPDK_FLOW_BIT_ATTRINGRESS:
		GODPDK_FLOW_FIRST_BIT(rte_flow_attr, ingress);
	case GODPDK_FLOW_BIT_ATTREGRESS:
		GODPDK_FLOW_FIRST_BIT(rte_flow_attr, egress);
	case GODPDK_FLOW_BIT_ATTRTRANSFER:
		GODPDK_FLOW_FIRST_BIT(rte_flow_attr, transfer);
	case GODPDK_FLOW_BIT_VFORIGINAL:
		GODPDK_FLOW_FIRST_BIT(rte_flow_action_vf, original);
	case GODPDK_FLOW_BIT_PORTIDORIGINAL:
		GODPDK_FLOW_FIRST_BIT(rte_flow_action_port_id, original);
	case GODPDK_FLOW_BIT_AGETIMEOUT:
		GODPDK_FLOW_FIRST_BIT(rte_flow_action_age, timeout);
	}
	return -1;
}

/* Structs that Go writes as a whole. */
_Static_assert(sizeof(struct rte_flow_attr) == 12, "group, priority and a word of bits");
_Static_assert(sizeof(struct rte_flow_item) == 32, "type, spec, last, mask");
_Static_assert(sizeof(struct rte_flow_action) == 16, "type, conf");
enum {
	GODPDK_FLOW_ATTR_GROUP = offsetof(struct rte_flow_attr, group),
	GODPDK_FLOW_ATTR_PRIORITY = offsetof(struct rte_flow_attr, priority),
	GODPDK_FLOW_ITEM_SPEC = offsetof(struct rte_flow_item, spec),
	GODPDK_FLOW_ITEM_LAST = offsetof(struct rte_flow_item, last),
	GODPDK_FLOW_ITEM_MASK = offsetof(struct rte_flow_item, mask),
	GODPDK_FLOW_ACTION_CONF = offsetof(struct rte_flow_action, conf),
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* The size of the struct of an item or action, as DPDK copies it; 0 if it has none, or DPDK does not know the type. rte_flow_conv
 * is experimental. */
static inline size_t
godpdk_flow_struct_size(int action, int type)
{
	uint64_t zeros[256];
	const struct rte_flow_item i = { .type = type, .spec = zeros };
	const struct rte_flow_action a = { .type = type, .conf = zeros };
	int size = action ? (int)sizeof(a) : (int)sizeof(i);
	int n;

	memset(zeros, 0, sizeof(zeros));
	n = action ? rte_flow_conv(RTE_FLOW_CONV_OP_ACTION, NULL, 0, &a, NULL) : rte_flow_conv(RTE_FLOW_CONV_OP_ITEM, NULL, 0, &i, NULL);
	return n > size ? n - size : 0;
}
#pragma GCC diagnostic pop

/* A place in a rule that holds the address of another place in it. */
struct godpdk_flow_pointer {
	uint32_t at;
	uint32_t to;
};

/* A rule of n bytes in one piece of memory, which the caller frees with free(), or NULL. Go cannot store the
 * addresses itself: a Go slice must not hold pointers that C reads. */
static inline void *
godpdk_flow_rule(const uint8_t *bytes, size_t n, const struct godpdk_flow_pointer *pointers, size_t m)
{
	uint8_t *rule = malloc(n);

	if (rule == NULL)
		return NULL;
	memcpy(rule, bytes, n);
	for (size_t i = 0; i < m; i++) {
		const void *to = rule + pointers[i].to;

		memcpy(rule + pointers[i].at, &to, sizeof(to));
	}
	return rule;
}

/* The result of a call: err is 0 or a positive errno, the rest is struct rte_flow_error. */
struct godpdk_flow_result {
	int err;
	int type;
	uintptr_t cause;
	const char *message;
	void *flow;
};

/* Not all drivers fill the error in. */
static inline struct godpdk_flow_result
godpdk_flow_result(int ret, void *flow, const struct rte_flow_error *e)
{
	return (struct godpdk_flow_result){ godpdk_neg(ret), e->type, (uintptr_t)e->cause, e->message, flow };
}

/* rte_flow_validate. */
static inline struct godpdk_flow_result
godpdk_flow_validate(uint16_t port, const void *attr, const void *items, const void *actions)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_validate(port, attr, items, actions, &e);

	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_create. */
static inline struct godpdk_flow_result
godpdk_flow_create(uint16_t port, const void *attr, const void *items, const void *actions)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	struct rte_flow *flow;

	rte_errno = 0;
	flow = rte_flow_create(port, attr, items, actions, &e);
	return godpdk_flow_result(flow != NULL ? 0 : -godpdk_errno(), flow, &e);
}

/* rte_flow_destroy. */
static inline struct godpdk_flow_result
godpdk_flow_destroy(uint16_t port, void *flow)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_destroy(port, flow, &e);

	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_flush. */
static inline struct godpdk_flow_result
godpdk_flow_flush(uint16_t port)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_flush(port, &e);

	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_isolate. */
static inline struct godpdk_flow_result
godpdk_flow_isolate(uint16_t port, int set)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_isolate(port, set, &e);

	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_pick_transfer_proxy. */
static inline struct godpdk_flow_result
godpdk_flow_proxy(uint16_t port, uint16_t *proxy)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_pick_transfer_proxy(port, proxy, &e);

	return godpdk_flow_result(ret, NULL, &e);
}

struct godpdk_flow_count {
	uint64_t hits;
	uint64_t bytes;
	uint8_t hits_set;
	uint8_t bytes_set;
};

/* rte_flow_query of an action COUNT. */
static inline struct godpdk_flow_result
godpdk_flow_count(uint16_t port, void *flow, const void *action, int reset, struct godpdk_flow_count *c)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	struct rte_flow_query_count q;
	int ret;

	memset(&q, 0, sizeof(q));
	q.reset = reset;
	ret = rte_flow_query(port, flow, action, &q, &e);
	*c = (struct godpdk_flow_count){ q.hits, q.bytes, q.hits_set, q.bytes_set };
	return godpdk_flow_result(ret, NULL, &e);
}

struct godpdk_flow_age {
	uint32_t idle;
	uint8_t idle_set;
	uint8_t aged;
};

/* rte_flow_query of an action AGE. */
static inline struct godpdk_flow_result
godpdk_flow_age(uint16_t port, void *flow, const void *action, struct godpdk_flow_age *a)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	struct rte_flow_query_age q;
	int ret;

	memset(&q, 0, sizeof(q));
	ret = rte_flow_query(port, flow, action, &q, &e);
	*a = (struct godpdk_flow_age){ q.sec_since_last_hit, q.sec_since_last_hit_valid, q.aged };
	return godpdk_flow_result(ret, NULL, &e);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* rte_flow_get_aged_flows: *n is the room in contexts, then the number that it returned. It is experimental. */
static inline struct godpdk_flow_result
godpdk_flow_aged(uint16_t port, uintptr_t *contexts, uint32_t *n)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_get_aged_flows(port, (void **)contexts, *n, &e);

	*n = ret > 0 ? ret : 0;
	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_dev_dump of all rules to memory: the text is freed with free(). It is experimental. */
static inline struct godpdk_flow_result
godpdk_flow_dump(uint16_t port, struct godpdk_text *t)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	FILE *f;
	int ret;

	*t = (struct godpdk_text){ NULL, 0, 0 };
	f = open_memstream(&t->text, &t->len);
	if (f == NULL)
		return (struct godpdk_flow_result){ .err = errno };
	ret = rte_flow_dev_dump(port, NULL, f, &e);
	fclose(f);
	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_action_handle_create: flow of the result is the handle. It is experimental, as are the three below. */
static inline struct godpdk_flow_result
godpdk_flow_indirect_create(uint16_t port, int ingress, int egress, int transfer, const void *action)
{
	const struct rte_flow_indir_action_conf conf = { .ingress = ingress, .egress = egress, .transfer = transfer };
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	struct rte_flow_action_handle *handle;

	rte_errno = 0;
	handle = rte_flow_action_handle_create(port, &conf, action, &e);
	return godpdk_flow_result(handle != NULL ? 0 : -godpdk_errno(), handle, &e);
}

/* rte_flow_action_handle_update: drivers take the new action, but for AGE a struct of its own. */
static inline struct godpdk_flow_result
godpdk_flow_indirect_update(uint16_t port, void *handle, const void *action)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	const struct rte_flow_action *a = action;
	struct rte_flow_update_age age;
	int ret;

	if (a->type == RTE_FLOW_ACTION_TYPE_AGE) {
		memset(&age, 0, sizeof(age));
		age.timeout_valid = 1;
		age.timeout = ((const struct rte_flow_action_age *)a->conf)->timeout;
		action = &age;
	}
	ret = rte_flow_action_handle_update(port, handle, action, &e);
	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_action_handle_query of an action COUNT. */
static inline struct godpdk_flow_result
godpdk_flow_indirect_count(uint16_t port, void *handle, int reset, struct godpdk_flow_count *c)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	struct rte_flow_query_count q;
	int ret;

	memset(&q, 0, sizeof(q));
	q.reset = reset;
	ret = rte_flow_action_handle_query(port, handle, &q, &e);
	*c = (struct godpdk_flow_count){ q.hits, q.bytes, q.hits_set, q.bytes_set };
	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_action_handle_query of an action AGE. */
static inline struct godpdk_flow_result
godpdk_flow_indirect_age(uint16_t port, void *handle, struct godpdk_flow_age *a)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	struct rte_flow_query_age q;
	int ret;

	memset(&q, 0, sizeof(q));
	ret = rte_flow_action_handle_query(port, handle, &q, &e);
	*a = (struct godpdk_flow_age){ q.sec_since_last_hit, q.sec_since_last_hit_valid, q.aged };
	return godpdk_flow_result(ret, NULL, &e);
}

/* rte_flow_action_handle_destroy. */
static inline struct godpdk_flow_result
godpdk_flow_indirect_destroy(uint16_t port, void *handle)
{
	struct rte_flow_error e = { .type = RTE_FLOW_ERROR_TYPE_NONE };
	int ret = rte_flow_action_handle_destroy(port, handle, &e);

	return godpdk_flow_result(ret, NULL, &e);
}
#pragma GCC diagnostic pop

/* Sets what rte_flow_dynf_metadata_register sets: where drivers find the metadata. */
static inline void
godpdk_flow_metadata(int32_t offset, uint64_t mask)
{
	rte_flow_dynf_metadata_offs = offset;
	rte_flow_dynf_metadata_mask = mask;
}

#endif
