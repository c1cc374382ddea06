package flow_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/dpdk/header"
)

var texts = []struct {
	text string
	rule flow.Rule
}{
	{simple, flow.Rule{
		Ingress: true,
		Pattern: []flow.Item{flow.Eth{}, flow.IPv4{Dst: flow.Is(netip.MustParseAddr("10.0.0.1"))}},
		Actions: []flow.Action{flow.Queue{Index: 3}},
	}},
	{"group 1 priority 2 ingress egress transfer pattern end actions end", flow.Rule{Group: 1, Priority: 2, Ingress: true, Egress: true, Transfer: true}},
	{"egress pattern eth dst spec 02:00:00:00:00:00 dst mask ff:00:00:00:00:00 has_vlan is 1 / vlan vid is 5 vid last 9 / end actions drop / end", flow.Rule{
		Egress:  true,
		Pattern: []flow.Item{flow.Eth{Dst: flow.Masked(header.MAC{2}, header.MAC{0xff}), HasVLAN: flow.Is(true)}, flow.VLAN{VID: flow.Range(5, 9)}},
		Actions: []flow.Action{flow.Drop{}},
	}},
	{"ingress pattern ipv6 src spec 2001:db8:: src prefix 32 / tcp dst spec 64 dst mask 0xffc0 dst last 127 / end actions rss func toeplitz level 2 types ipv4 ipv4-tcp end key 0102 queues 1 2 end / age timeout 60 / end", flow.Rule{
		Ingress: true,
		Pattern: []flow.Item{flow.IPv6{Src: flow.In(netip.MustParsePrefix("2001:db8::/32"))}, tcpRange()},
		Actions: []flow.Action{
			flow.RSS{Func: flow.HashToeplitz, Level: 2, Types: ethdev.RSSIPv4 | ethdev.RSSIPv4TCP, Key: []byte{1, 2}, Queues: []int{1, 2}},
			flow.Age{Timeout: time.Minute},
		},
	}},
	{"transfer pattern raw relative is 0 search is 1 offset is -2 limit is 5 pattern_hex spec 0a0b pattern_hex mask ff0f / custom type 9 spec_hex 00 mask_hex ff / end actions custom type 6 conf_hex 0100 / set_ipv6_dst ipv6_addr 2001:db8::1 / set_ipv6_dscp dscp_value 3 / set_mac_src mac_addr 02:00:00:00:00:01 / end", flow.Rule{
		Transfer: true,
		Pattern: []flow.Item{
			flow.Raw{Search: true, Offset: -2, Limit: 5, Pattern: []byte{10, 11}, Mask: []byte{0xff, 15}},
			flow.CustomItem{Type: 9, Spec: []byte{0}, Mask: []byte{255}},
		},
		Actions: []flow.Action{
			flow.CustomAction{Type: 6, Conf: []byte{1, 0}}, flow.SetDstIP{netip.MustParseAddr("2001:db8::1")}, flow.SetDSCP{DSCP: 3, IPv6: true},
			flow.SetSrcMAC{header.MAC{2, 5: 1}},
		},
	}},
	{"egress pattern eth / end actions vxlan_encap definition eth / ipv4 / udp / vxlan vni is 7 / end / raw_decap data_hex 0a / set_meta data 5 mask 0xff / count identifier 3 / port_id original 1 id 0 / end", flow.Rule{
		Egress:  true,
		Pattern: []flow.Item{flow.Eth{}},
		Actions: []flow.Action{
			flow.VXLANEncap{Headers: []flow.Item{flow.Eth{}, flow.IPv4{}, flow.UDP{}, flow.VXLAN{VNI: flow.Is(7)}}}, flow.RawDecap{Data: []byte{10}},
			flow.SetMeta{Data: 5, Mask: 255}, flow.Count{ID: 3}, flow.ToPortID{Original: true},
		},
	}},
}

// tcpRange has a range of masked values, which only the text can make.
func tcpRange() flow.Item {
	r, err := flow.Parse("pattern tcp dst spec 64 dst mask 0xffc0 dst last 127 / end actions end")
	if err != nil {
		panic(err)
	}
	return r.Pattern[0]
}

func TestRulesAreParsedAndPrinted(t *testing.T) {
	for _, tc := range texts {
		r, err := flow.Parse(tc.text)
		require.NoError(t, err, tc.text)
		assert.Equal(t, tc.rule, r)
		assert.Equal(t, tc.text, r.String())
	}
}

