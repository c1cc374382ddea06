package lock

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/racesync"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// SeqValue is a T with a sequence lock: readers get a consistent copy without writing
// anything. In C it is a struct of an rte_seqlock_t and the same T, in this order. T must not
// contain Go pointers, which memzone.CreateValue checks.
type SeqValue[T any] struct {
	seq   Seq
	value T
}

// read copies the value to t and reports whether no writer wrote meanwhile.
func (v *SeqValue[T]) read(t *T) bool {
	if !lockops.SeqRead(&v.seq.count.sn, t, &v.value) {
		return false
	}
	racesync.Acquire(unsafe.Pointer(v))
	return true
}

// write replaces the value. The caller holds the writers' lock. The last word may include padding, because the
// struct is aligned to 4.
func (v *SeqValue[T]) write(t *T) {
	racesync.Release(unsafe.Pointer(v))
	from := unsafe.Pointer(t)
	if unsafe.Sizeof(*t)%4 != 0 {
		from = unsafe.Pointer(&(&SeqValue[T]{value: *t}).value)
	}
	lockops.SeqWrite(&v.seq.count.sn, unsafe.Pointer(&v.value), from, int(unsafe.Sizeof(*t)+3)/4)
}

// Load returns a copy of the value. It waits for a writer in the middle of a write.
func (v *SeqValue[T]) Load() (t T) {
	v.LoadTo(&t)
	return t
}

// LoadTo copies the value to *t. It is [SeqValue.Load] without a second copy.
func (v *SeqValue[T]) LoadTo(t *T) {
	if !v.read(t) {
		v.waitRead(t)
	}
}

func (v *SeqValue[T]) waitRead(t *T) {
	var w wait.Backoff
	for !v.read(t) {
		w.Turn()
	}
}

// TryLoad returns a copy of the value, or false if a writer wrote meanwhile. After the death of
// a writer in the middle of a write it always returns false.
func (v *SeqValue[T]) TryLoad() (t T, ok bool) {
	if !v.read(&t) {
		return *new(T), false // t may be torn
	}
	return t, true
}

// Store replaces the value.
func (v *SeqValue[T]) Store(t T) {
	v.seq.lock.Lock()
	v.write(&t)
	v.seq.lock.Unlock()
}

// Update replaces the value by the result of f, without another write in between. f must be
// short, because other writers wait for it. Readers do not.
func (v *SeqValue[T]) Update(f func(*T)) {
	v.seq.lock.Lock()
	defer v.seq.lock.Unlock()
	t := v.value
	f(&t)
	v.write(&t)
}
