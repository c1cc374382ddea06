//go:build linux

package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/dpdk/holder"
	"github.com/godpdk/godpdk/dpdk/lcore"
)

//go:embed group.json
var group []byte

// order is the order of the pipeline.
var order = []string{"rx", "work", "tx"}

// pipeline is the processes of a demonstration.
type pipeline struct {
	options
	ctx             context.Context
	dir, config     string
	log             *os.File // of the holders
	moments         *rand.Rand
	active, standby *process
	workers         map[string]*process
	spare           *process // a successor that waits
	traffic         *process
	results         results
}

// launch runs the demonstration.
func launch(ctx context.Context, o options) (err error) {
	if o.holder == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		o.holder = filepath.Join(filepath.Dir(self), "holder")
	}
	if _, err := os.Stat(o.holder); err != nil {
		return fmt.Errorf("the holder's program: %w: build it (make build), or name it by -holder", err)
	}
	o.seed = cmp.Or(o.seed, rand.Uint64())
	p := &pipeline{options: o, ctx: ctx, moments: rand.New(rand.NewPCG(o.seed, 0)), workers: map[string]*process{}}
	p.prefix = fmt.Sprint("upgrade", os.Getpid())
	if p.dir, err = os.MkdirTemp("", "upgrade"); err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	if err := p.configure(); err != nil {
		return err
	}
	if p.log, err = os.Create(filepath.Join(p.dir, "holder.log")); err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, p.end()); err != nil && ctx.Err() == nil {
			text, _ := os.ReadFile(p.log.Name())
			err = fmt.Errorf("%w\nthe holders' log:\n%s", err, text)
		}
	}()
	fmt.Printf("seed %d\n", o.seed)
	if err := p.startHolders(); err != nil {
		return err
	}
	if err := p.startOthers(); err != nil {
		return err
	}
	if err := p.replaceAll(); err != nil || ctx.Err() != nil { // Ctrl-C
		return err
	}
	if err := p.sum(); err != nil {
		return err
	}
	for range o.holders {
		if ctx.Err() != nil {
			return nil
		}
		if err := p.killHolder(); err != nil {
			return err
		}
	}
	p.results.print()
	return nil
}

// configure writes the configuration of the holders.
func (p *pipeline) configure() error {
	cfg, err := holder.Decode(group)
	if err != nil {
		return err
	}
	cpus, err := lcore.ThreadCPUs()
	if err != nil {
		return err
	}
	cfg.EAL.FilePrefix, cfg.EAL.Lcores = p.prefix, fmt.Sprintf("0@%d", cpus[0])
	cfg.Pools[0].Count += len(order) * p.kills * 2 * burst // what killed workers lose
	text, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	p.config = filepath.Join(p.dir, "group.json")
	return os.WriteFile(p.config, text, 0o600)
}

// startHolders starts the holders that do not run.
func (p *pipeline) startHolders() (err error) {
	if p.active == nil {
		if p.active, err = start(p.log, "holder", p.holder, "-config", p.config); err != nil {
			return err
		}
		if _, err := p.active.expect("holder: ready"); err != nil {
			return err
		}
	}
	if p.standby, err = start(p.log, "standby holder", p.holder, "-config", p.config, "-standby"); err != nil {
		return err
	}
	_, err = p.standby.expect("holder: standby")
	return err
}

// role starts a secondary.
func (p *pipeline) role(name string) (*process, error) {
	return start(os.Stderr, name, "/proc/self/exe", "-role", name, "-prefix", p.prefix, "-locks", p.dir, "-rate", strconv.Itoa(p.rate), "-busy", p.busy.String())
}

// startOthers starts all secondaries, and waits until packets flow.
func (p *pipeline) startOthers() (err error) {
	for _, stage := range order {
		if p.workers[stage], err = p.role(stage); err != nil {
			return err
		}
	}
	if p.traffic, err = p.role("traffic"); err != nil {
		return err
	}
	for _, stage := range order {
		if _, err := p.workers[stage].expect("works"); err != nil {
			return err
		}
	}
	return nil
}

