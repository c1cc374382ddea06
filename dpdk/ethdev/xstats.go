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

// XStats reads the extended statistics of a port: all counters of its driver, each with a name
// such as "rx_q0_packets". It reads the names once. Reading values does not allocate. One
// goroutine at a time uses it: make one for each goroutine.
//
// A Configure of the port may change the statistics: [XStats.Read] and [XStats.ReadIDs] then
// return dpdk.ErrStale until [XStats.Refresh] is called.
type XStats struct {
	port       *Port
	generation uint64
	names      []string
	ids        map[string]int
	buf        []cgo.EthXStat
}

// XStats makes a reader of the port's extended statistics. It works in all processes. Errors:
// dpdk.ErrNoDevice, dpdk.ErrNotRunning, and the driver's.
//
// Implements: rte_eth_xstats_get_names
func (p *Port) XStats() (*XStats, error) {
	x := &XStats{port: p}
	if err := x.Refresh(); err != nil {
		return nil, err
	}
	return x, nil
}

// Refresh reads the names again. IDs may change. Errors are those of [Port.XStats]. After an
// error the old names stay.
//
// Implements: rte_eth_xstats_get_names
func (x *XStats) Refresh() error {
	p := x.handle()
	return p.do("rte_eth_xstats_get_names", func() error {
		names, errno := cgo.EthXStatsNames(p.id)
		if errno != 0 {
			return driverError(errno)
		}
		x.generation, x.names = p.generation, names
		x.ids = make(map[string]int, len(names))
		for id, name := range names {
			x.ids[name] = id
		}
		x.buf = make([]cgo.EthXStat, len(names))
		return nil
	})
}

// handle returns the port of the statistics; nil for a nil or zero XStats.
func (x *XStats) handle() *Port {
	if x == nil {
		return nil
	}
	return x.port
}

// Len returns the number of statistics.
func (x *XStats) Len() int {
	if x == nil {
		return 0
	}
	return len(x.names)
}

// Names returns a copy of the names of the statistics, by ID.
func (x *XStats) Names() []string {
	if x == nil {
		return nil
	}
	return slices.Clone(x.names)
}

// Name returns the name of the statistic id, or "" if it does not exist.
func (x *XStats) Name(id int) string {
	if id < 0 || id >= x.Len() {
		return ""
	}
	return x.names[id]
}

// ID returns the ID of the statistic with this name, and whether it exists.
//
// Implements: rte_eth_xstats_get_id_by_name
func (x *XStats) ID(name string) (id int, ok bool) {
	if x == nil {
		return 0, false
	}
	id, ok = x.ids[name]
	return id, ok
}

// Read stores the values of all statistics in values, by ID. values must have Len elements. Read
// may be called while the port is polled. Errors: dpdk.ErrInvalid for another length,
// dpdk.ErrStale if the statistics have changed, dpdk.ErrNoDevice.
//
// Implements: rte_eth_xstats_get
func (x *XStats) Read(values []uint64) error {
	p := x.handle()
	if p == nil {
		return errNil(opXStats)
	}
	if len(values) != len(x.names) {
		return p.invalid(opXStats, "values has %d elements, and the port has %d statistics: use a slice of XStats.Len elements", len(values), len(x.names))
	}
	return p.do(opXStats, func() error {
		if x.generation != p.generation {
			return x.stale(opXStats)
		}
		n, errno := cgo.EthXStats(p.id, x.buf, values)
		if errno != 0 {
			return driverError(errno)
		}
		if n != len(x.names) {
			return x.stale(opXStats)
		}
		return nil
	})
}

// ReadIDs stores the value of each statistic of ids in values. With many drivers [XStats.Read] of
// all statistics costs less. Errors: dpdk.ErrInvalid for an ID that does not exist or for slices
// of different lengths, dpdk.ErrStale, dpdk.ErrNoDevice.
//
// Implements: rte_eth_xstats_get_by_id
func (x *XStats) ReadIDs(ids, values []uint64) error {
	p := x.handle()
	if p == nil {
		return errNil(opXStatsByID)
	}
	if len(ids) != len(values) {
		return p.invalid(opXStatsByID, "ids has %d elements and values %d: use the same length", len(ids), len(values))
	}
	for _, id := range ids {
		if id >= uint64(len(x.names)) {
			return p.invalid(opXStatsByID, "statistic %d does not exist: use 0 to %d", id, len(x.names)-1)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return p.do(opXStatsByID, func() error {
		if x.generation != p.generation {
			return x.stale(opXStatsByID)
		}
		return driverError(cgo.EthXStatsByID(p.id, ids, values))
	})
}

// Reset sets all statistics of the port to 0, also for other readers. Errors:
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_xstats_reset
func (x *XStats) Reset() error {
	const op = "rte_eth_xstats_reset"
	p := x.handle()
	return p.owned(op, func() error { return driverError(cgo.EthXStatsReset(p.id)) })
}

func (x *XStats) stale(op string) error {
	return &dpdk.Error{Op: op, Name: x.port.name, Errno: dpdk.ErrStale,
		Detail: fmt.Sprintf("the port was configured after the names of its %d statistics were read: call Refresh", len(x.names))}
}
