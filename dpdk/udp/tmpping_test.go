//go:build linux

package udp_test

import (
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestTmpPing(t *testing.T) {
	s := veth(t, nil)
	var stop atomic.Bool
	for range 3 {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	defer stop.Store(true)
	rounds, lost := 0, 0
	for start := time.Now(); time.Since(start) < 60*time.Second && lost < 8; {
		for _, args := range [][]string{{our4}, {our6}, {"-s", "1472", our4}, {"-s", "4000", our6}} {
			before := s.answers(t)
			var out []byte
			_ = s.far.Do(func() (err error) {
				out, _ = exec.Command("ping", append([]string{"-n", "-q", "-c", "50", "-i", "0.002", "-W", "2"}, args...)...).CombinedOutput()
				return nil
			})
			rounds++
			if !strings.Contains(string(out), "50 received") {
				lost++
				now := s.answers(t) - before
				time.Sleep(time.Second)
				t.Logf("%v: %s\n answers %d, 1 s later %d", args, out, now, s.answers(t)-before)
			}
		}
	}
	t.Log("rounds", rounds, "lost", lost)
}
