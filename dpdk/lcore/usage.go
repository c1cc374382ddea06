package lcore

import (
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const opUsage = "rte_lcore_register_usage_cb"

// Meter counts the cycles of an lcore: all, and those in which it had work. It is
// what DPDK's telemetry answers to /eal/lcore/usage (dpdk-telemetry.py), and from
// 23.03 on shows in rte_lcore_dump. A polling loop tells it after each round
// whether there was work:
//
//	m, err := lcore.NewMeter(id)
//	for ctx.Err() == nil {
//		n := rx.Burst(pkts)
//		…
//		m.Round(n > 0)
//	}
//
// One goroutine at a time uses a Meter.
type Meter struct {
	mem  *usage
	last uint64
}

type usage struct{ total, busy uint64 } // as struct godpdk_usage begins

var metering struct {
	sync.Mutex
	on bool
}

// NewMeter begins to count for an lcore, from where an earlier Meter for it left
// off. DPDK knows one such source a process: it replaces a C program's own
// callback (rte_lcore_register_usage_cb; a telemetry command of the same form
// before 23.03).
//
// Errors: dpdk.ErrInvalid for an id that no lcore has, a *dpdk.UnsupportedError with
// DPDK 23.03 to 24.07, where the call was experimental, dpdk.ErrNotRunning.
func NewMeter(id int) (*Meter, error) {
	if _, err := Get(id); err != nil {
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
		return nil, unsupported(err, "24.11") // or before 23.03: in between it was an experimental call
	}
	metering.on = true
	return &Meter{(*usage)(unsafe.Pointer(cgo.LcoreUsage(id))), Cycles()}, nil
}

// Round counts the cycles since the last Round, or since NewMeter, and says
// whether they were work.
func (m *Meter) Round(work bool) {
	now := Cycles()
	d := now - m.last
	m.last = now
	// Plain stores of words, the total first: the reader is C, and reads busy first.
	m.mem.total += d
	if work {
		m.mem.busy += d
	}
}

// Busy is the cycles with work so far.
func (m *Meter) Busy() uint64 { return m.mem.busy }

// Total is all cycles so far, with and without work.
func (m *Meter) Total() uint64 { return m.mem.total }

// unsupported says which release has what gave ENOTSUP.
func unsupported(err error, needs string) error {
	e, ok := err.(*dpdk.Error)
	if ok && e.Errno == dpdk.ErrUnsupported {
		e.Errno, e.Cause = 0, &dpdk.UnsupportedError{Feature: e.Op, Needs: needs, Running: dpdk.Version()}
	}
	return err
}
