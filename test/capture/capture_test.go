//go:build linux

package capture

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"github.com/godpdk/godpdk/dpdk/pdump"
	"github.com/godpdk/godpdk/test/harness"
)

// primary starts a primary in Go.
func primary(t *testing.T, args ...string) (p *harness.Child, prefix string) {
	t.Helper()
	harness.Need(t, harness.Hugepages)
	p = harness.Start(t, "primary", args...)
	return p, p.Expect("primary ")
}

// send lets the primary send n frames, and receive them.
func send(p *harness.Child, t *testing.T, first, n int) {
	t.Helper()
	p.Send(fmt.Sprintf("send %d %d", first, n))
	require.Equal(t, fmt.Sprint(n), p.Expect("received "))
}

// watch attaches a watcher to the primary with a prefix.
func watch(t *testing.T, prefix, port string) *harness.Child {
	t.Helper()
	w := harness.Start(t, "watcher", prefix, port, harness.Lcore(8))
	w.Expect("attached")
	return w
}

// start starts a capture. It returns the error.
func start(t *testing.T, w *harness.Child, cfg pdump.Config) string {
	t.Helper()
	text, err := json.Marshal(cfg)
	require.NoError(t, err)
	w.Send("start " + string(text))
	return w.Expect("start")
}

// captured returns the next n packets of a capture, or all that come within 20 s.
func captured(t *testing.T, w *harness.Child, n int, file string) (s seen) {
	t.Helper()
	w.Send(fmt.Sprintf("read %d %s", n, file))
	require.NoError(t, json.Unmarshal([]byte(w.Expect("read ")), &s))
	assert.Empty(t, s.Wrong)
	assert.Zero(t, s.Stats.Unreadable)
	return s
}

func closed(t *testing.T, w *harness.Child) {
	t.Helper()
	w.Send("close")
	require.Equal(t, "<nil>", w.Expect("close"))
}

func TestGoCapturesAGoPrimary(t *testing.T) {
	p, prefix := primary(t)
	w := watch(t, prefix, portName)
	send(p, t, 0, 100) // before the capture
	odd, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: header - 1, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 1, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 1 << 16},
	})
	require.NoError(t, err)
	for _, test := range []struct {
		name                       string
		cfg                        pdump.Config
		received, transmitted, cut int // of 1,000
		filtered                   int
	}{
		{"both directions", pdump.Config{}, 1000, 1000, 0, 0},
		{"received", pdump.Config{Direction: pdump.Received}, 1000, 0, 0, 0},
		{"transmitted", pdump.Config{Direction: pdump.Transmitted}, 0, 1000, 0, 0},
		{"a queue", pdump.Config{Queues: []int{1}}, 500, 500, 0, 0},
		{"cut", pdump.Config{SnapLen: 60, Direction: pdump.Received}, 1000, 0, 999, 0},
		{"a filter", pdump.Config{Filter: odd}, 500, 500, 0, 1000},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Empty(t, start(t, w, test.cfg))
			file := filepath.Join(t.TempDir(), "capture.pcapng")
			send(p, t, 0, 1000)
			s := captured(t, w, test.received+test.transmitted, file)
			assert.Equal(t, test.received, s.Received)
			assert.Equal(t, test.transmitted, s.Transmitted)
			assert.Equal(t, test.cut, s.Cut)
			assert.Equal(t, pdump.Stats{Packets: test.received + test.transmitted, Filtered: uint64(test.filtered)}, s.Stats)
			checkFile(t, file, test.received+test.transmitted, test.cut)
			closed(t, w)
			send(p, t, 0, 100) // after it
		})
	}
	w.Wait()
	p.Wait()
}

// checkFile reads a file of frames with pcapgo and with tcpdump.
func checkFile(t *testing.T, file string, packets, cut int) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	n, short := 0, 0
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			break
		}
		want := frame(number(data))
		assert.Equal(t, want[:len(data)], data)
		assert.Equal(t, len(want), info.Length)
		i, err := r.Interface(info.InterfaceIndex)
		require.NoError(t, err)
		assert.Contains(t, []string{portName, "dpdk:0"}, i.Name) // the latter is dpdk-dumpcap's
		n++
		if len(data) < info.Length {
			short++
		}
	}
	assert.Equal(t, packets, n)
	assert.Equal(t, cut, short)

	harness.Need(t, harness.Tcpdump)
	out, err := exec.Command("tcpdump", "-n", "-r", file).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, packets, strings.Count(string(out), "ethertype Unknown (0x88b5)"))
}

