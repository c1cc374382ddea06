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

// Handle registers a handler for values, as [Register] does for messages. Req and Resp are sent
// as their bytes in memory, so a C program sees structs. They must have at most [MaxParam] bytes
// and hold no Go pointers. Pointers to shared memory, such as *mbuf.Mbuf, are allowed. A type T
// may be larger or hold Go pointers if *T implements encoding.BinaryMarshaler and
// encoding.BinaryUnmarshaler: it is sent in that form, of at most MaxParam bytes. A message of
// another length than Req's is answered with an error.
//
// Errors: those of Register, and [dpdk.ErrMessageSize] if a type is too large.
func Handle[Req, Resp any](name string, h func(ctx context.Context, req Req) (Resp, error), cfg Config) error {
	if err := sendable[Req, Resp](opRegister, name); err != nil {
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

// Call sends a value as [Handle] does, to the primary or to the only secondary of a primary, and
// returns the reply.
//
// Errors: those of [Request], and [dpdk.ErrInvalid] if several processes replied (use
// [CallAll]) or the reply is not a Resp.
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

// CallAll sends a value as [Call] does, to all processes that [Request] asks. It returns the
// replies that arrived also beside an error.
func CallAll[Req, Resp any](ctx context.Context, name string, req Req) ([]Resp, error) {
	if err := sendable[Req, Resp](opRequest, name); err != nil {
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

// encoded is a value with its own binary form.
type encoded interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// sendable refuses types that cannot be sent.
func sendable[A, B any](op, name string) error {
	if err := sendableType[A](op, name); err != nil {
		return err
	}
	return sendableType[B](op, name)
}

// sendableType refuses a T that cannot be sent.
func sendableType[T any](op, name string) error {
	if _, ok := any(new(T)).(encoded); ok {
		return nil
	}
	t := reflect.TypeFor[T]()
	if p := shared.GoPointer(t); p != "" {
		return check.Invalid(op, name, "%v holds a Go pointer (%s), which other processes cannot use: give it MarshalBinary and UnmarshalBinary", t, p)
	}
	if t.Size() > MaxParam {
		return tooBig(op, name, "%v is %d bytes: use at most %d", t, t.Size(), MaxParam)
	}
	return nil
}

// pack returns v as a Param.
func pack[T any](v *T) ([]byte, error) {
	if m, ok := any(v).(encoded); ok {
		return m.MarshalBinary()
	}
	return memory(v), nil
}

// unpack reads v from a Param.
func unpack[T any](param []byte, v *T) error {
	if m, ok := any(v).(encoded); ok {
		return m.UnmarshalBinary(param)
	}
	if uintptr(len(param)) != unsafe.Sizeof(*v) {
		return fmt.Errorf("%d bytes are not a %T of %d bytes", len(param), *v, unsafe.Sizeof(*v))
	}
	copy(memory(v), param)
	return nil
}

// memory returns the bytes of v, which holds no Go pointers.
func memory[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }
