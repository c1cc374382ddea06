//go:build linux

package wire_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

func TestMain(m *testing.M) { harness.Main(m) }

// The sandbox is a separate network, without the interfaces of the machine.
func TestSandboxHasOnlyLoopback(t *testing.T) {
	harness.Need(t, harness.Root)
	all, err := net.Interfaces()
	require.NoError(t, err)
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	assert.Equal(t, []string{"lo"}, names)
}

// Both ends of a wire reach each other. The network of this process has neither.
func TestHostsExchangePackets(t *testing.T) {
	harness.Need(t, harness.Root)
	home := networks(t)
	require.Len(t, home, 1)
	w, err := wire.New("talk")
	require.NoError(t, err)
	defer func() { assert.NoError(t, w.Close()) }()
	require.NoError(t, w.Near.Address(w.Near.Name, "10.3.0.1/24"))
	require.NoError(t, w.Far.Address(w.Far.Name, "10.3.0.2/24"))
	var near, far net.PacketConn
	listen := func(c *net.PacketConn, addr string) func() error {
		return func() (err error) { *c, err = net.ListenPacket("udp4", addr); return err }
	}
	require.NoError(t, w.Near.Do(listen(&near, "10.3.0.1:9000")))
	defer near.Close()
	require.NoError(t, w.Far.Do(listen(&far, "10.3.0.2:9000")))
	defer far.Close()
	_, err = near.WriteTo([]byte("hello"), far.LocalAddr())
	require.NoError(t, err)
	buf := make([]byte, 16)
	require.NoError(t, far.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, from, err := far.ReadFrom(buf)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(buf[:n]))
	assert.Equal(t, near.LocalAddr().String(), from.String())
	_, err = net.InterfaceByName(w.Near.Name)
	assert.Error(t, err)
	// Every thread is in its old namespace.
	assert.Equal(t, home, networks(t))
}

// networks returns the network namespaces of the threads of this process.
func networks(t *testing.T) map[string]bool {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/ns/net")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, task := range tasks {
		if ns, err := os.Readlink(task); err == nil { // the thread may have ended
			found[ns] = true
		}
	}
	return found
}

var _ = harness.Role("wired", func(args []string) error {
	w, err := wire.FromHere("left")
	if err != nil {
		return err
	}
	harness.Say("up %s", w.Near.Name)
	harness.Hear()
	return fmt.Errorf("not killed")
})

// When the process dies, the kernel removes the namespace of the far end, and the wire with it.
func TestKilledProcessLeavesNoInterface(t *testing.T) {
	harness.Need(t, harness.Root)
	c := harness.Start(t, "wired")
	name := c.Expect("up ")
	_, err := net.InterfaceByName(name)
	require.NoError(t, err)
	c.Kill()
	assert.Eventually(t, func() bool {
		_, err := net.InterfaceByName(name)
		return err != nil
	}, 20*time.Second, 10*time.Millisecond)
}
