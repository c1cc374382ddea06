//go:build linux

package nic

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/test/wire"
)

// taps are the host's ends of the NICs C and D, in the network namespace of the tests. A bridge joins them at first.
type taps struct {
	c, d   string // interfaces
	bridge netlink.Link
}

// tun is the file of the kernel through which QEMU makes taps.
var tun = "/dev/net/tun"

// haveTaps returns an error if the kernel makes no taps here.
func haveTaps() error {
	f, err := os.OpenFile(tun, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("the guests' NICs C and D need taps: %w: run modprobe tun on the host; a container also needs --device /dev/net/tun", err)
	}
	return f.Close()
}

func TestALabWithoutTapsNamesTheFix(t *testing.T) {
	defer func(before string) { tun = before }(tun)
	tun = filepath.Join(t.TempDir(), "tun")
	err := haveTaps()
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Contains(t, err.Error(), "modprobe tun")
	assert.Contains(t, err.Error(), "--device /dev/net/tun")
}

func newTaps(t *testing.T, k kind) *taps {
	t.Helper()
	h, err := wire.Here()
	require.NoError(t, err)
	defer h.Close()
	s := &taps{c: k.tapName(2), d: k.tapName(3), bridge: &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: k.name + "-br"}}}
	require.NoError(t, netlink.LinkAdd(s.bridge))
	t.Cleanup(func() { s.split(t) })
	for _, name := range []string{s.c, s.d} {
		require.NoError(t, h.Quiet(name))
		require.NoError(t, h.Up(name))
		tap, err := netlink.LinkByName(name)
		require.NoError(t, err)
		require.NoError(t, netlink.LinkSetMaster(tap, s.bridge))
	}
	require.NoError(t, h.Quiet(s.bridge.Attrs().Name))
	require.NoError(t, h.Up(s.bridge.Attrs().Name))
	return s
}

// split removes the bridge.
func (s *taps) split(t *testing.T) {
	t.Helper()
	if s.bridge != nil {
		require.NoError(t, netlink.LinkDel(s.bridge))
		s.bridge = nil
	}
}

// port is an interface of the host, for the frames that it sends and receives.
type port struct {
	t  *testing.T
	fd int
}

// etherType is the type of the frames, which IEEE keeps for experiments.
const etherType = 0x88b5

func newPort(t *testing.T, iface string) *port {
	t.Helper()
	i, err := net.InterfaceByName(iface)
	require.NoError(t, err)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	all := uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}))
	return &port{t, fd}
}

func (p *port) send(frame []byte) {
	p.t.Helper()
	_, err := unix.Write(p.fd, frame)
	require.NoError(p.t, err)
}

// receive returns the next frame that came from the NIC and has the type of the tests; nil after the time.
func (p *port) receive(limit time.Duration, kind uint16) []byte {
	p.t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		left := unix.NsecToTimeval(max(1000, time.Until(end).Nanoseconds()))
		require.NoError(p.t, unix.SetsockoptTimeval(p.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &left))
		b := make([]byte, 2048)
		n, from, err := unix.Recvfrom(p.fd, b, 0)
		if err == unix.EAGAIN || err == unix.EINTR {
			continue
		}
		require.NoError(p.t, err)
		if from.(*unix.SockaddrLinklayer).Pkttype != unix.PACKET_OUTGOING && n > 14 && binary.BigEndian.Uint16(b[12:]) == kind {
			return b[:n]
		}
	}
	return nil
}
