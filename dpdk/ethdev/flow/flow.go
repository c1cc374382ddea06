package flow

import (
	"fmt"
	"sync"
	"unsafe"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

const (
	opValidate = "rte_flow_validate"
	opCreate   = "rte_flow_create"
	opDestroy  = "rte_flow_destroy"
	opQuery    = "rte_flow_query"
	opFlush    = "rte_flow_flush"
	opIsolate  = "rte_flow_isolate"
	opAged     = "rte_flow_get_aged_flows"
	opDump     = "rte_flow_dev_dump"
	opProxy    = "rte_flow_pick_transfer_proxy"
)

// Flow is a rule in a port.
type Flow struct {
	port   *ethdev.Port
	rule   Rule
	number uint64 // in the order of creation

	mu     sync.Mutex
	handle unsafe.Pointer // nil: destroyed
}

// Validate reports whether the port would accept a rule now, without creating it. Create can fail
// nevertheless, if the device is full. Errors are those of [Create].
//
// Implements: rte_flow_validate
func Validate(p *ethdev.Port, r Rule) error {
	return withRule(opValidate, p, r, func(id uint16, m *image, rule c.Rule) c.Result {
		return rule.Validate(id, 0, m.items, m.actions)
	})
}

// Create creates a rule in the port. The rule applies at once if the port is started. Most drivers
// need a started port. See the package's doc for the lifetime.
//
// Errors are [*Error] with the item or action at fault. They hold dpdk.ErrUnsupported if the driver
// has no rules or does not support this one, dpdk.ErrExist for a rule that the port has already,
// dpdk.ErrInvalid, dpdk.ErrNoMemory, and others of the driver. The errors dpdk.ErrNoDevice and
// dpdk.ErrSecondary are a [*dpdk.Error].
//
// Implements: rte_flow_create
func Create(p *ethdev.Port, r Rule) (*Flow, error) {
	r.Pattern, r.Actions = append([]Item(nil), r.Pattern...), append([]Action(nil), r.Actions...)
	f := &Flow{port: p, rule: r}
	err := withRule(opCreate, p, r, func(id uint16, m *image, rule c.Rule) (res c.Result) {
		f.handle, res = rule.Create(id, 0, m.items, m.actions)
		if res.Errno == 0 {
			register(f)
		}
		return res
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// withRule runs call with the rule in memory of C, as the control call op of p.
func withRule(op string, p *ethdev.Port, r Rule, call func(id uint16, m *image, rule c.Rule) c.Result) error {
	m, f := encode(r)
	if f == nil {
		f = checkQueues(p, r)
	}
	if f != nil {
		return f.err(op, p.Name(), int(dpdk.ErrInvalid), r)
	}
	return portcall.Call(p, op, func(id uint16) error {
		if f := checkIndirect(p, r); f != nil {
			return f.err(op, p.Name(), int(dpdk.ErrInvalid), r)
		}
		return m.call(op, p, id, r, call)
	})
}

// call runs f with a copy of the image in memory of C. r is the rule that it is of, for errors.
func (m *image) call(op string, p *ethdev.Port, id uint16, r Rule, f func(id uint16, m *image, rule c.Rule) c.Result) error {
	rule, ok := c.NewRule(m.b, m.pointers)
	if !ok {
		return dpdk.ErrNoMemory
	}
	defer rule.Free()
	res := f(id, m, rule)
	return failed(op, p.Name(), res, r, m, rule.At(res))
}

// checkQueues refuses queues that a configured port does not have: some drivers do not check them.
func checkQueues(p *ethdev.Port, r Rule) *fault {
	queues := p.Config().RxQueues
	if queues == 0 {
		return nil
	}
	for i, a := range r.Actions {
		q, ok := a.(queuer)
		if !ok {
			continue
		}
		for _, n := range q.queues() {
			if n >= queues {
				return &fault{part: PartActionConf, item: -1, action: i,
					message: fmt.Sprintf("receive queue %d does not exist: the Config has %d", n, queues)}
			}
		}
	}
	return nil
}

// Port returns the port of the rule.
func (f *Flow) Port() *ethdev.Port {
	if f == nil {
		return nil
	}
	return f.port
}

// Rule returns the rule.
func (f *Flow) Rule() Rule {
	if f == nil {
		return Rule{}
	}
	return f.rule
}

// String returns the port and the rule.
func (f *Flow) String() string {
	if f == nil || f.port == nil {
		return "no flow rule"
	}
	return fmt.Sprintf("%v: %v", f.port, f.rule)
}

// live returns the handle of DPDK, or nil after the end of the rule.
func (f *Flow) live() unsafe.Pointer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.handle
}

// gone marks the end of the rule.
func (f *Flow) gone() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handle = nil
}

// do runs call with the handle of DPDK, as the control call op of the port.
func (f *Flow) do(op string, call func(id uint16, handle unsafe.Pointer) error) error {
	if f == nil || f.port == nil {
		return check.Invalid(op, "", "the Flow is nil: use Create")
	}
	return portcall.Call(f.port, op, func(id uint16) error {
		handle := f.live()
		if handle == nil {
			return &dpdk.Error{Op: op, Name: f.port.Name(), Errno: dpdk.ErrNotFound,
				Detail: "the rule was destroyed, by Destroy or Flush, or because the port was stopped, configured or reset"}
		}
		return call(id, handle)
	})
}

// Destroy destroys the rule. Errors: dpdk.ErrNotFound for a rule that was destroyed; dpdk.ErrNoDevice
// if its port has ended; and [*Error] with the driver's.
//
// Implements: rte_flow_destroy
func (f *Flow) Destroy() error {
	return f.do(opDestroy, func(id uint16, handle unsafe.Pointer) error {
		if err := failed(opDestroy, f.port.Name(), c.Destroy(id, handle), f.rule, nil, 0); err != nil {
			return err
		}
		forget(f)
		return nil
	})
}

// Flush destroys all rules of the port, also those that C code has created. If it fails, the driver
// may have destroyed some of them; all Flows of the port are invalid then.
//
// Implements: rte_flow_flush
func Flush(p *ethdev.Port) error {
	return portcall.Call(p, opFlush, func(id uint16) error {
		res := c.Flush(id)
		forgetAll(p)
		return failed(opFlush, p.Name(), res, Rule{}, nil, 0)
	})
}

// Isolate enters or leaves isolated mode. A port in isolated mode receives only packets that its rules
// assign to queues: promiscuous mode, addresses, and the RSS of the port have no effect. Some drivers
// only change the mode before the port is configured: call it after [ethdev.Attach]. Errors:
// dpdk.ErrUnsupported, and others of the driver.
//
// Implements: rte_flow_isolate
func Isolate(p *ethdev.Port, on bool) error {
	return portcall.Call(p, opIsolate, func(id uint16) error {
		return failed(opIsolate, p.Name(), c.Isolate(id, on), Rule{}, nil, 0)
	})
}

// TransferProxy returns the port that the [Rule]s of p with Transfer must be created in: p itself, or
// another port of the same device. Errors: dpdk.ErrUnsupported, and others of the driver.
//
// Implements: rte_flow_pick_transfer_proxy
func TransferProxy(p *ethdev.Port) (*ethdev.Port, error) {
	proxy := -1
	err := portcall.Call(p, opProxy, func(id uint16) error {
		n, res := c.TransferProxy(id)
		proxy = int(n)
		return failed(opProxy, p.Name(), res, Rule{}, nil, 0)
	})
	if err != nil {
		return nil, err
	}
	return ethdev.ByID(proxy)
}

// Dump returns the driver's description of all rules of the port, in a form of the driver. The error
// is dpdk.ErrUnsupported for most drivers.
//
// Implements: rte_flow_dev_dump
func Dump(p *ethdev.Port) (text string, err error) {
	err = portcall.Call(p, opDump, func(id uint16) error {
		var res c.Result
		text, res = c.Dump(id)
		return failed(opDump, p.Name(), res, Rule{}, nil, 0)
	})
	if err != nil {
		return "", err
	}
	return text, nil
}
