package ethdev

import (
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opNewOwner    = "rte_eth_dev_owner_new"
	opOwner       = "rte_eth_dev_owner_get"
	opSetOwner    = "rte_eth_dev_owner_set"
	opUnsetOwner  = "rte_eth_dev_owner_unset"
	opDeleteOwner = "rte_eth_dev_owner_delete"
)

// MaxOwnerName is the length of the longest name of an owner, in bytes.
const MaxOwnerName = cgo.EthOwnerNameSize - 1

// Owner is somebody who uses ports, in any process: a part of a program, or a driver
// that is made of other ports. Ports say who owns them, and nobody takes what is
// another's; DPDK checks no more than that. The zero Owner is nobody.
type Owner struct {
	ID   uint64 // different for all owners of all processes
	Name string // for people
}

// NewOwner makes an owner (rte_eth_dev_owner_new), who needs no end: see Delete.
// Errors: dpdk.ErrInvalid and dpdk.ErrNameTooLong for the name, dpdk.ErrNotRunning.
func NewOwner(name string) (Owner, error) {
	if err := check.Name(opNewOwner, name, cgo.EthOwnerNameSize); err != nil {
		return Owner{}, err
	}
	o := Owner{Name: name}
	err := control.Call(opNewOwner, name, func() error {
		var errno int

		o.ID, errno = cgo.EthOwnerNew()
		return control.Errno(errno)
	})
	if err != nil {
		return Owner{}, err
	}
	return o, nil
}

// Owner is who owns the port; the zero Owner if nobody does (rte_eth_dev_owner_get).
func (p *Port) Owner() (Owner, error) {
	var o Owner
	err := p.control(opOwner, func() (errno int) {
		o.ID, o.Name, errno = cgo.EthOwner(p.id)
		return errno
	})
	return o, err
}

// SetOwner makes the port o's, if nobody owns it (rte_eth_dev_owner_set). All
// processes may do so. Errors: syscall.EPERM if somebody owns it, also o;
// dpdk.ErrInvalid for an owner that NewOwner did not make, dpdk.ErrNoDevice.
func (p *Port) SetOwner(o Owner) error {
	if err := check.Name(opSetOwner, o.Name, cgo.EthOwnerNameSize); err != nil {
		return err
	}
	return p.do(opSetOwner, func() error { return p.ownership(opSetOwner, cgo.EthOwnerSet(p.id, o.ID, o.Name)) })
}

// UnsetOwner makes o's port nobody's (rte_eth_dev_owner_unset). Errors: syscall.EPERM if
// another owns it, dpdk.ErrInvalid for an owner that NewOwner did not make,
// dpdk.ErrNoDevice.
func (p *Port) UnsetOwner(o Owner) error {
	return p.do(opUnsetOwner, func() error { return p.ownership(opUnsetOwner, cgo.EthOwnerUnset(p.id, o.ID)) })
}

// ownership is result, with the owner's name if there is another.
func (p *Port) ownership(op string, errno int) error {
	if syscall.Errno(errno) != syscall.EPERM {
		return p.result(op, errno)
	}
	e := &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.Errno(errno), Detail: "nobody owns the port"}
	if id, name, _ := cgo.EthOwner(p.id); id != 0 {
		e.Detail = "the port's owner is " + name
	}
	return e
}

// Ports are the ports that o owns.
func (o Owner) Ports() ([]*Port, error) {
	all, err := Ports()
	if err != nil {
		return nil, err
	}
	var own []*Port
	for _, p := range all {
		if is, err := p.Owner(); err == nil && is.ID == o.ID {
			own = append(own, p)
		}
	}
	return own, nil
}

// Delete makes all ports that o owns nobody's (rte_eth_dev_owner_delete). The error is
// dpdk.ErrInvalid for an owner that NewOwner did not make.
func (o Owner) Delete() error {
	return control.Call(opDeleteOwner, o.Name, func() error { return control.Errno(cgo.EthOwnerDelete(o.ID)) })
}
