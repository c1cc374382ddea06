package mbuf

import (
	"math"
	"reflect"
	"sync"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

const (
	opField       = "rte_mbuf_dynfield_register"
	opFieldLookup = "rte_mbuf_dynfield_lookup"
	opFlag        = "rte_mbuf_dynflag_register"
	opFlagLookup  = "rte_mbuf_dynflag_lookup"
)

// dynamicMu makes up for DPDK, whose lookups set its table up under a lock for readers:
// of the first two at a time one would fail.
var dynamicMu sync.Mutex

// dynamic is control.Call for calls about dynamic fields and flags.
func dynamic(op, name string, f func() (errno int)) error {
	dynamicMu.Lock()
	defer dynamicMu.Unlock()
	return control.Call(op, name, func() error { return control.Errno(f()) })
}

// MaxDynamicName is the length of the longest name of a field or flag, in bytes.
const MaxDynamicName = cgo.MbufDynNameSize - 1

// Field is a dynamic field: a T that every mbuf of all processes has at the same
// place. T holds no Go pointers. An allocation does not clear it.
type Field[T any] struct{ offset uintptr }

// FieldConfig says how a field is made. The zero value is a field anywhere, with
// the alignment of its type.
type FieldConfig struct {
	Align  int    // bytes, a power of two; 0 is that of the type
	Offset int    // where in the mbuf the field must be, in bytes; 0 is anywhere
	Flags  uint32 // DPDK has none yet: 0
}

// RegisterField makes the dynamic field name, or finds it if it was made with
// the same size, alignment and flags (rte_mbuf_dynfield_register). Fields are
// never unmade. It is for the primary, before others use the field: in a
// secondary a new name fails with dpdk.ErrSecondary.
//
// Errors: dpdk.ErrSecondary; dpdk.ErrExist if the name is that of another field;
// dpdk.ErrNoSpace if no room is left, or for a T larger than the room: it says which
// bytes are free; syscall.EBUSY if Offset is taken; dpdk.ErrInvalid, dpdk.ErrNameTooLong.
func RegisterField[T any](name string, cfg FieldConfig) (Field[T], error) {
	size, align, err := fieldType[T](opField, name)
	if err != nil {
		return Field[T]{}, err
	}
	if cfg.Align != 0 {
		if cfg.Align < align {
			return Field[T]{}, check.Invalid(opField, name, "Align %d is below %d, the alignment of %v", cfg.Align, align, reflect.TypeFor[T]())
		}
		align = cfg.Align
	}
	if cfg.Offset < 0 {
		return Field[T]{}, check.Invalid(opField, name, "Offset is %d", cfg.Offset)
	}
	offset, err := register(opField, name, func() (int, int) {
		return cgo.MbufDynfieldRegister(name, uint64(size), uint64(align), cfg.Flags, uint64(cfg.Offset))
	})
	return Field[T]{uintptr(offset)}, err
}

// LookupField finds a field that any process has made
// (rte_mbuf_dynfield_lookup). Errors: dpdk.ErrNotFound, and dpdk.ErrInvalid if
// the field's size is not T's.
func LookupField[T any](name string) (Field[T], error) {
	size, align, err := fieldType[T](opFieldLookup, name)
	if err != nil {
		return Field[T]{}, err
	}
	var offset int
	var has uint64
	err = dynamic(opFieldLookup, name, func() (errno int) {
		offset, has, _, errno = cgo.MbufDynfieldLookup(name)
		return errno
	})
	if err != nil {
		return Field[T]{}, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
	}
	if has != uint64(size) || offset%align != 0 {
		return Field[T]{}, check.Invalid(opFieldLookup, name, "%v has %d bytes, the field %d at offset %d", reflect.TypeFor[T](), size, has, offset)
	}
	return Field[T]{uintptr(offset)}, nil
}

// Offset is where the field is in an mbuf, in bytes.
func (f Field[T]) Offset() int { return int(f.offset) }

// Of is the field of m, to be read and written as long as m is the caller's
// (RTE_MBUF_DYNFIELD). f must come from RegisterField or LookupField: a zero
// Field is no field, and Of panics.
func (f Field[T]) Of(m *Mbuf) *T {
	if f.offset == 0 {
		panic("mbuf: a Field that was not registered")
	}
	m.alive("dynamic field")
	return (*T)(unsafe.Add(unsafe.Pointer(m), f.offset))
}

// fieldType refuses a T that cannot be a field, and a bad name.
func fieldType[T any](op, name string) (size, align int, err error) {
	if err := check.Name(op, name, cgo.MbufDynNameSize); err != nil {
		return 0, 0, err
	}
	t := reflect.TypeFor[T]()
	if p := shared.GoPointer(t); p != "" {
		return 0, 0, check.Invalid(op, name, "%v holds a Go pointer (%s), which means nothing to other processes", t, p)
	}
	if t.Size() == 0 {
		return 0, 0, check.Invalid(op, name, "%v has no size", t)
	}
	return int(t.Size()), t.Align(), nil
}

// register runs a registration, and says what is wrong with one that fails.
func register(op, name string, f func() (value, errno int)) (value int, err error) {
	dump := ""
	err = dynamic(op, name, func() (errno int) {
		value, errno = f()
		if syscall.Errno(errno) == syscall.ENOENT {
			dump, _ = cgo.MbufDynDump()
		}
		return errno
	})
	if e, ok := err.(*dpdk.Error); ok {
		switch syscall.Errno(e.Errno) {
		case syscall.EPERM:
			e.Cause, e.Detail = dpdk.ErrSecondary, "it is new: register it in the primary first"
		case syscall.ENOENT: // a name that there is not is no error here: it is room that there is not
			e.Errno, e.Detail = dpdk.ErrNoSpace, dynamicRoom(dump)
		case syscall.EEXIST:
			e.Detail = "the name is taken, with another size, alignment or flags: use these, or another name"
		}
	}
	return value, err
}

// FlagConfig says how a flag is made. The zero value is a flag of any bit.
type FlagConfig struct {
	Bit   int    // which bit of the flags it must be; 0, which is taken, is any
	Flags uint32 // DPDK has none yet: 0
}

// RegisterFlag makes the dynamic flag name, or finds it if it was made with the
// same flags (rte_mbuf_dynflag_register). Flags are never unmade; an allocation
// clears them in the mbuf. Errors are those of RegisterField, dpdk.ErrNoSpace
// if no bit is left.
func RegisterFlag(name string, cfg FlagConfig) (OffloadFlags, error) {
	if err := check.Name(opFlag, name, cgo.MbufDynNameSize); err != nil {
		return 0, err
	}
	if cfg.Bit < 0 || cfg.Bit > math.MaxInt32 {
		return 0, check.Invalid(opFlag, name, "Bit is %d: use 1 to 63, or 0 for any", cfg.Bit)
	}
	bit, err := register(opFlag, name, func() (int, int) { return cgo.MbufDynflagRegister(name, cfg.Flags, uint32(cfg.Bit)) })
	return flag(bit, err)
}

// LookupFlag finds a flag that any process has made (rte_mbuf_dynflag_lookup).
// The error is dpdk.ErrNotFound if there is none.
func LookupFlag(name string) (OffloadFlags, error) {
	if err := check.Name(opFlagLookup, name, cgo.MbufDynNameSize); err != nil {
		return 0, err
	}
	var bit int
	err := dynamic(opFlagLookup, name, func() (errno int) {
		bit, errno = cgo.MbufDynflagLookup(name)
		return errno
	})
	return flag(bit, control.Explain(err, dpdk.ErrNotFound, control.Unknown))
}

func flag(bit int, err error) (OffloadFlags, error) {
	if err != nil {
		return 0, err
	}
	return 1 << bit, nil
}

// Timestamp is the time of a packet: when a port received it, or when it is to
// send it, in nanoseconds or in ticks of the port's clock (see the driver).
type Timestamp struct {
	Time Field[uint64]
	Flag OffloadFlags // among an mbuf's Flags if Time is set
}

// RxTimestamp makes or finds the field and flag for packets that a port received
// (rte_mbuf_dyn_rx_timestamp_register). Errors are those of RegisterField.
func RxTimestamp() (Timestamp, error) { return timestamp("rte_mbuf_dyn_rx_timestamp_register", false) }

// TxTimestamp makes or finds the field and flag for packets to be sent
// (rte_mbuf_dyn_tx_timestamp_register). Errors are those of RegisterField.
func TxTimestamp() (Timestamp, error) { return timestamp("rte_mbuf_dyn_tx_timestamp_register", true) }

func timestamp(op string, tx bool) (t Timestamp, err error) {
	_, err = register(op, "", func() (int, int) {
		offset, flag, errno := cgo.MbufTimestamp(tx)
		t = Timestamp{Field[uint64]{uintptr(offset)}, OffloadFlags(flag)}
		return 0, errno
	})
	if err != nil {
		return Timestamp{}, err
	}
	return t, nil
}

// Get is the packet's time, if it has one.
func (t Timestamp) Get(m *Mbuf) (time uint64, ok bool) {
	if m.Flags()&t.Flag == 0 {
		return 0, false
	}
	return *t.Time.Of(m), true
}

// Set gives the packet a time.
func (t Timestamp) Set(m *Mbuf, time uint64) {
	*t.Time.Of(m) = time
	m.olFlags |= t.Flag
}
