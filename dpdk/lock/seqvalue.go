package lock

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
)

// SeqValue is a T and its sequence lock: readers get it whole, without writing
// anything. In C it is a struct of an rte_seqlock_t and the same T, in this order. T
// holds no Go pointers, which memzone.CreateValue makes sure of.
type SeqValue[T any] struct {
	seq   Seq
	value T
}

// words is the length of the value in words of 4 bytes. What it has too much is
// padding, as the struct is aligned to 4.
func (v *SeqValue[T]) words() int { return int(unsafe.Sizeof(v.value)+3) / 4 }

// read copies the value to t and says whether nobody wrote meanwhile.
func (v *SeqValue[T]) read(t *T) bool {
	to := unsafe.Pointer(t)
	var padded SeqValue[T]
	if unsafe.Sizeof(*t)%4 != 0 {
		to = unsafe.Pointer(&padded.value)
	}
	if !lockops.SeqRead(&v.seq.count.sn, to, unsafe.Pointer(&v.value), v.words()) {
		return false
	}
	if unsafe.Sizeof(*t)%4 != 0 {
		*t = padded.value
	}
	racesync.Acquire(unsafe.Pointer(v))
	return true
}

// write replaces the value; the caller has the writers' lock.
func (v *SeqValue[T]) write(t *T) {
	racesync.Release(unsafe.Pointer(v))
	from := unsafe.Pointer(t)
	if unsafe.Sizeof(*t)%4 != 0 {
		from = unsafe.Pointer(&(&SeqValue[T]{value: *t}).value)
	}
	lockops.SeqWrite(&v.seq.count.sn, unsafe.Pointer(&v.value), from, v.words())
}

// Load is a copy of the value; it waits for a writer who is writing just now.
func (v *SeqValue[T]) Load() (t T) {
	if !v.read(&t) {
		var w lockops.Wait
		for !v.read(&t) {
			w.Turn()
		}
	}
	return t
}

// TryLoad is a copy of the value, and false if it was written meanwhile. A writer
// that was killed while it wrote makes that so for ever.
func (v *SeqValue[T]) TryLoad() (t T, ok bool) {
	if !v.read(&t) {
		return *new(T), false // not half of it
	}
	return t, true
}

// Store replaces the value.
func (v *SeqValue[T]) Store(t T) {
	v.seq.lock.Lock()
	v.write(&t)
	v.seq.lock.Unlock()
}

// Update replaces the value by what f makes of it, with no writer in between. f must
// be short: other writers wait for it. Readers do not.
func (v *SeqValue[T]) Update(f func(*T)) {
	v.seq.lock.Lock()
	defer v.seq.lock.Unlock()
	t := v.value
	f(&t)
	v.write(&t)
}
