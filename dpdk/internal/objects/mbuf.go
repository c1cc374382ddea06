package objects

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

type newMbufPool struct {
	Count, Cache  uint32
	Private, Room uint16
	Socket        int
	Ops           string
}

type newField struct {
	Size, Align uint64
	Flags       uint32
	At          uint64
}

type newFlag struct{ Flags, Bit uint32 }

// field describes a dynamic field.
type field struct {
	Offset      int
	Size, Align uint64
}

// timestamp is the dynamic field and flag of a timestamp.
type timestamp struct {
	Offset int
	Flag   uint64
}

var (
	mbufPoolCreate = delegate.Func("rte_pktmbuf_pool_create_by_ops", func(_ delegate.Owner, name string, a newMbufPool) (uintptr, error) {
		defer telserver.Enter()()
		mp, errno := cgo.MbufPoolCreate(name, a.Count, a.Cache, a.Private, a.Room, a.Socket, a.Ops)
		return number(mp), control.Errno(errno)
	})
	mbufPoolDescribe = delegate.Func("rte_pktmbuf_data_room_size", func(_ delegate.Owner, name string, at uintptr) (cgo.MbufPoolInfo, error) {
		i, errno := cgo.MbufPoolDescribe(name, address(at))
		return i, control.Errno(errno)
	})
	mbufFieldRegister = delegate.Func("rte_mbuf_dynfield_register", func(_ delegate.Owner, name string, a newField) (int, error) {
		defer telserver.Enter()()
		offset, errno := cgo.MbufDynfieldRegister(name, a.Size, a.Align, a.Flags, a.At)
		return offset, control.Errno(errno)
	})
	mbufFieldLookup = delegate.Func("rte_mbuf_dynfield_lookup", func(_ delegate.Owner, name string, _ none) (f field, err error) {
		var errno int
		f.Offset, f.Size, f.Align, errno = cgo.MbufDynfieldLookup(name)
		return f, control.Errno(errno)
	})
	mbufFlagRegister = delegate.Func("rte_mbuf_dynflag_register", func(_ delegate.Owner, name string, a newFlag) (int, error) {
		defer telserver.Enter()()
		bit, errno := cgo.MbufDynflagRegister(name, a.Flags, a.Bit)
		return bit, control.Errno(errno)
	})
	mbufFlagLookup = delegate.Func("rte_mbuf_dynflag_lookup", func(_ delegate.Owner, name string, _ none) (int, error) {
		bit, errno := cgo.MbufDynflagLookup(name)
		return bit, control.Errno(errno)
	})
	mbufTimestamp = delegate.Func("rte_mbuf_dyn_rx_timestamp_register", func(_ delegate.Owner, _ string, tx bool) (t timestamp, err error) {
		defer telserver.Enter()()
		var errno int
		t.Offset, t.Flag, errno = cgo.MbufTimestamp(tx)
		return t, control.Errno(errno)
	})
	mbufDynDump = delegate.Func("rte_mbuf_dyn_dump", func(delegate.Owner, string, none) (string, error) {
		defer telserver.Enter()() // it makes the memzone if that is missing
		text, errno := cgo.MbufDynDump()
		return text, control.Errno(errno)
	})
)

// MbufPoolCreate does what [cgo.MbufPoolCreate] does.
func MbufPoolCreate(name string, count, cache uint32, private, room uint16, socket int, ops string) (unsafe.Pointer, error) {
	at, err := mbufPoolCreate(name, newMbufPool{count, cache, private, room, socket, ops})
	return address(at), err
}

// MbufPoolDescribe does what [cgo.MbufPoolDescribe] does.
func MbufPoolDescribe(name string, pool unsafe.Pointer) (cgo.MbufPoolInfo, error) {
	return mbufPoolDescribe(name, number(pool))
}

// MbufDynfieldRegister does what [cgo.MbufDynfieldRegister] does.
func MbufDynfieldRegister(name string, size, align uint64, flags uint32, at uint64) (offset int, err error) {
	return mbufFieldRegister(name, newField{size, align, flags, at})
}

// MbufDynfieldLookup does what [cgo.MbufDynfieldLookup] does.
func MbufDynfieldLookup(name string) (offset int, size uint64, err error) {
	f, err := mbufFieldLookup(name, none{})
	return f.Offset, f.Size, err
}

// MbufDynflagRegister does what [cgo.MbufDynflagRegister] does.
func MbufDynflagRegister(name string, flags, bit uint32) (num int, err error) {
	return mbufFlagRegister(name, newFlag{flags, bit})
}

// MbufDynflagLookup does what [cgo.MbufDynflagLookup] does.
func MbufDynflagLookup(name string) (num int, err error) { return mbufFlagLookup(name, none{}) }

// MbufTimestamp does what [cgo.MbufTimestamp] does.
func MbufTimestamp(tx bool) (offset int, flag uint64, err error) {
	t, err := mbufTimestamp("", tx)
	return t.Offset, t.Flag, err
}

// MbufDynDump does what [cgo.MbufDynDump] does.
func MbufDynDump() (string, error) { return mbufDynDump("", none{}) }
