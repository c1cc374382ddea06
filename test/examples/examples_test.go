//go:build linux

// Package examples runs programs of examples/ as their users do.
package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

func TestMain(m *testing.M) {
	os.Setenv("EXAMPLES_LOG", "1") // for quiet
	harness.Main(m)
}

// built returns an example's program. The first call builds them all: that takes less time than
// one after the other.
func built(t *testing.T, name string) string {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages)
	dir := filepath.Join(filepath.Dir(harness.HugeDir()), "examples")
	if _, err := os.Stat(dir); err != nil {
		require.NoError(t, os.Mkdir(dir, 0o700))
		out, err := exec.Command("go", "build", "-ldflags=-w", "-o", dir, "../../examples/...").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return filepath.Join(dir, name)
}

var (
	aboveInfo = regexp.MustCompile(`(?m)^.* (WARN|ERROR) .*$`)
	// ofTheMachine matches warnings about this machine, and one of DPDK about itself.
	ofTheMachine = regexp.MustCompile(`share CPU|No free \d+ kB hugepages|No legacy callbacks`)
)

// quiet fails the test if a program that has ended logged something above level INFO: a run
// without faults logs nothing that a user would have to look into.
func quiet(t *testing.T, c *harness.Child) {
	t.Helper()
	log := c.Stderr()
	assert.Contains(t, log, " INFO ", "the program shows its log")
	for _, line := range aboveInfo.FindAllString(log, -1) {
		assert.Regexp(t, ofTheMachine, line)
	}
}

// clean fails the test if a program has left files in hugepages, or a runtime directory.
func clean(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(harness.HugeDir())
	require.NoError(t, err)
	assert.Empty(t, left)
	left, err = os.ReadDir(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

var total = regexp.MustCompile(`total +(\d+) +(\d+) +(\d+) `)

func TestL2fwdForwardsUntilTheDurationEnds(t *testing.T) {
	l := harness.Command(t, built(t, "l2fwd"), "-duration", "200ms", "-period", "0")
	out := strings.Join(l.Wait(), "\n")
	m := total.FindStringSubmatch(out)
	require.NotNil(t, m, out)
	assert.Greater(t, len(m[1]), 4, "packets: %s", m[1])
	assert.Equal(t, m[1], m[2], "all that was received was sent")
	assert.Equal(t, "0", m[3], "dropped")
	quiet(t, l)
	clean(t)
}

// The partner sends a frame with the addresses that DPDK's l2fwd writes.
func TestL2fwdGivesFramesNewAddresses(t *testing.T) {
	bin, a, b := built(t, "l2fwd"), harness.Wire(t), harness.Wire(t)
	l := harness.Command(t, bin, "-port", "net_af_packet0,iface="+a.Near.Name, "-port", "net_af_packet1,iface="+b.Near.Name, "-period", "50ms")
	l.Expect("port 1 (net_af_packet1): link up")
	l.Expect("") // the first table: it polls
	assert.Zero(t, promiscuous(t, a.Near))
	in, out := packetSocket(t, a.Far), packetSocket(t, b.Far)
	frame := append(append(append([]byte(nil), a.Near.MAC...), a.Far.MAC...), "\x88\xb5 payload of the frame, long enough for Ethernet.."...)
	require.NoError(t, syscall.Sendto(in, frame, 0, &syscall.SockaddrLinklayer{Ifindex: index(t, a.Far)}))
	buf := make([]byte, 2048)
	n, _, err := syscall.Recvfrom(out, buf, 0)
	require.NoError(t, err)
	assert.Equal(t, []byte{2, 0, 0, 0, 0, 1}, buf[:6], "destination: the port that sent it")
	assert.Equal(t, []byte(b.Near.MAC), buf[6:12], "source: that port's own address")
	assert.Equal(t, frame[12:], buf[12:n])
	l.Signal(syscall.SIGTERM)
	assert.Equal(t, []string{"total", "1", "1", "0"}, strings.Fields(last(l.Wait(), "total"))[:4])
	clean(t)
}

func TestL2fwdReceivesFramesForOthersIfAsked(t *testing.T) {
	bin, a := built(t, "l2fwd"), harness.Wire(t)
	l := harness.Command(t, bin, "-port", "net_af_packet0,iface="+a.Near.Name, "-port", "net_null1,no-rx=1", "-promiscuous", "-period", "50ms")
	l.Expect("port 1 (net_null1): link up")
	assert.Equal(t, 1, promiscuous(t, a.Near))
	l.Signal(syscall.SIGTERM)
	l.Wait()
	clean(t)
}

// promiscuous returns how many users have set an interface to promiscuous mode.
func promiscuous(t *testing.T, e wire.End) int {
	l, err := e.Link(e.Name)
	require.NoError(t, err)
	return l.Promisc
}

// The link of a memif is up when its peer has connected.
func TestL2fwdWaitsForTheLinks(t *testing.T) {
	bin, socket := built(t, "l2fwd"), filepath.Join(t.TempDir(), "memif")
	start := func(role string, args ...string) *harness.Child {
		return harness.Command(t, bin, append([]string{"-port", "net_null0,no-rx=1", "-port", "net_memif1,role=" + role + ",socket-abstract=no,socket=" + socket, "-period", "0"}, args...)...)
	}
	alone := start("server", "-link-wait", "50ms", "-duration", "1ms")
	alone.Expect("port 0 (net_null0): link up")
	alone.Expect("port 1 (net_memif1): link down")
	alone.Wait()

	server := start("server")
	server.Expect("port 0 (net_null0): link up")
	client := start("client")
	client.Expect("port 1 (net_memif1): link up")
	server.Expect("port 1 (net_memif1): link up")
	for _, l := range []*harness.Child{server, client} {
		l.Signal(syscall.SIGTERM)
		l.Wait()
	}

	waiting := start("server", "-link-wait", "1h")
	waiting.Expect("port 0 (net_null0): link up")
	waiting.Signal(syscall.SIGTERM)
	waiting.Wait()
	clean(t)
}

// last returns the last line that contains a word.
func last(lines []string, word string) (found string) {
	for _, line := range lines {
		if strings.Contains(line, word) {
			found = line
		}
	}
	return found
}

// index returns the number of an interface.
func index(t *testing.T, e wire.End) int {
	l, err := e.Link(e.Name)
	require.NoError(t, err)
	return l.Index
}

// packetSocket returns a socket for frames of the tests' protocol at an interface.
func packetSocket(t *testing.T, e wire.End) (fd int) {
	const protocol = 0xb588 // 0x88b5 in network order
	require.NoError(t, e.Do(func() (err error) {
		fd, err = syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, protocol)
		return err
	}))
	t.Cleanup(func() { syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrLinklayer{Ifindex: index(t, e), Protocol: protocol}))
	require.NoError(t, syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 10}))
	return fd
}

