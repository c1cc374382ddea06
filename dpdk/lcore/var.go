package lcore

// Var is a variable of which each lcore has one, on cache lines of its own, as
// with rte_lcore_var of DPDK 24.11. It is Go's memory in every release: T may hold
// Go pointers, and other processes do not see it. It lives as long as it is used.
//
// An lcore's value is for that lcore. Others may look if T is made for it, with
// fields of sync/atomic.
type Var[T any] struct{ values []padded[T] }

type padded[T any] struct {
	value T
	_     [128]byte // the line after it too, which processors fetch ahead
}

// NewVar makes a variable whose values are T's zero value.
func NewVar[T any]() *Var[T] { return &Var[T]{make([]padded[T], Max)} }

// Of is the value of an lcore, whether there is such an lcore now or not; nil for
// an id that cannot be.
func (v *Var[T]) Of(id int) *T {
	if uint(id) >= uint(len(v.values)) {
		return nil
	}
	return &v.values[id].value
}

// Own is the value of the lcore that the calling thread is, nil on another thread.
// It costs a call of C: an lcore asks once.
func (v *Var[T]) Own() *T {
	id, _ := Current()
	return v.Of(id)
}
