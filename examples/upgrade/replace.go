//go:build linux

package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/examples/internal/app"
)

// replaceAll replaces each worker, killed and in order.
func (p *pipeline) replaceAll() error {
	if _, err := p.traffic.Expect("first"); err != nil {
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
	switch {
	case p.cold:
	case kill:
		err = p.successor(stage)
	default:
		err = p.successor(stage, "-take-over")
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(p.traffic.In, "begin")
	time.Sleep(time.Duration(p.moments.Int64N(int64(5 * time.Millisecond)))) // so that kills hit all moments of a burst
	old := p.workers[stage]
	switch {
	case kill:
		old.Kill()
	case p.cold:
		err = old.Stop()
	default:
		fmt.Fprintln(p.spare.In, "take over")
		err = old.Wait()
	}
	if err != nil {
		return err
	}
	if p.cold {
		if err := p.successor(stage); err != nil {
			return err
		}
	}
	inherited, err := p.spare.Expect("works")
	if err != nil {
		return err
	}
	p.workers[stage], p.spare = p.spare, nil
	fmt.Fprintln(p.traffic.In, "end")
	line, err := p.traffic.Expect("window")
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

// successor starts a successor, and waits until it has attached.
func (p *pipeline) successor(stage string, options ...string) (err error) {
	if p.spare, err = p.role(stage, options...); err != nil {
		return err
	}
	_, err = p.spare.Expect("waits")
	return err
}

// sum stops the traffic, and asks for the sum of all. Then it starts traffic again.
func (p *pipeline) sum() (err error) {
	fmt.Fprintln(p.traffic.In, "stop")
	line, err := p.traffic.Expect("all")
	if err != nil {
		return err
	}
	r := &p.results
	if _, err := fmt.Sscan(line, &r.sent, &r.otherwise.lost, &r.otherwise.twice, &r.otherwise.damaged, &r.missing); err != nil {
		return fmt.Errorf("traffic: %q: %w", line, err)
	}
	if err := p.traffic.Wait(); err != nil {
		return err
	}
	if p.traffic, err = p.role("traffic"); err != nil {
		return err
	}
	_, err = p.traffic.Expect("first")
	return err
}

// killHolder kills the active holder, and starts all others again beside the standby one.
func (p *pipeline) killHolder() error {
	killed := time.Now()
	p.active.Kill()
	p.active, p.standby = p.standby, nil
	if _, err := p.active.Expect("holder: ready"); err != nil {
		return err
	}
	ready := time.Since(killed)
	last, err := p.traffic.Expect("last")
	if err != nil {
		return err
	}
	for _, w := range append([]*app.Program{p.traffic}, p.list()...) {
		if err := w.Wait(); err != nil {
			return err
		}
	}
	if err := p.startOthers(); err != nil {
		return err
	}
	first, err := p.traffic.Expect("first")
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
