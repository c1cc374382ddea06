//go:build linux

// Package nic runs Go programs over DPDK in a guest with emulated PCI NICs: see README.md.
package nic

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

// envLab is the folder of build.sh.
const envLab = "GODPDK_NIC_LAB"

func TestMain(m *testing.M) { harness.Main(m) }

func TestNICs(t *testing.T) {
	if os.Getenv(envLab) == "" {
		t.Skip("it boots guests: run make test-nic")
	}
	harness.Need(t, harness.Root)
	require.NoError(t, haveTaps())
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if !k.exists() {
				t.Skipf("this QEMU has no %s", k.device)
			}
			t.Parallel() // some tests only wait
			g := boot(t, k)
			s := newTaps(t, k)
			names := g.tests(t)
			for name := range k.skips {
				assert.Contains(t, names, name, "in the table of skipped tests")
			}
			for _, name := range names {
				t.Run(name, func(t *testing.T) { g.test(t, k, name) })
			}
			t.Run("Doctor", func(t *testing.T) { g.doctor(t) })
			t.Run("NegativeControl", func(t *testing.T) { g.negative(t, k) })
			s.split(t)
			t.Run("Echo", func(t *testing.T) { g.echo(t, k, s) })
			t.Run("L2fwd", func(t *testing.T) { g.l2fwd(t, k, s) })
			t.Run("SymmetricMP", func(t *testing.T) { g.symmetricMP(t, k, s) })
		})
	}
}

// tests lists the tests in the guest.
func (g *guest) tests(t *testing.T) []string {
	t.Helper()
	c := g.start(t, testLimit, []string{"GODPDK_NIC=list"}, "/guest.test", "-test.list=^Test")
	end := c.wait()
	require.True(t, end.OK, "%s\n%s", end.State, c.output.String())
	names := strings.Fields(c.output.String())
	require.NotEmpty(t, names)
	return names
}

// environment is that of a test in the guest.
func (g *guest) environment(k kind) []string {
	env := []string{"GODPDK_NIC=" + k.name, "GODPDK_NIC_EAL=" + strings.Join(k.eal, " "), "GODPDK_NIC_JOINED=1", "GODPDK_NIC_DEVICE_B=" + k.plug(1)}
	for i, nic := range g.nics {
		env = append(env, fmt.Sprintf("GODPDK_NIC_%c=%s", 'A'+i, nic))
	}
	return env
}

// test runs a test in the guest.
func (g *guest) test(t *testing.T, k kind, name string) {
	c := g.start(t, testLimit, g.environment(k), "/guest.test", "-test.v", "-test.run=^"+name+"$")
	end := c.wait()
	out := c.output.String()
	reason, mayskip := k.skips[name]
	skips := strings.Contains(out, "\n--- SKIP: "+name+" ")
	switch {
	case end.Expired:
		t.Errorf("not finished after %v:\n%s", testLimit, out)
	case !end.OK:
		t.Errorf("%s:\n%s", end.State, out)
	case skips && (!mayskip || !strings.Contains(out, reason)):
		t.Errorf("it may not be skipped for this reason:\n%s", out)
	case skips:
		t.Skip(reason)
	case mayskip:
		t.Errorf("it is in the table of skipped tests, and passes: remove it there")
	case !strings.Contains(out, "\n--- PASS: "+name+" "):
		t.Errorf("it did not run to its end:\n%s", out)
	default:
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "    ") { // a line of the test's log
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// negative runs a test that must fail, because nothing joins the NICs.
func (g *guest) negative(t *testing.T, k kind) {
	env := append(g.environment(k), "GODPDK_NIC_JOINED=0", "GODPDK_NIC_B="+g.nics[2])
	c := g.start(t, testLimit, env, "/guest.test", "-test.v", "-test.run=^TestFramesBothWays$")
	end := c.wait()
	out := c.output.String()
	assert.False(t, end.OK, "it must fail without a cable")
	assert.False(t, end.Expired)
	assert.Contains(t, out, "--- FAIL: TestFramesBothWays")
	assert.Contains(t, out, "received 0")
}
