package ethdev

import (
	"fmt"
	"slices"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

const (
	opXStats     = "rte_eth_xstats_get"
	opXStatsByID = "rte_eth_xstats_get_by_id"
)

// XStats reads the extended statistics of a port: all that its driver counts, each
// under a name such as "rx_q0_packets". Names are asked for once, reading values
// does not allocate. One goroutine at a time uses it; make one for each.
//
// A Configure of the port may change what there is: Read and ReadIDs then fail with
// syscall.ESTALE until Refresh is called.
type XStats struct {
	port       *Port
	generation uint64
	names      []string
	ids        map[string]int
	buf        []cgo.EthXStat
}

// XStats makes a reader of the port's extended statistics
// (rte_eth_xstats_get_names). It works in all processes. Errors: dpdk.ErrNoDevice,
// dpdk.ErrNotRunning, and the driver's.
func (p *Port) XStats() (*XStats, error) {
	x := &XStats{port: p}
	if err := x.Refresh(); err != nil {
		return nil, err
	}
	return x, nil
}

// Refresh asks for the names again, after which ids may mean others. Errors are
// those of Port.XStats, after which the old names stay.
func (x *XStats) Refresh() error {
	p := x.of()
	return p.control("rte_eth_xstats_get_names", func() int {
		names, errno := cgo.EthXStatsNames(p.id)
		if errno != 0 {
			return errno
		}
		x.generation, x.names = p.generation, names
		x.ids = make(map[string]int, len(names))
		for id, name := range names {
			x.ids[name] = id
		}
		x.buf = make([]cgo.EthXStat, len(names))
		return 0
	})
}

// of is the port of the statistics; nil for a nil or zero XStats.
func (x *XStats) of() *Port {
	if x == nil {
		return nil
	}
	return x.port
}

// Len is how many statistics there are.
func (x *XStats) Len() int {
	if x == nil {
		return 0
	}
	return len(x.names)
}

// Names are the names of the statistics, by id; a copy.
func (x *XStats) Names() []string {
	if x == nil {
		return nil
	}
	return slices.Clone(x.names)
}

// Name is the name of statistic id; "" if there is no such statistic.
func (x *XStats) Name(id int) string {
	if id < 0 || id >= x.Len() {
		return ""
	}
	return x.names[id]
}

// ID is the id of the statistic of that name, and whether there is one.
func (x *XStats) ID(name string) (id int, ok bool) {
	if x == nil {
		return 0, false
	}
	id, ok = x.ids[name]
	return id, ok
}

// Read stores the values of all statistics in values, which has Len elements, by id
// (rte_eth_xstats_get). It may be called while the port is polled. Errors:
// dpdk.ErrInvalid for another length, syscall.ESTALE if there are others now,
// dpdk.ErrNoDevice.
func (x *XStats) Read(values []uint64) error {
	p := x.of()
	if p == nil {
		return errNil(opXStats)
	}
	if len(values) != len(x.names) {
		return p.invalid(opXStats, "values has %d elements, there are %d statistics: make it of Len", len(values), len(x.names))
	}
	return p.do(opXStats, func() error {
		if x.generation != p.generation {
			return x.stale(opXStats)
		}
		n, errno := cgo.EthXStats(p.id, x.buf, values)
		if errno != 0 {
			return p.result(opXStats, errno)
		}
		if n != len(x.names) {
			return x.stale(opXStats)
		}
		return nil
	})
}

// ReadIDs stores the values of the statistics ids in values, one for each
// (rte_eth_xstats_get_by_id); with many drivers a Read of all costs less. Errors:
// dpdk.ErrInvalid for an id that is none or another length of values, syscall.ESTALE,
// dpdk.ErrNoDevice.
func (x *XStats) ReadIDs(ids, values []uint64) error {
	p := x.of()
	if p == nil {
		return errNil(opXStatsByID)
	}
	if len(ids) != len(values) {
		return p.invalid(opXStatsByID, "%d ids, but values has %d elements", len(ids), len(values))
	}
	for _, id := range ids {
		if id >= uint64(len(x.names)) {
			return p.invalid(opXStatsByID, "there is no statistic %d: ids are 0 to %d", id, len(x.names)-1)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return p.do(opXStatsByID, func() error {
		if x.generation != p.generation {
			return x.stale(opXStatsByID)
		}
		return p.result(opXStatsByID, cgo.EthXStatsByID(p.id, ids, values))
	})
}

// Reset makes all statistics of the port 0 (rte_eth_xstats_reset), also for other
// readers. Errors: dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (x *XStats) Reset() error {
	const op = "rte_eth_xstats_reset"
	p := x.of()
	return p.owned(op, func() error { return p.result(op, cgo.EthXStatsReset(p.id)) })
}

func (x *XStats) stale(op string) error {
	return &dpdk.Error{Op: op, Name: x.port.name, Errno: dpdk.ErrStale,
		Detail: fmt.Sprintf("the port was configured since the names of its %d statistics were asked for: call Refresh", len(x.names))}
}
