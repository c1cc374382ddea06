package telemetry

import (
	"context"
	"fmt"
	"strconv"

	"github.com/godpdk/godpdk/dpdk"
)

// Lcore describes a logical core.
type Lcore struct {
	ID     int    `json:"lcore_id"`
	Socket int    `json:"socket"`
	Role   string `json:"role"` // "RTE", "SERVICE", "NON_EAL" or "OFF"
	CPUs   []int  `json:"cpuset"`
}

// LcoreUsage counts the cycles of an lcore. The share of busy ones is that between two calls.
type LcoreUsage struct {
	Lcore       int
	Total, Busy uint64
}

// Lcores returns the IDs of the lcores. DPDK has this command since 23.03: before, the error is [dpdk.ErrUnsupported].
func (c *Client) Lcores(ctx context.Context) ([]int, error) {
	return list[int](ctx, c, "/eal/lcore/list")
}

// Lcore describes an lcore. DPDK has this command since 23.03: before, the error is [dpdk.ErrUnsupported].
func (c *Client) Lcore(ctx context.Context, id int) (Lcore, error) {
	return get[Lcore](ctx, c, "/eal/lcore/info", strconv.Itoa(id))
}

// LcoreUsage returns the cycles of the lcores that count them: a Go program counts them with an lcore.Meter, and a C
// program with rte_lcore_register_usage_cb. Before DPDK 23.03 only Go programs have this command.
func (c *Client) LcoreUsage(ctx context.Context) ([]LcoreUsage, error) {
	const command = "/eal/lcore/usage"
	columns, err := get[struct {
		IDs   []int    `json:"lcore_ids"`
		Total []uint64 `json:"total_cycles"`
		Busy  []uint64 `json:"busy_cycles"`
	}](ctx, c, command, "")
	if err != nil {
		return nil, err
	}
	if len(columns.Total) != len(columns.IDs) || len(columns.Busy) != len(columns.IDs) {
		return nil, c.fail(ctx, command, &dpdk.Error{Errno: dpdk.ErrBadMessage,
			Detail: fmt.Sprintf("%d lcores with %d and %d counts", len(columns.IDs), len(columns.Total), len(columns.Busy))})
	}
	all := make([]LcoreUsage, len(columns.IDs))
	for i, id := range columns.IDs {
		all[i] = LcoreUsage{id, columns.Total[i], columns.Busy[i]}
	}
	return all, nil
}
