//go:build !purego && !race

package lockops

import (
	"sync/atomic"
	"unsafe"
)

// Store stores v with release order.
func Store(p *uint32, v uint32) { atomic.StoreUint32(p, v) }

// Store64 stores v with release order.
func Store64(p *uint64, v uint64) { atomic.StoreUint64(p, v) }

// Release16 adds 1 with a load and a release store, for a word that only the caller writes.
//
//go:noescape
func Release16(p *uint16)

// SeqBegin makes the sequence number odd before all later stores.
//
//go:noescape
func SeqBegin(sn *uint32)

// SeqEnd makes the sequence number even after all earlier stores.
func SeqEnd(sn *uint32) { atomic.StoreUint32(sn, *sn+1) }

//go:noescape
func seqRead(sn *uint32, dst, src unsafe.Pointer, n int) bool
