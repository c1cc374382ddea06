package objects

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

// portOwner is the owner of a port.
type portOwner struct {
	Port uint16
	ID   uint64
	Name string
}

var (
	ethOwnerNew = delegate.Func("rte_eth_dev_owner_new", func(delegate.Owner, string, none) (uint64, error) {
		id, errno := cgo.EthOwnerNew()
		return id, control.Errno(errno)
	})
	ethOwner = delegate.Func("rte_eth_dev_owner_get", func(_ delegate.Owner, _ string, port uint16) (portOwner, error) {
		if err := hasPorts(); err != nil {
			return portOwner{}, err
		}
		id, name, errno := cgo.EthOwner(port)
		return portOwner{port, id, name}, control.Errno(errno)
	})
	ethOwnerSet = delegate.Func("rte_eth_dev_owner_set", func(_ delegate.Owner, _ string, o portOwner) (none, error) {
		if err := hasPorts(); err != nil {
			return none{}, err
		}
		return none{}, control.Errno(cgo.EthOwnerSet(o.Port, o.ID, o.Name))
	})
	ethOwnerUnset = delegate.Func("rte_eth_dev_owner_unset", func(_ delegate.Owner, _ string, o portOwner) (none, error) {
		if err := hasPorts(); err != nil {
			return none{}, err
		}
		return none{}, control.Errno(cgo.EthOwnerUnset(o.Port, o.ID))
	})
	ethOwnerDelete = delegate.Func("rte_eth_dev_owner_delete", func(_ delegate.Owner, _ string, id uint64) (none, error) {
		return none{}, control.Errno(cgo.EthOwnerDelete(id))
	})
)

// hasPorts returns dpdk.ErrNoDevice before the first port exists: DPDK would read from address 0.
func hasPorts() error {
	if cgo.EthFindNext(0) < 0 {
		return dpdk.ErrNoDevice
	}
	return nil
}

// EthOwnerNew does what [cgo.EthOwnerNew] does.
func EthOwnerNew(name string) (uint64, error) { return ethOwnerNew(name, none{}) }

// EthOwner does what [cgo.EthOwner] does.
func EthOwner(portName string, port uint16) (id uint64, name string, err error) {
	o, err := ethOwner(portName, port)
	return o.ID, o.Name, err
}

// EthOwnerSet does what [cgo.EthOwnerSet] does.
func EthOwnerSet(portName string, port uint16, id uint64, name string) error {
	_, err := ethOwnerSet(portName, portOwner{port, id, name})
	return err
}

// EthOwnerUnset does what [cgo.EthOwnerUnset] does.
func EthOwnerUnset(portName string, port uint16, id uint64) error {
	_, err := ethOwnerUnset(portName, portOwner{port, id, ""})
	return err
}

// EthOwnerDelete does what [cgo.EthOwnerDelete] does.
func EthOwnerDelete(name string, id uint64) error {
	_, err := ethOwnerDelete(name, id)
	return err
}