func TestSymmetricMPLosesNothing(t *testing.T) {
	s := harness.Command(t, built(t, "symmetric-mp"))
	for range 2 {
		s.Expect("process ") // it polls
	}
	time.Sleep(100 * time.Millisecond) // each process moves packets
	s.Signal(syscall.SIGTERM)
	lines := s.Wait()
	out := strings.Join(lines, "\n")
	assert.Contains(t, out, "summary: 768 of 768 packets are there, 0 twice or damaged")
	rows := 0
	for _, line := range lines {
		if f := strings.Fields(line); len(f) > 5 && f[0] == "process" && strings.HasPrefix(f[2], "port") {
			rows++
			assert.NotEqual(t, "0", f[5], "each process moved packets: %s", line)
		}
	}
	assert.Equal(t, 6, rows, out)
	quiet(t, s)
	clean(t)
}

// The demos of rings and packets end early: when both workers have attached.
func TestWorkersLoseNothing(t *testing.T) {
	for name, want := range map[string]string{"rings": "lost 0, damaged 0", "packets": "lost 0, damaged 0; 8191 of 8191 mbufs are home"} {
		t.Run(name, func(t *testing.T) {
			c := harness.Command(t, built(t, name))
			for range 2 {
				c.Expect("worker ") // attached
			}
			c.Signal(syscall.SIGTERM)
			assert.Contains(t, strings.Join(c.Wait(), "\n"), want)
			quiet(t, c)
			clean(t)
		})
	}
}

func TestEchoPingsItself(t *testing.T) {
	harness.Need(t, harness.Ping)
	for _, driver := range []string{"net_af_packet", "net_af_xdp"} {
		t.Run(driver, func(t *testing.T) {
			if driver == "net_af_xdp" {
				harness.Need(t, harness.XDP)
			}
			e := harness.Command(t, built(t, "echo"), "-driver", driver, "-count", "100")
			out := strings.Join(e.Wait(), "\n")
			assert.Contains(t, out, "100 packets transmitted, 100 received, 0% packet loss")
			assert.Contains(t, out, "100 datagrams of 8 to 107 bytes came back whole")
			assert.Regexp(t, `answered [1-9]\d* ARP, 100 ping, 100 UDP; \d+ packets ignored, 0 answers not sent`, out)
			clean(t)
		})
	}
}

