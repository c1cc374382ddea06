//go:build linux

package flow_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/test/harness"
)

func attach(t testing.TB, devargs string) *ethdev.Port {
	t.Helper()
	p, err := ethdev.Attach(devargs)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Detach() })
	return p
}

// The bonding driver copies each rule with DPDK's own function, which follows all pointers. Without members it accepts
// all rules.
func TestBondingKeepsRules(t *testing.T) {
	p := attach(t, "net_bonding_flow,mode=0")
	all := []string{
		"group 1 priority 2 ingress pattern eth type is 0x800 / ipv4 src is 1.2.3.4 dst spec 10.0.0.0 dst prefix 8 / udp dst is 1 dst last 5 / end actions count / mark id 3 / queue index 1 / end",
		"ingress pattern raw relative is 1 search is 1 offset is -4 limit is 100 pattern_hex is 0102030405060708 / end actions drop / end",
		"ingress pattern eth / ipv6 src is 2001:db8::1 has_frag_ext is 1 / tcp / end actions rss func toeplitz types ipv6 end key 000102030405060708090a queues 1 2 3 end / end",
		"egress pattern eth / end actions vxlan_encap definition eth / ipv4 / udp / vxlan vni is 7 / end / end",
		"egress pattern eth / end actions raw_encap data_hex 0102030405 preserve_hex 00000000ff / end",
		"ingress pattern end actions age timeout 5 / drop / end",
	}
	var flows []*flow.Flow
	for range 20 {
		for _, text := range all {
			require.NoError(t, flow.Validate(p, parse(t, text)), text)
			flows = append(flows, create(t, p, text))
		}
	}
	assert.Len(t, flow.List(p), 20*len(all))
	n, err := flows[0].Count(false)
	require.NoError(t, err)
	assert.Equal(t, flow.Counters{}, n)
	_, err = flows[5].Age()
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	for _, f := range flows[:60] {
		require.NoError(t, f.Destroy())
	}
	require.NoError(t, flow.Flush(p))
	require.ErrorIs(t, flows[100].Destroy(), dpdk.ErrNotFound)
	require.NoError(t, flow.Isolate(p, true))
	require.NoError(t, flow.Isolate(p, false))
	f := create(t, p, all[0])
	require.NoError(t, p.Detach())
	require.ErrorIs(t, f.Destroy(), dpdk.ErrNoDevice)
}

func TestDriversWithoutRules(t *testing.T) {
	p := attach(t, "net_null_noflow")
	_, err := flow.Create(p, parse(t, simple))
	var e *flow.Error
	for name, err := range map[string]error{
		"Validate": flow.Validate(p, parse(t, simple)),
		"Create":   err,
		"Flush":    flow.Flush(p),
		"Isolate":  flow.Isolate(p, true),
		"Aged":     func() error { _, err := flow.Aged(p); return err }(),
		"Proxy":    func() error { _, err := flow.TransferProxy(p); return err }(),
		"Dump":     func() error { _, err := flow.Dump(p); return err }(),
	} {
		require.ErrorIs(t, err, dpdk.ErrUnsupported, name)
		assert.ErrorContains(t, err, "the driver does not have this function", name)
		require.ErrorAs(t, err, &e, name)
	}
}

