//go:build amd64 && !purego && !race

// Package lfstack pushes to and pops from DPDK's lock-free stacks (rte_stack with RTE_STACK_F_LF) in Go. It
// does what the inline functions of rte_stack_lf_c11.h do, on the same memory at the same time.
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
	top     unsafe.Pointer // *elem
	changes uint64         // prevents the ABA problem
	len     uint64         // of entries that no thread has reserved
}

// elem is struct rte_stack_lf_elem. Its fields are written as words, without write barriers.
type elem struct{ data, next unsafe.Pointer }

// The package does not compile unless these are C's.
var (
	_ = build.Same[unsafe.Offsetof(list{}.changes)-cgo.StackHeadCnt]
	_ = build.Same[unsafe.Offsetof(list{}.len)-cgo.StackListLen]
	_ = build.Same[unsafe.Offsetof(elem{}.next)-cgo.StackElemNext]
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

// Push pushes n pointers (void *) at objs, or none. n is not 0.
func (s Stack) Push(objs unsafe.Pointer, n int) bool {
	first, last := s.free.pop(nil, n)
	if first == nil {
		return false
	}
	e := first
	for i := n - 1; i >= 0; i-- {
		*(*uintptr)(unsafe.Pointer(&e.data)) = *(*uintptr)(unsafe.Add(objs, i*wordSize))
		e = (*elem)(e.next)
	}
	s.used.push(first, last, n)
	return true
}

// Pop pops n pointers to objs, or none. n is not 0.
func (s Stack) Pop(objs unsafe.Pointer, n int) bool {
	first, last := s.used.pop(objs, n)
	if first == nil {
		return false
	}
	s.free.push(first, last, n)
	return true
}

const wordSize = int(unsafe.Sizeof(uintptr(0)))

// push adds n linked entries.
func (l *list) push(first, last *elem, n int) {
	for {
		changes, top := l.head()
		*(*uintptr)(unsafe.Pointer(&last.next)) = uintptr(top)
		if swap(l, top, changes, unsafe.Pointer(first)) {
			break
		}
	}
	atomic.AddUint64(&l.len, uint64(n))
}

// pop removes n linked entries and copies their objects to objs unless it is nil. It returns nil if the list
// has fewer.
func (l *list) pop(objs unsafe.Pointer, n int) (first, last *elem) {
	for {
		have := atomic.LoadUint64(&l.len)
		if have < uint64(n) {
			return nil, nil
		}
		if atomic.CompareAndSwapUint64(&l.len, have, have-uint64(n)) {
			break
		}
	}
	for {
		changes, top := l.head()
		e, i := (*elem)(top), 0
		// Others may change the list meanwhile. Each next is an entry or nil even then, and the swap fails.
		for ; i < n && e != nil; i++ {
			if objs != nil {
				*(*uintptr)(unsafe.Add(objs, i*wordSize)) = *(*uintptr)(unsafe.Pointer(&e.data))
			}
			last, e = e, (*elem)(atomic.LoadPointer(&e.next))
		}
		if i == n && swap(l, top, changes, unsafe.Pointer(e)) {
			return (*elem)(top), last
		}
	}
}

// head reads the two words of the head, of which the first is from the same moment or a later one: then
// the swap fails.
func (l *list) head() (changes uint64, top unsafe.Pointer) {
	changes = atomic.LoadUint64(&l.changes)
	return changes, atomic.LoadPointer(&l.top)
}

// swap sets the top of a list to next and counts a change, if the head still has these values.
//
//go:noescape
func swap(l *list, top unsafe.Pointer, changes uint64, next unsafe.Pointer) bool
