package flow

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

const (
	opIndirectCreate  = "rte_flow_action_handle_create"
	opIndirectUpdate  = "rte_flow_action_handle_update"
	opIndirectQuery   = "rte_flow_action_handle_query"
	opIndirectDestroy = "rte_flow_action_handle_destroy"
)

// Indirect is an action in a port that any number of rules of this port can have among their actions, such as one counter of several
// rules, or RSS over queues that [Indirect.Update] changes for all of them. In the text of a rule it is "indirect" and a number, which
// [Parse] does not read.
//
// It lives until [Indirect.Destroy], and ends with the rules of its port otherwise: see the package's doc. Flush does not destroy it.
type Indirect struct {
	port   *ethdev.Port
	number uint64 // in the order of creation

	mu     sync.Mutex
	action Action
	handle unsafe.Pointer // nil: destroyed
}

// IndirectConfig is the directions of the rules that can have an [Indirect]. The zero value is for received packets.
type IndirectConfig struct {
	Ingress, Egress, Transfer bool
}

// CreateIndirect creates an action in the port for several rules. Few drivers support it, and those for some actions only: [Count],
// [Age] and [RSS] are the most common ones. [Aged] reports the rules that share an action [Age]. Errors are those of [Create]; Action of
// an [Error] is 0 for an error about a.
//
// Implements: rte_flow_action_handle_create
func CreateIndirect(p *ethdev.Port, cfg IndirectConfig, a Action) (*Indirect, error) {
	i := &Indirect{port: p, number: newNumber(), action: a}
	err := withAction(opIndirectCreate, p, i.aging(a), func(id uint16, m *image, rule c.Rule) (res c.Result) {
		i.handle, res = rule.CreateIndirect(id, cfg.Ingress || !cfg.Egress && !cfg.Transfer, cfg.Egress, cfg.Transfer, m.actions)
		if res.Errno == 0 {
			registerIndirect(i)
		}
		return res
	})
	if err != nil {
		return nil, err
	}
	return i, nil
}

// aging returns a with the context of i if it is an action Age. A driver that gets no context reports a number of its own.
func (i *Indirect) aging(a Action) Action {
	if p, ok := a.(*Age); ok && p != nil {
		a = *p
	}
	if age, ok := a.(Age); ok {
		return sharedAge{age, i.context()}
	}
	return a
}

// context is what the driver reports when the action Age has aged. It is not the address of a rule, and not a small number, which some drivers use in
// place of addresses: the highest bit is set.
func (i *Indirect) context() uintptr { return 1<<63 | uintptr(i.number) }

// sharedAge is the action Age of an Indirect.
type sharedAge struct {
	Age
	context uintptr
}

func (a sharedAge) act() shape {
	s := a.Age.act()
	s.params = append(s.params, param{at: host(c.ActionAgeContext, 8), arg: context(a.context)})
	return s
}

// context is the context of an action Age, which the text of a rule does not have.
type context uintptr

func (n context) words(string) []string     { return nil }
func (n context) take(place, *reader) error { return fmt.Errorf("a context has no text") }

func (n context) encode(p place, m *image, conf int) error {
	binary.NativeEndian.PutUint64(m.b[conf+p.off:], uint64(n))
	return nil
}

// withAction runs call with the action in memory of C, as the control call op of p.
func withAction(op string, p *ethdev.Port, a Action, call func(id uint16, m *image, rule c.Rule) c.Result) error {
	r := Rule{Actions: []Action{a}}
	m, f := &image{items: -1, item: -1, action: -1}, (*fault)(nil)
	if _, nested := a.(*Indirect); nested {
		f = &fault{part: PartAction, item: -1, action: 0, message: "it is an Indirect itself: use its action"}
	}
	if f == nil {
		m.actions, f = m.list(r.Actions)
	}
	if f == nil {
		f = checkQueues(p, r)
	}
	if f != nil {
		return f.err(op, p.Name(), int(dpdk.ErrInvalid), r)
	}
	return portcall.Call(p, op, func(id uint16) error { return m.call(op, p, id, r, call) })
}

// Port returns the port of the action.
func (i *Indirect) Port() *ethdev.Port {
	if i == nil {
		return nil
	}
	return i.port
}

// Action returns the action, with the values of the last successful [Indirect.Update].
func (i *Indirect) Action() Action {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.action
}

// String returns the port and the action.
func (i *Indirect) String() string {
	if i == nil || i.port == nil {
		return "no indirect action"
	}
	return fmt.Sprintf("%v: indirect %d: %s", i.port, i.number, strings.Join(actionWords(i.Action()), " "))
}

func (i *Indirect) act() shape {
	return shape{name: "indirect", typ: c.ActionIndirect, custom: func(m *image, at int) error {
		handle := i.live()
		if handle == nil {
			return fmt.Errorf("the Indirect was destroyed, or the port was stopped, configured or reset: create it again")
		}
		binary.NativeEndian.PutUint64(m.b[at+c.ActionConf:], uint64(uintptr(handle)))
		return nil
	}, params: []param{{arg: number(i.number)}}}
}

// number is the number of an Indirect, in the text of a rule.
type number uint64

func (n number) encode(place, *image, int) error { return nil }
func (n number) words(string) []string           { return []string{fmt.Sprint(uint64(n))} }
func (n number) take(place, *reader) error       { return fmt.Errorf("an Indirect has no text") }

