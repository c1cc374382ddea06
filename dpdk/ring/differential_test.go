package ring

import (
	"fmt"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
	"github.com/godpdk/godpdk/test/twin"
)

// The assembly, its Go twin and C on the same real rings. Package ringcore runs
// the same suite without C, on all architectures.

// inC is rte_ring itself.
var inC = ringtest.Impl{
	Name: "c",
	Enqueue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, free uint32) {
		return twin.RingEnqueue(cRing(r), objs, r.ElemSize, n, bulk)
	},
	Dequeue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, available uint32) {
		return twin.RingDequeue(cRing(r), objs, r.ElemSize, n, bulk)
	},
}

// cRing returns the struct rte_ring of a description.
func cRing(r *ringcore.Ring) cgo.Ring { return unsafe.Add(unsafe.Pointer(r.Prod), -cgo.RingProd) }

var made atomic.Int64

// inHugepages makes rings in DPDK's memory.
func inHugepages(t *testing.T, elemSize, count uint32, prod, cons ringcore.Sync, exact bool) *ringcore.Ring {
	t.Helper()
	cfg := Config{Producer: Sync(prod), Consumer: Sync(cons), ExactSize: exact}
	flags, ok := cfg.flags()
	require.True(t, ok)
	name := fmt.Sprintf("differential %d", made.Add(1))
	i, errno := cgo.RingCreate(name, elemSize, count, -1, flags)
	require.Zero(t, errno)
	t.Cleanup(func() { require.Zero(t, cgo.RingFree(name, i.Ring)) })
	r, err := ringlayout.Describe(i, elemSize)
	require.NoError(t, err)
	require.Equal(t, i.Ring, cRing(&r))
	return &r
}

func TestAssemblyGoAndCAgreeInAllModes(t *testing.T) {
	ringtest.Differential(t, inHugepages, ringtest.Native, ringtest.Ones, ringtest.Twin, inC)
}

func TestAssemblyGoAndCShareARingUnderLoad(t *testing.T) {
	ringtest.Stress(t, inHugepages, 3000, ringtest.Native, inC, ringtest.Twin)
}

func TestCountsAgreeWithC(t *testing.T) {
	for _, prod := range []Sync{Multi, Single, RTS, HTS} {
		for _, cons := range []Sync{Multi, Single, RTS, HTS} {
			for _, exact := range []bool{false, true} {
				r := inHugepages(t, 8, 16, ringcore.Sync(prod), ringcore.Sync(cons), exact)
				objs := make([]uint64, 16)
				for i := range 200 {
					n := uint32(i*7%5 + 1)
					if i%3 == 2 {
						r.Dequeue(unsafe.Pointer(&objs[0]), int(n)+2, false)
					} else {
						r.Enqueue(unsafe.Pointer(&objs[0]), int(n), false)
					}
					count, free, size, mask, capacity := twin.RingCounts(cRing(r))
					require.Equal(t, count, r.Count())
					require.Equal(t, free, r.FreeCount())
					require.Equal(t, size, r.Size)
					require.Equal(t, mask, r.Mask)
					require.Equal(t, capacity, r.Capacity)
				}
			}
		}
	}
}
