package acl

import (
	"unsafe"

	cacl "github.com/godpdk/godpdk/cgo/acl"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
)

// Categories returns the number of values that Classify stores for each key. It is 0 for a zero Table.
func (t *Table[K]) Categories() int { return t.categories }

// fast is the number of keys in one fast call: a garbage collection waits for it.
const fast = 32

// Classify classifies keys. It stores the values of the best rules for keys[i] in values[i*c:], one for each of the c
// [Table.Categories]; 0 means that no rule matches. It returns the number of keys, which is smaller than len(keys) if values
// has no room for more.
//
// Values are all 0 after Free. They are also 0 if the DPDK of this process was compiled without the algorithm that the
// primary has chosen; processes with the same build of DPDK do not differ so.
//
// Implements: rte_acl_classify
func (t *Table[K]) Classify(values []uint32, keys []K) int {
	if t.categories == 0 {
		return 0
	}
	n := min(len(keys), len(values)/t.categories)
	values = values[:n*t.categories]
	if n == 0 {
		return 0
	}
	if t.ctx == nil {
		clear(values)
		return n
	}
	k, v, size := unsafe.Pointer(&keys[0]), unsafe.Pointer(&values[0]), unsafe.Sizeof(keys[0])
	if !fastcall.Enabled {
		if cacl.Classify(t.ctx, k, v, n, uint32(size), uint32(t.categories)) != 0 {
			clear(values)
		}
		return n
	}
	for left := n; ; {
		b := cacl.Bulk{Context: t.ctx, Keys: k, Results: v, N: uint64(min(left, fast)), Stride: uint32(size), Categories: uint32(t.categories)}
		if fastcall.Call(cacl.ClassifyAddress, unsafe.Pointer(&b)) != 0 {
			clear(values)
			return n
		}
		if left -= fast; left <= 0 {
			return n
		}
		k, v = unsafe.Add(k, fast*size), unsafe.Add(v, fast*t.categories*4)
	}
}
