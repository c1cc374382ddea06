//go:build linux

package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

var (
	replies   = regexp.MustCompile(`summary: (\d+) replies over TCP and (\d+) over UDP, all right and from the backend of the flow`)
	forwarded = regexp.MustCompile(`summary: (\d+) packets forwarded, (\d+) flows begun, (\d+) in the table; dropped: 0 by workers, 0 for full rings, 0 by ports`)
	inherited = regexp.MustCompile(`summary: \d+ workers killed with (\d+) packets in their hands, (\d+) replaced, 2 configurations loaded`)
)

// Sockets of the kernel ask three backends over TCP, UDP, IPv4 and IPv6. The program fails at the first reply that is wrong, missing, or
// from another backend than that of the flow.
func TestLoadbalancerLosesNothing(t *testing.T) {
	kills, upgrades := harness.Kills(20, 2), harness.Size(6, 1)
	l := harness.Command(t, built(t, "loadbalancer"), "demo", "-kills", strconv.Itoa(kills), "-upgrades", strconv.Itoa(upgrades))
	t.Log("seed", l.Expect("seed"))
	out := strings.Join(l.Wait(), "\n")
	m := replies.FindStringSubmatch(out)
	require.NotNil(t, m, out)
	for _, n := range m[1:] {
		assert.Greater(t, len(n), 3, "replies: %s", n)
	}
	assert.Regexp(t, `backend 3 was removed: no new flow has it, and [1-9]\d* old ones keep it, also after all workers were killed`, out)
	assert.Regexp(t, forwarded, out)
	m = inherited.FindStringSubmatch(out)
	require.NotNil(t, m, out)
	assert.Equal(t, strconv.Itoa(upgrades), m[2])
	if kills >= 20 { // the chance that no worker has a packet is small
		assert.NotEqual(t, "0", m[1])
	}
	clean(t)
}

// balancer is the processes of a load balancer. Its port receives nothing.
type balancer struct {
	t            *testing.T
	bin, folder  string
	primary      *harness.Child
	configNumber int
}

func newBalancer(t *testing.T) *balancer {
	b := &balancer{t: t, bin: built(t, "loadbalancer"), folder: t.TempDir()}
	b.primary = b.run("primary", "-config", b.config(`{"backends": [{"address": "10.1.0.1"}]}`), "-port", "net_null0,no-rx=1", "-vip", "10.0.0.100", "-workers", "2", "-flows", "1000")
	b.primary.Expect("loadbalancer: ready: 1 ports, 2 workers")
	return b
}

func (b *balancer) run(role string, args ...string) *harness.Child {
	return harness.Command(b.t, b.bin, append([]string{role, "-prefix", "lbtest"}, args...)...)
}

// config writes a file.
func (b *balancer) config(text string) string {
	b.configNumber++
	name := filepath.Join(b.folder, strconv.Itoa(b.configNumber)+".json")
	require.NoError(b.t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func (b *balancer) reload(text string) *harness.Child {
	return b.run("reload", "-config", b.config(text))
}

// end ends the processes, the primary last.
func (b *balancer) end(workers ...*harness.Child) {
	for _, c := range append(workers, b.primary) {
		c.Signal(syscall.SIGTERM)
		c.Wait()
	}
	clean(b.t)
}

func TestLoadbalancerReloadChecksTheFile(t *testing.T) {
	b := newBalancer(t)
	w := b.run("worker", "-n", "1")
	w.Expect("worker 1: works")
	assert.Equal(t, []string{"2 backends for new flows"}, b.reload(`{"backends": [{"address": "10.1.0.1"}, {"address": "10.1.0.2", "weight": 3}]}`).Wait())
	b.primary.Expect("loadbalancer: reloaded: 2 backends for new flows")
	assert.Contains(t, b.reload(`{"backends": [{"address": "somewhere"}]}`).Fail(), "somewhere")
	assert.Contains(t, b.reload(`{}`).Fail(), "0 backends: use 1 to 64")
	assert.Contains(t, b.reload(`{"backends": [{"address": "fd01::1"}]}`).Fail(), "the service has no address of this family")
	assert.Contains(t, b.run("reload", "-config", "/dev/null").Fail(), "not a regular file")

	// A worker that is stopped may use the old backends for ever. The error names its RCU reader.
	w.Stop()
	stopped := b.reload(`{"backends": [{"address": "10.1.0.3"}]}`).Fail()
	assert.Contains(t, stopped, "the backends were not changed")
	assert.Contains(t, stopped, "reader 0 has not passed")
	w.Signal(syscall.SIGCONT)
	assert.Equal(t, []string{"1 backends for new flows"}, b.reload(`{"backends": [{"address": "10.1.0.3"}]}`).Wait())
	b.end(w)
	quiet(t, b.primary)
}

func TestLoadbalancerWorkersReplaceEachOther(t *testing.T) {
	b := newBalancer(t)
	assert.Contains(t, b.run("worker", "-n", "2").Fail(), "use 0 to 1, or start it with more -workers")
	first := b.run("worker")
	first.Expect("worker 0: works, with 0 packets")
	standby := b.run("worker")
	standby.Expect("worker 0: waits")
	first.Kill()
	standby.Expect("worker 0: works")
	next := b.run("worker", "-take-over")
	next.Expect("worker 0: works")
	assert.Equal(t, "worker 0: leaves", last(standby.Wait(), "worker"))
	waits := b.run("worker")
	waits.Expect("worker 0: waits")
	waits.Signal(syscall.SIGTERM)
	waits.Wait()
	b.end(next)
}

func TestLoadbalancerWorkersEndWithThePrimary(t *testing.T) {
	b := newBalancer(t)
	w := b.run("worker")
	w.Expect("worker 0: works")
	b.primary.Kill()
	w.Expect("worker 0: the primary has gone")
	w.Wait()
	again := newBalancer(t) // the next primary removes what the killed one has left
	again.end()
}