func TestCapturesThatCannotStartReturnTheReason(t *testing.T) {
	p, prefix := primary(t)
	a, b := watch(t, prefix, portName), harness.Start(t, "watcher", prefix, portName, harness.Lcore(9))
	b.Expect("attached")
	require.Empty(t, start(t, a, pdump.Config{Queues: []int{1}, Direction: pdump.Transmitted}))
	assert.Contains(t, start(t, b, pdump.Config{}), "queue 1 has a capture of transmitted packets")
	require.Empty(t, start(t, b, pdump.Config{Direction: pdump.Received}), "the failed capture has left a queue")
	assert.Contains(t, start(t, a, pdump.Config{Queues: []int{2}}), "queue 2 does not exist")
	p.Send("uninit")
	assert.Contains(t, p.Expect("uninit"), "a queue of the port has a capture")
	send(p, t, 0, 10)
	assert.Equal(t, 10, captured(t, b, 10, "").Received)
	closed(t, b)
	b.Wait()
	a.Send("reset")
	require.Equal(t, "<nil>", a.Expect("reset"))
	a.Wait()
	p.Wait()
}

func TestPrimaryWithoutInitRefusesCaptures(t *testing.T) {
	p, prefix := primary(t, "closed")
	w := watch(t, prefix, portName)
	assert.Contains(t, start(t, w, pdump.Config{}), "it must call pdump.Init")
	w.Wait()
	p.Wait()
}

// noLeft waits until captures have left nothing in the primary.
func noLeft(t *testing.T, p *harness.Child) {
	t.Helper()
	left := ""
	require.Eventually(t, func() bool {
		p.Send("left")
		left = p.Expect("left")
		return left == ""
	}, 10*time.Second, time.Millisecond, "%s", left)
}

func TestPrimaryEndsTheCaptureOfAKilledProcess(t *testing.T) {
	p, prefix := primary(t)
	for _, test := range []struct {
		name string
		at   func(t *testing.T, w *harness.Child) // leads the process to where it is killed
	}{
		{"a full ring", func(t *testing.T, w *harness.Child) {
			require.Empty(t, start(t, w, pdump.Config{Ring: 64}))
			send(p, t, 0, 100)
		}},
		{"packets in its hands", func(t *testing.T, w *harness.Child) {
			require.Empty(t, start(t, w, pdump.Config{Direction: pdump.Received}))
			send(p, t, 0, 10)
			captured(t, w, 10, "")
		}},
		{"Start or Close", func(t *testing.T, w *harness.Child) {
			w.Send("again")
			w.Expect("again")
			send(p, t, 0, 300)
		}},
		{"Start or Close again", func(t *testing.T, w *harness.Child) {
			w.Send("again")
			w.Expect("again")
			send(p, t, 0, 1000)
		}},
	} {
		w := watch(t, prefix, portName)
		test.at(t, w)
		w.Kill()
		send(p, t, 0, 2000)
		require.Eventually(t, func() bool {
			p.Send("left")
			return !strings.Contains(p.Expect("left"), "captured")
		}, 10*time.Second, time.Millisecond, test.name)
		if !strings.Contains(test.name, "Start") { // there the memory may stay
			noLeft(t, p)
		}
	}
	w := watch(t, prefix, portName)
	require.Empty(t, start(t, w, pdump.Config{}))
	send(p, t, 0, 1000)
	assert.Equal(t, 1000, captured(t, w, 2000, "").Received)
	closed(t, w)
	w.Wait()
	p.Wait()
}

// A process that ends without Close has ended too. Captures of others stay.
func TestPrimaryEndsOnlyTheCapturesOfTheEndedProcess(t *testing.T) {
	p, prefix := primary(t)
	a, b := watch(t, prefix, portName), harness.Start(t, "watcher", prefix, portName, harness.Lcore(9))
	b.Expect("attached")
	require.Empty(t, start(t, a, pdump.Config{Queues: []int{0}}))
	require.Empty(t, start(t, b, pdump.Config{Queues: []int{1}}))
	assert.Contains(t, start(t, b, pdump.Config{Queues: []int{0}}), "queue 0 has a capture")
	b.Wait()
	c := harness.Start(t, "watcher", prefix, portName, harness.Lcore(9))
	c.Expect("attached")
	require.Eventually(t, func() bool { return start(t, c, pdump.Config{Queues: []int{1}}) == "" }, 10*time.Second, time.Millisecond)
	send(p, t, 0, 100)
	assert.Equal(t, 50, captured(t, a, 100, "").Received)
	assert.Equal(t, 50, captured(t, c, 100, "").Received)
	for _, w := range []*harness.Child{a, c} {
		closed(t, w)
		w.Wait()
	}
	noLeft(t, p)
	p.Wait()
}

func TestStatsAfterTheEndOfTheCountersReturnErrNotFound(t *testing.T) {
	p, prefix := primary(t)
	w := watch(t, prefix, portName)
	require.Empty(t, start(t, w, pdump.Config{}))
	w.Send("stats")
	assert.Equal(t, "false <nil>", w.Expect("stats "))
	closed(t, w)
	p.Send("uninit")
	require.Equal(t, "<nil>", p.Expect("uninit "))
	w.Send("stats")
	assert.Contains(t, w.Expect("stats "), "true ")
	w.Wait()
	p.Wait()
}

