package flow_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/test/flowfake"
)

// itemText returns the text of the structs of a pattern, without the lines of the rule and its action.
func itemText(t *testing.T, items ...flow.Item) string {
	t.Helper()
	p := faked(t)
	require.NoError(t, flow.Validate(p, flow.Rule{Pattern: items, Actions: []flow.Action{flow.Drop{}}}))
	lines := strings.Split(strings.TrimSpace(flowfake.Now().Text), "\n")
	return strings.Join(lines[1:len(lines)-1], "\n")
}

// spec returns the bytes of spec in hexadecimal.
func spec(t *testing.T, item flow.Item) string {
	t.Helper()
	_, after, ok := strings.Cut(itemText(t, item), "spec=")
	require.True(t, ok)
	text, _, _ := strings.Cut(after, " ")
	return text
}

// Fields that dpdk-testpmd does not know are where the protocols have them.
func TestHeadersHaveTheFormOfTheProtocol(t *testing.T) {
	for name, tc := range map[string]struct {
		item flow.Item
		want string
	}{
		"IPv4 length":        {flow.IPv4{Length: flow.Is(0x1234)}, "00001234" + strings.Repeat("00", 16)},
		"ARP op":             {flow.ARP{Op: flow.Is(2)}, "0000000000000002" + strings.Repeat("00", 24)},
		"MPLS TTL":           {flow.MPLS{TTL: flow.Is(0x7f)}, "0000007f"},
		"NVGRE flow":         {flow.NVGRE{FlowID: flow.Is(0x7f)}, "000000000000007f"},
		"VXLAN flags":        {flow.VXLAN{Flags: flow.Is(8)}, "0800000000000000"},
		"VXLAN-GPE protocol": {flow.VXLANGPE{Protocol: flow.Is(3)}, "0000000300000000"},
		// The bits of extensions follow the header.
		"IPv6 extensions": {flow.IPv6{HasHopOptions: flow.Is(true), HasRouting: flow.Is(true), HasAH: flow.Is(true), HasESP: flow.Is(true),
			HasDestOptions: flow.Is(true), HasMobility: flow.Is(true), HasHIP: flow.Is(true), HasShim6: flow.Is(true)}, strings.Repeat("00", 40) + "fb010000"},
		"IPv6 hop by hop": {flow.IPv6{HasHopOptions: flow.Is(true)}, strings.Repeat("00", 40) + "01000000"},
		"IPv6 shim6":      {flow.IPv6{HasShim6: flow.Is(true)}, strings.Repeat("00", 40) + "00010000"},
	} {
		assert.Equal(t, tc.want, spec(t, tc.item), name)
	}
}

func TestOnlyFieldsThatAreSetAreMatched(t *testing.T) {
	ipv4, udp := fmt.Sprintf("item %d ", c.ItemIPv4), fmt.Sprintf("item %d ", c.ItemUDP)
	assert.Equal(t, fmt.Sprintf("item %d spec=- last=- mask=-\nitem %d spec=- last=- mask=-", c.ItemEth, c.ItemIPv4), itemText(t, flow.Eth{}, flow.IPv4{}))
	assert.Equal(t, ipv4+"spec="+strings.Repeat("00", 16)+"0a000000 last=- mask="+strings.Repeat("00", 16)+"ff000000",
		itemText(t, flow.IPv4{Dst: flow.In(netip.MustParsePrefix("10.1.2.3/8"))}))
	assert.Equal(t, udp+"spec=00000050"+"00000000 last=0000005a"+"00000000 mask=0000ffff"+"00000000",
		itemText(t, flow.UDP{DstPort: flow.Range(80, 90)}))
	assert.Equal(t, udp+"spec=00500006"+"00000000 last=00000009"+"00000000 mask=ff00ffff"+"00000000",
		itemText(t, flow.UDP{SrcPort: flow.Masked(0x50, 0xff00), DstPort: flow.Range(6, 9)}))
}

func TestCustomTypes(t *testing.T) {
	udp := itemText(t, flow.UDP{SrcPort: flow.Is(0x1234)})
	assert.Equal(t, udp, itemText(t, flow.CustomItem{Type: c.ItemUDP, Spec: []byte{0x12, 0x34, 7: 0}, Mask: []byte{0xff, 0xff, 7: 0}}))
	p := faked(t)
	for _, a := range []flow.Action{flow.Queue{Index: 5}, flow.CustomAction{Type: c.ActionQueue, Conf: []byte{5, 0}}} {
		require.NoError(t, flow.Validate(p, flow.Rule{Actions: []flow.Action{a}}))
		assert.Contains(t, flowfake.Now().Text, fmt.Sprintf("action %d conf=0500", c.ActionQueue))
	}
}

func TestEncapsulationKeepsMaskedBits(t *testing.T) {
	p := faked(t)
	require.NoError(t, flow.Validate(p, flow.Rule{Actions: []flow.Action{flow.RawEncap{Data: []byte{1, 2, 3}, Preserve: []byte{0xff, 0, 0xf}}}}))
	assert.Contains(t, flowfake.Now().Text, "data=010203 preserve=ff000f")
}

