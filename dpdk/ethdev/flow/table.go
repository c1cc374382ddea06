package flow

import (
	"cmp"
	"slices"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

// flows holds the rules of this process by port, and by the handle of DPDK.
var flows struct {
	sync.Mutex
	byPort map[*ethdev.Port]map[unsafe.Pointer]*Flow
	number uint64
}

func init() {
	portcall.ReleaseFlows = func(p any, id uint16, keep bool) { release(p.(*ethdev.Port), id, keep) }
	portcall.ForgetFlows = func(p any) { forgetAll(p.(*ethdev.Port)) }
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

// find returns the rules with these handles.
func find(p *ethdev.Port, handles []uintptr) (found []*Flow) {
	for _, f := range List(p) {
		if slices.Contains(handles, uintptr(f.live())) {
			found = append(found, f)
		}
	}
	return found
}

// release destroys the rules of a port, the last one first. If keep is true and the driver keeps rules
// while the port is stopped, it does nothing. The caller is inside a control call of the port.
func release(p *ethdev.Port, id uint16, keep bool) {
	all := List(p)
	if len(all) == 0 || keep && keeps(id) {
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

// keeps reports whether the driver keeps rules while the port is stopped.
func keeps(id uint16) bool {
	info, errno := cgo.EthDevInfo(id)
	return errno == 0 && info.Capabilities&c.Keep != 0
}
