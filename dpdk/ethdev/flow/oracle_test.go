//go:build linux

package flow_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/test/flowfake"
	"github.com/godpdk/godpdk/test/harness"
)

// dump returns the structs that the driver gets for a rule.
func dump(t testing.TB, p *ethdev.Port, text string) string {
	t.Helper()
	require.NoError(t, flow.Validate(p, parse(t, text)), text)
	return flowfake.Now().Text
}

// notInTestpmd are the fields that dpdk-testpmd of 22.11 cannot set. TestHeadersHaveTheFormOfTheProtocol checks them.
var notInTestpmd = map[string]bool{
	"ipv4 length": true, "arp_eth_ipv4 op": true, "mpls ttl": true, "nvgre flow_id": true, "vxlan flags": true, "vxlan-gpe protocol": true,
	"ipv6 has_hop_ext": true, "ipv6 has_route_ext": true, "ipv6 has_auth_ext": true, "ipv6 has_esp_ext": true, "ipv6 has_dest_ext": true,
	"ipv6 has_mobil_ext": true, "ipv6 has_hip_ext": true, "ipv6 has_shim6_ext": true,
}

// values returns two values and a mask for a field.
func values(f flow.Field) (first, last, mask string) {
	switch f.Kind {
	case "ip":
		if f.Bits == 32 {
			return "10.1.2.3", "10.1.2.9", "255.255.0.255"
		}
		return "2001:db8::1:2", "2001:db8::1:f", "ffff:ffff:0:ffff::ff"
	case "mac":
		return "02:11:22:33:44:55", "02:11:22:33:44:66", "ff:ff:00:ff:0f:ff"
	case "bit":
		return "1", "1", "1"
	}
	ones := uint64(1)<<f.Bits - 1
	return fmt.Sprint(0x5a5a5a5a & ones), fmt.Sprint(0x6b6b6b6b & ones), fmt.Sprintf("%#x", 0xa5c3_5a1f&ones|1)
}

// Each field of each item, and each action, must be the same bytes as dpdk-testpmd makes of the same text.
func TestStructsAreThoseOfTestpmd(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages, harness.Testpmd, harness.Compiler)
	type rule struct{ ours, testpmd string }
	var rules []rule
	same := func(text string) { rules = append(rules, rule{text, text}) }
	pattern := func(item string) { same("ingress pattern " + item + " / end actions drop / end") }
	action := func(text string) { same("ingress pattern eth / end actions " + text + " / end") }

	masks := map[int]string{}
	if crashesOnPrefixes(t) {
		masks = map[int]string{32: "mask 255.255.248.0", 128: "mask ffff:f800::"}
	}
	tested := map[string]bool{}
	fields := flow.Fields()
	slices.SortFunc(fields, func(a, b flow.Field) int { return cmp.Compare(a.Item+" "+a.Name, b.Item+" "+b.Name) })
	for _, f := range fields {
		tested[f.Item] = true
		if notInTestpmd[f.Item+" "+f.Name] {
			continue
		}
		first, last, mask := values(f)
		name := f.Item + " " + f.Name
		pattern(fmt.Sprintf("%s is %s", name, first))
		if name == "tag index" { // testpmd has only "is" for it
			continue
		}
		pattern(fmt.Sprintf("%s spec %s %s mask %s", name, first, f.Name, mask))
		if f.Kind != "bit" {
			pattern(fmt.Sprintf("%s is %s %s last %s", name, first, f.Name, last))
		}
		if f.Kind == "ip" {
			text := fmt.Sprintf("ingress pattern %s spec %s %s %%s / end actions drop / end", name, first, f.Name)
			rules = append(rules, rule{fmt.Sprintf(text, "prefix 21"), fmt.Sprintf(text, cmp.Or(masks[f.Bits], "prefix 21"))})
		}
	}
	items, actions := flow.Names()
	for _, name := range items {
		if name != "custom" && name != "raw" {
			pattern(name)
		}
	}
	pattern("eth type is 0x8100 has_vlan is 1 / vlan vid is 5 pcp is 3 / ipv4 proto is 17 src is 1.2.3.4 / udp dst is 53")
	pattern("raw relative is 0 search is 0 offset is 12 limit is 0 pattern is abcdef")
	pattern("eth / raw relative is 1 search is 1 offset is 4 limit is 100 pattern is x")
	same("group 3 egress pattern eth / end actions drop / end")
	same("transfer pattern eth / end actions drop / end")
	same("ingress transfer pattern eth / end actions drop / end")

	for _, text := range []string{
		"queue index 3", "drop", "passthru", "void", "flag", "mark id 77", "jump group 9", "count", "count identifier 5", "age timeout 16777215",
		"pf", "vf id 3", "vf original 1 id 0", "port_id id 1", "port_id original 1 id 0", "port_representor port_id 0", "represented_port ethdev_port_id 0",
		"send_to_kernel", "meter mtr_id 4", "of_pop_vlan", "of_push_vlan ethertype 0x88a8", "of_set_vlan_vid vlan_vid 4095", "of_set_vlan_pcp vlan_pcp 5",
		"vxlan_decap", "mac_swap", "dec_ttl", "set_ttl ttl_value 64", "set_mac_src mac_addr 02:01:02:03:04:05", "set_mac_dst mac_addr 02:01:02:03:04:06",
		"set_ipv4_src ipv4_addr 10.1.2.3", "set_ipv4_dst ipv4_addr 10.1.2.4", "set_ipv6_src ipv6_addr 2001:db8::1", "set_ipv6_dst ipv6_addr 2001:db8::2",
		"set_tp_src port 4660", "set_tp_dst port 22136", "set_ipv4_dscp dscp_value 46", "set_ipv6_dscp dscp_value 10",
		"set_meta data 0x12345678 mask 0xff00ff", "set_tag data 5 mask 0xff index 2",
		"rss queues 0 1 2 end types ipv4 ipv6-udp l4-dst-only end",
		"rss func toeplitz level 2 types ip end queues 7 5 end",
		"rss func symmetric_toeplitz types tcp end queues 1 end",
		"rss func simple_xor types udp sctp vlan end queues 1 end",
		"rss types ipv4 end key " + strings.Repeat("0123456789abcdef0f1e", 4) + " key_len 40 queues 3 end",
		"mark id 1 / count / queue index 7",
	} {
		tested[strings.Fields(text)[0]] = true
		action(text)
	}

	const (
		addresses = "020102030406" + "020102030405" + "0000"
		eth       = "eth src is 02:01:02:03:04:05 dst is 02:01:02:03:04:06 "
		ingress   = "ingress pattern eth / end actions "
		outer     = eth + "/ ipv4 src is 10.0.0.1 dst is 10.0.0.2 / udp src is 5 dst is 6 / vxlan vni is 4 / end"
	)
	set := []string{
		"set raw_encap 0 " + eth + "/ end_set",
		"set raw_decap 0 " + eth + "/ end_set",
		"set vxlan ip-version ipv4 vni 4 udp-src 5 udp-dst 6 ip-src 10.0.0.1 ip-dst 10.0.0.2 eth-src 02:01:02:03:04:05 eth-dst 02:01:02:03:04:06",
	}
	rules = append(rules,
		rule{ingress + "raw_decap data_hex " + addresses + " / drop / end", ingress + "raw_decap index 0 / drop / end"},
		rule{ingress + "raw_encap data_hex " + addresses + " / drop / end", ingress + "raw_encap index 0 / drop / end"},
		rule{ingress + "vxlan_encap definition " + outer + " / drop / end", ingress + "vxlan_encap / drop / end"})
	for _, name := range []string{"custom", "raw_encap", "raw_decap", "vxlan_encap"} {
		tested[name] = true // custom in TestCustomTypes
	}
	for _, name := range append(items, actions...) {
		assert.True(t, tested[name] || slices.Contains([]string{"void", "invert", "raw"}, name), "no rule has %s", name)
	}

	// The priority of a rule is its number: testpmd leaves out commands that it does not understand.
	var commands []string
	for i, r := range rules {
		commands = append(commands, fmt.Sprintf("flow validate 0 priority %d %s", i, r.testpmd))
	}
	dumps := testpmd(t, append(set, commands...))
	p := faked(t)
	for i, r := range rules {
		ours := dump(t, p, fmt.Sprintf("priority %d %s", i, r.ours))
		first, _, _ := strings.Cut(ours, "\n")
		at := slices.IndexFunc(dumps, func(d string) bool { return strings.HasPrefix(d, first) })
		if assert.GreaterOrEqual(t, at, 0, "testpmd does not understand %s", r.testpmd) {
			assert.Equal(t, dumps[at], ours, r.ours)
		}
	}
}

