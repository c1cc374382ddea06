package udp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// KernelConn is a UDP socket of a [Kernel]. Its methods are those of a [Conn], with the same errors. Any goroutine may call them
// at any time. The methods that *net.UDPConn has too are those of the *net.UDPConn.
type KernelConn struct {
	kernel  *Kernel
	udp     *net.UDPConn
	raw     syscall.RawConn
	network string
	v4, v6  bool // IP versions
	six     bool // the socket is one of IPv6: addresses of IPv4 are ::ffff:a.b.c.d
	remote  netip.AddrPort
	laddr   net.Addr
	raddr   net.Addr // nil if not connected

	control atomic.Uint32 // a Control
	options atomic.Pointer[options]

	rxDatagrams, rxBytes, txDatagrams, txBytes, rxDropped atomic.Uint64
}

// errUnsupported is the error of what only Linux has here.
var errUnsupported error = syscall.ENOTSUP

// newKernelConn wraps a socket of package net.
func newKernelConn(k *Kernel, network string, u *net.UDPConn) (*KernelConn, error) {
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &KernelConn{kernel: k, udp: u, raw: raw, network: network, laddr: u.LocalAddr(), raddr: u.RemoteAddr()}
	local := u.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	c.v4, c.v6 = local.Is4() || local.IsUnspecified() && network == "udp", local.Is6()
	c.six = c.v6
	if a, ok := c.raddr.(*net.UDPAddr); ok {
		c.remote = netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), uint16(a.Port))
		c.v4, c.v6 = c.remote.Addr().Is4(), c.remote.Addr().Is6()
	} else {
		c.raddr = nil
	}
	c.options.Store(&options{multicastTTL: 1, ttl: 64})
	return c, c.setup()
}

func (c *KernelConn) ok() bool { return c != nil && c.udp != nil }

// UDPConn returns the socket of package net, for options that a Conn does not have. Counters of c do not include what it sends and receives.
func (c *KernelConn) UDPConn() *net.UDPConn {
	if !c.ok() {
		return nil
	}
	return c.udp
}

// Close does what [Conn.Close] does.
func (c *KernelConn) Close() error {
	if !c.ok() {
		return syscall.EINVAL
	}
	c.rxDropped.Store(c.dropped())
	if err := c.udp.Close(); err != nil {
		return err
	}
	c.kernel.remove(c, c.Stats())
	return nil
}

// LocalAddr returns the local address, a *net.UDPAddr. It is the same one in each call: do not change it.
func (c *KernelConn) LocalAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	return c.laddr
}

// RemoteAddr returns the remote address of a connected socket, a *net.UDPAddr, or nil.
func (c *KernelConn) RemoteAddr() net.Addr {
	if !c.ok() {
		return nil
	}
	return c.raddr
}

// SetDeadline does what [Conn.SetDeadline] does.
func (c *KernelConn) SetDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.udp.SetDeadline(t)
}

// SetReadDeadline does what [Conn.SetReadDeadline] does.
func (c *KernelConn) SetReadDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.udp.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of calls that write. A call that writes waits if the write buffer of the socket is full.
func (c *KernelConn) SetWriteDeadline(t time.Time) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.udp.SetWriteDeadline(t)
}

// SetReadBuffer sets the bytes that wait for readers, the kernel's own data included. The kernel limits it: on Linux to
// net.core.rmem_max.
func (c *KernelConn) SetReadBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.udp.SetReadBuffer(bytes)
}

// SetWriteBuffer sets the bytes that wait for the network. The kernel limits it: on Linux to net.core.wmem_max.
func (c *KernelConn) SetWriteBuffer(bytes int) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	return c.udp.SetWriteBuffer(bytes)
}

// SetControl does what [Conn.SetControl] does. Only Linux supports other values than 0.
func (c *KernelConn) SetControl(control Control) error {
	return c.set(func(uintptr) error {
		if control != 0 && !hasControl {
			return errUnsupported
		}
		c.control.Store(uint32(control))
		return nil
	})
}

// SetTOS does what [Conn.SetTOS] does. Only Linux supports it.
func (c *KernelConn) SetTOS(tos uint8) error {
	return c.option(func(o *options) { o.tos = tos })
}

// SetTTL does what [Conn.SetTTL] does. Only Linux supports it.
func (c *KernelConn) SetTTL(ttl uint8) error {
	if ttl == 0 {
		ttl = 64
	}
	return c.option(func(o *options) { o.ttl = ttl })
}

