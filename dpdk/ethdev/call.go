package ethdev

import (
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

func init() {
	portcall.Call = func(port any, op string, f func(id uint16) error) error {
		p := port.(*Port)
		return p.owned(op, func() error { return f(p.id) })
	}
}

// unbonded refuses the call op on a member of a bonding port: only the bonding port configures,
// starts and stops its members. The caller holds mu.
func (p *Port) unbonded(op string) error {
	i, err := p.info()
	if err != nil {
		return err
	}
	if !i.Bonded {
		return nil
	}
	return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrBusy, Detail: "the port is a member of a bonding port: remove it from the bonding port first"}
}
