package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/wire"
)

// udpEnv makes this program a process with one socket: a udpSide as JSON.
const udpEnv = "GODPDK_BENCH_UDP"

// udpSide is where the socket of a process comes from.
type udpSide struct {
	Server  bool
	Kernel  bool   // a socket of package net
	Port    string // devargs, or "" for one of two ports that the server has connected by rings
	Prefix  string // of the two processes with the rings
	Address string // of the server
}

const (
	udpPool  = "bench udp"
	udpCable = "net_ring_bench"

	udpNear, udpFar = "10.6.0.2", "10.6.0.1"
)

// udpWay is a way between two processes, with godpdk and with sockets of the kernel only.
type udpWay struct {
	name, third        string
	serverAt, clientAt *wire.Host
	godpdk             [2]udpSide // server and client
	serverIP, kernelIP string     // of the server with godpdk, and with the kernel
	beforeKernel       func() error
}

// udpOrder is what a client measures.
type udpOrder struct{ Payload, Flight int }

// udpFound is the result: quantiles of the time of all datagrams in flight, and allocations of a datagram.
type udpFound struct{ P50, P99, Allocs float64 }

// udps measures round trips of datagrams between two processes: over two rings against the loopback interface of the kernel, and over a veth pair
// from a client with a socket of the kernel. The columns are godpdk, and sockets of package net. Pinned processes have one CPU each.
func udps(*eal.Runtime) (rows []Row, err error) {
	if !wanted("udp") {
		return nil, nil
	}
	unlocked(func() {
		var cpus lcore.CPUSet
		if cpus, err = lcore.ThreadCPUs(); err == nil && len(cpus) > 1 {
			heading("UDP echo between two processes, and in flight")
			rows, err = overUDP(cpus)
		}
	})
	return rows, err
}

