package lcore

import (
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const opUsage = "rte_lcore_register_usage_cb"

// Meter counts the cycles of an lcore: all cycles, and those with work. DPDK's telemetry returns them
// for /eal/lcore/usage (dpdk-telemetry.py), and since 23.03 rte_lcore_dump prints them. A polling loop
// reports after each round whether there was work:
//
//	m, err := lcore.NewMeter(id)
//	for ctx.Err() == nil {
//		n := rx.Burst(pkts)
//		…
//		m.Round(n > 0)
//	}
//
// Only one goroutine may use a Meter at a time. A Meter needs no end.
type Meter struct {
	mem  *usage
	last uint64
}

type usage struct{ total, busy uint64 } // the first fields of struct godpdk_usage

var metering struct {
	sync.Mutex
	on bool
}

// NewMeter returns a meter for an lcore. It continues the counts of an earlier Meter for that lcore.
// DPDK has one such callback per process: NewMeter replaces that of a C program. Before 23.03 it is a
// telemetry command of the same form.
//
// Errors: dpdk.ErrInvalid if no lcore has this ID, a [*dpdk.UnsupportedError] with DPDK 23.03 to 24.07,
// where the function was experimental, dpdk.ErrNotRunning.
//
// Implements: rte_lcore_register_usage_cb
func NewMeter(id int) (*Meter, error) {
	if _, err := Lookup(id); err != nil {
		return nil, err
	}
	metering.Lock()
	defer metering.Unlock()
	err := control.Call(opUsage, name(id), func() error {
		if metering.on {
			return nil
		}
		return control.Errno(cgo.LcoreUsageRegister())
	})
	if err != nil {
		return nil, unsupported(err, "24.11") // or before 23.03: from then to 24.11 the function was experimental
	}
	metering.on = true
	return &Meter{(*usage)(unsafe.Pointer(cgo.LcoreUsage(id))), Cycles()}, nil
}

// Round counts the cycles since the last Round, or since [NewMeter]. work reports whether there was work
// in them.
func (m *Meter) Round(work bool) {
	now := Cycles()
	d := now - m.last
	m.last = now
	// The reader is C and reads busy first. So these are plain stores, the total first.
	m.mem.total += d
	if work {
		m.mem.busy += d
	}
}

// Busy returns the number of cycles with work so far.
func (m *Meter) Busy() uint64 { return m.mem.busy }

// Total returns the number of all cycles so far.
func (m *Meter) Total() uint64 { return m.mem.total }

// unsupported adds to an error ENOTSUP the release that supports the function.
func unsupported(err error, needs string) error {
	e, ok := err.(*dpdk.Error)
	if ok && e.Errno == dpdk.ErrUnsupported {
		e.Errno, e.Cause = 0, &dpdk.UnsupportedError{Feature: e.Op, Needs: needs, Running: dpdk.Version()}
	}
	return err
}
