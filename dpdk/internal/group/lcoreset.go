package group

import (
	"math/bits"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

// lcoreSet has a bit for each lcore ID.
type lcoreSet [(cgo.MaxLcore + 63) / 64]uint64

func (s *lcoreSet) add(id int)     { s[id/64] |= 1 << (id % 64) }
func (s lcoreSet) has(id int) bool { return s[id/64]>>(id%64)&1 != 0 }

// list returns the IDs in ascending order.
func (s lcoreSet) list() (ids []int) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			ids = append(ids, i*64+bits.TrailingZeros64(word))
		}
	}
	return ids
}

func (s lcoreSet) String() string { return cpulist.Spans(s.list()) }

// and returns the IDs in both sets.
func (s lcoreSet) and(t lcoreSet) lcoreSet {
	for i := range s {
		s[i] &= t[i]
	}
	return s
}

// or returns the IDs in one set or the other.
func (s lcoreSet) or(t lcoreSet) lcoreSet {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}
