//go:build !purego && !race

package lfstack

import (
	"sync/atomic"
	"unsafe"
)

// tagShift is the place of the tag in a mark: the id of the record, and the parity of its attempt.
const tagShift = 48

// change sets w to next and counts the change in the mark, if both still have these values. r is the record
// of the operation, or nil.
func (w *word) change(r *Record, step, value, mark, next uint64) bool {
	if r == nil {
		return swap(w, value, mark, next, mark+1) // the tag stays
	}
	state := r.state&^steps + attempt | step
	if tag := mark >> tagShift; tag>>1 != uint64(r.id) {
		if tag != 0 {
			r.help(w, tag)
		}
	} else if tag&1 == state/attempt&1 {
		state += attempt // then this attempt cannot be taken for the former one
	}
	r.state = state
	Reach(intents[step&3])
	if !swap(w, value, mark, next, mark&(1<<tagShift-1)+(r.tag(state)<<tagShift+1)) {
		return false
	}
	Reach(changes[step&3])
	return true
}

// tag returns the tag of the record in this state.
func (r *Record) tag(state uint64) uint64 { return uint64(r.id)<<1 | state/attempt&1 }

// The names of the points before and after each change.
var (
	intents = [...]string{"before reserve", "before unlink", "before link", "before count"}
	changes = [...]string{"after reserve", "after unlink", "after link", "after count"}
)

// help notes in the record that a tag names that its last attempt, to change w, was successful. It does
// nothing if that record has begun another attempt or has ended its operation since.
func (r *Record) help(w *word, tag uint64) {
	if tag>>1 >= Records { // C has counted for years
		return
	}
	other := (*Record)(unsafe.Add(unsafe.Pointer(r), (int(tag>>1)-int(r.id))*Size))
	state := atomic.LoadUint64(&other.state)
	if state&done == 0 && other.word(state) == w && other.tag(state) == tag &&
		atomic.LoadUint64(&w.mark)>>tagShift == tag { // read after the state: the tag is of this attempt
		atomic.CompareAndSwapUint64(&other.state, state, state|done)
	}
}

// word returns the word that a step changes, nil for the other steps.
func (r *Record) word(state uint64) *word {
	from, to := listAt(r.from), listAt(r.to)
	switch state & steps &^ done {
	case reserve:
		return &from.len
	case unlink:
		return &from.head
	case link:
		return &to.head
	case count:
		return &to.len
	}
	return nil
}

func listAt(addr uint64) *list { return *(**list)(unsafe.Pointer(&addr)) }

// Settle ends the operation of a dead process on a stack that exists. Others may use the stack meanwhile.
// inCache reports that the cache has the n objects of the operation, at its start; otherwise its length
// need not change.
func (r *Record) Settle() (n int, inCache bool) {
	moved := r.settle()
	return int(r.n), r.inCache && moved != r.put
}

// settle ends the operation, and reports whether it has moved its objects. Otherwise they are where they
// were, and so are the entries of the lists.
func (r *Record) settle() (moved bool) {
	from, to, n := listAt(r.from), listAt(r.to), int(r.n)
	made := r.made()
	switch step := r.state & steps &^ done; {
	case step < reserve || step == reserve && !made: // nothing has changed
	case step == reserve || step == unlink && !made:
		from.raise(nil, 0, n)
	case step == unlink || step == link && !made:
		last := r.first
		for range n - 1 {
			last = at(last).next
		}
		from.push(nil, r.first, last, n)
	case step == link || !made:
		to.raise(nil, 0, n)
		moved = true
	default:
		moved = true
	}
	r.End()
	return moved
}

// made reports whether the last attempt to change a word was successful.
func (r *Record) made() bool {
	state := r.state
	w := r.word(state)
	if w == nil {
		return false
	}
	// The mark first: before the tag is replaced, the change is noted.
	return atomic.LoadUint64(&w.mark)>>tagShift == r.tag(state) || atomic.LoadUint64(&r.state)&done != 0
}
