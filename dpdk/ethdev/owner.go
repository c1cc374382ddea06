package ethdev

import (
	"fmt"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/release"
)

const (
	opNewOwner    = "rte_eth_dev_owner_new"
	opOwner       = "rte_eth_dev_owner_get"
	opSetOwner    = "rte_eth_dev_owner_set"
	opUnsetOwner  = "rte_eth_dev_owner_unset"
	opDeleteOwner = "rte_eth_dev_owner_delete"
)

// MaxOwnerName is the largest length of an owner's name, in bytes.
const MaxOwnerName = cgo.EthOwnerNameSize - 1

// Owner is a user of ports in any process: a part of a program, or a driver that is made of other
// ports. A port has at most one owner, and no other owner can take it. DPDK enforces nothing else:
// calls on a port do not check its owner. The zero Owner means that a port has none.
type Owner struct {
	ID   uint64 // unique among the owners of all processes
	Name string // a label
}

// NewOwner allocates an owner ID. Owners need not be released: see [Owner.Close]. When the process that
// has called NewOwner is killed, its owner loses all ports, and the primary logs that. Errors:
// dpdk.ErrInvalid and dpdk.ErrNameTooLong for the name, dpdk.ErrNotRunning.
//
// Implements: rte_eth_dev_owner_new
func NewOwner(name string) (Owner, error) {
	if err := check.Name(opNewOwner, name, cgo.EthOwnerNameSize); err != nil {
		return Owner{}, err
	}
	o := Owner{Name: name}
	err := control.Call(opNewOwner, name, func() error {
		var errno int
		if o.ID, errno = cgo.EthOwnerNew(); errno != 0 {
			return control.Errno(errno)
		}
		return release.PortOwner(name, o.ID)
	})
	if err != nil {
		return Owner{}, err
	}
	return o, nil
}

// Owner returns the port's owner, or the zero Owner if it has none.
//
// Implements: rte_eth_dev_owner_get
func (p *Port) Owner() (Owner, error) {
	return read(p, opOwner, func(id uint16) (o Owner, errno int) {
		o.ID, o.Name, errno = cgo.EthOwner(id)
		return o, errno
	})
}

// SetOwner makes o the owner of a port without an owner. All processes may call it. Errors:
// dpdk.ErrPermission if the port has an owner, also if that is o; dpdk.ErrInvalid for an owner
// that [NewOwner] did not make; dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_owner_set
func (p *Port) SetOwner(o Owner) error {
	if err := check.Name(opSetOwner, o.Name, cgo.EthOwnerNameSize); err != nil {
		return err
	}
	return p.do(opSetOwner, func() error { return p.ownership(opSetOwner, cgo.EthOwnerSet(p.id, o.ID, o.Name)) })
}

// UnsetOwner removes the owner o from the port. Errors: dpdk.ErrPermission if the port has
// another owner or none, dpdk.ErrInvalid for an owner that [NewOwner] did not make,
// dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_owner_unset
func (p *Port) UnsetOwner(o Owner) error {
	return p.do(opUnsetOwner, func() error { return p.ownership(opUnsetOwner, cgo.EthOwnerUnset(p.id, o.ID)) })
}

// ownership is driverError with the name of the port's present owner.
func (p *Port) ownership(op string, errno int) error {
	if syscall.Errno(errno) != syscall.EPERM {
		return driverError(errno)
	}
	e := &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.Errno(errno), Detail: "the port has no owner"}
	if id, name, _ := cgo.EthOwner(p.id); id != 0 {
		e.Detail = fmt.Sprintf("the owner of the port is %s: use UnsetOwner with that owner first", name)
	}
	return e
}

// Ports returns the ports that o owns.
func (o Owner) Ports() ([]*Port, error) {
	all, err := List()
	if err != nil {
		return nil, err
	}
	var owned []*Port
	for _, p := range all {
		if is, err := p.Owner(); err == nil && is.ID == o.ID {
			owned = append(owned, p)
		}
	}
	return owned, nil
}

// Close removes the owner o from all its ports. It returns dpdk.ErrInvalid for an owner that
// [NewOwner] did not make.
//
// Implements: rte_eth_dev_owner_delete
func (o Owner) Close() error {
	return control.Call(opDeleteOwner, o.Name, func() error { return control.Errno(cgo.EthOwnerDelete(o.ID)) })
}
