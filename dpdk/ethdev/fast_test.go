package ethdev_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

// A process that shares no memory, with net_pcap in the place of a driver of the user's own.
var _ = harness.Role("fast", func(args []string) error {
	cfg := harness.Config(1)
	cfg.InMemory, cfg.FastDrivers = true, args
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	for _, devargs := range []string{"net_null0", "net_pcap0,iface=lo"} {
		p, err := ethdev.Attach(devargs)
		if err != nil {
			return errors.Join(err, rt.Close())
		}
		harness.Say("%s %v", p.Name(), p.RxQueue(0).UsesFastcall(32))
	}
	return rt.Close()
})

func TestDriversOutsideTheListNeedTheOption(t *testing.T) {
	for _, option := range []bool{false, true} {
		var drivers []string
		if option {
			drivers = []string{"net_pcap"}
		}
		c := harness.Start(t, "fast", drivers...)
		c.Expect(fmt.Sprint("net_null0 ", fastcall.Enabled))
		c.Expect(fmt.Sprint("net_pcap0 ", fastcall.Enabled && option))
		c.Wait()
	}
}

// near reports whether the address is on the stack of a fast call that this goroutine made.
func near(address uintptr) bool {
	var here byte
	top := uintptr(unsafe.Pointer(&here))
	return address < top+fastcall.StackSize && address+2*fastcall.StackSize > top
}

func TestBurstsWithCallbacksUseCgo(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	id, rx, tx := uint16(p.ID()), p.RxQueue(0), p.TxQueue(0)
	require.Equal(t, fastcall.Enabled, rx.UsesFastcall(32))
	in := make([]*mbuf.Mbuf, 32)
	for name, sends := range map[string]bool{"receive": false, "transmit": true} {
		t.Run(name, func(t *testing.T) {
			callback := twin.EthCallbackAdd(id, 0, sends)
			require.NotNil(t, callback)
			twin.EthCallbackAt()

			require.Equal(t, 8, tx.Burst(numbered(t, pool, 0, 8)))
			require.Equal(t, 8, rx.Burst(in))
			assert.Equal(t, sequence(0, 8), numbersOf(in[:8]))
			at := twin.EthCallbackAt()
			assert.NotZero(t, at)
			assert.False(t, near(at), "the callback ran on the goroutine's stack")

			sent, n := tx.Forward(in[:8], rx, in)
			assert.Equal(t, []int{8, 8}, []int{sent, n}, "a burst is not done twice")
			assert.Equal(t, sequence(0, 8), numbersOf(in[:8]))
			at = twin.EthCallbackAt()
			assert.NotZero(t, at)
			assert.False(t, near(at), "the callback ran on the goroutine's stack")

			require.Zero(t, twin.EthCallbackRemove(id, 0, sends, callback))
			sent, n = tx.Forward(in[:8], rx, in)
			assert.Equal(t, []int{8, 8}, []int{sent, n})
			mbuf.FreeBulk(in[:8])
			assert.Zero(t, twin.EthCallbackAt())
		})
	}
}

const envFault = "GODPDK_DRIVER_FAULT"

func TestFaultInADriverNamesTheDriver(t *testing.T) {
	if !fastcall.Enabled || build.Debug {
		return // the runtime reports faults in cgo calls; debug builds read the packet in Go first
	}
	bursts := map[string]func(tx ethdev.TxQueue, rx ethdev.RxQueue, bad []*mbuf.Mbuf){
		"a burst": func(tx ethdev.TxQueue, _ ethdev.RxQueue, bad []*mbuf.Mbuf) { tx.Burst(bad) },
		"an exchange": func(tx ethdev.TxQueue, rx ethdev.RxQueue, bad []*mbuf.Mbuf) {
			tx.Exchange(bad, rx, make([]*mbuf.Mbuf, 1))
		},
	}
	if name := os.Getenv(envFault); name != "" {
		defer func() { fmt.Println("recovered:", recover()) }()
		cfg := ethdev.Config{Pool: newPool(t)}
		address := uintptr(0xdead000) // net_null frees what it sends
		bursts[name](open(t, null(""), cfg).TxQueue(0), open(t, loop(), cfg).RxQueue(0), []*mbuf.Mbuf{*(**mbuf.Mbuf)(unsafe.Pointer(&address))})
		return
	}
	for name, report := range map[string]string{
		"a burst":     "in a burst of net_null, port 0. ",
		"an exchange": "in a burst of net_null, port 0, or net_ring, port 1. ",
	} {
		t.Run(name, func(t *testing.T) {
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self, "-test.run=^TestFaultInADriverNamesTheDriver$")
			cmd.Env = append(os.Environ(), envFault+"="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, string(out))
			for _, want := range []string{"SIGSEGV (Segmentation fault) at address 0xdead", report} {
				assert.True(t, strings.Contains(string(out), want), want)
			}
			assert.False(t, strings.Contains(string(out), "recovered:"))
			if t.Failed() {
				t.Log(string(out))
			}
		})
	}
}

// The table in fastcall's STACK.md is the log of this test.
func TestBurstsOfMeasuredDriversUseLittleStack(t *testing.T) {
	pool := newPool(t)
	copies := null(",copy=1")
	for _, devargs := range []string{null(""), copies, loop()} {
		p := open(t, devargs, ethdev.Config{Pool: pool})
		pkts := numbered(t, pool, 0, 512)
		tx := 1
		if devargs == copies { // DPDK 25.11 does not free what it sends so
			mbuf.FreeBulk(pkts)
		} else {
			var sent int
			sent, tx = twin.EthBurstStack(uint16(p.ID()), 0, true, unsafe.Pointer(&pkts[0]), len(pkts))
			require.Equal(t, len(pkts), sent)
		}
		n, rx := twin.EthBurstStack(uint16(p.ID()), 0, false, unsafe.Pointer(&pkts[0]), len(pkts))
		require.Equal(t, len(pkts), n)
		mbuf.FreeBulk(pkts)
		t.Logf("%s: %d bytes to send, %d to receive", devargs, tx, rx)
		assert.Less(t, max(tx, rx), 16<<10)
		assert.Greater(t, min(tx, rx), 0, "the measurement is wrong")
	}
}
