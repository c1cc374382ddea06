package objects

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// variable is a QSBR variable.
type variable struct {
	At         uintptr
	MaxThreads uint32
}

type newVariable struct {
	MaxThreads uint32
	Socket     int
}

// reader is a reader of a QSBR variable.
type reader struct {
	At uintptr
	ID uint32
}

type readers struct {
	At  uintptr
	Max int
}

type readerList struct {
	IDs    []uint32
	Counts []uint64
}

var (
	rcuCreate = delegate.Func("rte_rcu_qsbr_init", func(_ delegate.Owner, name string, a newVariable) (variable, error) {
		defer telserver.Enter()()
		v, errno := cgo.RCUCreate(name, a.MaxThreads, a.Socket)
		return variable{number(v), a.MaxThreads}, control.Errno(errno)
	})
	rcuLookup = delegate.Func("rte_rcu_qsbr_get_memsize", func(_ delegate.Owner, name string, _ none) (variable, error) {
		v, max, errno := cgo.RCULookup(name)
		return variable{number(v), max}, control.Errno(errno)
	})
	rcuRegister = delegate.Func("rte_rcu_qsbr_thread_register", func(_ delegate.Owner, name string, r reader) (none, error) {
		return none{}, control.Errno(cgo.RCURegister(name, address(r.At), r.ID))
	})
	rcuUnregister = delegate.Func("rte_rcu_qsbr_thread_unregister", func(_ delegate.Owner, name string, r reader) (none, error) {
		return none{}, control.Errno(cgo.RCUUnregister(name, address(r.At), r.ID))
	})
	rcuReaders = delegate.Func("rte_rcu_qsbr_check", func(_ delegate.Owner, name string, a readers) (readerList, error) {
		_, threads, errno := cgo.RCULookup(name)
		if errno != 0 {
			return readerList{}, control.Errno(errno)
		}
		if a.Max < 1 {
			return readerList{}, dpdk.ErrInvalid
		}
		ids, counts, errno := cgo.RCUReaders(name, address(a.At), min(a.Max, int(threads)))
		return readerList{ids, counts}, control.Errno(errno)
	})
	rcuCount = delegate.Func("rte_rcu_qsbr_thread_online", func(_ delegate.Owner, name string, at uintptr) (uint32, error) {
		return cgo.RCUCount(name, address(at)), nil
	})
	rcuDump = delegate.Func("rte_rcu_qsbr_dump", func(_ delegate.Owner, name string, at uintptr) (string, error) {
		text, errno := cgo.RCUDump(name, address(at))
		return text, control.Errno(errno)
	})
)

// RCUCreate does what [cgo.RCUCreate] does.
func RCUCreate(name string, maxThreads uint32, socket int) (cgo.RCU, error) {
	v, err := rcuCreate(name, newVariable{maxThreads, socket})
	return address(v.At), err
}

// RCULookup does what [cgo.RCULookup] does.
func RCULookup(name string) (v cgo.RCU, maxThreads uint32, err error) {
	found, err := rcuLookup(name, none{})
	return address(found.At), found.MaxThreads, err
}

// RCURegister does what [cgo.RCURegister] does.
func RCURegister(name string, v cgo.RCU, id uint32) error {
	_, err := rcuRegister(name, reader{number(v), id})
	return err
}

// RCUUnregister does what [cgo.RCUUnregister] does.
func RCUUnregister(name string, v cgo.RCU, id uint32) error {
	_, err := rcuUnregister(name, reader{number(v), id})
	return err
}

// RCUReaders does what [cgo.RCUReaders] does.
func RCUReaders(name string, v cgo.RCU, max int) (ids []uint32, counts []uint64, err error) {
	l, err := rcuReaders(name, readers{number(v), max})
	return l.IDs, l.Counts, err
}

// RCUCount does what [cgo.RCUCount] does.
func RCUCount(name string, v cgo.RCU) (uint32, error) { return rcuCount(name, number(v)) }

// RCUDump does what [cgo.RCUDump] does.
func RCUDump(name string, v cgo.RCU) (string, error) { return rcuDump(name, number(v)) }
