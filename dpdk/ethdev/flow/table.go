package flow

import (
	"cmp"
	"slices"
	"sync"
	"unsafe"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

// flows holds the rules of this process by port, and by the handle of DPDK.
var flows struct {
	sync.Mutex
	byPort   map[*ethdev.Port]map[unsafe.Pointer]*Flow
	indirect map[*ethdev.Port][]*Indirect // in the order of their creation
	number   uint64
}

func init() {
	portcall.ReleaseFlows = func(p any, id uint16) {
		release(p.(*ethdev.Port), id)
		releaseIndirect(p.(*ethdev.Port), id) // no rule has them any more
	}
	portcall.ForgetFlows = func(p any) {
		forgetAll(p.(*ethdev.Port))
		forgetAllIndirect(p.(*ethdev.Port))
	}
}

// register adds a rule. The caller is inside portcall.Call.
func register(f *Flow) {
	flows.Lock()
	defer flows.Unlock()
	if flows.byPort == nil {
		flows.byPort = map[*ethdev.Port]map[unsafe.Pointer]*Flow{}
	}
	of := flows.byPort[f.port]
	if of == nil {
		of = map[unsafe.Pointer]*Flow{}
		flows.byPort[f.port] = of
	}
	if old := of[f.handle]; old != nil {
		old.gone() // its driver has destroyed it, and another rule has its handle
	}
	flows.number++
	f.number = flows.number
	of[f.handle] = f
}

// newNumber returns the number of a new Indirect.
func newNumber() uint64 {
	flows.Lock()
	defer flows.Unlock()
	flows.number++
	return flows.number
}

// forget removes a rule that was destroyed.
func forget(f *Flow) {
	flows.Lock()
	defer flows.Unlock()
	delete(flows.byPort[f.port], f.live())
	f.gone()
}

// forgetAll removes all rules of a port.
func forgetAll(p *ethdev.Port) {
	flows.Lock()
	defer flows.Unlock()
	for _, f := range flows.byPort[p] {
		f.gone()
	}
	delete(flows.byPort, p)
}

// List returns the rules that this process has created in the port, in the order of their creation.
func List(p *ethdev.Port) []*Flow {
	flows.Lock()
	defer flows.Unlock()
	all := make([]*Flow, 0, len(flows.byPort[p]))
	for _, f := range flows.byPort[p] {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *Flow) int { return cmp.Compare(a.number, b.number) })
	return all
}

// withContexts returns the rules with an action Age that has one of these contexts. The context of a rule's own action is its handle.
func withContexts(p *ethdev.Port, contexts []uintptr) (found []*Flow) {
	for _, f := range List(p) {
		shares := func(a Action) bool {
			i, ok := a.(*Indirect)
			return ok && slices.Contains(contexts, i.context())
		}
		if slices.Contains(contexts, uintptr(f.live())) || slices.ContainsFunc(f.rule.Actions, shares) {
			found = append(found, f)
		}
	}
	return found
}

// release destroys the rules of a port, the last one first. The caller is inside a control call of the port.
func release(p *ethdev.Port, id uint16) {
	all := List(p)
	if len(all) == 0 {
		return
	}
	failed := false
	for _, f := range slices.Backward(all) {
		failed = c.Destroy(id, f.live()).Errno != 0 || failed
	}
	if failed {
		c.Flush(id)
	}
	forgetAll(p)
}

// registerIndirect adds an indirect action. The caller is inside portcall.Call.
func registerIndirect(i *Indirect) {
	flows.Lock()
	defer flows.Unlock()
	if flows.indirect == nil {
		flows.indirect = map[*ethdev.Port][]*Indirect{}
	}
	flows.indirect[i.port] = append(flows.indirect[i.port], i)
}

// forgetIndirect removes an indirect action that was destroyed.
func forgetIndirect(i *Indirect) {
	flows.Lock()
	defer flows.Unlock()
	of := flows.indirect[i.port]
	flows.indirect[i.port] = slices.DeleteFunc(of, func(other *Indirect) bool { return other == i })
	i.gone()
}

// forgetAllIndirect removes all indirect actions of a port.
func forgetAllIndirect(p *ethdev.Port) {
	flows.Lock()
	defer flows.Unlock()
	for _, i := range flows.indirect[p] {
		i.gone()
	}
	delete(flows.indirect, p)
}

// releaseIndirect destroys the indirect actions of a port, the last one first. The caller is inside a control call of the port.
func releaseIndirect(p *ethdev.Port, id uint16) {
	flows.Lock()
	all := slices.Clone(flows.indirect[p])
	flows.Unlock()
	for _, i := range slices.Backward(all) {
		c.DestroyIndirect(id, i.live()) // a driver that refuses frees it with the port
	}
	forgetAllIndirect(p)
}
