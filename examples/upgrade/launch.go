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

	"github.com/godpdk/godpdk/dpdk/holder"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/examples/internal/app"
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
	active, standby *app.Program
	workers         map[string]*app.Program
	spare           *app.Program // a successor that waits
	traffic         *app.Program
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
	p := &pipeline{options: o, ctx: ctx, moments: rand.New(rand.NewPCG(o.seed, 0)), workers: map[string]*app.Program{}}
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
		if p.active, err = app.StartProgram(p.log, "holder", p.holder, "-config", p.config); err != nil {
			return err
		}
		if _, err := p.active.Expect("holder: ready"); err != nil {
			return err
		}
	}
	if p.standby, err = app.StartProgram(p.log, "standby holder", p.holder, "-config", p.config, "-standby"); err != nil {
		return err
	}
	_, err = p.standby.Expect("holder: standby")
	return err
}

// role starts a secondary.
func (p *pipeline) role(name string, options ...string) (*app.Program, error) {
	return app.StartProgram(os.Stderr, name, "/proc/self/exe", append(options, "-role", name, "-prefix", p.prefix, "-rate", strconv.Itoa(p.rate), "-busy", p.busy.String())...)
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
		if _, err := p.workers[stage].Expect("works"); err != nil {
			return err
		}
	}
	return nil
}

// list returns the workers in the order of the pipeline.
func (p *pipeline) list() (all []*app.Program) {
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
	for _, q := range append(append([]*app.Program{p.traffic, p.spare}, p.list()...), p.standby, p.active) {
		if q != nil {
			errs = append(errs, q.Stop())
		}
	}
	return errors.Join(errs...)
}
