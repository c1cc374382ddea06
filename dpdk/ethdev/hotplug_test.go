package ethdev_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

// lookUp finds and describes ports in several goroutines until stop is called. stop returns their
// unexpected errors.
func lookUp(name string) (stop func() error) {
	end := make(chan struct{})
	looks := []func() error{
		func() error { return second(ethdev.List()) },
		func() error { return second(ethdev.Lookup(name)) },
		func() error { return second(ethdev.ByID(0)) },
		func() error { return second(ethdev.Match("class=eth")) },
		func() error { return second(ethdev.Match(name)) },
		func() error {
			p, err := ethdev.Lookup(name)
			if err == nil {
				err = errors.Join(second(p.Info()), second(p.Stats()), second(p.Link()))
			}
			return err
		},
	}
	failed := make([]error, len(looks))
	var running sync.WaitGroup
	for i, look := range looks {
		running.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
					if err := look(); err != nil && !errors.Is(err, dpdk.ErrNoDevice) {
						failed[i] = err
					}
				}
			}
		})
	}
	return func() error {
		close(end)
		running.Wait()
		return errors.Join(failed...)
	}
}

func TestPortsAreFoundWhileOthersAreDetached(t *testing.T) {
	pool := newPool(t)
	name := null("")
	stop := lookUp(name)
	for round := range harness.Size(300, 60) {
		p, err := ethdev.Open(name, ethdev.Config{Pool: pool})
		require.NoError(t, err, round)
		require.NoError(t, p.Detach(), round)
	}
	assert.NoError(t, stop())
}

// A secondary attaches and detaches a device. A thread of the primary frees the port.
var _ = harness.Role("plugger", func(args []string) error {
	cfg := harness.Config(1)
	cfg.FilePrefix, cfg.ProcessType, cfg.MemoryMB = args[0], eal.Secondary, 0
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	for range 20 {
		p, err := ethdev.Attach(args[1])
		if err == nil {
			err = p.Detach()
		}
		if err != nil {
			return errors.Join(err, rt.Close())
		}
	}
	return rt.Close()
})

func TestPortsAreFoundWhileASecondaryDetachesThem(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	name := null("")
	end := make(chan struct{})
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				if p, err := ethdev.Lookup(name); err == nil {
					_, _ = p.Info()
					_, _ = p.Stats()
				}
			}
		})
	}
	c := harness.Start(t, "plugger", fmt.Sprintf("t%d", os.Getpid()), name)
	c.Wait()
	close(end)
	running.Wait()
}

// hostile are devargs that make DPDK read through NULL or outside of a string.
var hostile = []string{
	"class=eth", "class", "class=", "bus", "bus=", "bus,x", "class,mac", "bus=vdev", "bus=vdev,name", "bus=vdev,name=", "bus=pci", "bus=pci,name=x",
	"bus=nosuch,name=x", "class=nosuch", "class=eth,mac", "class=eth/driver=net_null", "driver=net_null", "driver=net_null/class=eth",
	"net_null0,mac", "net_null0,representor", "net_null0,size", "net_null0,representor=[0", "net_null0/class=eth",
	"net_pcap0,rx_pcap=/tmp/class=eth", "net_pcap0,rx_pcap=/tmp/bus=vdev", "net_null0,a=b=c", "net_null0,=5",
	"vdev", "vdev:", "vdev,", "pci", "pci:", ",", ",,", "=", "=,=", "a=b", "/", "\x01", "net_null0,size=\n", "net_null0\x00",
	"bus=vdev,name=net_null0/bus=vdev,name=net_null1", "net_null" + strings.Repeat("0", 64), "net_null0" + strings.Repeat(",size=64", 33),
}

func TestHostileDevargsAreRefused(t *testing.T) {
	for _, devargs := range hostile {
		_, err := ethdev.Attach(devargs)
		assert.Error(t, err, "%q", devargs)
		_, err = ethdev.Open(devargs, ethdev.Config{})
		assert.Error(t, err, "%q", devargs)
		ports, err := ethdev.Match(devargs)
		if err == nil {
			assert.Contains(t, []string{"class=eth", "driver=net_null/class=eth"}, devargs)
		}
		assert.Empty(t, ports, "%q", devargs)
	}
}