func TestLcoresSumAllNumbers(t *testing.T) {
	l := harness.Command(t, built(t, "lcores")) // 4 lcores, on however few CPUs
	out := strings.Join(l.Wait(), "\n")
	m := regexp.MustCompile(`summary: (\d+) numbers dealt, (\d+) summed`).FindStringSubmatch(out)
	require.NotNil(t, m, out)
	assert.Greater(t, len(m[1]), 4, "numbers: %s", m[1])
	assert.Equal(t, m[1], m[2])
	assert.Len(t, regexp.MustCompile(`(?m)^lcore [123] on CPU \d+: [1-9]\d* numbers, busy \d+%$`).FindAllString(out, -1), 3, "each worker has some: %s", out)
	assert.GreaterOrEqual(t, len(regexp.MustCompile(`(?m)^lcore 1: \d+  lcore 2: \d+  lcore 3: \d+`).FindAllString(out, -1)), 2, "the timer printed the progress: %s", out)
	quiet(t, l)
	clean(t)
}

func TestLcoresEndsOnSIGINT(t *testing.T) {
	l := harness.Command(t, built(t, "lcores"), "--lcores="+harness.Lcores(0, 2), "--file-prefix=lcoresend", "--no-pci", "-m", "16", "--", "-seconds", "60")
	l.Expect("lcore 1: ") // the first progress
	l.Signal(syscall.SIGINT)
	assert.Contains(t, strings.Join(l.Wait(), "\n"), " numbers dealt, ")
	clean(t)
}

func TestWrongFlagsReturnErrorsWithTheFix(t *testing.T) {
	tests := []struct{ program, args, fix string }{
		{"l2fwd", "-port net_null0", "an odd number: each needs a partner"},
		{"l2fwd", "-period -1s", "none of them can be negative"},
		{"l2fwd", "-nonsense", "flag provided but not defined: -nonsense"},
		{"l2fwd", "-port net_nosuch0 -port net_null0", "net_nosuch0"},
		{"l3fwd", "-route 10.0.0.0/8", "is not the number of a port"},
		{"l3fwd", "-route 10.0.0.0=0", "no '/'"},
		{"l3fwd", "-route 10.0.0.0/8=2", "port 2 does not exist: the last one is 1"},
		{"l3fwd", "-eth-dest 2=02:00:00:00:00:01", "port 2 does not exist: the last one is 1"},
		{"l3fwd", "-lookup em", "use lpm or fib"},
		{"l3fwd", "-duration -1s", "none of them can be negative"},
		{"l3fwd", "-routes /nonexistent/routes", "/nonexistent/routes"},
		{"echo", "-ip 10.0.0.2", "no port: use"},
		{"echo", "-port net_null0 -ip fe80::1", "use an IPv4 address"},
		{"echo", "-port net_null0", "use an IPv4 address"},
		{"echo", "-port net_null0 -ip 10.0.0.2 -udp 65536", "use 1 to 65535"},
		{"echo", "-driver e1000", "use net_af_packet or net_af_xdp"},
		{"echo", "-count 0", "use 1 or more"},
		{"lcores", "--no-pci --in-memory --lcores=0", "use --lcores with two or more"},
		{"symmetric-mp", "--no-pci --in-memory", "give EAL pairs of them"},
		{"symmetric-mp", "--no-pci --in-memory --vdev=net_ring0 --vdev=net_ring1 -- -processes 17", "use 1 to 16"},
		{"symmetric-mp", "--no-pci --in-memory --vdev=net_ring0 --vdev=net_ring1 -- -seed -1", "use 0 to 512"},
		{"simple-mp", "--no-pci --in-memory -- hello", "use EAL options only"},
		{"hotplug-mp", "--no-pci --in-memory -- hello", "use EAL options only"},
		{"client-server-mp", "--no-pci --in-memory -- -n 1", "use a hexadecimal mask"},
		{"client-server-mp", "--no-pci --in-memory --vdev=net_null0 -- -n 1 -p 1", "select pairs of ports"},
		{"client-server-mp", "--no-pci --in-memory -- -n 17 -p 3", "use 1 to 16 clients"},
		{"client-server-mp", "--no-pci --in-memory -- -n 1 -p 3 -seconds -1", "use a number of seconds from 0"},
		{"holder", "-config /nonexistent/group.json", "/nonexistent/group.json"},
		{"upgrade", "-kills -1", "none can be negative"},
		{"upgrade", "-rate 0", "use 1 or more"},
		{"upgrade", "-role sink", "use rx, work, tx or traffic"},
		{"upgrade", "now", "use flags only"},
		{"upgrade", "-holder /nonexistent/holder", "name it by -holder"},
		{"loadbalancer", "serve", "use primary, worker, reload or demo"},
		{"loadbalancer", "primary -vip 10.0.0.100 -config lb.json", "0 ports: use 1 to 16"},
		{"loadbalancer", "primary -port net_null0 -config lb.json", "use -vip"},
		{"loadbalancer", "primary -port net_null0 -vip 10.0.0.100", "name it with -config"},
		{"loadbalancer", "primary -vip 10.0.0.100 -vip 10.0.0.101", "use one address of each family"},
		{"loadbalancer", "primary -port net_null0 -vip 10.0.0.100 -config lb.json -workers 17", "use 1 to 16"},
		{"loadbalancer", "primary -port net_null0 -vip 10.0.0.100 -config lb.json -idle 1s", "use 2s or more"},
		{"loadbalancer", "primary -port net_null0 -vip 10.0.0.100 -config /nonexistent/lb.json", "/nonexistent/lb.json"},
		{"loadbalancer", "reload", "name it with -config"},
		{"loadbalancer", "demo -kills -1", "none can be negative"},
		{"loadbalancer", "demo -load 3", "use 4 or more"},
		{"dns", "-mode quic", "use dpdk or kernel"},
		{"dns", "-workers 0", "use 1 to 64"},
		{"dns", "-count 0", "use 1 or more"},
		{"dns", "-listen :5353", "no mode: use"},
		{"dns", "-mode kernel -port net_null0", "need -mode=dpdk"},
		{"dns", "-mode dpdk -addr 10.0.0.2/24", "no port: use"},
		{"dns", "-mode dpdk -port net_null0", "no address: use"},
		{"dns", "-mode dpdk -port net_nosuch0 -addr 10.0.0.2/24", "net_nosuch0"},
		{"dns", "-mode kernel -listen 192.0.2.1:53", "cannot assign requested address"},
		{"dns", "-zone /nonexistent/zone", "/nonexistent/zone"},
	}
	for _, test := range tests {
		t.Run(test.program+" "+test.args, func(t *testing.T) {
			assert.Contains(t, harness.Command(t, built(t, test.program), strings.Fields(test.args)...).Fail(), test.fix)
		})
	}
}

// A killed worker holds orders, and may have stopped in the middle of a burst. Its successor starts
// after the last receipt.
func TestRingsLoseNothingWhenWorkersAreKilled(t *testing.T) {
	bin := built(t, "rings")
	start := func(lcore int, role string, args ...string) *harness.Child {
		args = append([]string{"--proc-type=" + role, "--file-prefix=killed", "--no-pci", "--lcores=" + harness.Lcore(lcore)}, args...)
		return harness.Command(t, bin, args...)
	}
	worker := func(n int) *harness.Child {
		w := start(n, "secondary", "--", "-worker", fmt.Sprint(n))
		w.Expect(fmt.Sprintf("worker %d: attached to ", n))
		return w
	}
	early := start(2, "secondary", "--", "-worker", "2") // waits for the primary
	p := start(0, "primary", "-m", "16", "--", "-seconds", "0", "-period", "50ms")
	one := worker(1)
	early.Expect("worker 2: attached to ")
	const kills = 5
	for range kills {
		p.Expect("primary:  worker 1") // it has answered since
		one.Kill()
		one = worker(1)
	}
	p.Expect("primary:  worker 1")
	p.Signal(syscall.SIGTERM)
	out := strings.Join(p.Wait(), "\n")
	one.Wait()
	early.Wait()
	assert.Contains(t, out, "lost 0, damaged 0")
	assert.Regexp(t, fmt.Sprintf(`worker 1: \d+ orders sent, \d+ done, \d+ receipts; started %d times, \d+ orders sent again`, kills+1), out)
	clean(t)
}