func TestOtherFormsOfText(t *testing.T) {
	for other, text := range map[string]string{
		"pattern eth / end actions drop / end":                                   "ingress pattern eth / end actions drop / end",
		"pattern eth end actions drop end":                                       "ingress pattern eth / end actions drop / end",
		"pattern udp dst is 0x35 / end actions queue index 0x3 / end":            "ingress pattern udp dst is 53 / end actions queue index 3 / end",
		"pattern ipv4 dst spec 10.0.0.0 dst mask 255.0.0.0 / end actions end":    "ingress pattern ipv4 dst spec 10.0.0.0 dst prefix 8 / end actions end",
		"pattern ipv4 dst mask 255.0.255.0 dst spec 10.0.0.0 / end actions end":  "ingress pattern ipv4 dst spec 10.0.0.0 dst mask 255.0.255.0 / end actions end",
		"pattern raw pattern is AB / end actions end":                            "ingress pattern raw relative is 0 search is 0 offset is 0 limit is 0 pattern_hex is 4142 / end actions end",
		"pattern end actions rss types ip end key 00 key_len 1 queues end / end": "ingress pattern end actions rss types " + ipTypes() + " end key 00 queues end / end",
		"pattern udp dst spec 80 dst prefix 12 / end actions end":                "ingress pattern udp dst spec 80 dst mask 0xfff0 / end actions end",
		"\n\tpattern  eth\n/ end\nactions drop / end\n":                          "ingress pattern eth / end actions drop / end",
	} {
		r, err := flow.Parse(other)
		require.NoError(t, err, other)
		assert.Equal(t, text, r.String(), other)
	}
}

func ipTypes() string {
	s := ""
	for bit := ethdev.RSSType(1); bit != 0; bit <<= 1 {
		if ethdev.RSSIP&bit != 0 {
			s += " " + bit.String()
		}
	}
	return s[1:]
}

func TestWrongTextsAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                                                           "use group, priority",
		"flow create 0 ingress":                                      `word 1, "flow"`,
		"ingress":                                                    "and then pattern",
		"group x pattern":                                            `word 2, "x"`,
		"group -1 pattern":                                           `"-1"`,
		"pattern":                                                    `use end, or one of ah, any`,
		"pattern ether / end":                                        `word 2, "ether": it is unknown: use end, or one of`,
		"pattern eth / end drop":                                     `"actions" must follow`,
		"pattern eth / end actions drop":                             `word 6, "drop": drop does not have this parameter: use one of "/" and "end"`,
		"pattern eth / end actions drop / end x":                     "has ended before",
		"pattern eth color is red / end":                             `word 3, "color": eth does not have this field: use one of dst src type has_vlan`,
		"pattern eth type":                                           `"" is unknown: use is, spec, last, mask or prefix`,
		"pattern eth type eq 5 / end":                                `"eq" is unknown`,
		"pattern eth type is / end":                                  `word 5, "/"`,
		"pattern eth type is 65536 / end":                            "out of range",
		"pattern eth dst is 1:2 / end":                               "1:2",
		"pattern ipv4 dst is ::1 / end":                              "::1 is not an address of 4 bytes",
		"pattern ipv4 dst is 10.0.0.0/8 / end":                       "10.0.0.0/8",
		"pattern ipv4 dst spec 10.0.0.0 / end":                       "ipv4 dst: spec without mask",
		"pattern ipv4 dst mask 10.0.0.0 / end":                       "ipv4 dst: the value is missing",
		"pattern ipv4 dst prefix 33 / end":                           "prefix 33 is longer than the field",
		"pattern raw offset spec 5 / end":                            `"spec" is not possible here: use is`,
		"pattern raw pattern_hex is 0 / end":                         "odd length",
		"pattern end actions rss queues 1 2":                         "invalid syntax",
		"pattern end actions rss types ipv5 end":                     `"ipv5" is not a type of RSS`,
		"pattern end actions rss types ipv4":                         `"end" is missing`,
		"pattern end actions rss func md5 / end":                     "use one of default, toeplitz",
		"pattern end actions rss key 00 key_len 2 / end":             "the length is 2, but there are 1 bytes",
		"pattern end actions vxlan_encap definition eth / foo / end": `"foo": it is unknown`,
	} {
		r, err := flow.Parse(text)
		require.ErrorIs(t, err, dpdk.ErrInvalid, text)
		assert.ErrorContains(t, err, says, text)
		assert.Equal(t, flow.Rule{}, r)
	}
}

func TestRulesInJSON(t *testing.T) {
	type config struct{ Rules []flow.Rule }
	in := config{[]flow.Rule{texts[0].rule, texts[3].rule}}
	b, err := json.Marshal(in)
	require.NoError(t, err)
	assert.Contains(t, string(b), simple)
	var out config
	require.NoError(t, json.Unmarshal(b, &out))
	assert.Equal(t, in, out)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"Rules":["x"]}`), &out), dpdk.ErrInvalid)
}

// A rule that Parse accepts is the same after String and Parse.
func FuzzParse(f *testing.F) {
	for _, tc := range texts {
		f.Add(tc.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := flow.Parse(text)
		if err != nil {
			return
		}
		again, err := flow.Parse(r.String())
		require.NoError(t, err, r)
		assert.Equal(t, r.String(), again.String())
	})
}