func TestDevicesAreMatched(t *testing.T) {
	p, err := ethdev.Attach(null(",size=64"))
	require.NoError(t, err)
	q, err := ethdev.Attach("bus=vdev,name=" + null(""))
	require.NoError(t, err)
	mac, err := p.MAC()
	require.NoError(t, err)
	for devargs, want := range map[string][]*ethdev.Port{
		p.Name():                    {p},
		"vdev:" + p.Name():          {p},
		"bus=vdev,name=" + p.Name(): {p},
		"bus=vdev,name=" + p.Name() + "/class=eth": {p},
		"class=eth":                       {p, q},
		"class=eth,mac=" + mac.String():   {p},
		p.Name() + ",mac=" + mac.String(): {p},
		q.Name() + ",mac=" + mac.String(): nil,
		"bus=vdev,name=net_null_none":     nil,
		"net_bogus0":                      nil,
		"class=eth,mac=02:ff:ff:ff:ff:ff": nil,
		"bus=vdev,name=" + q.Name() + "/class=eth,mac=" + mac.String(): nil,
	} {
		got, err := ethdev.Match(devargs)
		require.NoError(t, err, devargs)
		assert.Equal(t, want, got, devargs)
	}
	require.NoError(t, p.Detach())
	require.NoError(t, q.Detach())
}

func TestAttachExplainsMissingDevices(t *testing.T) {
	for devargs, says := range map[string]string{
		"net_bogus0": "use the name of a virtual device, which begins with its driver's name",
		"lo":         `this is a kernel interface: open vdev.AFPacket{Interface: "lo"}`,
	} {
		_, err := ethdev.Attach(devargs)
		assert.ErrorIs(t, err, dpdk.ErrNoDevice, devargs)
		assert.ErrorContains(t, err, says)
		_, err = ethdev.Open(devargs, ethdev.Config{})
		assert.ErrorIs(t, err, dpdk.ErrNoDevice, devargs)
		assert.ErrorContains(t, err, says)
	}
}

func TestAttachTwiceReturnsErrExist(t *testing.T) {
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	_, err = ethdev.Attach(p.Name())
	require.ErrorIs(t, err, dpdk.ErrExist)
	assert.ErrorContains(t, err, "the device is attached: use Lookup or Match for its ports")
	require.NoError(t, p.Detach())
}

func TestErrorsOfZeroQueuesNameTheFunction(t *testing.T) {
	for op, call := range map[string]func() error{
		"rte_eth_rx_queue_count":       func() error { return second(ethdev.RxQueue{}.Count()) },
		"rte_eth_tx_queue_count":       func() error { return second(ethdev.TxQueue{}.Count()) },
		"rte_eth_rx_descriptor_status": func() error { return second(ethdev.RxQueue{}.DescriptorStatus(0)) },
		"rte_eth_tx_descriptor_status": func() error { return second(ethdev.TxQueue{}.DescriptorStatus(0)) },
		"rte_eth_tx_buffer_init":       func() error { return second(ethdev.NewTxBuffer(ethdev.TxQueue{}, ethdev.TxBufferConfig{})) },
	} {
		var e *dpdk.Error
		require.ErrorAs(t, call(), &e)
		assert.Equal(t, op, e.Op)
		assert.ErrorIs(t, e, dpdk.ErrInvalid)
	}
}

func TestDevargsThatDPDKWouldCutAreRefused(t *testing.T) {
	long := null(",size=")
	long += strings.Repeat("0", 127-len(long)-2) + "64" // the driver reads it to the end
	p, err := ethdev.Attach(long)
	require.NoError(t, err)
	require.NoError(t, p.Detach())
	_, err = ethdev.Attach(long + "0")
	assert.ErrorIs(t, err, syscall.E2BIG)
	assert.ErrorContains(t, err, "128 bytes: DPDK passes at most 127 to other processes")
	_, err = ethdev.Lookup(p.Name())
	assert.ErrorIs(t, err, dpdk.ErrNoDevice)
}

