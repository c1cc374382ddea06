//go:build linux

package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

// group starts processes that share a file prefix, each on lcores of its own.
type group struct {
	t      *testing.T
	prefix string
	lcores int
}

var groups int

// newGroup returns a group. It removes the files of the group at the end of the test: programs in C leave theirs.
func newGroup(t *testing.T) *group {
	groups++
	prefix := fmt.Sprintf("mp%d_%d", os.Getpid(), groups)
	t.Cleanup(func() {
		assert.NoError(t, os.RemoveAll(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix)))
		left, err := filepath.Glob(filepath.Join(harness.HugeDir(), prefix+"map_*"))
		assert.NoError(t, err)
		for _, file := range left {
			assert.NoError(t, os.Remove(file))
		}
		clean(t)
	})
	return &group{t: t, prefix: prefix}
}

// program is the command line of a program in Go or C.
type program []string

func inGo(t *testing.T, name string) program { return program{built(t, name)} }

// inC returns DPDK's sample in C. stdbuf makes it write each line at once: it writes to a pipe.
func inC(t *testing.T, name string) program {
	return program{"stdbuf", "-oL", harness.Sample(t, "multi_process/"+name)}
}

// run starts a program on two lcores: some of DPDK's samples need two.
func (g *group) run(p program, role string, args ...string) *harness.Child {
	args = append([]string{"--proc-type=" + role, "--file-prefix=" + g.prefix, "--no-pci", "--lcores=" + harness.Lcores(g.lcores, 2)}, args...)
	g.lcores += 2
	return harness.Command(g.t, p[0], append(p[1:], args...)...)
}

// patience limits the wait for a condition over several lines. The harness limits the wait for each
// line.
const patience = time.Minute

// see waits for a line that contains text: C prints prompts before it.
func see(t *testing.T, c *harness.Child, text string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if line := c.Expect(""); strings.Contains(line, text) {
			return line
		}
	}
	require.Fail(t, "not seen", "%q within %v", text, patience)
	return ""
}

func TestSimpleMPGoTalksToGo(t *testing.T) {
	c := harness.Command(t, built(t, "simple-mp"))
	out := strings.Join(c.Wait(), "\n")
	for _, line := range []string{"secondary: Received 'hello from the primary'", "primary: Received 'fine, thank you'"} {
		assert.Contains(t, out, line)
	}
	quiet(t, c)
	clean(t)
}

// pairs runs a test with a program in Go and its namesake in C, each as the primary of the other.
func pairs(t *testing.T, name, sample string, f func(t *testing.T, g *group, primary, secondary program)) {
	ours, theirs := inGo(t, name), inC(t, sample)
	t.Run("Go and C", func(t *testing.T) { f(t, newGroup(t), ours, theirs) })
	t.Run("C and Go", func(t *testing.T) { f(t, newGroup(t), theirs, ours) })
}

func TestSimpleMPTalksToC(t *testing.T) {
	// The program in C prints to standard error that it is ready, and this line to standard output before.
	ready := func(p program) string {
		if len(p) > 1 {
			return "Starting core"
		}
		return "Finished Process Init."
	}
	pairs(t, "simple-mp", "simple_mp", func(t *testing.T, g *group, one, other program) {
		primary := g.run(one, "primary", "-m", "32")
		see(t, primary, ready(one))
		secondary := g.run(other, "secondary")
		see(t, secondary, ready(other))
		longest := strings.Repeat("x", 126) // the longest word that C reads
		for i := range 100 {                // more than the ring holds
			text := fmt.Sprintf("word%d%s", i, longest[:i])
			primary.Send("send " + text)
			see(t, secondary, "Received '"+text+"'")
			secondary.Send("send " + text)
			see(t, primary, "Received '"+text+"'")
		}
		secondary.Send("send " + longest)
		see(t, primary, "Received '"+longest+"'")
		primary.Send("send " + longest)
		see(t, secondary, "Received '"+longest+"'")
		for _, c := range []*harness.Child{secondary, primary} {
			c.Send("quit")
			c.Wait()
		}
	})
}

func TestSimpleMPWithoutSecondaryKeepsMessages(t *testing.T) {
	g := newGroup(t)
	bin := inGo(t, "simple-mp")
	primary := g.run(bin, "primary", "-m", "32")
	see(t, primary, "Finished")
	for range 64 { // one more than the ring holds
		primary.Send("send x")
	}
	see(t, primary, "not sent: 63 messages wait for the other process")
	primary.Send("send " + strings.Repeat("x", 128))
	see(t, primary, "use at most 127")
	primary.Send("sing")
	see(t, primary, `unknown command "sing"`)
	secondary := g.run(bin, "secondary")
	for range 63 {
		see(t, secondary, "Received 'x'")
	}
	primary.Kill()
	see(t, secondary, "the primary has gone")
	secondary.Wait()
}

