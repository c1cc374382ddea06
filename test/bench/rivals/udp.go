package main

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// udp is a UDP socket of the kernel with package net: one system call for each datagram.
type udp struct {
	conn *net.UDPConn
	peer netip.AddrPort
	buf  []byte
}

func openUDP(p place) (*udp, error) {
	peer, err := netip.ParseAddrPort(p.Far)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		// The socket must hold all datagrams of a turn. SO_RCVBUF stops at a limit of the system.
		failed := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20)
		})
		if err == nil {
			err = failed
		}
		return err
	}}).ListenPacket(context.Background(), "udp4", p.Near)
	if err != nil {
		return nil, err
	}
	return &udp{conn.(*net.UDPConn), peer, make([]byte, 2048)}, nil
}

func (u *udp) receive(n int, look func([]byte)) error {
	for range n {
		k, _, err := u.conn.ReadFromUDPAddrPort(u.buf)
		if err != nil {
			return err
		}
		look(u.buf[:k])
	}
	return nil
}

func (u *udp) send(n int, data []byte) error {
	for range n {
		if _, err := u.conn.WriteToUDPAddrPort(data, u.peer); err != nil {
			return err
		}
	}
	return nil
}

func (u *udp) echo(n int) error {
	for range n {
		k, from, err := u.conn.ReadFromUDPAddrPort(u.buf)
		if err != nil {
			return err
		}
		if _, err := u.conn.WriteToUDPAddrPort(u.buf[:k], from); err != nil {
			return err
		}
	}
	return nil
}

func (u *udp) close() error { return u.conn.Close() }
