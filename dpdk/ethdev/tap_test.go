//go:build linux

package ethdev_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// newTap returns a started port on a TAP, and the TAP's kernel interface. The interface is in a
// new network namespace, and so is the test's thread from now on. IPv6 is off, so that the kernel
// sends no packets.
func newTap(t *testing.T, cfg ethdev.Config) (*ethdev.Port, *net.Interface) {
	t.Helper()
	harness.Need(t, harness.Root)
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
	require.NoError(t, os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0))
	n := number()
	name := fmt.Sprintf("dtap%d", n)
	p := open(t, fmt.Sprintf("net_tap%d,iface=%s", n, name), cfg)
	i, err := net.InterfaceByName(name)
	require.NoError(t, err)
	return p, i
}

// send sends frames from the kernel's side to the port.
func send(t testing.TB, i *net.Interface, frames ...[]byte) {
	t.Helper()
	sendOne, end := sender(t, i)
	defer end()
	for _, f := range frames {
		sendOne(f)
	}
}

// sender returns a function that sends a frame. Only its end takes long: the kernel waits for all readers of its sockets.
func sender(t testing.TB, i *net.Interface) (send func(frame []byte), end func()) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	return func(f []byte) {
		t.Helper()
		require.NoError(t, unix.Sendto(fd, f, 0, &unix.SockaddrLinklayer{Ifindex: i.Index, Halen: 6}))
	}, func() { unix.Close(fd) }
}

// frame returns a frame with the number n that only the test sends.
func frame(n byte) []byte {
	f := make([]byte, 60)
	copy(f, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, n})
	return f
}

func isFrame(m *mbuf.Mbuf, n byte) bool {
	d := m.Data()
	return len(d) == 60 && d[12] == 0x88 && d[13] == 0xb5 && d[14] == n
}

func TestTapChangesReachTheKernel(t *testing.T) {
	p, i := newTap(t, ethdev.Config{Pool: newPool(t)})
	kernel := func() *net.Interface {
		is, err := net.InterfaceByIndex(i.Index)
		require.NoError(t, err)
		return is
	}
	mac := mac(5)
	require.NoError(t, p.SetMAC(mac))
	assert.Equal(t, mac, kernel().HardwareAddr)
	require.NoError(t, p.SetMTU(1300))
	assert.Equal(t, 1300, kernel().MTU)
	require.NoError(t, p.SetMulticast([]net.HardwareAddr{{1, 0, 0x5e, 0, 0, 9}}))
	require.NoError(t, p.SetMulticast(nil))
	for _, on := range []bool{true, false} {
		require.NoError(t, p.SetPromiscuous(on))
		require.NoError(t, p.SetAllMulticast(on))
		is, err := p.Promiscuous()
		require.NoError(t, err)
		assert.Equal(t, on, is)
	}

	f, err := p.FlowControl()
	require.NoError(t, err)
	assert.Equal(t, ethdev.FlowNone, f.Mode)
	require.NoError(t, p.SetFlowControl(f))
	require.ErrorIs(t, p.SetFlowControl(ethdev.FlowControl{Mode: ethdev.FlowFull}), dpdk.ErrUnsupported)

	require.NoError(t, p.SetLinkDown())
	assert.Zero(t, kernel().Flags&net.FlagUp)
	l, err := p.WaitLink(context.Background(), false)
	require.NoError(t, err)
	assert.False(t, l.Up)
	require.NoError(t, p.SetLinkUp())
	assert.NotZero(t, kernel().Flags&net.FlagUp)
	_, err = p.WaitLink(context.Background(), true)
	require.NoError(t, err)
}

func TestWaitBurstReceives(t *testing.T) {
	pool := newPool(t)
	p, i := newTap(t, ethdev.Config{Pool: pool, RxInterrupts: true})
	rx := p.RxQueue(0)
	sendOne, end := sender(t, i)
	defer end()
	const frames = 200
	got := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		pkts := make([]*mbuf.Mbuf, 4)
		for n := 0; n < frames; {
			select {
			case ready <- struct{}{}: // the next frame is sent while this goes to sleep
			default:
			}
			k, err := rx.WaitBurst(context.Background(), pkts)
			if err != nil || k == 0 {
				got <- fmt.Errorf("%d packets and %w", k, err)
				return
			}
			for _, m := range pkts[:k] {
				if isFrame(m, byte(n)) {
					n++
				}
			}
			mbuf.FreeBulk(pkts[:k])
		}
		got <- nil
	}()
	for n := range frames {
		if n%3 == 0 {
			select {
			case <-ready:
			case <-time.After(time.Millisecond): // it sleeps
			}
		}
		sendOne(frame(byte(n)))
	}
	select {
	case err := <-got:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("a wake-up was lost")
	}
	s, err := p.Stats()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, s.RxPackets, uint64(frames))
}

