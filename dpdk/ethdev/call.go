package ethdev

import (
	"github.com/godpdk/godpdk/dpdk"
)

// Call runs f as a control call of the port: the port is there, and no other
// control call of it runs meanwhile. It is for functions that a driver has beside
// those of all ports, by the name op, and gives them the port's number. The errno
// that f returns becomes the error; f must make no control calls of this library.
// Errors beside that are dpdk.ErrNoDevice and, in a secondary, dpdk.ErrSecondary.
func (p *Port) Call(op string, f func(id uint16) (errno int)) error {
	return p.owned(op, func() error { return p.result(op, f(p.id)) })
}

// unbonded refuses what is the business of the bonding port that has the port as a
// member, and does not expect it of others. The caller holds mu.
func (p *Port) unbonded(op string) error {
	i, err := p.info()
	if err != nil {
		return err
	}
	if !i.Bonded {
		return nil
	}
	return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrBusy, Detail: "the port is a member of a bonding port: take it out first"}
}