// crashesOnPrefixes returns whether dpdk-testpmd reads an array of a function that has returned when it parses a prefix, as it does
// since DPDK's commit c439a84f1a (25.03). The prefix that it finds there depends on the compiler.
func crashesOnPrefixes(t *testing.T) bool {
	t.Helper()
	if cgo.BuildVersion() < 25<<24|3<<16 {
		return false
	}
	dumps, _, err := runTestpmd(t, []string{"flow validate 0 ingress pattern ipv4 src spec 10.1.2.3 src prefix 21 / end actions drop / end"})
	if err == nil && len(dumps) == 1 {
		return false
	}
	t.Log("dpdk-testpmd does not parse a prefix, it gets masks:", err)
	return true
}

// testpmd runs commands in dpdk-testpmd, and returns the rules that it validates.
func testpmd(t *testing.T, commands []string) []string {
	t.Helper()
	dumps, output, err := runTestpmd(t, commands)
	require.NoError(t, err, output)
	for n, line := range strings.Split(output, "\n") {
		if strings.Contains(line, "Bad arguments") || strings.Contains(line, "Command not found") || strings.Contains(line, "Ambiguous command") {
			t.Log(n, line)
		}
	}
	return dumps
}

func runTestpmd(t *testing.T, commands []string) (dumps []string, output string, err error) {
	t.Helper()
	dir := t.TempDir()
	script, file, library := filepath.Join(dir, "commands"), filepath.Join(dir, "dump"), filepath.Join(dir, "preload.so")
	require.NoError(t, os.WriteFile(script, []byte(strings.Join(commands, "\n")+"\n"), 0o644))
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	flags, err := exec.Command("pkg-config", "--cflags", "libdpdk").Output()
	require.NoError(t, err)
	source := "../../../test/flowfake/preload/preload.c"
	out, err := exec.Command("cc", append(strings.Fields(string(flags)), "-O2", "-Wall", "-DALLOW_EXPERIMENTAL_API", "-shared", "-fPIC", "-o", library, source)...).CombinedOutput()
	require.NoError(t, err, string(out))

	cmd := exec.Command("dpdk-testpmd", "-l", "0,1", "--no-pci", "--in-memory", "--no-telemetry", "-m", "64", "--vdev", "net_null0",
		"--", "-i", "--total-num-mbufs=2048", "--rxq=8", "--txq=8", "--no-mlockall", "--cmdline-file="+script)
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+library, "FLOW_DUMP="+file)
	cmd.Stdin = strings.NewReader("quit\n")
	out, err = cmd.CombinedOutput()
	text, readErr := os.ReadFile(file)
	require.NoError(t, readErr)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "rule ") {
			dumps = append(dumps, "")
		}
		dumps[len(dumps)-1] += line
	}
	return dumps, string(out), err
}