// live returns the handle of DPDK, or nil after the end of the action.
func (i *Indirect) live() unsafe.Pointer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.handle
}

// gone marks the end of the action.
func (i *Indirect) gone() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handle = nil
}

// checkIndirect refuses indirect actions of other ports, and those that were destroyed. The caller is inside a control call of p, so none is destroyed meanwhile.
func checkIndirect(p *ethdev.Port, r Rule) *fault {
	for n, a := range r.Actions {
		i, ok := a.(*Indirect)
		switch {
		case !ok:
		case i.port != p:
			return &fault{part: PartAction, item: -1, action: n, message: fmt.Sprintf("it belongs to %v: create one in this port", i.port)}
		case i.live() == nil:
			return &fault{part: PartAction, item: -1, action: n, message: "it was destroyed meanwhile"}
		}
	}
	return nil
}

// do runs call with the handle of DPDK, as the control call op of the port.
func (i *Indirect) do(op string, call func(id uint16, handle unsafe.Pointer) error) error {
	if i == nil || i.port == nil {
		return check.Invalid(op, "", "the Indirect is nil: use CreateIndirect")
	}
	return portcall.Call(i.port, op, func(id uint16) error {
		handle := i.live()
		if handle == nil {
			return &dpdk.Error{Op: op, Name: i.port.Name(), Errno: dpdk.ErrNotFound,
				Detail: "the indirect action was destroyed, by Destroy, or because the port was stopped, configured or reset"}
		}
		return call(id, handle)
	})
}

// Update replaces the values of the action in all rules that have it. a has the type of the action. Errors: dpdk.ErrInvalid for another type; and
// those of [CreateIndirect] and [Indirect.Destroy]. If it fails, the action has its old values.
//
// Implements: rte_flow_action_handle_update
func (i *Indirect) Update(a Action) error {
	if i == nil || i.port == nil {
		return check.Invalid(opIndirectUpdate, "", "the Indirect is nil: use CreateIndirect")
	}
	if old := i.Action(); isNil(a) || a.act().typ != old.act().typ {
		return check.Invalid(opIndirectUpdate, i.port.Name(), "the action is a %T, and the new one a %T: create another Indirect", old, a)
	}
	return withAction(opIndirectUpdate, i.port, a, func(id uint16, m *image, rule c.Rule) c.Result {
		handle := i.live()
		if handle == nil {
			return c.Result{Errno: int(dpdk.ErrNotFound), Type: int(PartHandle), Message: "the indirect action was destroyed"}
		}
		res := rule.UpdateIndirect(id, handle, m.actions)
		if res.Errno == 0 {
			i.mu.Lock()
			i.action = a
			i.mu.Unlock()
		}
		return res
	})
}

// Count returns the counters of an action [Count] for all rules that have it, and sets them to 0 if reset is true. Errors: dpdk.ErrInvalid for another action, dpdk.ErrUnsupported, and those of [Indirect.Destroy].
//
// Implements: rte_flow_action_handle_query
func (i *Indirect) Count(reset bool) (n Counters, err error) {
	err = i.query(Count{}, func(id uint16, handle unsafe.Pointer) c.Result {
		q, res := c.CountIndirect(id, handle, reset)
		n = Counters{q.Hits, q.Bytes, q.HitsSet, q.BytesSet}
		return res
	})
	return n, err
}

// Age returns the state of an action [Age]: the time since a packet has matched any rule that has it. Errors: dpdk.ErrInvalid for another action,
// dpdk.ErrUnsupported, and those of [Indirect.Destroy].
//
// Implements: rte_flow_action_handle_query
func (i *Indirect) Age() (state Idle, err error) {
	err = i.query(Age{}, func(id uint16, handle unsafe.Pointer) c.Result {
		q, res := c.AgeIndirect(id, handle)
		state = Idle{q.Aged, time.Duration(q.Idle) * time.Second, q.IdleSet}
		return res
	})
	return state, err
}

// query runs call if the action has the type of kind.
func (i *Indirect) query(kind Action, call func(id uint16, handle unsafe.Pointer) c.Result) error {
	return i.do(opIndirectQuery, func(id uint16, handle unsafe.Pointer) error {
		if a := i.Action(); a.act().typ != kind.act().typ {
			return check.Invalid(opIndirectQuery, i.port.Name(), "the action is a %T, not a %T", a, kind)
		}
		return failed(opIndirectQuery, i.port.Name(), call(id, handle), Rule{}, nil, 0)
	})
}

// Destroy destroys the action. No rule may have it: destroy the rules first. Errors: dpdk.ErrNotFound for an action that was destroyed;
// dpdk.ErrNoDevice if its port has ended; and [*Error] with the driver's, such as dpdk.ErrBusy while a rule has it.
//
// Implements: rte_flow_action_handle_destroy
func (i *Indirect) Destroy() error {
	return i.do(opIndirectDestroy, func(id uint16, handle unsafe.Pointer) error {
		if err := failed(opIndirectDestroy, i.port.Name(), c.DestroyIndirect(id, handle), Rule{}, nil, 0); err != nil {
			return err
		}
		forgetIndirect(i)
		return nil
	})
}
