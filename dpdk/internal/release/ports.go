package release

import (
	"sync"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
)

const opPortOwner = "rte_eth_dev_owner_delete"

// portOwner is an owner of ports that a secondary has made.
type portOwner struct {
	name string
	id   uint64
}

// portOwners are the owners of ports that secondaries have made, by process. Only a primary has any.
var portOwners struct {
	sync.Mutex
	of map[delegate.Owner][]portOwner
}

func init() {
	delegate.OnEnd(func(o delegate.Owner, died bool) {
		portOwners.Lock()
		all := portOwners.of[o]
		portOwners.Unlock()
		if died {
			for _, p := range all {
				delegate.Reach("before an owner of ports")
				p.release(o)
			}
		}
		portOwners.Lock()
		defer portOwners.Unlock()
		delete(portOwners.of, o)
	})
}

// release takes the ports from an owner of a dead process.
func (p portOwner) release(o delegate.Owner) {
	ports := portsOf(p.id)
	if len(ports) == 0 {
		return
	}
	if err := control.Call(opPortOwner, p.name, func() error { return control.Errno(cgo.EthOwnerDelete(p.id)) }); err != nil {
		control.Logger().Warn("ports of a dead process keep their owner", "error", err)
		return
	}
	control.Logger().Warn("ports of a dead process have no owner any more", "owner", p.name, "ports", ports, "pid", owner.Describe(owner.Of(o)).Pid)
}

// PortOwner notes that this process has made an owner of ports. Ports lose it when the process has died.
func PortOwner(name string, id uint64) error {
	_, err := notePortOwner(name, id)
	return err
}

var notePortOwner = delegate.Func("rte_eth_dev_owner_new of a secondary", func(o delegate.Owner, name string, id uint64) (bool, error) {
	if o != delegate.Self {
		portOwners.Lock()
		defer portOwners.Unlock()
		if portOwners.of == nil {
			portOwners.of = map[delegate.Owner][]portOwner{}
		}
		portOwners.of[o] = append(portOwners.of[o], portOwner{name, id})
	}
	return true, nil
})

// portsOf returns the names of the ports with an owner.
func portsOf(id uint64) (names []string) {
	_ = control.Call(opPortOwner, "", func() error {
		for port := cgo.EthFindNext(0); port >= 0; port = cgo.EthFindNext(port + 1) {
			if is, _, errno := cgo.EthOwner(uint16(port)); errno == 0 && is == id {
				name, _ := cgo.EthName(uint16(port))
				names = append(names, name)
			}
		}
		return nil
	})
	return names
}
