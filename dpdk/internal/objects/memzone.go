package objects

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// zone is a cgo.MemzoneInfo on its way from the primary.
type zone struct {
	At   uintptr
	Info cgo.MemzoneInfo
	Type layout.Type
}

func sendZone(i cgo.MemzoneInfo) zone {
	at := number(i.Addr)
	return zone{at, i, zoneTypes.get(i.Name, at)}
}

func (z zone) info() cgo.MemzoneInfo {
	z.Info.Addr = address(z.At)
	return z.Info
}

type newZone struct {
	Size                uint64
	Socket              int
	Flags, Align, Bound uint32
	Type                layout.Type
}

// zoneList is the result of Memzones.
type zoneList struct {
	Zones []zone
	Errno int
}

var (
	memzoneReserve = delegate.Func("rte_memzone_reserve_bounded", func(_ delegate.Owner, name string, a newZone) (zone, error) {
		defer telserver.Enter()()
		i, errno := cgo.MemzoneReserve(name, a.Size, a.Socket, a.Flags, a.Align, a.Bound)
		if errno == 0 {
			zoneTypes.set(name, number(i.Addr), a.Type)
		}
		return sendZone(i), control.Errno(errno)
	})
	memzoneLookup = delegate.Func("rte_memzone_lookup", func(_ delegate.Owner, name string, _ none) (zone, error) {
		i, errno := cgo.MemzoneLookup(name)
		return sendZone(i), control.Errno(errno)
	})
	memzoneFree = delegate.Func("rte_memzone_free", func(o delegate.Owner, name string, at uintptr) (none, error) {
		return none{}, zoneHolds.free(name, at, o, func() error {
			errno := telserver.Exclude(func() int { return cgo.MemzoneFree(name, address(at)) })
			if errno == 0 {
				zoneTypes.drop(name, at)
			}
			return control.Errno(errno)
		})
	})
	memzoneHold = delegate.Func("rte_memzone_lookup to hold", func(o delegate.Owner, name string, at uintptr) (none, error) {
		return none{}, zoneHolds.add(name, at, o)
	})
	memzoneRelease = delegate.Func("rte_memzone_lookup to release", func(o delegate.Owner, _ string, at uintptr) (none, error) {
		zoneHolds.remove(at, o)
		return none{}, nil
	})
	memzones = delegate.Func("rte_memzone_walk", func(delegate.Owner, string, none) (l zoneList, _ error) {
		all, errno := cgo.Memzones()
		for _, i := range all {
			l.Zones = append(l.Zones, sendZone(i))
		}
		l.Errno = errno
		return l, nil
	})
)

// MemzoneHold keeps other processes from freeing a zone, until MemzoneRelease or the end of this process. A process holds a zone once: its own
// calls must not overlap. The error is dpdk.ErrNotFound if no zone of this name is at the address.
func MemzoneHold(name string, addr unsafe.Pointer) error {
	_, err := memzoneHold(name, number(addr))
	return err
}

// MemzoneRelease undoes MemzoneHold. It does nothing without one.
func MemzoneRelease(name string, addr unsafe.Pointer) error {
	_, err := memzoneRelease(name, number(addr))
	return err
}

// MemzoneReserve does what [cgo.MemzoneReserve] does, for a value of a type.
func MemzoneReserve(name string, size uint64, socket int, flags, align, bound uint32, t layout.Type) (cgo.MemzoneInfo, error) {
	z, err := memzoneReserve(name, newZone{size, socket, flags, align, bound, t})
	return z.info(), err
}

// MemzoneOfType does what MemzoneLookup does, and also returns the type of the value in it.
func MemzoneOfType(name string) (cgo.MemzoneInfo, layout.Type, error) {
	z, err := memzoneLookup(name, none{})
	return z.info(), z.Type, err
}

// MemzoneLookup does what [cgo.MemzoneLookup] does.
func MemzoneLookup(name string) (cgo.MemzoneInfo, error) {
	z, err := memzoneLookup(name, none{})
	return z.info(), err
}

// MemzoneFree does what [cgo.MemzoneFree] does.
func MemzoneFree(name string, addr unsafe.Pointer) error {
	_, err := memzoneFree(name, number(addr))
	return err
}

// Memzones does what [cgo.Memzones] does.
func Memzones() ([]cgo.MemzoneInfo, error) {
	l, err := memzones("", none{})
	infos := make([]cgo.MemzoneInfo, len(l.Zones))
	for i, z := range l.Zones {
		infos[i] = z.info()
	}
	if err == nil {
		err = control.Errno(l.Errno)
	}
	return infos, err
}
