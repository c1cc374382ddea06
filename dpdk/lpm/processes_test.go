package lpm_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/lpm"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/routes/tabletest"
)

// A reader that was killed in the middle keeps no group, because the primary unregisters it.
func TestAKilledReaderKeepsNoGroup(t *testing.T) {
	q, err := rcu.Create(tabletest.Name(), 4, rcu.Config{})
	require.NoError(t, err)
	l, err := lpm.Create4(tabletest.Name(), lpm.Config{Groups: 1, RCU: q})
	require.NoError(t, err)
	require.NoError(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1))
	c := harness.Start(t, "idle reader", ealtest.Runtime().FilePrefix(), q.Name())
	c.Expect("online")
	require.NoError(t, l.Add(shared.Block(false, 0), 7))
	require.NoError(t, l.Delete(shared.Block(false, 0)))
	require.ErrorIs(t, l.Add(shared.Block(false, 1), 8), dpdk.ErrNoSpace, "it lives")
	c.Kill()
	require.Eventually(t, func() bool { return l.Add(shared.Block(false, 1), 8) == nil }, time.Minute, time.Millisecond)
	require.NoError(t, l.Free())
	require.NoError(t, q.Free())
}

var _ = harness.Role("idle reader", func(args []string) error {
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	if _, err := tabletest.Reader(args[1]); err != nil {
		return err
	}
	harness.Say("online")
	harness.Hear()
	return nil
})

// A C program finds the table of Go, and looks up addresses with the inline functions.
func TestACProgramLooksUp(t *testing.T) {
	l, err := lpm.Create4(tabletest.Name(), lpm.Config{})
	require.NoError(t, err)
	six, err := lpm.Create6(l.Name(), lpm.Config{})
	require.NoError(t, err)
	require.NoError(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1))
	require.NoError(t, l.Add(netip.MustParsePrefix("10.1.2.0/28"), 0xabcdef))
	require.NoError(t, six.Add(netip.MustParsePrefix("2001:db8::/33"), 77))
	bin := harness.CC(t, "testdata/lookup.c")
	c := harness.Command(t, bin, "--proc-type=secondary", "--file-prefix="+ealtest.Runtime().FilePrefix(), "--no-pci", "--lcores", harness.Lcore(7), "--huge-dir="+harness.HugeDir(), "--", l.Name())
	assert.Equal(t, "1 abcdef miss 77", strings.TrimSpace(c.Expect("hops")))
	c.Wait()
	require.NoError(t, errors.Join(l.Free(), six.Free()))
}
