//go:build linux

package vdev_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

func TestFrameSizesHoldTheMTU(t *testing.T) {
	page := os.Getpagesize()
	for mtu := 68; mtu < 20000; mtu += 7 {
		frame, block, room, err := vdev.FrameSizes(mtu)
		require.NoError(t, err)
		require.GreaterOrEqual(t, frame, mtu+14+66, mtu)
		require.Zero(t, frame%16, mtu)
		require.Zero(t, block%page, mtu)
		require.Zero(t, block%frame, mtu)
		require.GreaterOrEqual(t, room, frame-32+mbuf.DefaultHeadroom, mtu)
		require.LessOrEqual(t, room, 65535, mtu)
	}
	for _, mtu := range []int{-1, 67, 61353, 65536, 1 << 40} {
		_, _, _, err := vdev.FrameSizes(mtu)
		require.ErrorIs(t, err, dpdk.ErrInvalid, mtu)
	}
}

// With the sizes of FrameSizes the port receives a frame of the interface's MTU completely. With
// smaller frames Devargs fails.
func TestAFPacketReceivesFramesOfTheMTU(t *testing.T) {
	harness.Need(t, harness.Root)
	for _, mtu := range []int{1500, 1894, 1895, 4000, 9000, 61352} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			w := harness.Wire(t)
			for _, name := range []string{w.Near.Name, w.Far.Name} {
				host := w.Near.Host
				if name == w.Far.Name {
					host = w.Far.Host
				}
				require.NoError(t, host.Do(func() error {
					link, err := netlink.LinkByName(name)
					if err != nil {
						return err
					}
					return netlink.LinkSetMTU(link, mtu)
				}))
			}
			d := vdev.AFPacket{Interface: w.Near.Name, Frames: 16}
			_, err := d.Devargs()
			if mtu > 2048-66-22 {
				require.ErrorIs(t, err, dpdk.ErrInvalid)
				require.Contains(t, err.Error(), fmt.Sprintf("MTU of %s is %d", w.Near.Name, mtu))
			} else {
				require.NoError(t, err)
			}
			var room int
			d.FrameSize, d.BlockSize, room, err = vdev.FrameSizes(mtu)
			require.NoError(t, err)
			pools++
			pool, err := mbuf.CreatePool(fmt.Sprint("pool ", pools), 63, mbuf.PoolConfig{DataRoom: room})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, pool.Free()) })
			p := open(t, d, ethdev.Config{Pool: pool})

			frame := make([]byte, mtu+14)
			copy(frame[12:], []byte{0x88, 0xb5})
			require.NoError(t, w.Far.Do(func() error { return sendFrame(w.Far.Name, frame) }))
			var pkts [1]*mbuf.Mbuf
			require.Eventually(t, func() bool { return p.RxQueue(0).Burst(pkts[:]) == 1 }, 10*time.Second, time.Millisecond)
			assert.Equal(t, len(frame), pkts[0].Len())
			pkts[0].Free()
		})
	}
}

// sendFrame sends a frame through a packet socket.
func sendFrame(iface string, frame []byte) error {
	link, err := netlink.LinkByName(iface)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n, err := unix.SendmsgN(fd, frame, nil, &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index}, 0)
	if err == nil && n != len(frame) {
		err = errors.New("the frame was not sent completely")
	}
	return err
}