func TestCaptureEndsWithItsPrimary(t *testing.T) {
	p, prefix := primary(t)
	w := watch(t, prefix, portName)
	require.Empty(t, start(t, w, pdump.Config{}))
	send(p, t, 0, 10)
	p.Kill()
	w.Send("close")
	require.Equal(t, "<nil>", w.Expect("close"))
	w.Wait()
}

// DPDK's own programs.

func TestDumpcapCapturesAGoPrimary(t *testing.T) {
	harness.Need(t, harness.Dumpcap)
	p, prefix := primary(t)
	file := filepath.Join(t.TempDir(), "dumpcap.pcapng")
	d := harness.Command(t, "dpdk-dumpcap", "--file-prefix="+prefix, "-i", portName, "-c", "2000", "-w", file)
	require.Eventually(t, func() bool { return strings.Contains(d.Stderr(), "Packets captured: ") }, time.Minute, time.Millisecond, "%s", d.Stderr())
	send(p, t, 0, 1000)
	d.Wait()
	checkFile(t, file, 2000, 0)
	p.Wait()
}

func TestPdumpCapturesAGoPrimary(t *testing.T) {
	harness.Need(t, harness.Pdump)
	p, prefix := primary(t)
	dir := t.TempDir()
	d := harness.Command(t, "stdbuf", "-oL", "dpdk-pdump", "--file-prefix="+prefix, "--lcores="+harness.Lcore(8), "--",
		"--pdump", "device_id="+portName+",queue=*,rx-dev="+dir+"/rx.pcap,tx-dev="+dir+"/tx.pcap")
	d.Expect(" core")
	send(p, t, 0, 1000)
	p.Send("idle")
	p.Expect("idle")
	d.Signal(os.Interrupt)
	assert.Contains(t, strings.Join(strings.Fields(strings.Join(d.Wait(), " ")), " "), "-packets dequeued: 2000 -packets transmitted to vdev: 2000")
	for _, file := range []string{"rx.pcap", "tx.pcap"} {
		checkPcap(t, filepath.Join(dir, file), 1000)
	}
	p.Wait()
}

// checkPcap reads a file of whole frames.
func checkPcap(t *testing.T, file string, packets int) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)
	n := 0
	for data, _, err := r.ReadPacketData(); err == nil; data, _, err = r.ReadPacketData() {
		assert.Equal(t, frame(number(data)), data)
		n++
	}
	assert.Equal(t, packets, n)
}

// A primary in C, which numbers the ops of pools in its own way. It forwards the frames of a file to a port that receives
// what it sends, and what comes from there to another file.
func TestGoCapturesTestpmd(t *testing.T) {
	harness.Need(t, harness.Hugepages, harness.Testpmd)
	const frames = 1000
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcap")
	writePcap(t, in, frames)
	prefix := fmt.Sprint("tp", os.Getpid())
	t.Cleanup(func() { // rte_eal_cleanup leaves them to the prefix's next primary
		files, err := filepath.Glob(filepath.Join(harness.HugeDir(), prefix+"map_*"))
		require.NoError(t, err)
		for _, f := range files {
			require.NoError(t, os.Remove(f))
		}
	})
	c := harness.Command(t, "dpdk-testpmd", "--no-pci", "--file-prefix="+prefix, "-m", "128", "--no-telemetry",
		"--lcores="+harness.Lcores(0, 2), "--vdev=net_pcap0,rx_pcap="+in+",tx_pcap="+out, "--vdev=net_ring0",
		"--", "-i", "--nb-cores=1", "--total-num-mbufs=8192", "--no-flush-rx", "--no-lsc-interrupt", "--disable-link-check")
	c.Send("set fwd io")
	c.Expect("testpmd> set fwd io")
	w := watch(t, prefix, "net_ring0")
	require.Empty(t, start(t, w, pdump.Config{}))
	c.Send("start")
	s := captured(t, w, 2*frames, "")
	assert.Equal(t, frames, s.Received)
	assert.Equal(t, frames, s.Transmitted)
	assert.Equal(t, pdump.Stats{Packets: 2 * frames}, s.Stats)
	closed(t, w)

	require.Empty(t, start(t, w, pdump.Config{Ring: 64})) // again, and killed
	w.Kill()
	c.Send("stop")
	c.Send("start")
	c.Send("stop")
	c.Send("quit")
	c.Wait()
	checkPcap(t, out, frames)
}

func writePcap(t *testing.T, file string, frames int) {
	t.Helper()
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(1<<16, layers.LinkTypeEthernet))
	for i := range frames {
		data := frame(i)
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: len(data), Length: len(data)}, data))
	}
}