func overUDP(cpus lcore.CPUSet) (rows []Row, err error) {
	far, err := wire.NewHost() // its loopback interface is not in use
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	prefix := fmt.Sprint("benchudp", os.Getpid())
	ways := []udpWay{{
		name: "two rings", third: "net.UDPConn over the loopback interface", serverAt: far, clientAt: far,
		godpdk:   [2]udpSide{{Prefix: prefix}, {Prefix: prefix}},
		serverIP: udpNear, kernelIP: "127.0.0.1",
	}}
	var drivers []string
	if os.Geteuid() == 0 {
		drivers = []string{"net_af_packet0,iface=", "net_af_xdp0,force_copy=1,iface="}
	}
	for i, driver := range drivers {
		w, err := wire.New(fmt.Sprint("bench", i))
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		if err := w.Far.Address(w.Far.Name, udpFar+"/24"); err != nil {
			return nil, err
		}
		ways = append(ways, udpWay{
			name: []string{"veth, AF_PACKET", "veth, AF_XDP"}[i], third: "net.UDPConn over the same veth pair",
			serverAt: w.Near.Host, clientAt: w.Far.Host,
			godpdk: [2]udpSide{{Port: driver + w.Near.Name}, {Kernel: true}}, serverIP: udpNear, kernelIP: udpNear,
			beforeKernel: func() error { return w.Near.Address(w.Near.Name, udpNear+"/24") }, // not while the host has the address
		})
	}
	for _, way := range ways {
		some, err := way.rows(cpus)
		if err != nil && way.name == "veth, AF_XDP" {
			fmt.Println("udp: no rows over AF_XDP:", err) // the kernel or the driver does not have it
			continue
		} else if err != nil {
			return rows, fmt.Errorf("%s: %w", way.name, err)
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// rows measures a way, pinned and unpinned. The two contenders cannot have the address of the server at the same time, so they run after each other.
func (w udpWay) rows(cpus lcore.CPUSet) (rows []Row, err error) {
	orders := []udpOrder{{64, 1}, {64, 32}, {1200, 1}, {1200, 32}}
	var found [2][2][][]udpFound // of godpdk and the kernel, unpinned and pinned, each order
	for contender := range found {
		if contender == 1 && w.beforeKernel != nil {
			if err := w.beforeKernel(); err != nil {
				return nil, err
			}
		}
		for pinned := range 2 {
			some, err := w.measure(contender == 1, pinned == 1, cpus, orders)
			if err != nil {
				return nil, err
			}
			found[contender][pinned] = some
		}
	}
	for pinned, suffix := range []string{"", ", pinned"} {
		for i, o := range orders {
			columns := []struct {
				name, unit string
				of         func(udpFound) float64
			}{{"p50", "µs", func(f udpFound) float64 { return f.P50 }}, {"p99", "µs", func(f udpFound) float64 { return f.P99 }}}
			if o.Flight > 1 {
				columns = columns[:1]
				columns[0].name, columns[0].unit, columns[0].of = "each", "ns", func(f udpFound) float64 { return 1e3 * f.P50 / float64(o.Flight) }
			}
			for _, c := range columns {
				var values [2][]float64
				allocs := math.Inf(1)
				for contender := range values {
					for _, f := range found[contender][pinned][i] {
						values[contender] = append(values[contender], c.of(f))
						if contender == 0 {
							allocs = min(allocs, f.Allocs)
						}
					}
				}
				r := Row{Group: "udp", Name: fmt.Sprintf("echo of %d bytes, %s%s: %s", o.Payload, w.name, suffix, c.name), Burst: o.Flight, Unit: c.unit, Third: w.third}.
					measured(nil, values[0], values[1])
				r.Allocs = allocs
				r.Noisy = r.Cgo.Spread > noise
				r.print()
				rows = append(rows, r)
			}
		}
	}
	return rows, nil
}

// measure starts the two processes, and lets the client measure all orders.
func (w udpWay) measure(kernel, pinned bool, cpus lcore.CPUSet, orders []udpOrder) (found [][]udpFound, err error) {
	sides, ip := w.godpdk, w.serverIP
	if kernel {
		sides, ip = [2]udpSide{{Kernel: true}, {Kernel: true}}, w.kernelIP
	}
	var both []*udpProcess
	defer func() {
		for _, p := range both {
			err = errors.Join(err, p.end())
		}
	}()
	for i, at := range []*wire.Host{w.serverAt, w.clientAt} {
		side := sides[i]
		side.Server, side.Address = i == 0, ip+":7007"
		p, err := startUDP(at, side, pinned, cpus[i*(len(cpus)-1)])
		if err != nil {
			return nil, err
		}
		both = append([]*udpProcess{p}, both...) // the client ends first
	}
	for range shorter(3, 1) {
		for i, o := range orders {
			f, err := both[0].ask(o)
			if err != nil {
				return nil, fmt.Errorf("%+v: %w", o, err)
			}
			if !kernel && sides[1].Kernel { // only the server has godpdk
				of, err := both[1].ask(o)
				if err != nil {
					return nil, err
				}
				f.Allocs = of.Allocs
			}
			if len(found) <= i {
				found = append(found, nil)
			}
			found[i] = append(found[i], f)
		}
	}
	return found, nil
}

// udpProcess is a process with one socket.
type udpProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startUDP starts a process in a network, on one CPU or on all of them.
func startUDP(at *wire.Host, side udpSide, pinned bool, cpu int) (*udpProcess, error) {
	arg, err := json.Marshal(side)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env, cmd.Stderr = append(os.Environ(), udpEnv+"="+string(arg)), os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := startPinned(cmd, at, pinned, cpu); err != nil {
		return nil, err
	}
	p := &udpProcess{cmd, in, bufio.NewReader(out)}
	if line, err := p.out.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %q: %w", arg, line, err), p.end())
	}
	return p, nil
}

// ask sends an order. The answer of a server has the allocations since the last order.
func (p *udpProcess) ask(o udpOrder) (f udpFound, err error) {
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		return f, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(line, &f)
}

func (p *udpProcess) end() error {
	p.in.Close()
	return p.cmd.Wait()
}

// runUDP is such a process.
func runUDP(arg string) (err error) {
	var s udpSide
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return err
	}
	network, end, err := s.network()
	defer func() { err = errors.Join(err, end()) }()
	if err != nil {
		return err
	}
	if s.Server {
		conn, err := network.ListenPacket("udp4", s.Address)
		if err != nil {
			return err
		}
		return serveUDP(conn)
	}
	conn, err := network.Dial("udp4", s.Address)
	if err != nil {
		return err
	}
	return askUDP(conn)
}

// kernelNetwork is package net.
type kernelNetwork struct{}

func (kernelNetwork) ListenPacket(network, address string) (udp.PacketConn, error) {
	c, err := net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

func (kernelNetwork) Dial(network, address string) (udp.PacketConn, error) {
	c, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

func (s udpSide) network() (_ udp.Network, end func() error, err error) {
	end = func() error { return nil }
	if s.Kernel {
		return kernelNetwork{}, end, nil
	}
	var pool *mbuf.Pool
	var port *ethdev.Port
	cfg := eal.Config{ProcessType: eal.Primary, FilePrefix: s.Prefix, MemoryMB: 64, NoPCI: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	below := func() error { return nil }
	if !s.Server {
		cfg.ProcessType, cfg.MemoryMB = eal.Secondary, 0
	} else {
		cfg.InMemory = s.Prefix == ""
		cfg.Prepare = func(*eal.Runtime) (err error) { // a client attaches when the ports are there
			if pool, err = mbuf.CreatePool(udpPool, 8191, mbuf.PoolConfig{}); err != nil {
				return err
			}
			if s.Port != "" {
				if port, err = ethdev.Open(s.Port, ethdev.Config{Pool: pool}); err == nil {
					below = port.Detach
				}
				return err
			}
			cable, err := netring.Pair(netring.CableConfig{Name: udpCable, Sync: ring.Single}, ethdev.Config{Pool: pool})
			if err == nil {
				port, below = cable.A, cable.Close
			}
			return err
		}
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return nil, end, err
	}
	end = func() error { return errors.Join(below(), rt.Close()) }
	ip := udpNear
	if !s.Server {
		ip = udpFar
		if pool, err = mbuf.LookupPool(udpPool); err != nil {
			return nil, end, err
		}
		if port, err = ethdev.Lookup(udpCable + "b"); err != nil {
			return nil, end, err
		}
	}
	host, err := udp.NewHost(port, udp.Config{Pool: pool, Addrs: []netip.Prefix{netip.MustParsePrefix(ip + "/24")}})
	if err != nil {
		return nil, end, err
	}
	ending := end // end is the result of this function
	return host, func() error { return errors.Join(host.Close(), ending()) }, nil
}

// mallocs returns the number of allocations of this process.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// serveUDP sends all datagrams back, until the input ends.
func serveUDP(conn udp.PacketConn) error {
	failed := make(chan error, 1)
	var echoed atomic.Int64
	go func() { failed <- echoUDP(conn, &echoed) }()
	fmt.Println("ready")
	last, before := int64(0), mallocs()
	for in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout); ; {
		var o udpOrder
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return errors.Join(conn.Close(), closed(<-failed))
		} else if err != nil {
			return err
		}
		n, now := echoed.Load(), mallocs()
		if err := out.Encode(udpFound{Allocs: perDatagram(now-before, int(n-last))}); err != nil {
			return err
		}
		last, before = n, mallocs()
	}
}

func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// perDatagram rounds down, as testing.AllocsPerRun does: the runtime allocates a little from time to time.
func perDatagram(allocations uint64, n int) float64 {
	return math.Floor(float64(allocations) / float64(max(n, 1)))
}

func echoUDP(conn udp.PacketConn, echoed *atomic.Int64) error {
	if c, ok := conn.(*udp.Conn); ok {
		ds, ms := make([]udp.Datagram, 32), make([]udp.Message, 32)
		for {
			n, err := c.ReadBatch(ds)
			if err != nil {
				return err
			}
			for i := range ds[:n] {
				ms[i] = udp.Message{Data: ds[i].Data(), To: ds[i].From}
			}
			_, err = c.WriteBatch(ms[:n])
			for i := range ds[:n] {
				ds[i].Release()
			}
			if err != nil {
				return err
			}
			echoed.Add(int64(n))
		}
	}
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		if _, err := conn.WriteToUDPAddrPort(buf[:n], from); err != nil {
			return err
		}
		echoed.Add(1)
	}
}

// askUDP measures orders until the input ends.
func askUDP(conn udp.PacketConn) error {
	defer conn.Close()
	fmt.Println("ready")
	for in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout); ; {
		var o udpOrder
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a := newAsker(conn, o)
		if err := a.window(); err != nil { // neighbors and caches are ready
			return err
		}
		h := hdrhistogram.New(1, int64(10*time.Second), 3)
		begin, before, n := time.Now(), mallocs(), 0
		for took := time.Duration(0); took < shorter(60*time.Millisecond, time.Millisecond); n++ {
			start := time.Now()
			if err := a.window(); err != nil {
				return err
			}
			_ = h.RecordValue(time.Since(start).Nanoseconds())
			took = time.Since(begin)
		}
		all := n * o.Flight
		f := udpFound{P50: float64(h.ValueAtQuantile(50)) / 1e3, P99: float64(h.ValueAtQuantile(99)) / 1e3,
			Allocs: perDatagram(mallocs()-before, all)}
		if err := out.Encode(f); err != nil {
			return err
		}
	}
}