func TestHotplugMPGoWithGo(t *testing.T) {
	c := harness.Command(t, built(t, "hotplug-mp"))
	out := strings.Join(c.Wait(), "\n")
	assert.Contains(t, out, "secondary: detached device net_null0\n")
	assert.True(t, strings.HasSuffix(out, "secondary: ports: 0"), out)
	quiet(t, c)
	clean(t)
}

var listedPort = regexp.MustCompile(`^\d+\t(\S+)$`)

// ports returns the ports that the program lists. The output of help ends the list.
func ports(c *harness.Child) (names []string) {
	c.Send("list")
	c.Send("help")
	for {
		line := c.Expect("")
		if m := listedPort.FindStringSubmatch(line); m != nil {
			names = append(names, m[1])
		}
		if strings.Contains(line, "- list") || strings.HasPrefix(line, "quit: ") {
			return names
		}
	}
}

func TestHotplugMPGoWithC(t *testing.T) {
	pairs(t, "hotplug-mp", "hotplug_mp", func(t *testing.T, g *group, one, other program) {
		primary := g.run(one, "primary", "-m", "32")
		assert.Empty(t, ports(primary)) // it is ready
		secondary := g.run(other, "secondary")
		assert.Empty(t, ports(secondary))
		attach := func(c *harness.Child, devargs string) {
			c.Send("attach " + devargs)
			see(t, c, "attached device ")
		}
		detach := func(c *harness.Child, name string) {
			c.Send("detach " + name)
			see(t, c, "detached device "+name)
		}
		both := func(want ...string) {
			t.Helper()
			assert.Equal(t, want, ports(primary), "in the primary")
			assert.Equal(t, want, ports(secondary), "in the secondary")
		}
		attach(primary, "net_null0")
		both("net_null0")
		attach(secondary, "net_null1,size=128")
		both("net_null0", "net_null1")
		detach(secondary, "net_null0")
		both("net_null1")
		attach(primary, "net_ring0")
		both("net_ring0", "net_null1")
		detach(primary, "net_null1")
		detach(primary, "net_ring0")
		both()
		secondary.Send("attach net_nosuch0")
		both()
		for _, c := range []*harness.Child{secondary, primary} {
			c.Send("quit")
			c.Wait()
		}
	})
}

// tally holds the numbers of the server's summary.
type tally struct{ received, delivered, dropped, sent, refused, waiting, lost, home, size int }

var summary = regexp.MustCompile(`^summary: (\d+) received = (\d+) delivered \+ (\d+) dropped; of those delivered (\d+) were sent, (\d+) refused, (\d+) wait, (-?\d+) were lost; (\d+) of (\d+) mbufs are home$`)

func tallied(t *testing.T, lines []string) tally {
	t.Helper()
	m := summary.FindStringSubmatch(last(lines, "summary: "))
	require.NotNil(t, m, strings.Join(lines, "\n"))
	n := make([]int, len(m))
	for i := range n[1:] {
		var err error
		n[i+1], err = strconv.Atoi(m[i+1])
		require.NoError(t, err)
	}
	s := tally{n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9]}
	assert.Positive(t, s.sent)
	assert.Equal(t, s.received, s.delivered+s.dropped, "all that was received: %+v", s)
	return s
}

// hand is the largest number of packets that a client of two ports holds: a burst from its ring,
// and one for each port.
const hand = 32 * 3

// check fails the test if packets are missing that no killed client held. A client killed after a
// send has not counted that burst.
func (s tally) check(t *testing.T, killed int) {
	t.Helper()
	assert.LessOrEqual(t, s.lost, killed*hand, "%+v", s)
	assert.GreaterOrEqual(t, s.lost, 0, "%+v", s)
	missing := s.size - s.home
	assert.LessOrEqual(t, missing, s.waiting+s.lost, "%+v", s)
	assert.GreaterOrEqual(t, missing, s.waiting, "%+v", s)
}

// row waits until the server prints a row of a client that passes, and returns it: packets
// delivered, dropped, sent.
func row(t *testing.T, c *harness.Child, client int, passes func(delivered, dropped, sent int) bool) (delivered, dropped, sent int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		f := strings.Fields(see(t, c, fmt.Sprintf("client %d ", client)))
		if len(f) != 6 {
			continue
		}
		var n [3]int
		for i := range n {
			n[i], _ = strconv.Atoi(f[i+2])
		}
		if passes(n[0], n[1], n[2]) {
			return n[0], n[1], n[2]
		}
	}
	require.Fail(t, "no such row", "client %d within %v", client, patience)
	return 0, 0, 0
}

