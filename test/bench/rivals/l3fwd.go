package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/test/routes"
)

// l3fwd compares examples/l3fwd with DPDK's sample l3fwd in C. Both forward between two net_pcap ports, which receive the
// frames of a file again and again, and drop what they send.
type l3fwd struct {
	dir string // with the programs, the routes, the frames and EAL's files
}

const (
	l3fwdRounds   = 5
	l3fwdWarmUp   = 200 * time.Millisecond
	l3fwdTime     = 500 * time.Millisecond
	l3fwdPatience = 2 * time.Minute // to load a million of routes
	l3fwdFrames   = 4096            // of each port; they fill half of the pool
	l3fwdPrefix   = "l3fwd"
)

// l3fwdWorks are the tables and the numbers of their routes.
var l3fwdWorks = []struct {
	lookup string
	routes int
}{{"fib", 1_000_000}, {"lpm", 1000}}

// l3fwds returns the rows of both programs.
func l3fwds(c cpus) (rows []Row) {
	fail := func(err error) []Row { return append(rows, Row{Group: group, Contender: "l3fwd", Error: err.Error()}) }
	dir, err := os.MkdirTemp("", "l3fwd")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	l := &l3fwd{dir}
	if err := l.build(); err != nil {
		return fail(err)
	}
	for _, work := range l3fwdWorks {
		if err := l.write(work.routes); err != nil {
			return fail(err)
		}
		versions := l.versions(work.lookup, c)
		costs := make([]cost, len(versions))
		for range l3fwdRounds {
			for i, v := range versions {
				ns, err := l.run(v)
				costs[i].own = append(costs[i].own, ns)
				costs[i].cpu = append(costs[i].cpu, ns)
				costs[i].err = errors.Join(costs[i].err, err)
			}
		}
		for i, v := range versions {
			r := Row{Group: group, Contender: v.name, Work: fmt.Sprintf("route, %s, %d routes", work.lookup, work.routes), Frame: 64}
			r.fill(&costs[i])
			rows = append(rows, r)
		}
	}
	return rows
}

func (l *l3fwd) build() error {
	const compile = `dir="$(pkg-config --variable=prefix libdpdk)"/share/dpdk/examples
		cc -O3 -march=native -w -include l3fwd.h -o "$0" $(ls "$dir"/l3fwd/*.c | grep -v route_parse) -I"$dir"/l3fwd -I"$dir"/common \
		-DALLOW_EXPERIMENTAL_API $(pkg-config --cflags --libs libdpdk)`
	for _, build := range [][]string{
		{"sh", "-c", compile, filepath.Join(l.dir, "c")},
		{"go", "build", "-C", "../../..", "-o", filepath.Join(l.dir, "go"), "./examples/l3fwd"},
	} {
		if out, err := exec.Command(build[0], build[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(build, " "), err, out)
		}
	}
	return nil
}

func (l *l3fwd) file(name string) string { return filepath.Join(l.dir, name) }

// write writes the routes, and frames to addresses that have one, for each port.
func (l *l3fwd) write(n int) error {
	r := rand.New(rand.NewPCG(1, 2))
	prefixes := routes.Prefixes(r, false, n)
	var four bytes.Buffer
	for i, p := range prefixes {
		fmt.Fprintf(&four, "R%v %d\n", p, i%2)
	}
	err := errors.Join(os.WriteFile(l.file("four"), four.Bytes(), 0o600), os.WriteFile(l.file("six"), []byte("R2001:db8::/32 0\n"), 0o600))
	for port := range 2 {
		err = errors.Join(err, os.WriteFile(l.file(fmt.Sprint("frames", port)), capture(r, prefixes, port), 0o600))
	}
	return err
}

