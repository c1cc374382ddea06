//go:build linux

package cgo

/*
#include "godpdk_ethdev_rss.h"
*/
import "C"

// EthRSSKeyMax is more bytes than any key has.
const EthRSSKeyMax = C.GODPDK_ETH_RSS_KEY

// EthRSSHash returns the hash types and the key, of n bytes.
//
// Implements: rte_eth_dev_rss_hash_conf_get
func EthRSSHash(port uint16, n int) (types uint64, key []byte, errno int) {
	var buf [EthRSSKeyMax]C.uint8_t
	var t C.uint64_t
	size := C.uint8_t(n)
	errno = int(C.godpdk_eth_rss_hash(C.uint16_t(port), &t, &buf[0], &size))
	key = make([]byte, size)
	for i := range key {
		key[i] = byte(buf[i])
	}
	return uint64(t), key, errno
}

// EthRSSHashUpdate sets the hash types and the key. An empty key keeps the current one.
//
// Implements: rte_eth_dev_rss_hash_update
func EthRSSHashUpdate(port uint16, types uint64, key []byte) int {
	var buf [EthRSSKeyMax]C.uint8_t // drivers may read more than len(key) bytes
	for i, b := range key {
		buf[i] = C.uint8_t(b)
	}
	return int(C.godpdk_eth_rss_hash_update(C.uint16_t(port), C.uint64_t(types), &buf[0], C.uint8_t(len(key))))
}

// EthRETAGroup is the number of entries in struct rte_eth_rss_reta_entry64.
const EthRETAGroup = C.RTE_ETH_RETA_GROUP_SIZE

// EthRETAEntry64 is struct rte_eth_rss_reta_entry64.
type EthRETAEntry64 C.struct_rte_eth_rss_reta_entry64

// Set selects entry i and sets its queue.
func (e *EthRETAEntry64) Set(i int, queue uint16) {
	e.mask |= 1 << i
	e.reta[i] = C.uint16_t(queue)
}

// Ask selects entry i for a query.
func (e *EthRETAEntry64) Ask(i int) { e.mask |= 1 << i }

// Queue returns entry i.
func (e *EthRETAEntry64) Queue(i int) uint16 { return uint16(e.reta[i]) }

// EthRETA queries a redirection table of that size.
//
// Implements: rte_eth_dev_rss_reta_query
func EthRETA(port uint16, groups []EthRETAEntry64, size uint16) int {
	return int(-C.rte_eth_dev_rss_reta_query(C.uint16_t(port), (*C.struct_rte_eth_rss_reta_entry64)(&groups[0]), C.uint16_t(size)))
}

// EthRETAUpdate updates a redirection table of that size.
//
// Implements: rte_eth_dev_rss_reta_update
func EthRETAUpdate(port uint16, groups []EthRETAEntry64, size uint16) int {
	return int(-C.rte_eth_dev_rss_reta_update(C.uint16_t(port), (*C.struct_rte_eth_rss_reta_entry64)(&groups[0]), C.uint16_t(size)))
}
