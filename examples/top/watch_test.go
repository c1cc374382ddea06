//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/examples/top/find"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// source is a source in Go.
type source func(*sample.Target) error

func (s source) Read(_ context.Context, t *sample.Target) error { return s(t) }
func (s source) Close() error                                   { return nil }

func TestASnapshotWithoutTargetsHasAnEmptyList(t *testing.T) {
	w := newWatch()
	w.dirs = []string{t.TempDir()}
	text, err := json.Marshal(w.once(t.Context()))
	require.NoError(t, err)
	assert.Contains(t, string(text), `"targets":[]`)
}

func TestAnErrorOfTheSecondaryIsANoteBesideTelemetry(t *testing.T) {
	w, x := newWatch(), &target{}
	var answered time.Time
	x.telemetry = source(func(t *sample.Target) error {
		t.Via, t.Rings = "telemetry", []sample.Ring{{Name: "r"}}
		answered = time.Now()
		return nil
	})
	var asked time.Time
	x.secondary = source(func(*sample.Target) error {
		asked = time.Now()
		return errors.New("it waits")
	})
	w.read(x, find.Target{Name: "a"})
	assert.Len(t, x.last.Rings, 1)
	assert.Empty(t, x.last.Error)
	assert.Equal(t, []string{"it waits"}, x.last.Notes)
	assert.WithinRange(t, x.last.Time, answered, asked, "the time of telemetry's counters")
	assert.Equal(t, sample.Running, x.last.Primary().State)
}

func TestASecondaryFillsASampleWithoutPartsOfTelemetry(t *testing.T) {
	w, x := newWatch(), &target{}
	x.telemetry = source(func(t *sample.Target) error {
		t.Primary().PID, t.Rings, t.Heaps = os.Getpid(), []sample.Ring{{Name: "r"}}, []sample.Heap{{Name: "h"}}
		return dpdk.ErrTimeout
	})
	x.secondary = source(func(t *sample.Target) error {
		t.Via = "secondary"
		return nil
	})
	w.read(x, find.Target{Name: "a"})
	assert.Empty(t, x.last.Rings)
	assert.Empty(t, x.last.Heaps)
	assert.Equal(t, dpdk.ErrTimeout.Error(), x.last.Error)
	assert.Equal(t, os.Getpid(), x.last.PID())
	assert.False(t, x.last.Time.IsZero())
}

func TestAPrimaryThatLocksItsConfigurationIsNotDead(t *testing.T) {
	state := func(err error, locks bool) sample.State {
		x := sample.Target{}
		judge(&x, err, false, locks)
		return x.Primary().State
	}
	assert.Equal(t, sample.Dead, state(dpdk.ErrNoPrimary, false))
	assert.Equal(t, sample.NoAnswer, state(dpdk.ErrNoPrimary, true))
	assert.Equal(t, sample.Running, state(nil, true))
}

// The PID of a primary in another container is that of another process here.
func TestAPrimaryOfAnotherPIDNamespaceHasNoCommand(t *testing.T) {
	foreign := sample.Target{Processes: []sample.Process{{PID: os.Getpid(), Role: "primary", Foreign: true}}}
	judge(&foreign, nil, false, true)
	assert.Equal(t, sample.Process{PID: os.Getpid(), Role: "primary", State: sample.Running, Foreign: true}, foreign.Processes[0])
	judge(&foreign, dpdk.ErrTimeout, false, true)
	assert.Equal(t, sample.NoAnswer, foreign.Processes[0].State)
}

// page notes what ServeHTTP calls.
type page struct {
	*httptest.ResponseRecorder
	calls []string
	full  func()
}

func (p *page) SetWriteDeadline(time.Time) error {
	p.calls = append(p.calls, "deadline")
	return nil
}

func (p *page) Write(b []byte) (int, error) {
	p.calls = append(p.calls, "write")
	return p.ResponseRecorder.Write(b)
}

func (p *page) FlushError() error {
	p.full()
	return nil
}

func TestEventsHaveADeadlineBeforeTheyAreWritten(t *testing.T) {
	f := &feed{fresh: make(chan struct{})}
	f.add(sample.Snapshot{})
	ctx, cancel := context.WithCancel(t.Context())
	p := &page{httptest.NewRecorder(), nil, cancel}
	f.ServeHTTP(p, httptest.NewRequestWithContext(ctx, "GET", "/events", nil))
	assert.Equal(t, []string{"deadline", "write"}, p.calls)
}

func TestNotesCannotControlTheTerminal(t *testing.T) {
	s := screen{style: colors(), width: 80, height: 10, last: sample.Snapshot{Time: time.Now(), Notes: []string{"n\x07"}, Targets: []sample.Target{{Name: "a\x07"}}}}
	assert.NotContains(t, s.View().Content, "\x07")
	var out bytes.Buffer
	dir := t.TempDir()
	require.NoError(t, run(t.Context(), []string{"-dir", dir + "\x07", "-once", "-interval", "100ms"}, &out))
	assert.NotContains(t, out.String(), "\x07")
}
