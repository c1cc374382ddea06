//go:build linux

package processes

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// localCalls are control calls that a secondary makes itself, under DPDK's locks in shared memory. The
// argument is a number that no other call has.
var localCalls = map[string]func(n int) error{
	"devices": func(int) error {
		p, err := ethdev.Attach("net_null9")
		if errors.Is(err, dpdk.ErrExist) { // a killed process has left it
			p, err = ethdev.Lookup("net_null9")
		}
		if err != nil {
			return err
		}
		return p.Detach()
	},
	"anonymous": func(n int) error {
		p, err := mempool.CreateEmpty("anonymous"+strconv.Itoa(n), 15, 64, mempool.Config{})
		if err != nil {
			return err
		}
		_, err = p.PopulateAnonymous()
		return errors.Join(err, p.Free())
	},
	"queues": func(n int) error {
		q, err := rcu.Lookup("kept rcu")
		if err != nil {
			return err
		}
		d, err := rcu.NewDeferQueue(q, "queue"+strconv.Itoa(n), rcu.DeferConfig{Size: 1000}, func(uint64) {})
		if err != nil {
			return err
		}
		return d.Close()
	},
	"timers": func(int) error {
		t, err := lcore.NewTimer(func() {})
		if err != nil {
			return err
		}
		return t.Close()
	},
}

// "local-loop" makes local calls without end, with the numbers from args[1] on. Its line is "looping".
var _ = verb("local-loop", func(args []string) (string, error) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	harness.Say("looping")
	for ; ; n++ {
		if err := localCalls[args[0]](n); err != nil && !errors.Is(err, dpdk.ErrExist) {
			return "", err
		}
	}
})

var _ = verb("local-objects", func([]string) (string, error) {
	_, err := rcu.Create("kept rcu", 4, rcu.Config{})
	return "", err
})

// Secondaries are killed at random inside calls that are not delegated.
func TestKilledInsideLocalCalls(t *testing.T) {
	for kind := range localCalls {
		t.Run(kind, func(t *testing.T) {
			r := harness.Random(t)
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("control-objects")
			p.do("local-objects")
			for n := range harness.Kills(30, 3) {
				s := toKill(t, n)
				s.do("init", "secondary", prefix)
				s.ask("local-loop", kind, strconv.Itoa(n%50*10000))
				s.Expect("looping")
				killWithin(r, s, 10*time.Millisecond)
				soon(t, p, n, "control-all")
			}
			attachesAndCloses(t, p, prefix)
		})
	}
}