// replaceAll replaces each worker, killed and in order.
func (p *pipeline) replaceAll() error {
	if _, err := p.traffic.expect("first"); err != nil {
		return err
	}
	for n := range max(p.kills, p.orders) {
		for _, stage := range order {
			if n < p.kills {
				if err := p.replace(stage, true); err != nil {
					return err
				}
			}
			if n < p.orders {
				if err := p.replace(stage, false); err != nil {
					return err
				}
			}
			if p.ctx.Err() != nil {
				return nil
			}
		}
	}
	return nil
}

// replace replaces one worker, and adds up what that cost.
func (p *pipeline) replace(stage string, kill bool) (err error) {
	if !p.cold {
		if err := p.successor(stage); err != nil {
			return err
		}
	}
	fmt.Fprintln(p.traffic.in, "begin")
	time.Sleep(time.Duration(p.moments.Int64N(int64(5 * time.Millisecond)))) // so that kills hit all moments of a burst
	old := p.workers[stage]
	if kill {
		old.kill()
	} else if err := old.stop(); err != nil {
		return err
	}
	if p.cold {
		if err := p.successor(stage); err != nil {
			return err
		}
	}
	inherited, err := p.spare.expect("works")
	if err != nil {
		return err
	}
	p.workers[stage], p.spare = p.spare, nil
	fmt.Fprintln(p.traffic.in, "end")
	line, err := p.traffic.expect("window")
	if err != nil {
		return err
	}
	var w window
	if _, err := fmt.Sscan(line+" "+inherited, &w.lost, &w.twice, &w.damaged, &w.gap, &w.inherited); err != nil {
		return fmt.Errorf("traffic: %q, %s: %q: %w", line, stage, inherited, err)
	}
	p.results.add(stage, kill, w)
	return nil
}

// successor starts a successor, and waits until it has everything but the place.
func (p *pipeline) successor(stage string) (err error) {
	if p.spare, err = p.role(stage); err != nil {
		return err
	}
	_, err = p.spare.expect("waits")
	return err
}

// sum stops the traffic, and asks for the sum of all. Then it starts traffic again.
func (p *pipeline) sum() (err error) {
	fmt.Fprintln(p.traffic.in, "stop")
	line, err := p.traffic.expect("all")
	if err != nil {
		return err
	}
	r := &p.results
	if _, err := fmt.Sscan(line, &r.sent, &r.otherwise.lost, &r.otherwise.twice, &r.otherwise.damaged, &r.missing); err != nil {
		return fmt.Errorf("traffic: %q: %w", line, err)
	}
	if err := p.traffic.wait(); err != nil {
		return err
	}
	if p.traffic, err = p.role("traffic"); err != nil {
		return err
	}
	_, err = p.traffic.expect("first")
	return err
}

// killHolder kills the active holder, and starts all others again beside the standby one.
func (p *pipeline) killHolder() error {
	killed := time.Now()
	p.active.kill()
	p.active, p.standby = p.standby, nil
	if _, err := p.active.expect("holder: ready"); err != nil {
		return err
	}
	ready := time.Since(killed)
	last, err := p.traffic.expect("last")
	if err != nil {
		return err
	}
	for _, w := range append([]*process{p.traffic}, p.list()...) {
		if err := w.wait(); err != nil {
			return err
		}
	}
	if err := p.startOthers(); err != nil {
		return err
	}
	first, err := p.traffic.expect("first")
	if err != nil {
		return err
	}
	from, err1 := strconv.ParseInt(last, 10, 64)
	to, err2 := strconv.ParseInt(first, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	p.results.holder(ready, time.Duration(to-from))
	return p.startHolders()
}

// list returns the workers in the order of the pipeline.
func (p *pipeline) list() (all []*process) {
	for _, stage := range order {
		if w := p.workers[stage]; w != nil {
			all = append(all, w)
		}
	}
	return all
}

// end ends what runs: the holders last, because the others use their memory.
func (p *pipeline) end() error {
	var errs []error
	for _, q := range append(append([]*process{p.traffic, p.spare}, p.list()...), p.standby, p.active) {
		if q != nil {
			errs = append(errs, q.stop())
		}
	}
	return errors.Join(errs...)
}