// capture returns a file of frames for a port of net_pcap.
func capture(r *rand.Rand, prefixes []netip.Prefix, port int) []byte {
	le := binary.LittleEndian
	file := le.AppendUint32(nil, 0xa1b2c3d4)
	file = append(le.AppendUint16(le.AppendUint16(file, 2), 4), make([]byte, 8)...)
	file = le.AppendUint32(le.AppendUint32(file, 65535), 1) // Ethernet
	for range l3fwdFrames {
		p := prefixes[r.IntN(len(prefixes))]
		to := routes.Near(r, p)
		for !p.Contains(to) {
			to = routes.Near(r, p)
		}
		frame := make([]byte, 64)
		e, rest, _ := header.ParseEthernet(frame)
		e.SetDestination(header.MAC{2, 'p', 'c', 'a', 'p', byte(port)}) // the address of the port
		e.SetType(header.EtherTypeIPv4)
		ip := header.IPv4(rest[:header.IPv4MinLen])
		ip.Init(len(rest) - header.IPv4MinLen)
		ip.SetTTL(64)
		ip.SetProtocol(header.ProtocolUDP)
		ip.SetSource(netip.AddrFrom4([4]byte{10, 0, 0, 1}))
		ip.SetDestination(to)
		ip.UpdateHeaderChecksum()
		file = append(file, make([]byte, 8)...)
		file = le.AppendUint32(le.AppendUint32(file, uint32(len(frame))), uint32(len(frame)))
		file = append(file, frame...)
	}
	return file
}

// versions returns both programs with their command lines.
func (l *l3fwd) versions(lookup string, c cpus) []version {
	eal := fmt.Sprintf("--in-memory --file-prefix=%s --no-pci --lcores=0@%d", l3fwdPrefix, c.contender)
	port := func(n int) string {
		return fmt.Sprintf("net_pcap%d,rx_pcap=%s,infinite_rx=1", n, l.file(fmt.Sprint("frames", n)))
	}
	return []version{
		{"l3fwd in C", append([]string{l.file("c")}, strings.Fields(fmt.Sprintf(
			"%s --vdev=%s --vdev=%s -- -p 3 --config=(0,0,0),(1,0,0) --parse-ptype --lookup=%s --rule_ipv4=%s --rule_ipv6=%s --rx-queue-size=4096 --tx-queue-size=4096",
			eal, port(0), port(1), lookup, l.file("four"), l.file("six")))...), "", "", regexp.MustCompile(`entering main loop`), nil},
		{"examples/l3fwd", append([]string{l.file("go")}, strings.Fields(fmt.Sprintf(
			"-port %s -port %s -lookup %s -routes %s -lcores 0@%d -period 0 -- --file-prefix=%s --no-pci",
			port(0), port(1), lookup, l.file("four"), c.contender, l3fwdPrefix))...), "", "", regexp.MustCompile(`forwarding between`), nil},
	}
}

// run starts a program, and returns its CPU time in ns for each frame.
func (l *l3fwd) run(v version) (ns float64, err error) {
	p, err := startPeer(l.dir, v, nil, l3fwdPatience)
	if err != nil {
		return 0, err
	}
	defer func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		err = errors.Join(err, os.RemoveAll(filepath.Join(l.dir, "dpdk")))
	}()
	t := telemetry.NewClient(filepath.Join(l.dir, "dpdk", l3fwdPrefix, "dpdk_telemetry.v2"), telemetry.Config{})
	defer t.Close()
	time.Sleep(l3fwdWarmUp)
	var cpu, received, sent [2]float64
	for i := range cpu {
		if i > 0 {
			time.Sleep(l3fwdTime)
		}
		if cpu[i], err = p.cpuTime(); err != nil {
			return 0, err
		}
		if received[i], sent[i], err = packets(t); err != nil {
			return 0, err
		}
	}
	in, out := received[1]-received[0], sent[1]-sent[0]
	if out < in*0.99 || out == 0 {
		return 0, fmt.Errorf("%s sent %.0f of %.0f frames", v.name, out, in)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	return (cpu[1] - cpu[0]) / out, nil
}

// packets returns what both ports have received and sent.
func packets(t *telemetry.Client) (received, sent float64, err error) {
	for port := range 2 {
		text, err := t.Call(context.Background(), "/ethdev/stats", fmt.Sprint(port))
		if err != nil {
			return 0, 0, err
		}
		var stats struct{ IPackets, OPackets float64 }
		if err := json.Unmarshal(text, &stats); err != nil {
			return 0, 0, err
		}
		received, sent = received+stats.IPackets, sent+stats.OPackets
	}
	return received, sent, nil
}
