package main

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/test/wire"
)

// packetSocket returns a packet socket on an interface. It receives frames of protocol, 0 for none.
func packetSocket(end wire.End, protocol uint16) (fd int, err error) {
	link, err := end.Link(end.Name)
	if err != nil {
		return -1, err
	}
	err = end.Do(func() (err error) {
		defer func() {
			if err != nil && fd >= 0 {
				unix.Close(fd)
			}
		}()
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
		for option, value := range map[int]int{unix.SO_SNDBUFFORCE: 8 << 20, unix.SO_RCVBUFFORCE: 8 << 20} {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, value); err != nil {
				return fmt.Errorf("buffers of a packet socket: %w", err)
			}
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol<<8 | protocol>>8, Ifindex: link.Index})
	})
	return fd, err
}

// generator sends frames through an interface, a burst with each system call.
type generator struct {
	fd   int
	iovs [burst]unix.Iovec
	msgs [burst]struct {
		unix.Msghdr
		n int64
	}
}

func newGenerator(end wire.End) (*generator, error) {
	fd, err := packetSocket(end, 0)
	if err != nil {
		return nil, err
	}
	g := &generator{fd: fd}
	for i := range g.msgs {
		g.msgs[i].Iov = &g.iovs[i]
		g.msgs[i].Iovlen = 1
	}
	return g, nil
}

// send sends all frames and returns how long the system calls took. A veth pair delivers a frame to the
// socket at its other end in that time.
func (g *generator) send(frames [][]byte) (took time.Duration, err error) {
	for len(frames) > 0 {
		part := frames[:min(len(frames), burst)]
		for i, f := range part {
			g.iovs[i].Base = &f[0]
			g.iovs[i].SetLen(len(f))
		}
		start := time.Now()
		n, _, e := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(g.fd), uintptr(unsafe.Pointer(&g.msgs)), uintptr(len(part)), 0, 0, 0)
		took += time.Since(start)
		if e != 0 {
			return 0, fmt.Errorf("sendmmsg: %w", e)
		}
		frames = frames[n:]
	}
	return took, nil
}

// sink receives the frames that a contender sends. Its costs are in the contender's call, so it is open in
// checks only.
type sink struct{ fd int }

func newSink(end wire.End) (sink, error) {
	fd, err := packetSocket(end, unix.ETH_P_ALL)
	if err != nil {
		return sink{}, err
	}
	err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}))
	if err != nil {
		return sink{}, errors.Join(err, unix.Close(fd))
	}
	return sink{fd}, nil
}

// take returns the next frame.
func (s sink) take() ([]byte, error) {
	buf := make([]byte, 2048)
	n, _, err := unix.Recvfrom(s.fd, buf, 0)
	if err != nil {
		return nil, fmt.Errorf("no further frame comes: %w", err)
	}
	return buf[:n], nil
}

func (s sink) close() error { return unix.Close(s.fd) }
