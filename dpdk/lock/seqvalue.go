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

// Load is a copy of the value; it waits for a writer who is writing just now.
func (v *SeqValue[T]) Load() T {
	var w lockops.Wait
	for {
		if t, ok := v.TryLoad(); ok {
			return t
		}
		w.Turn()
	}
}

// TryLoad is a copy of the value, and false if it was written meanwhile. A writer
// that was killed while it wrote makes that so for ever.
func (v *SeqValue[T]) TryLoad() (T, bool) {
	var to SeqValue[T] // with its padding
	if !lockops.SeqRead(&v.seq.count.sn, unsafe.Pointer(&to.value), unsafe.Pointer(&v.value), v.words()) {
		return *new(T), false
	}
	racesync.Acquire(unsafe.Pointer(v))
	return to.value, true
}

// Store replaces the value.
func (v *SeqValue[T]) Store(t T) {
	from := SeqValue[T]{value: t}
	v.seq.lock.Lock()
	v.write(&from)
	v.seq.lock.Unlock()
}

// Update replaces the value by what f makes of it, with no writer in between. f must
// be short: other writers wait for it. Readers do not.
func (v *SeqValue[T]) Update(f func(*T)) {
	v.seq.lock.Lock()
	defer v.seq.lock.Unlock()
	from := SeqValue[T]{value: v.value}
	f(&from.value)
	v.write(&from)
}

func (v *SeqValue[T]) write(from *SeqValue[T]) {
	racesync.Release(unsafe.Pointer(v))
	lockops.SeqWrite(&v.seq.count.sn, unsafe.Pointer(&v.value), unsafe.Pointer(&from.value), v.words())
}
