package mbuf

import (
	"errors"
	"math"
	"reflect"
	"sync"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

const (
	opField       = "rte_mbuf_dynfield_register"
	opFieldLookup = "rte_mbuf_dynfield_lookup"
	opFlag        = "rte_mbuf_dynflag_register"
	opFlagLookup  = "rte_mbuf_dynflag_lookup"
)

// dynamicMu protects DPDK: the first lookups create its table under a read lock, and one of
// two at the same time would fail.
var dynamicMu sync.Mutex

// dynamic is control.Call for calls about dynamic fields and flags.
func dynamic(op, name string, f func() error) error {
	dynamicMu.Lock()
	defer dynamicMu.Unlock()
	return control.Call(op, name, f)
}

// MaxDynamicName is the length of the longest name of a field or flag, in bytes.
const MaxDynamicName = cgo.MbufDynNameSize - 1

// Field is a dynamic field: a T at the same offset in every mbuf of all processes. T must not
// hold Go pointers. An allocation does not clear the field.
type Field[T any] struct{ offset uintptr }

// FieldConfig configures a field. The zero value is a field at any offset, with the alignment
// of its type.
type FieldConfig struct {
	Align  int    // bytes, a power of two; 0 is the alignment of the type
	Offset int    // offset in the mbuf, in bytes; 0 is any
	Flags  uint32 // reserved by DPDK: 0
}

// RegisterField creates the dynamic field name, or finds it if it exists with the same size,
// alignment and flags. Fields are never removed. In a secondary of a C primary a new name fails with
// dpdk.ErrSecondary: register the field in the primary first.
//
// Errors: dpdk.ErrSecondary; dpdk.ErrExist if another field has the name; dpdk.ErrNoSpace if
// an mbuf has no room for a T (the error lists the free bytes); dpdk.ErrBusy if Offset is taken;
// dpdk.ErrInvalid; dpdk.ErrNameTooLong.
//
// Implements: rte_mbuf_dynfield_register, rte_mbuf_dynfield_register_offset
func RegisterField[T any](name string, cfg FieldConfig) (Field[T], error) {
	size, align, err := fieldType[T](opField, name)
	if err != nil {
		return Field[T]{}, err
	}
	if cfg.Align != 0 {
		if cfg.Align < align {
			return Field[T]{}, check.Invalid(opField, name, "Align %d is less than %d, the alignment of %v: use 0 or a larger one", cfg.Align, align, reflect.TypeFor[T]())
		}
		align = cfg.Align
	}
	if cfg.Offset < 0 {
		return Field[T]{}, check.Invalid(opField, name, "Offset is %d: use 0 for any, or a positive one", cfg.Offset)
	}
	offset, err := register(opField, name, func() (int, error) {
		return objects.MbufDynfieldRegister(name, uint64(size), uint64(align), cfg.Flags, uint64(cfg.Offset))
	})
	return Field[T]{uintptr(offset)}, err
}

// LookupField finds a field that any process has registered. Errors: dpdk.ErrNotFound, and
// dpdk.ErrInvalid if the size of the field is not that of T.
//
// Implements: rte_mbuf_dynfield_lookup
func LookupField[T any](name string) (Field[T], error) {
	size, align, err := fieldType[T](opFieldLookup, name)
	if err != nil {
		return Field[T]{}, err
	}
	var offset int
	var has uint64
	err = dynamic(opFieldLookup, name, func() (err error) {
		offset, has, err = objects.MbufDynfieldLookup(name)
		return err
	})
	if err != nil {
		return Field[T]{}, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
	}
	if has != uint64(size) || offset%align != 0 {
		return Field[T]{}, check.Invalid(opFieldLookup, name, "%v has %d bytes, the field %d at offset %d", reflect.TypeFor[T](), size, has, offset)
	}
	return Field[T]{uintptr(offset)}, nil
}

// Offset returns the offset of the field in an mbuf, in bytes.
func (f Field[T]) Offset() int { return int(f.offset) }

// Of returns the field of m. It may be read and written as long as the caller owns m. Of
// panics on the zero Field: f must come from [RegisterField] or [LookupField].
//
// Implements: RTE_MBUF_DYNFIELD
func (f Field[T]) Of(m *Mbuf) *T {
	if f.offset == 0 {
		panic("mbuf: the Field was not registered: use RegisterField or LookupField")
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
	if err := check.NoPointers(op, name, t); err != nil {
		return 0, 0, err
	}
	if t.Size() == 0 {
		return 0, 0, check.Invalid(op, name, "%v has no size", t)
	}
	return int(t.Size()), t.Align(), nil
}

// register runs a registration and explains its error.
func register(op, name string, f func() (int, error)) (value int, err error) {
	dump := ""
	err = dynamic(op, name, func() (err error) {
		if value, err = f(); errors.Is(err, dpdk.ErrNotFound) {
			dump, _ = objects.MbufDynDump()
		}
		return err
	})
	if e, ok := err.(*dpdk.Error); ok {
		switch syscall.Errno(e.Errno) {
		case syscall.EPERM:
			e.Cause, e.Detail = dpdk.ErrSecondary, "it does not exist: register it in the primary first"
		case syscall.ENOENT: // not an unknown name, which a registration creates: DPDK has no room
			e.Errno, e.Detail = dpdk.ErrNoSpace, dynamicRoom(dump)
		case syscall.EEXIST:
			e.Detail = "the name exists with another size, alignment or flags: use these, or another name"
		}
	}
	return value, err
}

// FlagConfig configures a flag. The zero value is a flag of any bit.
type FlagConfig struct {
	Bit   int    // the bit of the flags; 0 is any
	Flags uint32 // reserved by DPDK: 0
}

// RegisterFlag creates the dynamic flag name, or finds it if it exists with the same flags.
// Flags are never removed. An allocation clears them in the mbuf. Errors are those of
// [RegisterField]; dpdk.ErrNoSpace means that no bit is left.
//
// Implements: rte_mbuf_dynflag_register, rte_mbuf_dynflag_register_bitnum
func RegisterFlag(name string, cfg FlagConfig) (OffloadFlags, error) {
	if err := check.Name(opFlag, name, cgo.MbufDynNameSize); err != nil {
		return 0, err
	}
	if cfg.Bit < 0 || cfg.Bit > math.MaxInt32 {
		return 0, check.Invalid(opFlag, name, "Bit is %d: use 1 to 63, or 0 for any", cfg.Bit)
	}
	bit, err := register(opFlag, name, func() (int, error) { return objects.MbufDynflagRegister(name, cfg.Flags, uint32(cfg.Bit)) })
	return flag(bit, err)
}

// LookupFlag finds a flag that any process has registered. The error is dpdk.ErrNotFound if no
// flag has that name.
//
// Implements: rte_mbuf_dynflag_lookup
func LookupFlag(name string) (OffloadFlags, error) {
	if err := check.Name(opFlagLookup, name, cgo.MbufDynNameSize); err != nil {
		return 0, err
	}
	var bit int
	err := dynamic(opFlagLookup, name, func() (err error) {
		bit, err = objects.MbufDynflagLookup(name)
		return err
	})
	return flag(bit, control.Explain(err, dpdk.ErrNotFound, control.Unknown))
}

func flag(bit int, err error) (OffloadFlags, error) {
	if err != nil {
		return 0, err
	}
	return 1 << bit, nil
}

// Timestamp is the dynamic field and flag for the time of a packet: when a port received it,
// or when a port is to send it. The unit is nanoseconds or ticks of the clock of the port,
// depending on the driver.
type Timestamp struct {
	Time Field[uint64]
	Flag OffloadFlags // in the flags of an mbuf if Time is set
}

// RxTimestamp creates or finds the field and flag for received packets. Errors are those of
// [RegisterField].
//
// Implements: rte_mbuf_dyn_rx_timestamp_register
func RxTimestamp() (Timestamp, error) { return timestamp("rte_mbuf_dyn_rx_timestamp_register", false) }

// TxTimestamp creates or finds the field and flag for packets to be sent. Errors are those of
// [RegisterField].
//
// Implements: rte_mbuf_dyn_tx_timestamp_register
func TxTimestamp() (Timestamp, error) { return timestamp("rte_mbuf_dyn_tx_timestamp_register", true) }

func timestamp(op string, tx bool) (t Timestamp, err error) {
	_, err = register(op, "", func() (int, error) {
		offset, flag, err := objects.MbufTimestamp(tx)
		t = Timestamp{Field[uint64]{uintptr(offset)}, OffloadFlags(flag)}
		return 0, err
	})
	if err != nil {
		return Timestamp{}, err
	}
	return t, nil
}

// Get returns the time of the packet. It reports whether the packet has one.
func (t Timestamp) Get(m *Mbuf) (time uint64, ok bool) {
	if m.Flags()&t.Flag == 0 {
		return 0, false
	}
	return *t.Time.Of(m), true
}

// Set sets the time of the packet.
func (t Timestamp) Set(m *Mbuf, time uint64) {
	*t.Time.Of(m) = time
	m.olFlags |= t.Flag
}
