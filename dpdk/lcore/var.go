package lcore

// Var is a variable with one value for each lcore, each on cache lines of its own, as with
// rte_lcore_var of DPDK 24.11. It works in every release, because it is Go memory: T may hold Go
// pointers, and other processes do not see it. The garbage collector frees it.
//
// Only its lcore should use a value. Others may read it if the fields of T are of sync/atomic.
//
// Implements: rte_lcore_var_alloc
type Var[T any] struct{ values []padded[T] }

type padded[T any] struct {
	value T
	_     [128]byte // two lines, because processors prefetch the next one
}

// NewVar returns a variable. Its values are the zero value of T.
func NewVar[T any]() *Var[T] { return &Var[T]{make([]padded[T], Max)} }

// Of returns the value of an lcore. The lcore need not exist now. Of returns nil for an ID outside of 0
// to [Max]-1.
//
// Implements: rte_lcore_var_lcore
func (v *Var[T]) Of(id int) *T {
	if uint(id) >= uint(len(v.values)) {
		return nil
	}
	return &v.values[id].value
}

// Own returns the value of the calling lcore, and nil on another thread. It costs one cgo call: call it
// once before a loop.
func (v *Var[T]) Own() *T {
	id, _ := Current()
	return v.Of(id)
}
