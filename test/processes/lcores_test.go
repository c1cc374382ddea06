//go:build linux

package processes

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/test/harness"
)

// "register" makes a thread an lcore and gives it back.
var _ = verb("register", func([]string) (string, error) {
	r, err := lcore.Register()
	if err != nil {
		return "", err
	}
	return fmt.Sprint(r.Lcore()), r.Unregister()
})

// "launch" runs a function on the main lcore.
var _ = verb("launch", func([]string) (string, error) {
	ctx := context.Background()
	got := -1
	t, err := lcore.Launch(ctx, lcore.Main(), func(context.Context) error {
		got, _ = lcore.Current()
		return nil
	})
	if err != nil {
		return "", err
	}
	if err := t.Wait(ctx); err != nil {
		return "", err
	}
	if got != lcore.Main() {
		return "", fmt.Errorf("ran on lcore %d", got)
	}
	return fmt.Sprint(got), nil
})

// "timer" has a timer run on the main lcore, and leaves another one set.
var _ = verb("timer", func([]string) (string, error) {
	ran := false
	short, err := lcore.NewTimer(func() { ran = true })
	if err != nil {
		return "", err
	}
	long, err := lcore.NewTimer(func() {})
	if err != nil {
		return "", err
	}
	id := lcore.Main()
	if err := errors.Join(short.Once(time.Millisecond, id), long.Once(time.Hour, id)); err != nil {
		return "", err
	}
	t, err := lcore.Launch(context.Background(), id, func(ctx context.Context) error {
		for !ran && ctx.Err() == nil {
			if err := lcore.RunTimers(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(id), t.Wait(context.Background())
})

// A process that registers a thread of its own excludes all secondaries, and the
// other way round.
func TestRegisterAndSecondariesExcludeEachOther(t *testing.T) {
	t.Run("a primary that has registered refuses secondaries permanently", func(t *testing.T) {
		prefix := newPrefix(t)
		p := started(t, "primary", prefix)
		p.do("register") // and unregisters
		s := goPeer(t)
		a := s.refused("ErrNotShared", "init", "secondary", prefix)
		assert.Contains(t, a.Err, "registered a thread", "why, and what to do")
		assert.Less(t, a.Took, atOnce)
		s.quit()
		p.quit()
	})
	t.Run("where a secondary has attached nobody registers", func(t *testing.T) {
		prefix := newPrefix(t)
		p := started(t, "primary", prefix)
		s := started(t, "secondary", prefix)
		a := p.refused("ErrInvalid", "register")
		assert.Contains(t, a.Err, "secondary process has attached")
		a = s.refused("ErrSecondary", "register")
		assert.Contains(t, a.Err, "Pin")
		s.quit()
		p.refused("ErrInvalid", "register") // also later
		p.quit()
	})
}

func TestLcoresOfSeveralProcesses(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	s, other := started(t, "secondary", prefix), started(t, "secondary", prefix)
	ids := map[string]bool{}
	for _, n := range []*peer{p, s, other} {
		ids[n.do("launch")] = true
	}
	assert.Len(t, ids, 3, "each its own lcore: %v", ids)
	p.do("timer")
	other.do("timer")
	id := s.do("launch")
	assert.Equal(t, id, s.do("timer"))
	s.quit()
	// The lists of timers are in shared memory, by lcore: the next process on this
	// lcore must not find the last one's, however that ended.
	for _, end := range []func(*peer){(*peer).quit, func(n *peer) { n.Kill() }, (*peer).quit} {
		next := &peer{harness.Start(t, "node", id), t}
		next.do("init", "secondary", prefix)
		assert.Equal(t, id, next.do("timer"))
		end(next)
	}
	p.do("timer")
	other.quit()
	p.quit()
}