// udpAsker sends windows of datagrams and waits until all have come back.
type udpAsker struct {
	conn   udp.PacketConn
	fast   *udp.Conn // nil with a socket of the kernel
	data   []byte
	number uint32 // of the window, in the first bytes of its datagrams
	flight int
	ms     []udp.Message
	ds     []udp.Datagram
	buf    []byte
}

func newAsker(conn udp.PacketConn, o udpOrder) *udpAsker {
	a := &udpAsker{conn: conn, data: make([]byte, o.Payload), flight: o.Flight, buf: make([]byte, 2048), ds: make([]udp.Datagram, o.Flight)}
	a.fast, _ = conn.(*udp.Conn)
	for range o.Flight {
		a.ms = append(a.ms, udp.Message{Data: a.data})
	}
	return a
}

// window ends also if datagrams are lost, with an error.
func (a *udpAsker) window() error {
	a.number++
	a.data[0], a.data[1], a.data[2], a.data[3] = byte(a.number), byte(a.number>>8), byte(a.number>>16), byte(a.number>>24)
	if err := a.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if a.fast != nil && a.flight > 1 {
		if _, err := a.fast.WriteBatch(a.ms); err != nil {
			return err
		}
		for left := a.flight; left > 0; {
			n, err := a.fast.ReadBatch(a.ds)
			if err != nil {
				return err
			}
			for i := range a.ds[:n] {
				if same(a.ds[i].Data(), a.data) {
					left--
				}
				a.ds[i].Release()
			}
		}
		return nil
	}
	for range a.flight {
		if _, err := a.conn.Write(a.data); err != nil {
			return err
		}
	}
	for left := a.flight; left > 0; {
		n, err := a.conn.Read(a.buf)
		if err != nil {
			return err
		}
		if same(a.buf[:n], a.data) {
			left--
		}
	}
	return nil
}

// same reports whether a datagram is of this window.
func same(got, sent []byte) bool { return len(got) == len(sent) && [4]byte(got) == [4]byte(sent) }