// newTap returns a started port on a TAP, and the name of its interface, in a new network namespace.
func newTap(t *testing.T) (p *ethdev.Port, iface string) {
	t.Helper()
	harness.Need(t, harness.Root)
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
	pool := newPool(t)
	iface = fmt.Sprint("flow", numbers)
	p, err := ethdev.Open(fmt.Sprintf("net_tap%d,iface=%s", numbers, iface), ethdev.Config{Pool: pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p, iface
}

// The TAP driver reads the structs of each rule itself, and returns what it does not support.
func TestTapValidates(t *testing.T) {
	p, _ := newTap(t)
	for _, text := range []string{
		"ingress pattern eth / end actions drop / end",
		"ingress pattern eth dst is 02:01:02:03:04:05 type is 0x800 / ipv4 dst spec 10.0.0.0 dst prefix 8 / tcp dst is 80 / end actions queue index 0 / end",
		"ingress pattern eth / vlan vid is 5 / ipv6 src is 2001:db8::1 / udp src is 53 / end actions passthru / end",
	} {
		assert.NoError(t, flow.Validate(p, parse(t, text)), text)
	}
	for _, tc := range []struct {
		text         string
		item, action int
	}{
		{"ingress pattern eth / sctp / end actions drop / end", 1, -1},
		{"ingress pattern eth / ipv4 dst is 10.0.0.1 dst last 10.0.0.9 / end actions drop / end", 1, -1},
		{"ingress pattern eth / ipv4 ttl is 5 / end actions drop / end", 1, -1},
		{"ingress pattern eth / end actions flag / end", -1, 0},
		{"ingress pattern eth / end actions drop / drop / end", -1, 1},
		{"transfer pattern eth / end actions drop / end", -1, -1},
	} {
		err := flow.Validate(p, parse(t, tc.text))
		require.ErrorIs(t, err, dpdk.ErrUnsupported, tc.text)
		var e *flow.Error
		require.ErrorAs(t, err, &e)
		assert.NotEmpty(t, e.Message, tc.text)
		assert.Equal(t, []int{tc.item, tc.action}, []int{e.Item, e.Action}, tc.text)
	}
}

// noFlower returns why the kernel cannot classify packets of an interface as the TAP driver needs it, or "".
func noFlower(t *testing.T, iface string) string {
	t.Helper()
	link, err := netlink.LinkByName(iface)
	require.NoError(t, err)
	index, ingress := link.Attrs().Index, netlink.MakeHandle(0xffff, 0)
	err = netlink.QdiscAdd(&netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: index, Handle: ingress, Parent: netlink.HANDLE_INGRESS}})
	if err != nil && !errors.Is(err, unix.EEXIST) { // the driver makes one too
		return fmt.Sprintf("the kernel has no ingress qdisc (CONFIG_NET_SCH_INGRESS): %v", err)
	}
	filter := &netlink.Flower{FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: ingress, Priority: 1, Protocol: unix.ETH_P_ALL}}
	if err := netlink.FilterAdd(filter); err != nil {
		return fmt.Sprintf("the kernel has no flower classifier (CONFIG_NET_CLS_FLOWER): %v", err)
	}
	assert.NoError(t, netlink.FilterDel(filter))
	return ""
}

// The TAP driver creates a filter of the kernel for each rule. Without the classifier it fails after it has read the rule.
func TestTapCreates(t *testing.T) {
	p, iface := newTap(t)
	f, err := flow.Create(p, parse(t, "ingress pattern eth / ipv4 / udp dst is 9 / end actions drop / end"))
	if why := noFlower(t, iface); why != "" {
		t.Log(why)
		t.Log(err)
		var e *flow.Error
		require.ErrorAs(t, err, &e)
		assert.ErrorContains(t, err, "Kernel refused", "the log of the driver")
		assert.Contains(t, e.Message, "flower")
		assert.Nil(t, f)
		assert.Empty(t, flow.List(p))
		return
	}
	require.NoError(t, err)
	require.NoError(t, f.Destroy())
	create(t, p, simple0)
	require.NoError(t, p.Stop())
	assert.Empty(t, flow.List(p))
}

const simple0 = "ingress pattern eth / ipv4 dst is 10.0.0.1 / end actions queue index 0 / end"

// "flows" calls each function in a secondary.
var _ = harness.Role("flows", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	p, err := ethdev.Lookup(args[1])
	if err != nil {
		return err
	}
	r, err := flow.Parse(simple)
	if err != nil {
		return err
	}
	_, create := flow.Create(p, r)
	for name, err := range map[string]error{"create": create, "validate": flow.Validate(p, r), "flush": flow.Flush(p)} {
		e, ok := err.(*dpdk.Error)
		harness.Say("%s %v", name, ok && e.Errno == dpdk.ErrSecondary)
	}
	return rt.Close()
})

func TestSecondaryIsRefused(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	p := faked(t)
	f := create(t, p, simple)
	child := harness.Start(t, "flows", ealtest.Runtime().FilePrefix(), p.Name())
	assert.ElementsMatch(t, []string{"create true", "validate true", "flush true"}, child.Wait())
	require.NoError(t, f.Destroy())
}
