//go:build linux

package processes

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// large is the size of objects for which memory grows, in bytes.
const large = 40_000_000

// largeObjects are the calls that wait for all processes: make makes an object, find finds it.
var largeObjects = map[string]struct{ make, find func(name string) error }{
	"mbufs": {
		func(name string) error { _, err := mbuf.CreatePool(name, 40_000, mbuf.PoolConfig{}); return err },
		func(name string) error { _, err := mbuf.LookupPool(name); return err },
	},
	"pool": {
		func(name string) error {
			_, err := mempool.Create(name, large/1000, 1000, mempool.Config{CacheSize: 256})
			return err
		},
		func(name string) error { _, err := mempool.Lookup(name); return err },
	},
	"zone": {
		func(name string) error { _, err := memzone.Reserve(name, large, memzone.Config{}); return err },
		func(name string) error { _, err := memzone.Lookup(name); return err },
	},
	"ring": {
		func(name string) error { _, err := ring.Create[uint64](name, 1<<22, ring.Config{}); return err },
		func(name string) error { _, err := ring.Lookup[uint64](name); return err },
	},
	"device": {
		func(name string) error { _, err := ethdev.Attach(name); return err },
		func(name string) error { _, err := ethdev.Lookup(name); return err },
	},
}

func init() { sentinels["ErrTimeout"] = dpdk.ErrTimeout }

var (
	_ = verb("large-make", func(a []string) (string, error) { return "", largeObjects[a[0]].make(a[1]) })
	_ = verb("large-find", func(a []string) (string, error) {
		err := largeObjects[a[0]].find(a[1])
		if errors.Is(err, dpdk.ErrNotFound) || errors.Is(err, dpdk.ErrNoDevice) {
			return "nothing", nil
		}
		return "found", err
	})
)

// largeNames returns the name of an object of each kind.
func largeNames() map[string]string {
	names := map[string]string{}
	for kind := range largeObjects {
		names[kind] = "large-" + kind
	}
	names["device"] = "net_null7"
	return names
}

// warm makes the zones that the first objects leave.
func warm(p *peer) {
	p.t.Helper()
	p.do("pool-create", "warm", "stack")
	p.do("pool-free", "warm")
	p.do("port-attach", "net_null6")
	p.do("port-control", "net_null6", "Detach")
}

// A call that would wait for a stopped process fails at once, names it and leaves nothing behind. Calls
// that need no more memory are not affected.
func TestCallsThatWaitForAStoppedSecondaryFailAtOnce(t *testing.T) {
	for _, language := range []string{"Go", "C"} {
		t.Run(language, func(t *testing.T) {
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("watch")
			var s *peer
			if language == "Go" {
				s = started(t, "secondary", prefix)
			} else {
				s = cPeer(t, "peer", "secondary", prefix)
				s.done()
			}
			noticed(p, s.Pid(), "attached")
			warm(p)
			p.do("port-attach", "net_null6") // since DPDK 24.11 the first port has a zone, and the last one frees it
			zones := p.do("zones")
			s.Stop()
			p.do("reserve", "small", "64", "text")
			p.do("free-zone", "small")
			for kind, name := range largeNames() {
				a := p.refused("ErrTimeout", "large-make", kind, name)
				assert.Contains(t, a.Err, fmt.Sprintf("process %d with this file prefix does not answer (it is stopped)", s.Pid()), kind)
				assert.Equal(t, "nothing", p.do("large-find", kind, name), kind)
			}
			assert.Equal(t, zones, p.do("zones"), "nothing is left")
			p.refused("ErrTimeout", "port-control", "net_null6", "Detach")
			p.do("port-find", "net_null6")
			s.Signal(syscall.SIGCONT)
			p.do("port-control", "net_null6", "Detach")
			for kind, name := range largeNames() {
				p.do("large-make", kind, name)
				assert.Equal(t, "found", p.do("large-find", kind, name), kind)
			}
			s.quit()
			p.quit()
		})
	}
}

// The primary does not see that the process is stopped: it is in another pid namespace. DPDK waits
// 5 s for its answer, and 5 s after the undo.
func TestCallsThatWaitForASilentSecondaryFailOnce(t *testing.T) {
	harness.LongOnly(t, "it waits 10 s for each call")
	t.Parallel()
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	s := &peer{harness.StartWith(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "node", strconv.Itoa(nextLcore())), t}
	s.do("init", "secondary", prefix)
	warm(p)
	zones := p.do("zones")
	s.Stop()
	for _, kind := range []string{"mbufs", "device"} {
		name := largeNames()[kind]
		p.ask("large-make", kind, name)
		a := p.answer()
		assert.Contains(t, a.Is, "ErrTimeout", a.Err)
		assert.Contains(t, a.Err, "process 1 with this file prefix does not answer", kind)
		assert.Less(t, a.Took, 15*time.Second, kind)
		assert.Equal(t, "nothing", p.do("large-find", kind, name), kind)
	}
	assert.Equal(t, zones, p.do("zones"), "nothing is left")
	s.Signal(syscall.SIGCONT)
	for kind, name := range largeNames() {
		require.Eventually(t, func() bool { // it may answer late requests first
			p.ask("large-make", kind, name)
			return p.answer().Err == ""
		}, time.Minute, 100*time.Millisecond, kind)
	}
	s.quit()
	p.quit()
}
