package telemetry

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// Mempool describes a pool of objects.
type Mempool struct {
	Name        string `json:"name"`
	Socket      int    `json:"socket_id"` // -1: any
	Flags       Number `json:"flags"`     // RTE_MEMPOOL_F_…
	Size        uint64 `json:"size"`      // the objects it was made for
	Populated   uint64 `json:"populated_size"`
	CacheSize   uint64 `json:"cache_size"` // of each lcore, in objects
	ElementSize uint64 `json:"elt_size"`   // bytes without header and trailer
	HeaderSize  uint64 `json:"header_size"`
	TrailerSize uint64 `json:"trailer_size"`
	PrivateSize uint64 `json:"private_data_size"`
	Ops         int    `json:"ops_index"`
	Memzone     string `json:"mz_name"`

	// Common counts the free objects in the pool itself, and Cached those in the caches of lcores. Both are nil before
	// DPDK 23.03.
	Common *uint64 `json:"common_pool_count"`
	Cached *uint64 `json:"total_cache_count"`
}

// InUse returns the number of objects that are neither in the pool nor in a cache; false before DPDK 23.03.
func (m *Mempool) InUse() (uint64, bool) {
	if m == nil || m.Common == nil || m.Cached == nil {
		return 0, false
	}
	return m.Populated - min(m.Populated, *m.Common+*m.Cached), true
}

// Ring describes a ring.
type Ring struct {
	Name     string `json:"name"`
	Socket   int    `json:"socket"`        // -1: any
	Flags    Number `json:"flags"`         // RING_F_…
	Producer string `json:"producer_type"` // "SP", "MP", "MP_RTS" or "MP_HTS"
	Consumer string `json:"consumer_type"` // "SC", "MC", "MC_RTS" or "MC_HTS"
	Size     uint64 `json:"size"`          // slots
	Capacity uint64 `json:"capacity"`      // elements that it can hold
	Used     uint64 `json:"used_count"`
	Memzone  string `json:"mz_name"`
}

// Heap describes a heap of DPDK's memory. Sizes are in bytes.
type Heap struct {
	Name         string `json:"Name"`
	Size         uint64 `json:"Heap_size"`
	Free         uint64 `json:"Free_size"`
	Allocated    uint64 `json:"Alloc_size"`
	LargestFree  uint64 `json:"Greatest_free_size"`
	AllocatedNum uint64 `json:"Alloc_count"`
	FreeNum      uint64 `json:"Free_count"`
}

// Memzone describes a named block of memory.
type Memzone struct {
	Name         string `json:"Name"`
	Length       uint64 `json:"Length"`  // bytes
	Address      Number `json:"Address"` // in each process of the file prefix
	Socket       int    `json:"Socket"`
	Flags        Number `json:"Flags"`         // RTE_MEMZONE_…
	HugepageSize uint64 `json:"Hugepage_size"` // bytes
	Hugepages    int    `json:"Hugepage_used"`
}

// Mempools returns the names of the pools.
func (c *Client) Mempools(ctx context.Context) ([]string, error) {
	return list[string](ctx, c, "/mempool/list")
}

// Mempool describes a pool.
func (c *Client) Mempool(ctx context.Context, name string) (Mempool, error) {
	const command = "/mempool/info"
	if err := check.Name(opCall, name, maxRequest); err != nil {
		return Mempool{}, err
	}
	m, err := get[Mempool](ctx, c, command, name)
	if err == nil {
		err = other(ctx, c, command, name, m.Name)
	}
	return m, err
}

// Rings returns the names of the rings. DPDK has this command since 24.03: before, the error is [dpdk.ErrUnsupported].
func (c *Client) Rings(ctx context.Context) ([]string, error) {
	return list[string](ctx, c, "/ring/list")
}

// Ring describes a ring. DPDK has this command since 24.03: before, the error is [dpdk.ErrUnsupported].
func (c *Client) Ring(ctx context.Context, name string) (Ring, error) {
	const command = "/ring/info"
	if err := check.Name(opCall, name, maxRequest); err != nil {
		return Ring{}, err
	}
	r, err := get[Ring](ctx, c, command, name)
	if err == nil {
		err = other(ctx, c, command, name, r.Name)
	}
	return r, err
}

// Heaps returns the numbers of the heaps that have memory.
func (c *Client) Heaps(ctx context.Context) ([]int, error) {
	return list[int](ctx, c, "/eal/heap_list")
}

// Heap describes a heap. It first checks that [Client.Heaps] lists the number: with another one DPDK reads other
// memory.
func (c *Client) Heap(ctx context.Context, heap int) (Heap, error) {
	return listed[Heap](ctx, c, "/eal/heap_info", heap, c.Heaps)
}

// Memzones returns the numbers of the memzones.
func (c *Client) Memzones(ctx context.Context) ([]int, error) {
	return list[int](ctx, c, "/eal/memzone_list")
}

// Memzone describes a memzone. It first checks that [Client.Memzones] lists the number: with another one DPDK crashes. A
// memzone that is freed at the same moment can still crash the process: see "Safety" above.
func (c *Client) Memzone(ctx context.Context, zone int) (Memzone, error) {
	return listed[Memzone](ctx, c, "/eal/memzone_info", zone, c.Memzones)
}

// listed is get for a number that is in a list.
func listed[T any](ctx context.Context, c *Client, command string, number int, numbers func(context.Context) ([]int, error)) (T, error) {
	all, err := numbers(ctx)
	if !slices.Contains(all, number) {
		var none T
		if err == nil {
			err = c.fail(ctx, command, &dpdk.Error{Errno: dpdk.ErrNotFound, Detail: fmt.Sprintf("the process has no number %d: it has %v", number, all)})
		}
		return none, err
	}
	return get[T](ctx, c, command, strconv.Itoa(number))
}
