package ethdev_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// A secondary polls the queues of ports, as far as their drivers support that.
var _ = harness.Role("poller", func(args []string) error {
	cfg := harness.Config(1)
	cfg.FilePrefix, cfg.ProcessType, cfg.MemoryMB = args[0], eal.Secondary, 0
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	for _, name := range args[1:] {
		if err := poll(name); err != nil {
			return errors.Join(err, rt.Close())
		}
	}
	return rt.Close()
})

// poll reports whether both queues can be polled, and polls them in any case.
func poll(name string) error {
	p, err := ethdev.Lookup(name)
	if err != nil {
		return err
	}
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	for _, err := range []error{rx.Err(), tx.Err()} {
		if err != nil && !errors.Is(err, dpdk.ErrUnsupported) {
			return err
		}
	}
	verdict := "no"
	if rx.Err() == nil && tx.Err() == nil {
		verdict = "yes"
	} else if rx.Err() == nil || tx.Err() == nil {
		return fmt.Errorf("%s: %v, %v", name, rx.Err(), tx.Err())
	} else if info, err := p.Info(); err != nil || !strings.Contains(rx.Err().Error(), info.Driver+" cannot be polled in a secondary") {
		return fmt.Errorf("%s: %v, %w", name, err, rx.Err())
	}
	var pkts [4]*mbuf.Mbuf
	n := rx.Burst(pkts[:])
	mbuf.FreeBulk(pkts[n-tx.Burst(pkts[:n]) : n])
	harness.Say("%s %s", name, verdict)
	return nil
}

// pollable is the table of the package's documentation, without net_memif: a socket of it
// that was just closed is still in EAL's interrupt thread, which crashes if EAL ends then.
var pollable = map[string]bool{
	"net_null": true, "net_ring": true, "net_pcap": true, "net_tap": true,
	"net_af_packet": false, "net_af_xdp": false, "net_bonding": false, "net_vhost": false,
}

func TestSecondaryPollsSupportedDrivers(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	dir := t.TempDir()
	name := func(driver string) string { return fmt.Sprint(driver, number()) }
	member, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, member.Detach()) })
	devices := []vdev.Device{
		vdev.Null{Name: name("net_null")},
		vdev.TAP{Name: name("net_tap"), Interface: "gpoll0"},
		vdev.AFPacket{Name: name("net_af_packet"), Interface: "lo", Truncate: true},
		vdev.Vhost{Name: name("net_vhost"), Socket: filepath.Join(dir, "vhost")},
		vdev.Bond{Name: name("net_bonding"), Members: []string{member.Name()}},
	}
	var names []string
	want := map[string]bool{}
	add := func(p *ethdev.Port) {
		names = append(names, p.Name())
		i, err := p.Info()
		require.NoError(t, err)
		yes, known := pollable[i.Driver]
		require.True(t, known, i.Driver)
		want[p.Name()] = yes
	}
	pool := newPool(t)
	for _, d := range devices {
		p, err := vdev.Open(d, ethdev.Config{Pool: pool})
		require.NoError(t, err, "%+v", d)
		t.Cleanup(func() { assert.NoError(t, p.Detach()) })
		add(p)
	}
	for _, devargs := range []string{loop(), name("net_pcap") + ",iface=lo"} {
		add(open(t, devargs, ethdev.Config{Pool: pool}))
	}
	checkPolled(t, names, want)
}

func TestASecondaryCannotPollAFXDP(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages, harness.XDP)
	devargs := fmt.Sprintf("net_af_xdp%d,iface=%s", number(), harness.Wire(t).Near.Name)
	pool, err := mbuf.CreatePool(fmt.Sprint("pool ", number()), 8191, mbuf.PoolConfig{}) // more than the driver's rings hold
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	p := open(t, devargs, ethdev.Config{Pool: pool})
	checkPolled(t, []string{p.Name()}, map[string]bool{p.Name(): pollable["net_af_xdp"]})
}

// checkPolled has a secondary poll the ports.
func checkPolled(t *testing.T, names []string, want map[string]bool) {
	t.Helper()
	c := harness.Start(t, "poller", append([]string{fmt.Sprintf("t%d", os.Getpid())}, names...)...)
	for _, name := range names {
		verdict := c.Expect(name + " ")
		assert.Equal(t, want[name], verdict == "yes", name)
	}
	c.Wait()
}