func FuzzDevargs(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	for _, s := range []string{"net_null0,size=64", "pci:0000:03:00.0", "bus=pci,addr=0000:03:00.0/class=eth,mac=02:00:00:00:00:01/driver=x,y=z",
		"0000:03:00.0,representor=[0-1]", "class=eth,representor=pf0vf[1,3-5]", "auxiliary:mlx5_core.sf.2", "net_null0,persist", "ifpga:a.b|c", "fslmc:dpni.1",
		"dpaa_bus:fm1-mac3", "vmbus:635a7ae3-091e-4410-ad59-667c4f8c04c3", "net_failsafe0,dev(net_null0,copy=1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, devargs string) {
		ports, err := ethdev.Match(devargs)
		if err != nil {
			require.NotContains(t, err.Error(), "\x00")
		}
		require.Empty(t, ports)
		// Other drivers may open or overwrite files that their arguments name.
		if !strings.HasPrefix(devargs, "net_null") && !strings.HasPrefix(devargs, "bus=vdev,name=net_null") {
			return
		}
		if p, err := ethdev.Attach(devargs); err == nil {
			require.NoError(t, p.Detach())
		}
	})
}

func TestACallOnANewPortWaitsForTheEndOfItsProbe(t *testing.T) {
	open(t, null(""), ethdev.Config{Pool: newPool(t)}) // from the first port on, calls hold theirs
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	name := null("")
	probed := cgo.EthProbing()
	defer probed()
	require.Zero(t, cgo.DevProbe(name))
	port, errno := cgo.EthByName(name)
	require.Zero(t, errno, "this thread does not wait")
	held := make(chan bool)
	go func() { held <- cgo.EthHold(port) }()
	select {
	case <-held:
		t.Error("another thread holds the port before the probe has ended")
	case <-time.After(20 * time.Millisecond):
		probed()
		assert.True(t, <-held)
	}
	cgo.EthRelease(port)
	probed()
	p, err := ethdev.Lookup(name)
	require.NoError(t, err)
	require.NoError(t, p.Detach())
}

func TestACallWaitsFiveSecondsForTheEndOfAProbe(t *testing.T) {
	harness.LongOnly(t, "it waits for 5 s")
	open(t, null(""), ethdev.Config{Pool: newPool(t)})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	name, start := null(""), time.Now()
	probed := cgo.EthProbing()
	defer probed()
	require.Zero(t, cgo.DevProbe(name))
	port, errno := cgo.EthByName(name)
	require.Zero(t, errno)
	var others sync.WaitGroup
	others.Go(func() {
		for range 2 { // the second one does not wait once more
			assert.True(t, cgo.EthHold(port))
			cgo.EthRelease(port)
		}
	})
	others.Wait()
	waited := time.Since(start)
	assert.GreaterOrEqual(t, waited, 5*time.Second)
	assert.Less(t, waited, 7*time.Second)
	probed()
	p, err := ethdev.Lookup(name)
	require.NoError(t, err)
	require.NoError(t, p.Detach())
}

func TestALookupWaitsForAProbeForAnotherProcess(t *testing.T) {
	open(t, null(""), ethdev.Config{Pool: newPool(t)})
	name := null("")
	returns, errno := twin.EthProbeElsewhere(name)
	require.Zero(t, errno)
	defer returns()
	found := make(chan error)
	go func() { found <- second(ethdev.Lookup(name)) }()
	select {
	case <-found:
		t.Error("Lookup returned before the probe has ended")
	case <-time.After(20 * time.Millisecond):
		returns()
		require.NoError(t, <-found)
	}
	p, err := ethdev.Lookup(name)
	require.NoError(t, err)
	require.NoError(t, p.Detach())
}