// Go refuses these before the driver sees them.
func TestValuesThatDoNotFitAreRefused(t *testing.T) {
	p := faked(t)
	six := netip.MustParseAddr("2001:db8::1")
	item := func(i flow.Item) flow.Rule { return flow.Rule{Pattern: []flow.Item{flow.Eth{}, i}} }
	action := func(a flow.Action) flow.Rule { return flow.Rule{Actions: []flow.Action{flow.Flag{}, a}} }
	for name, tc := range map[string]struct {
		rule flow.Rule
		says string
	}{
		"number":            {item(flow.UDP{DstPort: flow.Is(65536)}), "dst: 65536 is more than 65535"},
		"negative":          {item(flow.UDP{DstPort: flow.Is(-1)}), "-1 is negative"},
		"bits":              {item(flow.VLAN{VID: flow.Is(4096)}), "vid: 4096 is more than 4095"},
		"large":             {item(flow.Mark{ID: flow.Is(1 << 40)}), "more than 4294967295"},
		"last":              {item(flow.TCP{SrcPort: flow.Range(1, 70000)}), "70000"},
		"order of a range":  {item(flow.TCP{SrcPort: flow.Range(9, 8)}), "ends with 8, before its beginning 9"},
		"mask":              {item(flow.IPv4{TTL: flow.Masked(1, 0x100)}), "ttl: mask: 256"},
		"IPv6 in IPv4":      {item(flow.IPv4{Dst: flow.Is(six)}), "2001:db8::1 is not an address of 4 bytes"},
		"IPv4 in IPv6":      {item(flow.IPv6{Dst: flow.Is(netip.MustParseAddr("1.2.3.4"))}), "not an address of 16 bytes"},
		"mapped":            {item(flow.IPv4{Dst: flow.Is(netip.MustParseAddr("::ffff:1.2.3.4"))}), "not an address of 4 bytes"},
		"zone":              {item(flow.IPv6{Dst: flow.Is(netip.MustParseAddr("fe80::1%eth0"))}), "zone"},
		"no address":        {item(flow.IPv4{Dst: flow.Is(netip.Addr{})}), "not valid"},
		"no prefix":         {item(flow.IPv4{Dst: flow.In(netip.Prefix{})}), "not valid"},
		"nil item":          {item(nil), "nil"},
		"nil pointer":       {item((*flow.IPv4)(nil)), "nil"},
		"raw offset":        {item(flow.Raw{Offset: 1 << 31}), "offset"},
		"raw pattern":       {item(flow.Raw{Pattern: make([]byte, 65536)}), "at most 65535"},
		"raw mask":          {item(flow.Raw{Pattern: []byte{1, 2}, Mask: []byte{1}}), "Mask has 1 bytes, and Pattern 2"},
		"custom":            {item(flow.CustomItem{Type: c.ItemUDP, Mask: []byte{1}}), "without Spec"},
		"custom size":       {item(flow.CustomItem{Type: c.ItemUDP, Spec: make([]byte, 8), Mask: make([]byte, 7)}), "7 bytes are not a struct of this type, which has 8"},
		"custom pointer":    {item(flow.CustomItem{Type: c.ItemRaw}), "use Raw"},
		"custom conf":       {action(flow.CustomAction{Type: c.ActionQueue, Conf: []byte{1}}), "1 bytes are not"},
		"custom RSS":        {action(flow.CustomAction{Type: c.ActionRSS}), "holds a pointer"},
		"custom type":       {item(flow.CustomItem{Type: -1}), "negative"},
		"group":             {flow.Rule{Group: -1}, "group: -1"},
		"priority":          {flow.Rule{Priority: 1 << 32}, "priority: 4294967296"},
		"nil action":        {action(nil), "nil"},
		"queue":             {action(flow.Queue{Index: -1}), "index: -1"},
		"no such queue":     {action(flow.Queue{Index: 8}), "receive queue 8 does not exist: the Config has 8"},
		"no such RSS queue": {action(flow.RSS{Queues: []int{1, 9}}), "receive queue 9"},
		"RSS queue":         {action(flow.RSS{Queues: []int{1 << 16}}), "65536"},
		"age":               {action(flow.Age{Timeout: 1500e6}), "whole number of seconds"},
		"long age":          {action(flow.Age{Timeout: 1 << 24 * 1e9}), "16777216"},
		"no headers":        {action(flow.RawEncap{}), "the data is empty"},
		"preserve":          {action(flow.RawEncap{Data: []byte{1, 2}, Preserve: []byte{1}}), "Preserve has 1 bytes"},
		"VXLAN header":      {action(flow.VXLANEncap{Headers: []flow.Item{flow.Eth{}, flow.VXLAN{VNI: flow.Is(1 << 24)}}}), "header 1: vni: 16777216"},
		"address to set":    {action(flow.SetSrcIP{}), "not valid"},
		"MAC mask":          {item(flow.Eth{Dst: flow.Range(header.MAC{1}, header.MAC{})}), "ends with 00:00"},
	} {
		err := flow.Validate(p, tc.rule)
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
		assert.ErrorContains(t, err, tc.says, name)
		var e *flow.Error
		require.ErrorAs(t, err, &e, name)
		if len(tc.rule.Pattern) > 0 {
			assert.Equal(t, []int{1, -1}, []int{e.Item, e.Action}, name)
		} else if len(tc.rule.Actions) > 0 {
			assert.Equal(t, []int{-1, 1}, []int{e.Item, e.Action}, name)
		}
		_, err = flow.Create(p, tc.rule)
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
	}
	assert.Empty(t, flowfake.Now().Text, "the driver has seen a rule")
}
