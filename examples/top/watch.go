//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/top/find"
	"github.com/godpdk/godpdk/examples/top/read"
	"github.com/godpdk/godpdk/examples/top/sample"
	"github.com/godpdk/godpdk/examples/top/view"
)

// watch reads all targets again and again. One that does not answer makes no other one wait.
type watch struct {
	dirs     []string // none: all that DPDK uses
	prefixes []string // none: all
	attach   []string // prefixes to attach to as a secondary, too
	timeout  time.Duration
	patience time.Duration // for a secondary to attach

	targets map[string]*target // by path and name
}

// target is what watch knows about a target.
type target struct {
	telemetry, secondary read.Source // nil: none

	mu   sync.Mutex
	busy bool          // a reading is in progress
	last sample.Target // the last that has ended
}

func newWatch() *watch { return &watch{targets: map[string]*target{}} }

// once takes a reading of all targets. It returns when all have answered, or at the end of the context: targets that
// have not answered by then are as before.
func (w *watch) once(ctx context.Context) sample.Snapshot {
	found, err := find.Targets(w.dirs...)
	s := sample.Snapshot{Time: time.Now(), Targets: []sample.Target{}} // not null in JSON
	if err != nil {
		s.Notes = append(s.Notes, "not seen: "+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	found = slices.DeleteFunc(found, func(t find.Target) bool { return len(w.prefixes) > 0 && !slices.Contains(w.prefixes, t.Prefix) })
	w.refresh(found)
	done := make(chan struct{}, len(found))
	for _, f := range found {
		t := w.targets[key(f)]
		t.mu.Lock()
		if started := !t.busy; started {
			t.busy = true
			go func() { w.read(t, f); done <- struct{}{} }()
		} else {
			done <- struct{}{} // it has a timeout of its own
		}
		t.mu.Unlock()
	}
	for range found {
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	s.Time = time.Now()
	for _, f := range found {
		t := w.targets[key(f)]
		t.mu.Lock()
		now := t.last
		if now.Name == "" { // not read yet
			now = fresh(f)
		}
		t.mu.Unlock()
		s.Targets = append(s.Targets, now)
	}
	return s
}

// fresh returns the sample of a target that was found and not asked.
func fresh(f find.Target) sample.Target {
	return sample.Target{Name: f.Name, Prefix: f.Prefix, Path: f.Path, Processes: append([]sample.Process{}, f.Processes...)}
}

func key(t find.Target) string { return t.Path + " " + t.Name }

// refresh makes sources for new targets, and closes those of targets that have gone.
func (w *watch) refresh(found []find.Target) {
	for k, t := range w.targets {
		if !slices.ContainsFunc(found, func(f find.Target) bool { return key(f) == k }) {
			t.close()
			delete(w.targets, k)
		}
	}
	for _, f := range found {
		t := w.targets[key(f)]
		if t == nil {
			t = &target{}
			w.targets[key(f)] = t
		}
		t.mu.Lock()
		if t.telemetry == nil && f.Socket != "" {
			t.telemetry = read.Telemetry(f.Socket, telemetry.Config{Timeout: w.timeout})
		}
		if t.secondary == nil && f.Shares && slices.Contains(w.attach, f.Prefix) {
			t.secondary = read.Secondary(f.Prefix, f.Path, w.patience, self(), "-serve")
		}
		t.mu.Unlock()
	}
}

// self returns the path of this program.
func self() string {
	path, err := os.Executable()
	if err != nil {
		path = "/proc/self/exe"
	}
	return path
}

func (w *watch) close() {
	for _, t := range w.targets {
		t.close()
	}
}

func (t *target) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range []read.Source{t.telemetry, t.secondary} {
		if s != nil {
			s.Close()
		}
	}
}

// read takes a reading of a target.
func (w *watch) read(t *target, f find.Target) {
	t.mu.Lock()
	telemetry, secondary := t.telemetry, t.secondary
	t.mu.Unlock()
	now := fresh(f)
	start := time.Now()
	ask := func(s read.Source) error {
		if s == nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), w.timeout)
		defer cancel()
		return s.Read(ctx, &now)
	}
	err := ask(telemetry)
	if now.Via != "" { // the rates are those of its counters
		now.Time = time.Now()
	}
	if err != nil { // what it added is incomplete
		all := now.Processes
		now = fresh(f)
		now.Processes = all
	}
	also := ask(secondary)
	if now.Time.IsZero() {
		now.Time = time.Now()
	}
	now.Took = float64(time.Since(start).Microseconds()) / 1000

	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy = false
	if now.Via == "" && errors.Join(err, also) != nil { // nothing answered: show the objects of the last reading
		old := t.last.Stale()
		old.Name, old.Prefix, old.Path, old.Took = now.Name, now.Prefix, now.Path, now.Took
		if p := now.Primary(); p.PID == 0 {
			p.PID = t.last.PID()
		}
		old.Processes = now.Processes
		now = old
	}
	if also != nil && now.Via != "" {
		now.Notes, also = append(now.Notes, also.Error()), nil
	}
	if all := errors.Join(err, also); all != nil {
		now.Error = all.Error()
	}
	if telemetry == nil && secondary == nil {
		now.Notes = append(now.Notes, "no telemetry socket (--no-telemetry). A secondary sees its ports, rings and pools: -attach "+f.Prefix)
	}
	judge(&now, err, telemetry == nil, f.Shares)
	threads(&now)
	sample.Rates(&t.last, &now)
	t.last = now
}

// judge sets the state of the primary after telemetry has answered with this error. Without telemetry, /proc decides.
// A primary that locks its configuration lives, even if nothing listens at its socket.
func judge(t *sample.Target, err error, silent, locks bool) {
	p := t.Primary()
	p.State = sample.Unknown
	find.Refresh(p)
	switch {
	case silent:
	case err == nil && p.State != sample.Stopped: // it may be in another PID namespace
		p.State = sample.Running
	case errors.Is(err, dpdk.ErrNoPrimary) && !locks:
		p.State = sample.Dead
	case err != nil && p.State != sample.Stopped && p.State != sample.Dead:
		p.State = sample.NoAnswer
	}
}

// threads adds the time of EAL's threads to the lcores of the primary.
func threads(t *sample.Target) {
	for _, p := range t.Processes {
		if p.Role != "primary" || p.State == sample.Dead {
			continue
		}
		for _, thread := range p.Threads {
			read.Lcore(t, thread.Lcore).CPU = &sample.Counter{Total: thread.CPU}
		}
	}
}

// check returns an error that names the prefixes that exist if one of those asked for does not.
func (w *watch) check() error {
	found, err := find.Targets(w.dirs...)
	var names []string
	for _, t := range found {
		if !slices.Contains(names, t.Prefix) {
			names = append(names, t.Prefix)
		}
	}
	for _, p := range slices.Concat(w.prefixes, w.attach) {
		if !slices.Contains(names, p) {
			where := w.dirs
			if len(where) == 0 {
				where = telemetry.Dirs()
			}
			running := "no DPDK process is there"
			if len(names) > 0 {
				running = "there are " + view.Line(strings.Join(names, ", "))
			}
			return errors.Join(fmt.Errorf("no process has the file prefix %q in %s: %s", p, strings.Join(where, ", "), running), err)
		}
	}
	return nil
}
