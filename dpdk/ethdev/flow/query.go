package flow

import (
	"slices"
	"time"
	"unsafe"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

// Counters are the counters of an action [Count].
type Counters struct {
	Packets, Bytes uint64
	// HasPackets and HasBytes are true if the driver counts them.
	HasPackets, HasBytes bool
}

// Count returns the counters of the rule's first action [Count], and sets them to 0 if reset is true.
// Errors: dpdk.ErrInvalid for a rule without this action, dpdk.ErrUnsupported, and those of
// [Flow.Destroy].
//
// Implements: rte_flow_query
func (f *Flow) Count(reset bool) (n Counters, err error) {
	err = query(f, Count{}, func(id uint16, handle unsafe.Pointer, rule c.Rule, action int) c.Result {
		q, res := rule.Count(id, handle, action, reset)
		n = Counters{q.Hits, q.Bytes, q.HitsSet, q.BytesSet}
		return res
	})
	return n, err
}

// Idle is the state of an action [Age].
type Idle struct {
	Aged bool // no packet has matched for the time of the action
	// Time is the time since a packet has matched, in whole seconds, if HasTime is true.
	Time    time.Duration
	HasTime bool
}

// Age returns the state of the rule's first action [Age]. Errors: dpdk.ErrInvalid for a rule without
// this action, dpdk.ErrUnsupported, and those of [Flow.Destroy].
//
// Implements: rte_flow_query
func (f *Flow) Age() (state Idle, err error) {
	err = query(f, Age{}, func(id uint16, handle unsafe.Pointer, rule c.Rule, action int) c.Result {
		q, res := rule.Age(id, handle, action)
		state = Idle{q.Aged, time.Duration(q.Idle) * time.Second, q.IdleSet}
		return res
	})
	return state, err
}

// query runs call with the first action of f of the same type as kind. action is its offset in rule.
func query(f *Flow, kind Action, call func(id uint16, handle unsafe.Pointer, rule c.Rule, action int) c.Result) error {
	n := slices.IndexFunc(f.Rule().Actions, func(a Action) bool { return a.act().typ == kind.act().typ })
	return f.do(opQuery, func(id uint16, handle unsafe.Pointer) error {
		if n < 0 {
			return check.Invalid(opQuery, f.port.Name(), "the rule has no action %T", kind)
		}
		m, bad := encode(f.rule)
		if bad != nil { // the caller has changed the bytes of an item
			return bad.err(opQuery, f.port.Name(), int(dpdk.ErrInvalid), f.rule)
		}
		rule, ok := c.NewRule(m.b, m.pointers)
		if !ok {
			return dpdk.ErrNoMemory
		}
		defer rule.Free()
		res := call(id, handle, rule, m.actions+n*c.ActionSize)
		return failed(opQuery, f.port.Name(), res, f.rule, m, rule.At(res))
	})
}

// Aged returns the rules that no packet has matched for the time of their action [Age]. Rules that share
// this action ([CreateIndirect]) are in the list if no packet has matched any of them. The rules stay in
// the port: destroy those that are not needed. Rules that C code has created are not in the list. Some
// drivers return a rule, or the rules that share an action, once until a packet matches again. The event
// is ethdev.EventFlowAged. The error is dpdk.ErrUnsupported for most drivers.
//
// Implements: rte_flow_get_aged_flows
func Aged(p *ethdev.Port) (aged []*Flow, err error) {
	err = portcall.Call(p, opAged, func(id uint16) error {
		n, res := c.Aged(id, nil)
		if err := failed(opAged, p.Name(), res, Rule{}, nil, 0); err != nil || n == 0 {
			return err
		}
		contexts := make([]uintptr, n)
		n, res = c.Aged(id, contexts)
		aged = withContexts(p, contexts[:min(n, len(contexts))])
		return failed(opAged, p.Name(), res, Rule{}, nil, 0)
	})
	if err != nil {
		return nil, err
	}
	return aged, nil
}
