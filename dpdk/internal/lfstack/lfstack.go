//go:build amd64 && !purego && !race

// Package lfstack pushes to and pops from DPDK's lock-free stacks (rte_stack with RTE_STACK_F_LF) in Go. It
// does what the inline functions of rte_stack_lf_c11.h do, on the same memory at the same time. With a
// [Record] a process may be killed at any instruction, and the stack can be settled while others use it.
package lfstack

import (
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Native is true if this build has the functions. They need a compare-and-swap of 128 bits. The race
// detector does not see memory outside Go's heap.
const Native = true

// list is struct rte_stack_lf_list.
type list struct {
	head word // the address of the first entry, and the number of changes: it prevents the ABA problem
	len  word // of entries that no thread has reserved, and padding
}

// word is a word of a list, and the mark beside it: see [Record].
type word struct{ value, mark uint64 }

// elem is struct rte_stack_lf_elem.
type elem struct{ data, next uint64 }

// The package does not compile unless these are C's, and unless there is padding after a length.
var (
	_ = build.Same[unsafe.Offsetof(list{}.head.mark)-cgo.StackHeadCnt]
	_ = build.Same[unsafe.Offsetof(list{}.len)-cgo.StackListLen]
	_ = build.Same[unsafe.Offsetof(elem{}.next)-cgo.StackElemNext]
	_ = build.Same[min(cgo.StackFree-cgo.StackUsed, unsafe.Sizeof(list{}))-unsafe.Sizeof(list{})]
)

// Stack is a stack in shared memory: a list of entries with objects, and a list of entries without. Its
// zero value must not be used.
type Stack struct{ used, free *list }

// At returns the stack at this struct rte_stack. ok is false if it is not lock-free.
func At(stack unsafe.Pointer) (s Stack, ok bool) {
	if *(*uint32)(unsafe.Add(stack, cgo.StackFlags))&cgo.StackFlagLF == 0 {
		return s, false
	}
	return Stack{(*list)(unsafe.Add(stack, cgo.StackUsed)), (*list)(unsafe.Add(stack, cgo.StackFree))}, true
}

// lists returns the addresses of the lists from and to which an operation moves entries.
func (s *Stack) lists(put bool) (from, to uint64) {
	used, free := uint64(uintptr(unsafe.Pointer(s.used))), uint64(uintptr(unsafe.Pointer(s.free)))
	if put {
		return free, used
	}
	return used, free
}

// has reports whether the stack, with room for size objects, has an entry at an address.
func (s *Stack) has(addr uint64, size int) bool {
	offset := addr - uint64(uintptr(unsafe.Pointer(s.free))) - (cgo.StackElems - cgo.StackFree)
	return offset < uint64(size)*elemSize && offset%elemSize == 0
}

// Push pushes n pointers (void *) at objs, or none. n is not 0. r is the record in which the operation was
// begun, or nil.
func (s *Stack) Push(r *Record, objs unsafe.Pointer, n int) bool {
	first, last := s.free.pop(r, nil, n)
	if first == 0 {
		return false
	}
	e := first
	for i := n - 1; i >= 0; i-- {
		entry := at(e)
		entry.data = *(*uint64)(unsafe.Add(objs, i*wordSize))
		e = entry.next
	}
	s.used.push(r, first, last, n)
	return true
}

// Pop pops n pointers to objs, or none. n is not 0. r is the record in which the operation was begun, or nil.
func (s *Stack) Pop(r *Record, objs unsafe.Pointer, n int) bool {
	first, last := s.used.pop(r, objs, n)
	if first == 0 {
		return false
	}
	s.free.push(r, first, last, n)
	return true
}

const (
	wordSize = int(unsafe.Sizeof(uintptr(0)))
	elemSize = uint64(unsafe.Sizeof(elem{}))
)

// at returns the entry at an address.
func at(addr uint64) *elem { return *(**elem)(unsafe.Pointer(&addr)) }

// push adds n linked entries.
func (l *list) push(r *Record, first, last uint64, n int) {
	for {
		top, mark := l.head.read()
		at(last).next = top
		if l.head.change(r, link, top, mark, first) {
			break
		}
	}
	l.raise(r, count, n)
}

// raise raises the length by n.
func (l *list) raise(r *Record, step uint64, n int) {
	if r == nil {
		atomic.AddUint64(&l.len.value, uint64(n))
		return
	}
	for {
		have, mark := l.len.read()
		if l.len.change(r, step, have, mark, have+uint64(n)) {
			return
		}
	}
}

// pop removes n linked entries and copies their objects to objs unless it is nil. It returns 0 if the list
// has fewer.
func (l *list) pop(r *Record, objs unsafe.Pointer, n int) (first, last uint64) {
	for {
		have, mark := l.len.read()
		if have < uint64(n) {
			return 0, 0
		}
		if l.len.change(r, reserve, have, mark, have-uint64(n)) {
			break
		}
	}
	for {
		top, mark := l.head.read()
		e, i := top, 0
		// Others may change the list meanwhile. Each next is an entry or 0 even then, and the change fails.
		for ; i < n && e != 0; i++ {
			entry := at(e)
			if objs != nil {
				*(*uint64)(unsafe.Add(objs, i*wordSize)) = entry.data
			}
			last, e = e, atomic.LoadUint64(&entry.next)
		}
		if i != n {
			continue
		}
		if r != nil {
			r.first = top
		}
		if l.head.change(r, unlink, top, mark, e) {
			return top, last
		}
	}
}

// read reads a word and its mark. The mark is from the same moment or an earlier one: then the change
// fails.
func (w *word) read() (value, mark uint64) {
	mark = atomic.LoadUint64(&w.mark)
	return atomic.LoadUint64(&w.value), mark
}

// swap sets a word and its mark to next and nextMark, if they still have these values.
//
//go:noescape
func swap(w *word, value, mark, next, nextMark uint64) bool
