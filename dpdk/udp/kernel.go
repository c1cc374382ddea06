package udp

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
)

// Kernel is the network of the kernel as a [Network]: its sockets are kernel sockets with the methods of a [Conn]. It needs
// no DPDK, no hugepages and no cgo. Make it with [NewKernel] and end it with [Kernel.Close]. Any goroutine may call any method.
type Kernel struct {
	index int // of the interface for multicast; 0 is that of the route
	reuse bool

	mu     sync.Mutex
	closed bool
	conns  map[*KernelConn]struct{}
	ended  Stats // of closed sockets
}

// KernelConfig configures a Kernel. The zero value is the default.
type KernelConfig struct {
	// Interface is the name of the interface that sends multicast datagrams, and on which sockets join groups.
	// "" leaves the choice to the kernel's routes. Only Linux supports another value.
	Interface string
	// ReusePort lets the sockets of [Kernel.ListenUDP] have one port in several processes, or Kernels, of one user. The kernel gives each flow to one
	// of them (SO_REUSEPORT), as RSS does for hosts with [Config].ReusePort. Only Linux supports it.
	ReusePort bool
}

var _ Network = (*Kernel)(nil)

// NewKernel makes a Network of kernel sockets. They have the addresses and routes of the calling process. The error is dpdk.ErrNoDevice if the
// interface of the Config does not exist.
func NewKernel(cfg KernelConfig) (*Kernel, error) {
	k := &Kernel{conns: map[*KernelConn]struct{}{}, reuse: cfg.ReusePort}
	if cfg.Interface != "" {
		i, err := net.InterfaceByName(cfg.Interface)
		if err != nil {
			return nil, &dpdk.Error{Op: "udp.NewKernel", Name: cfg.Interface, Errno: dpdk.ErrNoDevice,
				Detail: "Interface does not exist (" + err.Error() + "): use a name that 'ip link' lists, or \"\""}
		}
		k.index = i.Index
	}
	return k, nil
}

func (k *Kernel) ok() bool { return k != nil && k.conns != nil }

// ListenPacket makes a socket as net.ListenPacket does. It is a *KernelConn. See [Host.ListenPacket].
func (k *Kernel) ListenPacket(network, address string) (PacketConn, error) {
	laddr, err := resolve("listen", network, address)
	if err != nil {
		return nil, err
	}
	c, err := k.ListenUDP(network, laddr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Dial makes a connected socket as net.Dial does. It is a *KernelConn. See [Host.Dial].
func (k *Kernel) Dial(network, address string) (PacketConn, error) {
	raddr, err := resolve("dial", network, address)
	if err != nil {
		return nil, err
	}
	c, err := k.DialUDP(network, nil, raddr)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ListenUDP makes a socket as net.ListenUDP does, and as [Host.ListenUDP] does for a multicast laddr: it is any address. To receive
// multicast datagrams a kernel socket must have any address.
//
// Errors: those of [Host.ListenUDP].
func (k *Kernel) ListenUDP(network string, laddr *net.UDPAddr) (*KernelConn, error) {
	fail := func(err error) (*KernelConn, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: opAddr(laddr), Err: err}
	}
	switch {
	case !known(network):
		return fail(net.UnknownNetworkError(network))
	case !k.ok():
		return fail(syscall.EINVAL)
	}
	if laddr == nil {
		laddr = &net.UDPAddr{}
	}
	asked, at := network, laddr
	if laddr.IP.IsMulticast() {
		if at = (&net.UDPAddr{IP: net.IPv4zero, Port: laddr.Port}); laddr.IP.To4() != nil && network == "udp" {
			asked = "udp4"
		} else if laddr.IP.To4() == nil && network != "udp4" {
			asked, at.IP = "udp6", net.IPv6unspecified
		} else if network == "udp6" || laddr.IP.To4() == nil {
			at = laddr // of the other IP version: package net has the error
		}
	}
	u, err := k.listen(asked, at)
	if err != nil {
		return fail(innerError(err))
	}
	c, err := k.add(network, u)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

func (k *Kernel) listen(network string, laddr *net.UDPAddr) (*net.UDPConn, error) {
	if !k.reuse {
		return net.ListenUDP(network, laddr)
	}
	l := net.ListenConfig{Control: reusePort}
	c, err := l.ListenPacket(context.Background(), network, laddr.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

// DialUDP makes a connected socket as net.DialUDP does. See [Host.DialUDP].
func (k *Kernel) DialUDP(network string, laddr, raddr *net.UDPAddr) (*KernelConn, error) {
	fail := func(err error) (*KernelConn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Source: opAddr(laddr), Addr: opAddr(raddr), Err: err}
	}
	switch {
	case !known(network):
		return fail(net.UnknownNetworkError(network))
	case !k.ok():
		return fail(syscall.EINVAL)
	case raddr == nil:
		return fail(errMissingAddress)
	}
	u, err := net.DialUDP(network, laddr, raddr)
	if err != nil {
		return nil, err
	}
	c, err := k.add(network, u)
	if err != nil {
		return fail(err)
	}
	return c, nil
}

// add makes a socket of this network of u.
func (k *Kernel) add(network string, u *net.UDPConn) (*KernelConn, error) {
	c, err := newKernelConn(k, network, u)
	if err == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if !k.closed {
			k.conns[c] = struct{}{}
			return c, nil
		}
		err = net.ErrClosed
	}
	_ = u.Close()
	return nil, wrap("setsockopt", err)
}

// remove forgets a socket that was closed, and keeps its counters.
func (k *Kernel) remove(c *KernelConn, s ConnStats) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.conns[c]; ok {
		delete(k.conns, c)
		k.ended.addConn(s)
	}
}

// Close closes all sockets. Calling it again does nothing.
func (k *Kernel) Close() error {
	if !k.ok() {
		return nil
	}
	k.mu.Lock()
	k.closed = true
	conns := make([]*KernelConn, 0, len(k.conns))
	for c := range k.conns {
		conns = append(conns, c)
	}
	k.mu.Unlock()
	var errs []error
	for _, c := range conns {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) { // it can have been closed meanwhile
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Stats returns the counters of the sockets since [NewKernel]: RxDatagrams, TxDatagrams, and Drops of the reason [DropSocketFull]. All
// others are 0: the kernel counts them for the machine, not for a program.
func (k *Kernel) Stats() Stats {
	if !k.ok() {
		return Stats{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.ended
	for c := range k.conns {
		s.addConn(c.Stats())
	}
	return s
}

// addConn adds the counters of a socket.
func (s *Stats) addConn(c ConnStats) {
	s.RxDatagrams += c.RxDatagrams
	s.TxDatagrams += c.TxDatagrams
	s.Drops[DropSocketFull] += c.RxDropped
}
