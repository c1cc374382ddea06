//go:build linux

package nic

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// exampleLimit is the time limit of an example, and of each of its answers.
const exampleLimit = 60 * time.Second

// mac is the address of NIC n.
func mac(n int) net.HardwareAddr { return net.HardwareAddr{0x52, 0x54, 0, 0, 0, byte(n + 1)} }

// allow returns the EAL options of a process that drives NICs C and D.
func (g *guest) allow(k kind) []string {
	return append([]string{"-a", g.nics[2], "-a", g.nics[3]}, k.eal...)
}

// doctor finds four NICs that are ready for DPDK behind an IOMMU, and warns of the emulated processor alone.
func (g *guest) doctor(t *testing.T) {
	c := g.start(t, exampleLimit, nil, "/doctor", "-json")
	end := c.wait()
	require.True(t, end.OK, "%s\n%s", end.State, c.output.String())
	var report struct {
		Findings []struct{ Check, Level, Found string }
	}
	require.NoError(t, json.Unmarshal([]byte(c.output.String()), &report), "%s", c.output.String())
	found := map[string][]string{}
	for _, f := range report.Findings {
		found[f.Check] = append(found[f.Check], f.Found)
		if f.Check != "isolation" && f.Check != "tsc" {
			assert.Equal(t, "ok", f.Level, "%s: %s", f.Check, f.Found)
		}
	}
	require.Len(t, found["nic"], len(g.nics))
	for i, nic := range g.nics {
		assert.Contains(t, found["nic"][i], nic)
		assert.Contains(t, found["nic"][i], "driver vfio-pci, IOMMU group")
	}
	assert.Equal(t, []string{"vfio-pci is loaded; 4 network devices are bound to it"}, found["vfio"])
	require.Len(t, found["iommu"], 1)
	assert.Contains(t, found["iommu"][0], "dmar0 on")
	assert.Equal(t, []string{"2 MiB: 160 in all, 160 free, 0 reserved, 0 surplus"}, found["hugepages"])
}

// echo is pinged by the kernel of the host.
func (g *guest) echo(t *testing.T, k kind, s *taps) {
	harness.Need(t, harness.Ping)
	h, err := wire.Here()
	require.NoError(t, err)
	defer h.Close()
	net := fmt.Sprintf("10.9.%d.", slices.IndexFunc(kinds, func(o kind) bool { return o.name == k.name }))
	ip := net + "2"
	require.NoError(t, h.Address(s.c, net+"1/24"))
	args := append([]string{"/echo", "-port", g.nics[2], "-ip", ip, "--", "-a", g.nics[2]}, k.eal...)
	c := g.start(t, exampleLimit, nil, args...)
	c.expect("answering for " + ip + " at " + mac(2).String())
	// The link may come up after a second.
	require.Eventually(t, func() bool { return exec.Command("ping", "-c1", "-W1", ip).Run() == nil }, 20*time.Second, time.Millisecond)
	out, err := exec.Command("ping", "-n", "-q", "-c100", "-i0.01", "-W5", ip).CombinedOutput()
	assert.NoError(t, err)
	assert.Contains(t, string(out), "100 packets transmitted, 100 received", "%s", out)
	c.signal(syscall.SIGINT)
	c.expect("echo: answered")
	end := c.wait()
	assert.True(t, end.OK, "%s\n%s", end.State, c.output.String())
}

