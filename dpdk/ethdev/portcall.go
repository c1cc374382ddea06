package ethdev

import "github.com/godpdk/godpdk/dpdk/internal/portcall"

func init() {
	portcall.Call = func(port any, op string, f func(id uint16) error) error {
		p := port.(*Port)
		return p.owned(op, func() error { return f(p.id) })
	}
}
