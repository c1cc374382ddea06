package ipc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

type (
	question struct {
		A, B uint32
		Op   byte
	}
	result struct{ Sum uint64 }
)

func TestValuesAreSentAsTheirBytes(t *testing.T) {
	f := stranger(t)
	name := t.Name()
	require.NoError(t, Handle(name, func(_ context.Context, q question) (result, error) {
		if q.Op != '+' {
			return result{}, errors.New("unknown operation")
		}
		return result{uint64(q.A) + uint64(q.B)}, nil
	}, Config{}))
	defer func() { assert.NoError(t, Unregister(name)) }()

	q := question{1<<32 - 1, 2, '+'}
	var got result
	require.NoError(t, unpack(f.ask(&Message{Name: name, Param: memory(&q)}).Param, &got))
	assert.Equal(t, result{1<<32 + 1}, got)
	q.Op = '-'
	f.ask(&Message{Name: name, Param: memory(&q)})
	assert.Equal(t, "unknown operation", f.text())
	f.ask(&Message{Name: name, Param: []byte("short")})
	assert.Equal(t, "5 bytes are not a ipc.question of 12 bytes", f.text())
}

func TestCallAndCallAllReturnValues(t *testing.T) {
	f := secondary(t)
	answer := func(param []byte) {
		_, from, m := f.get()
		f.put(cgo.MPRep, from, &Message{Name: m.Name, Param: param})
	}
	go answer(memory(&result{7}))
	got, err := Call[question, result](within(t, limit), "a", question{})
	require.NoError(t, err)
	assert.Equal(t, result{7}, got)

	go answer([]byte("abc"))
	_, err = Call[question, result](within(t, limit), "a", question{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "3 bytes are not a ipc.result of 8 bytes")

	second := secondary(t)
	both := func() {
		for _, f := range []*fake{f, second} {
			_, from, m := f.get()
			f.put(cgo.MPRep, from, &Message{Name: m.Name, Param: memory(&result{1})})
		}
	}
	go both()
	all, err := CallAll[question, result](within(t, limit), "a", question{})
	require.NoError(t, err)
	assert.Equal(t, []result{{1}, {1}}, all)
	go both()
	_, err = Call[question, result](within(t, limit), "a", question{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "2 processes replied: use CallAll")
}

func TestBinaryMarshalersAreSentInTheirForm(t *testing.T) {
	f := stranger(t)
	name := t.Name()
	require.NoError(t, Handle(name, func(_ context.Context, at time.Time) (time.Time, error) { return at.Add(time.Hour), nil }, Config{}))
	defer func() { assert.NoError(t, Unregister(name)) }()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	param, err := at.MarshalBinary()
	require.NoError(t, err)
	var got time.Time
	require.NoError(t, got.UnmarshalBinary(f.ask(&Message{Name: name, Param: param}).Param))
	assert.Equal(t, at.Add(time.Hour), got)
	f.ask(&Message{Name: name, Param: []byte{1}})
	assert.NotEmpty(t, f.text())
}

func TestTypesThatCannotBeSentAreRefused(t *testing.T) {
	h := func(context.Context, []byte) (result, error) { return result{}, nil }
	err := Handle("a", h, Config{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "MarshalBinary")
	_, err = Call[question, *int](within(t, limit), "a", question{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = CallAll[[MaxParam + 1]byte, result](within(t, limit), "a", [MaxParam + 1]byte{})
	require.ErrorIs(t, err, dpdk.ErrMessageSize)
	assert.Contains(t, err.Error(), "257 bytes: use at most 256")
	_, err = Call[time.Time, result](within(t, limit), strings.Repeat("x", 99), time.Time{})
	require.ErrorIs(t, err, dpdk.ErrNameTooLong)
}