func TestWaitBurstEndsWithItsContext(t *testing.T) {
	p, i := newTap(t, ethdev.Config{Pool: newPool(t), RxInterrupts: true})
	rx := p.RxQueue(0)
	drainFor(t, rx)
	var pkts [4]*mbuf.Mbuf
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := rx.WaitBurst(ctx, pkts[:])
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = rx.WaitBurst(ctx, pkts[:])
	require.ErrorIs(t, err, context.DeadlineExceeded)

	var n int
	got := make(chan error)
	go func() {
		n, err = rx.WaitBurst(context.Background(), pkts[:])
		got <- err
	}()
	require.True(t, asleep()) // a second wait works too
	send(t, i, frame(7))
	require.NoError(t, <-got)
	require.Equal(t, 1, n)
	assert.True(t, isFrame(pkts[0], 7))
	mbuf.FreeBulk(pkts[:n])
}

// asleep waits until a goroutine sleeps in WaitBurst. It reports false if none does.
func asleep() bool {
	stacks := make([]byte, 1<<20)
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); runtime.Gosched() {
		for g := range bytes.SplitSeq(stacks[:runtime.Stack(stacks, true)], []byte("\n\n")) {
			if bytes.Contains(g, []byte("[IO wait")) && bytes.Contains(g, []byte("ethdev.(*sleeper).wait")) {
				return true
			}
		}
	}
	return false
}

// drainFor frees the packets that the kernel sends when an interface comes up.
func drainFor(t testing.TB, rx ethdev.RxQueue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var pkts [32]*mbuf.Mbuf
	for {
		n, err := rx.WaitBurst(ctx, pkts[:])
		if err != nil {
			return
		}
		mbuf.FreeBulk(pkts[:n])
	}
}

func TestWaitBurstEndsWithThePort(t *testing.T) {
	pool := newPool(t)
	p, i := newTap(t, ethdev.Config{Pool: pool, RxInterrupts: true})
	rx := p.RxQueue(0)
	wait := func() <-chan error {
		ended := make(chan error, 1)
		go func() {
			var pkts [4]*mbuf.Mbuf
			for {
				n, err := rx.WaitBurst(context.Background(), pkts[:])
				mbuf.FreeBulk(pkts[:n])
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		return ended
	}
	for range 5 {
		ended := wait()
		require.True(t, asleep())
		require.NoError(t, p.Stop())
		select {
		case err := <-ended:
			require.ErrorIs(t, err, unix.ENETDOWN)
		case <-time.After(10 * time.Second):
			t.Fatal("it still sleeps")
		}
		require.NoError(t, p.Start())
	}
	drainFor(t, rx)
	send(t, i, frame(9)) // a queue that was stopped can be waited for again
	var pkts [1]*mbuf.Mbuf
	n, err := rx.WaitBurst(context.Background(), pkts[:])
	require.NoError(t, err)
	assert.True(t, isFrame(pkts[0], 9))
	mbuf.FreeBulk(pkts[:n])
}

func TestWaitBurstChecksItsArguments(t *testing.T) {
	pool := newPool(t)
	var pkts [1]*mbuf.Mbuf
	wait := func(q ethdev.RxQueue, pkts []*mbuf.Mbuf) error {
		_, err := q.WaitBurst(context.Background(), pkts)
		return err
	}
	require.ErrorIs(t, wait(open(t, loop(), ethdev.Config{Pool: pool, RxInterrupts: true}).RxQueue(0), pkts[:]), dpdk.ErrUnsupported)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	err := wait(p.RxQueue(0), pkts[:])
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "Config.RxInterrupts")
	require.ErrorIs(t, wait(p.RxQueue(0), nil), dpdk.ErrInvalid)
	require.ErrorIs(t, wait(p.RxQueue(3), pkts[:]), dpdk.ErrInvalid)
	require.ErrorIs(t, wait(ethdev.RxQueue{}, pkts[:]), dpdk.ErrInvalid)
	require.NoError(t, p.Stop())
	require.ErrorIs(t, wait(p.RxQueue(0), pkts[:]), unix.ENETDOWN)
}
