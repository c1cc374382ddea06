package holder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
)

// Holder is a primary that has made everything in its configuration. Any goroutine may call its methods.
type Holder struct {
	rt     *eal.Runtime
	events *eal.Subscription
	log    *slog.Logger
	made   []made // in the order of creation
	once   sync.Once
	err    error // of Close

	mu       sync.Mutex
	attached int // processes that were reported, and not yet their end
}

// made is something that Close must end.
type made struct {
	path string // its place in the configuration
	end  func() error
}

// Start starts EAL as a primary and makes everything in cfg, in its order, before any secondary in Go can
// attach. If a step fails, Start undoes those before it, stops EAL, and returns an error that names the
// object by its place in the configuration, such as ports[1]. Nothing is left then: no file, no page.
//
// Errors are those of eal.Init and of the calls that make the objects. dpdk.ErrPrimaryRunning means that
// another primary runs with the file prefix.
func Start(cfg Config) (*Holder, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	h := &Holder{log: cfg.Logger}
	if h.log == nil {
		h.log = slog.Default()
	}
	ec := cfg.EAL.config(cfg.Logger)
	ec.Prepare = func(rt *eal.Runtime) (err error) {
		if h.events, err = rt.Subscribe(); err != nil {
			return err
		}
		if err = h.make(&cfg); err != nil {
			return errors.Join(err, h.undo())
		}
		return nil
	}
	var err error
	if h.rt, err = eal.Init(ec); err != nil {
		return nil, err
	}
	h.log.Info("holder: ready", "file-prefix", h.rt.FilePrefix(), "pools", len(cfg.Pools)+len(cfg.ObjectPools),
		"memzones", len(cfg.Memzones), "rings", len(cfg.Rings), "ports", len(cfg.Ports), "places", len(cfg.Places))
	return h, nil
}

// Runtime returns EAL as Start has started it. End it by Close of the holder.
func (h *Holder) Runtime() *eal.Runtime { return h.rt }

// Run logs each process that attaches, leaves or dies, and each place that is claimed or free again, until ctx ends or EAL is closed. Then it calls
// Close and returns its error. Events before Run are logged as well.
func (h *Holder) Run(ctx context.Context) error {
	for {
		select {
		case e, ok := <-h.events.C:
			if !ok {
				return h.Close()
			}
			h.report(e)
		case <-ctx.Done():
			return h.Close()
		}
	}
}

// report logs an event.
func (h *Holder) report(e eal.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	level, text := slog.LevelInfo, "holder: a process has attached"
	switch e.State {
	case eal.Attached:
		h.attached++
	case eal.Recovered: // EAL logs it
		return
	case eal.Detached:
		h.attached--
		text = "holder: a process has left"
	case eal.Died:
		h.attached--
		level, text = slog.LevelWarn, "holder: a process has died"
	}
	h.log.Log(context.Background(), level, text, "pid", e.Pid, "go", e.Go, "lcores", e.Lcores)
}

// leave is how long Close waits for the workers. A test shortens it.
var leave = 5 * time.Second

// Close ends everything in the reverse order of its creation, and then EAL, which frees the memory and
// removes all files. It first waits up to 5 seconds for the processes that are attached to end: end the
// workers before the holder. Workers that still run then see dpdk.ErrPrimaryGone, and may crash if they
// poll a port, because DPDK frees its queues. More calls do nothing and return the same error.
func (h *Holder) Close() error {
	h.once.Do(func() {
		h.waitWorkers()
		ctx, cancel := context.WithTimeout(context.Background(), leave)
		defer cancel()
		_, _ = h.rt.Recover(ctx) // into pools that still exist
		h.err = errors.Join(h.undo(), h.rt.Close())
	})
	return h.err
}

// waitWorkers waits until no other process is attached, and the end of each has been reported.
func (h *Holder) waitWorkers() {
	for deadline := time.After(leave); ; {
		pids, err := h.workers()
		if err != nil || len(pids) == 0 && h.reported() {
			return
		}
		select {
		case e, ok := <-h.events.C:
			if ok {
				h.report(e)
				continue
			}
			return
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			h.log.Warn("holder: processes are still attached: end the workers before the holder", "pids", pids)
			return
		}
	}
}

// reported reports whether all processes that have attached have also been reported as ended.
func (h *Holder) reported() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attached == 0
}

// workers returns the pids of the processes that are attached.
func (h *Holder) workers() (pids []int, err error) {
	all, err := h.rt.Processes()
	for _, p := range all {
		if p.Role == eal.Secondary && (p.State == eal.Attached || p.State == eal.Attaching) {
			pids = append(pids, p.Pid)
		}
	}
	return pids, err
}

// undo ends what make has made, in reverse order.
func (h *Holder) undo() error {
	h.events.Close()
	var errs []error
	for _, m := range slices.Backward(h.made) {
		if err := m.end(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.path, err))
		}
	}
	h.made = nil
	return errors.Join(errs...)
}
