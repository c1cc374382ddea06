package rcu_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// The process has readers with the IDs in its arguments, online. Then it ends, or waits to be killed.
var _ = harness.Role("readers", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	q, err := rcu.Lookup(args[1])
	if err != nil {
		return err
	}
	for _, arg := range args[2:] {
		id, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		r, err := q.Register(id)
		if err != nil {
			return err
		}
		r.Online()
	}
	harness.Say("online")
	if harness.Hear() == "close" {
		return rt.Close()
	}
	return nil
})

// logs returns the lines of the log from now on.
func logs(t *testing.T) *harness.Buffer {
	l, before := &harness.Buffer{}, control.Logger()
	control.SetLogger(slog.New(slog.NewTextHandler(l, nil)))
	t.Cleanup(func() { control.SetLogger(before) })
	return l
}

func readers(t *testing.T, q *rcu.QSBR, ids ...string) *harness.Child {
	t.Helper()
	c := harness.Start(t, "readers", append([]string{ealtest.Runtime().FilePrefix(), q.Name()}, ids...)...)
	c.Expect("online")
	return c
}

func TestNoWriterWaitsForAKilledReader(t *testing.T) {
	log := logs(t)
	q := create(t, 130)
	c := readers(t, q, "0", "63", "64", "129")
	mine := register(t, q, 7)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, q.Synchronize(ctx), context.DeadlineExceeded, "they live")
	assert.Equal(t, 5, q.NumReaders())
	c.Kill()
	ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, q.Synchronize(ctx))
	all, err := q.Readers()
	require.NoError(t, err)
	assert.Equal(t, []rcu.ReaderState{{ID: 7}}, all, "the living one stays")
	assert.Equal(t, 1, q.NumReaders())
	for _, id := range []int{0, 63, 64, 129} {
		line := fmt.Sprintf("qsbr=%q reader=%d pid=%d", q.Name(), id, c.Pid())
		require.Eventually(t, func() bool { return strings.Contains(log.String(), line) }, time.Minute, time.Millisecond, line)
		r := register(t, q, id)
		r.Online()
		r.Quiescent()
		require.NoError(t, r.Unregister())
	}
	require.NoError(t, mine.Unregister())
}

// Nobody waits: the primary unregisters them by itself, also of a process that has closed EAL.
func TestReadersOfEndedProcessesAreUnregistered(t *testing.T) {
	logs(t)
	for _, end := range []func(*harness.Child){(*harness.Child).Kill, func(c *harness.Child) { c.Send("close"); c.Wait() }} {
		q, other := create(t, 8), create(t, 70)
		c := readers(t, q, "1", "2")
		c2 := readers2(t, other)
		end(c)
		require.Eventually(t, func() bool { return q.NumReaders() == 0 }, 10*time.Second, 10*time.Millisecond)
		assert.Equal(t, 1, other.NumReaders(), "of a living process")
		c2.Kill()
		require.Eventually(t, func() bool { return other.NumReaders() == 0 }, 10*time.Second, 10*time.Millisecond)
	}
}

// readers2 is readers in a process with another lcore.
func readers2(t *testing.T, q *rcu.QSBR) *harness.Child {
	t.Helper()
	c := harness.Start(t, "reader on lcore 8", ealtest.Runtime().FilePrefix(), q.Name())
	c.Expect("online")
	return c
}

var _ = harness.Role("reader on lcore 8", func(args []string) error {
	if _, err := eal.Init(ealtest.Secondary(args[0], 8)); err != nil {
		return err
	}
	q, err := rcu.Lookup(args[1])
	if err != nil {
		return err
	}
	r, err := q.RegisterAny()
	if err != nil {
		return err
	}
	r.Online()
	harness.Say("online")
	harness.Hear()
	return nil
})

// A reader of a C program has no owner, and nobody unregisters it.
func TestReadersOfCProgramsStay(t *testing.T) {
	q := create(t, 4)
	require.Zero(t, cgo.RCURegister(q.Name(), q.Pointer(), 2))
	cgo.RCUOnline(q.Pointer(), 2)
	c := readers(t, q, "1")
	c.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := q.Synchronize(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, err.Error(), "reader 2 has not passed")
	assert.Equal(t, 1, q.NumReaders())
}