// l2fwd forwards frames between the taps, both ways.
func (g *guest) l2fwd(t *testing.T, k kind, s *taps) {
	args := append([]string{"/l2fwd", "-port", g.nics[2], "-port", g.nics[3], "--"}, g.allow(k)...)
	c := g.start(t, exampleLimit, nil, args...)
	c.expect("total")
	tc, td := newPort(t, s.c), newPort(t, s.d)
	for _, way := range []struct {
		from, to *port
		in, out  int // NICs
	}{{tc, td, 2, 3}, {td, tc, 3, 2}} {
		frame := make([]byte, 200)
		copy(frame, mac(way.in))
		copy(frame[6:], net.HardwareAddr{2, 0, 0, 0, 9, 9})
		binary.BigEndian.PutUint16(frame[12:], etherType)
		ready(t, way.from, way.to, frame)
		for n := range 100 {
			binary.BigEndian.PutUint32(frame[14:], uint32(n+1))
			for i := 18; i < len(frame); i++ {
				frame[i] = byte(i * n)
			}
			way.from.send(frame)
			want := append([]byte{2, 0, 0, 0, 0, byte(way.out - 2)}, mac(way.out)...) // l2fwd numbers its ports from 0
			require.Equal(t, append(want, frame[12:]...), way.to.receive(exampleLimit, etherType), "frame %d", n)
		}
	}
	c.signal(syscall.SIGINT)
	end := c.wait()
	assert.True(t, end.OK, "%s\n%s", end.State, c.output.String())
}

// ready sends a frame until it comes through, and then takes the copies that are on the way.
func ready(t *testing.T, from, to *port, frame []byte) {
	t.Helper()
	kind := binary.BigEndian.Uint16(frame[12:])
	for start := time.Now(); to.receive(100*time.Millisecond, kind) == nil; from.send(frame) {
		require.Less(t, time.Since(start), 20*time.Second, "no frame comes through")
	}
	for to.receive(300*time.Millisecond, kind) != nil {
	}
}

// symmetricMP forwards frames in several processes, each with its own queue of both NICs.
func (g *guest) symmetricMP(t *testing.T, k kind, s *taps) {
	const processes = 2
	common := append([]string{"/symmetric-mp", "--file-prefix=symmetric"}, g.allow(k)...)
	run := func(args ...string) *command { return g.start(t, exampleLimit, nil, append(common, args...)...) }
	primary := run("--proc-type=primary", "--lcores=0@0", "-m", "96", "--", "-processes", fmt.Sprint(processes), "-seconds", "0")
	primary.expect("primary: ready")
	secondaries := []*command{}
	for n := 1; n < processes; n++ {
		c := run("--proc-type=secondary", "--lcores=1@1", "--", "-process", fmt.Sprint(n))
		c.expect("polls")
		secondaries = append(secondaries, c)
	}
	tc, td := newPort(t, s.c), newPort(t, s.d)
	const flows = 64
	ready(t, tc, td, datagram(t, 2, 0))
	ready(t, td, tc, datagram(t, 3, 0))
	for n := range flows {
		for _, way := range []struct {
			from, to *port
			in       int
		}{{tc, td, 2}, {td, tc, 3}} {
			frame := datagram(t, way.in, n)
			way.from.send(frame)
			require.Equal(t, frame, way.to.receive(exampleLimit, uint16(layers.EthernetTypeIPv4)), "flow %d", n)
		}
	}
	primary.signal(syscall.SIGINT)
	for _, c := range append(secondaries, primary) {
		end := c.wait()
		assert.True(t, end.OK, "%s\n%s", end.State, c.output.String())
	}
	text := primary.output.String()
	t.Log(text)
	for n := range processes {
		received := 0
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), fmt.Sprintf("process %d, ", n)); ok {
				fields := strings.Fields(rest)
				count, err := strconv.Atoi(fields[len(fields)-4])
				require.NoError(t, err, line)
				received += count
			}
		}
		if n == 0 || k.queues > 1 { // else all packets come to the first queue
			assert.Greater(t, received, 0, "process %d", n)
		}
	}
}

// datagram returns a frame with a UDP datagram of a flow for NIC n.
func datagram(t *testing.T, n, flow int) []byte {
	t.Helper()
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolUDP,
		SrcIP: netip.MustParseAddr("10.8.0.1").AsSlice(), DstIP: netip.MustParseAddr("10.8.0.2").AsSlice()}
	udp := &layers.UDP{SrcPort: layers.UDPPort(1000 + flow), DstPort: 2000}
	require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 9, 9}, DstMAC: mac(n), EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload(make([]byte, 64))))
	return b.Bytes()
}
