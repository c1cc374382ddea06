//go:build !linux

package udp

import (
	"net/netip"
	"sync"
	"syscall"
)

const hasControl = false

func (c *KernelConn) setup() error {
	if c.kernel.index != 0 {
		return errUnsupported
	}
	return nil
}

func reusePort(string, string, syscall.RawConn) error { return errUnsupported }

func (c *KernelConn) apply(uintptr, *options) error { return errUnsupported }

func zoneIndex(string) uint32 { return 0 }

func membership(uintptr, netip.Addr, int, bool) error { return errUnsupported }

func (c *KernelConn) dropped() uint64 { return 0 }

func (c *KernelConn) readMsg(b, _ []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	n, _, _, addr, err = c.udp.ReadMsgUDPAddrPort(b, nil)
	if err != nil {
		return 0, 0, 0, netip.AddrPort{}, err
	}
	return n, 0, 0, addr, nil
}

func (c *KernelConn) writeMsg(_, _ []byte, addr netip.AddrPort, bad error) error {
	if _, err := c.addressee(addr, bad); err != nil {
		return err
	}
	return errUnsupported
}

var largeBuffers = sync.Pool{New: func() any { return new([1 << 16]byte) }}

func (c *KernelConn) readBatch(ds []Datagram) (int, error) {
	b := largeBuffers.Get().(*[1 << 16]byte)
	defer largeBuffers.Put(b)
	n, from, err := c.udp.ReadFromUDPAddrPort(b[:])
	if err != nil {
		return 0, c.readError("recvfrom", innerError(err))
	}
	ds[0] = Datagram{From: from, data: append([]byte(nil), b[:n]...)}
	if n <= small {
		ds[0].lent = lents.Get().(*lent)
		ds[0].data = append(ds[0].lent.data[:0:n], b[:n]...)
	}
	return 1, nil
}

func (c *KernelConn) writeSome(ms []Message) (int, error) {
	to, err := target(c.remote, ms[0].To, c.v4, c.v6)
	switch {
	case err != nil:
		err = c.first(err)
	case ms[0].TOS != 0 || ms[0].From.IsValid():
		err = errUnsupported
	case c.remote.IsValid():
		_, err = c.udp.Write(ms[0].Data)
	default:
		_, err = c.udp.WriteToUDPAddrPort(ms[0].Data, to)
	}
	if err != nil {
		return 0, innerError(err)
	}
	return 1, nil
}