// SetMulticastTTL does what [Conn.SetMulticastTTL] does. Only Linux supports it.
func (c *KernelConn) SetMulticastTTL(ttl uint8) error {
	return c.option(func(o *options) { o.multicastTTL = ttl })
}

// SetDontFragment does what [Conn.SetDontFragment] does. Only Linux supports it.
func (c *KernelConn) SetDontFragment(on bool) error {
	return c.option(func(o *options) { o.dontFragment = on })
}

// option changes the options of the socket.
func (c *KernelConn) option(f func(o *options)) error {
	return c.set(func(fd uintptr) error {
		o := *c.options.Load()
		f(&o)
		if err := c.apply(fd, &o); err != nil {
			return err
		}
		c.options.Store(&o)
		return nil
	})
}

// set changes the socket, unless it is closed.
func (c *KernelConn) set(f func(fd uintptr) error) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	if err := c.onFD(f); err != nil {
		return &net.OpError{Op: "set", Net: c.network, Source: nil, Addr: c.laddr, Err: wrap("setsockopt", err)}
	}
	return nil
}

// onFD calls f with the socket, unless it is closed.
func (c *KernelConn) onFD(f func(fd uintptr) error) (err error) {
	c.kernel.mu.Lock() // callers change several options in turn
	defer c.kernel.mu.Unlock()
	failed := c.raw.Control(func(fd uintptr) { err = f(fd) })
	if failed != nil {
		return innerError(failed)
	}
	return err
}

// innerError returns the error in an error of a syscall.RawConn, which names another operation.
func innerError(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// JoinGroup does what [Conn.JoinGroup] does, at [KernelConfig.Interface], or else at the interface of the zone of the group. Only Linux supports it. A socket that is bound to a unicast address
// receives no multicast datagrams.
func (c *KernelConn) JoinGroup(group netip.Addr) error { return c.change("join", group, true) }

// LeaveGroup undoes JoinGroup. Close leaves all groups.
func (c *KernelConn) LeaveGroup(group netip.Addr) error { return c.change("leave", group, false) }

func (c *KernelConn) change(op string, group netip.Addr, join bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	zone, index := group.Zone(), c.kernel.index
	if index == 0 && zone != "" {
		index = int(zoneIndex(zone))
	}
	group = group.Unmap().WithZone("")
	err := c.onFD(func(fd uintptr) error {
		switch {
		case !group.IsMulticast() || group.Is4() && !c.v4 || group.Is6() && !c.v6:
			return syscall.EINVAL
		case index == 0 && zone != "":
			return syscall.ENODEV
		}
		return membership(fd, group, index, join)
	})
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: c.network, Source: c.laddr, Addr: &net.IPAddr{IP: group.AsSlice()}, Err: err}
}

// Stats returns the counters of the socket. RxDatagrams and RxBytes count what was read, without the bytes that had no room. RxDropped is 0 on other systems than Linux. Waiting is 0:
// the kernel does not report it.
func (c *KernelConn) Stats() ConnStats {
	if !c.ok() {
		return ConnStats{}
	}
	return ConnStats{RxDatagrams: c.rxDatagrams.Load(), RxBytes: c.rxBytes.Load(), RxDropped: c.dropped(),
		TxDatagrams: c.txDatagrams.Load(), TxBytes: c.txBytes.Load()}
}

func (c *KernelConn) received(n int, err error) {
	if err == nil {
		c.rxDatagrams.Add(1)
		c.rxBytes.Add(uint64(n))
	}
}

func (c *KernelConn) sent(n int, err error) {
	if err == nil {
		c.txDatagrams.Add(1)
		c.txBytes.Add(uint64(n))
	}
}

func (c *KernelConn) readError(call string, err error) error {
	return &net.OpError{Op: "read", Net: c.network, Source: c.laddr, Addr: c.raddr, Err: wrap(call, err)}
}

func (c *KernelConn) writeError(call string, to net.Addr, err error) error {
	return &net.OpError{Op: "write", Net: c.network, Source: c.laddr, Addr: to, Err: wrap(call, err)}
}

// sysError returns the error number of a system call in an error of package net, or 0.
func sysError(err error) syscall.Errno {
	if s, ok := errors.AsType[*os.SyscallError](err); ok {
		if n, ok := s.Err.(syscall.Errno); ok {
			return n
		}
	}
	return 0
}
