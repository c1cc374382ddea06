package ipc

import (
	"context"
	"encoding"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

// Handle is Register for values: Req and Resp travel as the bytes that they are in memory, so a
// C program sees structs. They must hold no Go pointers (those to packets and other things in shared memory may
// be in them) and be at most MaxParam bytes; or pointers to them are encoding.BinaryMarshaler
// and BinaryUnmarshaler, and travel as these say. A message of another length than Req's is
// answered with an error.
func Handle[Req, Resp any](name string, h func(ctx context.Context, req Req) (Resp, error), cfg Config) error {
	if err := travel[Req, Resp](opRegister, name); err != nil {
		return err
	}
	return Register(name, func(ctx context.Context, m *Message) (*Message, error) {
		m.Close()
		var req Req
		if err := unpack(m.Param, &req); err != nil {
			return nil, err
		}
		resp, err := h(ctx, req)
		if err != nil {
			return nil, err
		}
		param, err := pack(&resp)
		return &Message{Param: param}, err
	}, cfg)
}

// Call asks the one other process there is, with values as Handle takes them: the primary, or the
// only secondary of a primary. It fails as Request does, and with dpdk.ErrInvalid if
// several processes replied, or the reply is not a Resp; see CallAll.
func Call[Req, Resp any](ctx context.Context, name string, req Req) (Resp, error) {
	all, err := CallAll[Req, Resp](ctx, name, req)
	if err == nil && len(all) > 1 {
		err = check.Invalid(opRequest, name, "%d processes replied: use CallAll", len(all))
	}
	if err != nil {
		return *new(Resp), err
	}
	return all[0], nil
}

// CallAll is Call of all processes that Request asks. Replies that came are returned also
// beside an error.
func CallAll[Req, Resp any](ctx context.Context, name string, req Req) ([]Resp, error) {
	if err := travel[Req, Resp](opRequest, name); err != nil {
		return nil, err
	}
	param, err := pack(&req)
	if err != nil {
		return nil, &dpdk.Error{Op: opRequest, Name: name, Detail: err.Error()}
	}
	replies, err := Request(ctx, &Message{Name: name, Param: param})
	var all []Resp
	for _, m := range replies {
		m.Close()
		var resp Resp
		if e := unpack(m.Param, &resp); e != nil {
			if err == nil {
				err = check.Invalid(opRequest, name, "the reply of %s: %v", m.Peer, e)
			}
			continue
		}
		all = append(all, resp)
	}
	return all, err
}

// encoded are values that say themselves how they travel.
type encoded interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// travel refuses types that cannot be sent.
func travel[A, B any](op, name string) error {
	if err := travels[A](op, name); err != nil {
		return err
	}
	return travels[B](op, name)
}

// travels refuses a T that cannot be sent.
func travels[T any](op, name string) error {
	if _, ok := any(new(T)).(encoded); ok {
		return nil
	}
	t := reflect.TypeFor[T]()
	if p := shared.GoPointer(t); p != "" {
		return check.Invalid(op, name, "%v holds a Go pointer (%s), which means nothing to other processes: give it MarshalBinary and UnmarshalBinary", t, p)
	}
	if t.Size() > MaxParam {
		return tooBig(op, name, "%v is %d bytes: a message has room for %d", t, t.Size(), MaxParam)
	}
	return nil
}

// pack is what v is as a Param.
func pack[T any](v *T) ([]byte, error) {
	if m, ok := any(v).(encoded); ok {
		return m.MarshalBinary()
	}
	return memory(v), nil
}

// unpack makes v of a Param.
func unpack[T any](param []byte, v *T) error {
	if m, ok := any(v).(encoded); ok {
		return m.UnmarshalBinary(param)
	}
	if uintptr(len(param)) != unsafe.Sizeof(*v) {
		return fmt.Errorf("%d bytes are not a %T, which has %d", len(param), *v, unsafe.Sizeof(*v))
	}
	copy(memory(v), param)
	return nil
}

// memory is where v lies; it holds no Go pointers.
func memory[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }
