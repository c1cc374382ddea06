//go:build linux

package udp_test

import (
	"fmt"
	"math"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// A kernel socket in a process of its own, which no poller disturbs, sends datagrams and waits for each answer.
var _ = harness.Role("round trips", func(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	c, err := net.Dial("udp4", args[0])
	if err != nil {
		return err
	}
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	buf := make([]byte, 64)
	trips := func(n int) error {
		for range n {
			if _, err := c.Write(buf); err != nil {
				return err
			}
			if _, err := c.Read(buf); err != nil {
				return err
			}
		}
		return nil
	}
	if err := trips(100); err != nil {
		return err
	}
	start := time.Now()
	if err := trips(n); err != nil {
		return err
	}
	harness.Say("took %d", time.Since(start))
	return c.Close()
})

// tap makes a host with the kernel of this namespace as its neighbor. Its port has receive interrupts.
func tap(t testing.TB, change func(c *udp.Config)) station {
	t.Helper()
	harness.Need(t, harness.Root)
	pool := newPool(t, 8191)
	name := fmt.Sprint("udptap", number())
	p, err := ethdev.Open(fmt.Sprintf("net_tap%d,iface=%s", number(), name), ethdev.Config{Pool: pool, RxInterrupts: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	here, err := wire.Here()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, here.Close()) })
	require.NoError(t, here.Address(name, peer4+"/24"))
	// The interface has the MAC address of the port: the host needs another one, which the port receives with all frames.
	require.NoError(t, p.SetPromiscuous(true))
	cfg := udp.Config{Addrs: prefixes(our4 + "/24"), MAC: net.HardwareAddr{2, 0, 0, 8, 0, 2}}
	if change != nil {
		change(&cfg)
	}
	return station{newHost(t, p, cfg), p, wire.End{Host: here, Name: name}}
}

// answer makes a socket that sends back what it receives.
func answer(t testing.TB, n udp.Network, address string) {
	t.Helper()
	server, err := n.ListenPacket("udp4", address)
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { assert.NoError(t, server.Close()); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if _, err := server.WriteToUDPAddrPort(buf[:n], from); err != nil {
				t.Error(err)
			}
		}
	}()
}

// trips runs round trips to an address in a process at the kernel's end.
func (s station) trips(t testing.TB, address string, n int) time.Duration {
	t.Helper()
	var p *harness.Child
	require.NoError(t, s.far.Do(func() error { p = harness.Start(t, "round trips", address, strconv.Itoa(n)); return nil }))
	took, err := strconv.Atoi(p.Expect("took "))
	require.NoError(t, err)
	p.Wait()
	return time.Duration(took)
}

// cpuTime is the time that this process has used.
func cpuTime(t testing.TB) time.Duration {
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var policies = []struct {
	name   string
	at     func(testing.TB, func(*udp.Config)) station
	change func(*udp.Config)
}{
	{"veth, default", veth, nil},
	{"veth, yields", veth, func(c *udp.Config) { c.Idle = func(int) udp.Idle { return &lcore.Idle{Sleep: -1} } }},
	{"veth, spins", veth, func(c *udp.Config) { c.Idle = func(int) udp.Idle { return &lcore.Idle{Spins: math.MaxInt} } }},
	{"veth, spins 100 µs, does not yield", veth, func(c *udp.Config) { c.Idle = func(int) udp.Idle { return &lcore.Idle{Spins: 2000, Yields: -1} } }},
	{"tap, default", tap, nil},
	{"tap, spins", tap, func(c *udp.Config) { c.Idle = func(int) udp.Idle { return &lcore.Idle{Spins: math.MaxInt} } }},
	{"tap, interrupt", tap, func(c *udp.Config) { c.Interrupts = true }},
	{"tap, interrupt at once", tap, func(c *udp.Config) {
		c.Interrupts = true
		c.Idle = func(int) udp.Idle { return &lcore.Idle{Spins: -1, Yields: -1} }
	}},
}

// threads is an Idle that knows its thread.
type threads struct {
	made int
	seen chan int
}

func (i threads) After(int) {
	select {
	case i.seen <- unix.Gettid():
	default:
	}
	runtime.Gosched()
}

// The function Idle can pin the thread of the poller.
func TestIdleIsMadeOnThePoller(t *testing.T) {
	cable, pool := cables(t, 1)
	made := threads{seen: make(chan int, 1)}
	newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Idle: func(int) udp.Idle {
		runtime.LockOSThread() // never unlocked: the thread ends with the poller
		made.made = unix.Gettid()
		return made
	}})
	assert.Equal(t, made.made, <-made.seen)
}

// Each policy moves datagrams. With the interrupt an idle host uses hardly any CPU time.
func TestIdlePolicies(t *testing.T) {
	for _, p := range policies {
		t.Run(p.name, func(t *testing.T) {
			s := p.at(t, p.change)
			answer(t, s.host, our4+":700")
			s.trips(t, our4+":700", 200)
			cfg := udp.Config{}
			if p.change != nil {
				p.change(&cfg)
			}
			if cfg.Interrupts {
				before := cpuTime(t)
				time.Sleep(300 * time.Millisecond)
				assert.Less(t, cpuTime(t)-before, 100*time.Millisecond)
			}
		})
	}
}

// The round trip of a datagram of 64 bytes from another process, the CPU time that this process uses for it, and its use of
// a CPU when there is nothing to do.
func BenchmarkIdle(b *testing.B) {
	measure := func(b *testing.B, s station, at string) {
		before := cpuTime(b)
		took := s.trips(b, at, b.N)
		used := cpuTime(b) - before
		const pause = 300 * time.Millisecond
		before = cpuTime(b)
		b.StopTimer()
		time.Sleep(pause)
		b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/trip")
		b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/trip")
		b.ReportMetric(100*float64(cpuTime(b)-before)/float64(pause), "idle-cpu-%")
	}
	for _, p := range policies {
		b.Run(p.name, func(b *testing.B) {
			s := p.at(b, p.change)
			answer(b, s.host, our4+":700")
			measure(b, s, our4+":700")
		})
	}
	b.Run("veth, kernel", func(b *testing.B) {
		w := harness.Wire(b)
		require.NoError(b, w.Far.Address(w.Far.Name, peer4+"/24"))
		require.NoError(b, w.Near.Address(w.Near.Name, our4+"/24"))
		answer(b, system{}, our4+":700")
		measure(b, station{far: w.Far}, our4+":700")
	})
}
