//go:build linux

package twin

/*
#include <errno.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

// Experimental in all releases up to 25.11.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline int
twin_mbuf_pool_pinned(const char *name, unsigned int n, uint16_t room, void *buf)
{
	struct rte_pktmbuf_extmem ext = {
		.buf_ptr = buf, .buf_iova = rte_mem_virt2iova(buf),
		.buf_len = (size_t)n * room, .elt_size = room,
	};

	return rte_pktmbuf_pool_create_extbuf(name, n, 0, 0, room, SOCKET_ID_ANY, &ext, 1) != NULL ? 0 : rte_errno;
}
#pragma GCC diagnostic pop

static inline int64_t
twin_mbuf_room(struct rte_mbuf *m, char op, uint16_t n)
{
	const char *p = NULL;

	switch (op) {
	case '+':
		p = rte_pktmbuf_append(m, n);
		return p == NULL ? -1 : p - (char *)rte_pktmbuf_lastseg(m)->buf_addr;
	case '<':
		p = rte_pktmbuf_prepend(m, n);
		break;
	case '>':
		p = rte_pktmbuf_adj(m, n);
		break;
	case '-':
		return rte_pktmbuf_trim(m, n);
	}
	return p == NULL ? -1 : p - (char *)m->buf_addr;
}

static inline const void *
twin_mbuf_read(const struct rte_mbuf *m, uint32_t off, uint32_t len, void *buf)
{
	return rte_pktmbuf_read(m, off, len, buf);
}

// cgo does not see bit-fields.
static inline uint64_t
twin_mbuf_tx_offload(uint64_t l2, uint64_t l3, uint64_t l4, uint64_t tso, uint64_t outer_l3, uint64_t outer_l2)
{
	struct rte_mbuf m = { .l2_len = l2, .l3_len = l3, .l4_len = l4,
		.tso_segsz = tso, .outer_l3_len = outer_l3, .outer_l2_len = outer_l2 };

	return m.tx_offload;
}
*/
import "C"

import "unsafe"

func mbuf(m unsafe.Pointer) *C.struct_rte_mbuf { return (*C.struct_rte_mbuf)(m) }

// MbufPoolPinnedCreate creates a pool of n mbufs that are pinned to pieces of buf.
//
// Implements: rte_pktmbuf_pool_create_extbuf
func MbufPoolPinnedCreate(name string, n uint32, room uint16, buf unsafe.Pointer) (errno int) {
	s := append([]byte(name), 0)
	return int(C.twin_mbuf_pool_pinned((*C.char)(unsafe.Pointer(&s[0])), C.uint(n), C.uint16_t(room), buf))
}

// MbufRoom appends ('+'), prepends ('<'), removes at the head ('>') or at the tail ('-') n
// bytes. It returns the offset of the data in the segment's buffer, or -1.
//
// Implements: rte_pktmbuf_append, rte_pktmbuf_prepend, rte_pktmbuf_adj, rte_pktmbuf_trim
func MbufRoom(m unsafe.Pointer, op byte, n uint16) int64 {
	return int64(C.twin_mbuf_room(mbuf(m), C.char(op), C.uint16_t(n)))
}

// MbufRead returns the address of length bytes at off, which it copies to buf if they are
// not contiguous. It returns nil if the packet is too short.
//
// Implements: rte_pktmbuf_read
func MbufRead(m unsafe.Pointer, off, length uint32, buf unsafe.Pointer) unsafe.Pointer {
	return C.twin_mbuf_read(mbuf(m), C.uint32_t(off), C.uint32_t(length), buf)
}

// MbufTxOffload packs tx_offload as the C compiler does.
func MbufTxOffload(l2, l3, l4, tso, outerL3, outerL2 uint64) uint64 {
	return uint64(C.twin_mbuf_tx_offload(C.uint64_t(l2), C.uint64_t(l3), C.uint64_t(l4), C.uint64_t(tso), C.uint64_t(outerL3), C.uint64_t(outerL2)))
}

// MbufFlagName returns the name of one flag of ol_flags, or "" if mask is not one flag.
//
// Implements: rte_get_rx_ol_flag_name, rte_get_tx_ol_flag_name
func MbufFlagName(mask uint64, tx bool) string {
	if tx {
		return C.GoString(C.rte_get_tx_ol_flag_name(C.uint64_t(mask)))
	}
	return C.GoString(C.rte_get_rx_ol_flag_name(C.uint64_t(mask)))
}
