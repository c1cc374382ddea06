package objects

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// ring is a cgo.RingInfo on its way from the primary.
type ring struct {
	At   uintptr
	Info cgo.RingInfo
	Type layout.Type
}

func sendRing(i cgo.RingInfo) ring {
	at := number(i.Ring)
	return ring{at, i, ringTypes.get(i.Name, at)}
}

func (r ring) info() cgo.RingInfo {
	r.Info.Ring = address(r.At)
	return r.Info
}

type newRing struct {
	ElemSize, Count uint32
	Socket          int
	Flags           uint32
	Type            layout.Type
}

var (
	ringCreate = delegate.Func("rte_ring_create_elem", func(_ delegate.Owner, name string, a newRing) (ring, error) {
		defer telserver.Enter()()
		i, errno := cgo.RingCreate(name, a.ElemSize, a.Count, a.Socket, a.Flags)
		if errno == 0 {
			ringTypes.set(name, number(i.Ring), a.Type)
		}
		return sendRing(i), control.Errno(errno)
	})
	ringLookup = delegate.Func("rte_ring_lookup", func(_ delegate.Owner, name string, _ none) (ring, error) {
		i, errno := cgo.RingLookup(name)
		return sendRing(i), control.Errno(errno)
	})
	ringFree = delegate.Func("rte_ring_free", func(_ delegate.Owner, name string, at uintptr) (none, error) {
		if at == 0 { // any ring of that name
			return none{}, dpdk.ErrNotFound
		}
		errno := telserver.Exclude(func() int { return cgo.RingFree(name, address(at)) })
		if errno == 0 {
			ringTypes.drop(name, at)
		}
		return none{}, control.Errno(errno)
	})
	ringDump = delegate.Func("rte_ring_dump", func(_ delegate.Owner, name string, at uintptr) (string, error) {
		text, errno := cgo.RingDump(name, address(at))
		return text, control.Errno(errno)
	})
	rings = delegate.Func("rte_ring_list_dump", func(delegate.Owner, string, none) (all []ring, _ error) {
		for _, i := range cgo.Rings() {
			all = append(all, sendRing(i))
		}
		return all, nil
	})
)

// RingCreate does what [cgo.RingCreate] does, for elements of a type.
func RingCreate(name string, elemSize, count uint32, socket int, flags uint32, t layout.Type) (cgo.RingInfo, error) {
	r, err := ringCreate(name, newRing{elemSize, count, socket, flags, t})
	return r.info(), err
}

// RingOfType does what RingLookup does, and also returns the type of the elements.
func RingOfType(name string) (cgo.RingInfo, layout.Type, error) {
	r, err := ringLookup(name, none{})
	return r.info(), r.Type, err
}

// RingLookup does what [cgo.RingLookup] does.
func RingLookup(name string) (cgo.RingInfo, error) {
	r, err := ringLookup(name, none{})
	return r.info(), err
}

// RingFree does what [cgo.RingFree] does.
func RingFree(name string, r cgo.Ring) error {
	_, err := ringFree(name, number(r))
	return err
}

// RingDump does what [cgo.RingDump] does.
func RingDump(name string, r cgo.Ring) (string, error) { return ringDump(name, number(r)) }

// Rings does what [cgo.Rings] does.
func Rings() ([]cgo.RingInfo, error) {
	all, err := rings("", none{})
	infos := make([]cgo.RingInfo, len(all))
	for i, r := range all {
		infos[i] = r.info()
	}
	return infos, err
}