const nulls = "--vdev=net_null0 --vdev=net_null1"

func (g *group) server(p program, args ...string) *harness.Child {
	return g.run(p, "primary", strings.Fields("-m 64 "+nulls+" -- -p 3 -n 2 "+strings.Join(args, " "))...)
}

func (g *group) client(p program, n int) *harness.Child {
	c := g.run(p, "secondary", "--", "-n", fmt.Sprint(n))
	see(g.t, c, "andl") // handles, or handling, packets
	return c
}

func TestClientServerMPDemoRestartsAClient(t *testing.T) {
	lines := harness.Command(t, built(t, "client-server-mp")).Wait()
	assert.Contains(t, lines, "client 0 has been killed")
	assert.Regexp(t, `server: process \d+ has died`, strings.Join(lines, "\n"))
	tallied(t, lines).check(t, 1)
	clean(t)
}

// A client is killed under load and starts again: the server goes on, and the client gets its
// packets again.
func TestClientServerMPServesOnWhenClientsAreKilled(t *testing.T) {
	const kills = 6
	g, bin := newGroup(t), inGo(t, "client-server-mp")
	server := g.server(bin, "-period", "20ms")
	server.Expect("server: ready")
	other := g.client(bin, 1)
	_, _, before := row(t, server, 0, func(_, _, _ int) bool { return true })
	for range kills {
		c := g.client(bin, 0)
		_, _, before = row(t, server, 0, func(_, _, sent int) bool { return sent > before+1000 })
		c.Kill()
		see(t, server, fmt.Sprintf("server: process %d has died", c.Pid()))
		_, _, others := row(t, server, 1, func(_, _, _ int) bool { return true })
		_, dropped, _ := row(t, server, 0, func(_, _, _ int) bool { return true })
		row(t, server, 0, func(_, now, _ int) bool { return now > dropped })
		row(t, server, 1, func(_, _, sent int) bool { return sent > others })
	}
	again := g.client(bin, 0)
	row(t, server, 0, func(_, _, sent int) bool { return sent > before+1000 })
	for _, c := range []*harness.Child{again, other, server} {
		c.Signal(syscall.SIGTERM)
		if c == server {
			tallied(t, c.Wait()).check(t, kills)
		} else {
			c.Wait()
		}
	}
}

func TestClientServerMPGoServerServesClientsInC(t *testing.T) {
	g := newGroup(t)
	server := g.server(inGo(t, "client-server-mp"), "-period", "20ms")
	server.Expect("server: ready")
	theirs := inC(t, "client_server_mp/mp_client")
	clients := []*harness.Child{g.client(theirs, 0), g.client(theirs, 1)}
	for n := range clients {
		row(t, server, n, func(delivered, _, sent int) bool { return sent > 10000 && delivered >= sent })
	}
	for _, c := range clients { // they do not end otherwise
		c.Kill()
	}
	server.Signal(syscall.SIGTERM)
	tallied(t, server.Wait()).check(t, len(clients))
}

var number = regexp.MustCompile(`\d+`)

func TestClientServerMPClientsInGoUseServerInC(t *testing.T) {
	g, bin := newGroup(t), inGo(t, "client-server-mp")
	server := g.server(inC(t, "client_server_mp/mp_server"))
	see(t, server, "displaying statistics")
	clients := []*harness.Child{g.client(bin, 0), g.client(bin, 1)}
	for n := range clients {
		for sent, deadline := 0, time.Now().Add(patience); sent < 10000; { // its counters in shared memory
			require.True(t, time.Now().Before(deadline), "client %d has sent %d", n, sent)
			see(t, server, fmt.Sprintf("Client %2d - rx:", n))
			tx := number.FindString(see(t, server, "tx:"))
			var err error
			sent, err = strconv.Atoi(tx)
			require.NoError(t, err)
		}
	}
	clients[1].Signal(syscall.SIGTERM)
	clients[1].Wait()
	server.Kill()
	see(t, clients[0], "client 0: the server has gone")
	clients[0].Wait()
}

func TestClientServerMPRefusesWrongClients(t *testing.T) {
	g, bin := newGroup(t), inGo(t, "client-server-mp")
	server := g.server(bin, "-period", "0")
	server.Expect("server: ready")
	first := g.client(bin, 0)
	for n, says := range map[int]string{0: "another process is that client", 2: "use a number below its own -n"} {
		assert.Contains(t, g.run(bin, "secondary", "--", "-n", fmt.Sprint(n)).Fail(), says)
	}
	first.Signal(syscall.SIGTERM)
	first.Wait()
	g.client(bin, 0).Kill() // the kernel ends its claim
	server.Signal(syscall.SIGTERM)
	tallied(t, server.Wait()).check(t, 1)
}
