package udp

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const hasControl = true

// msgProbe with MSG_CONFIRM is a call of sendmsg that checks its arguments only.
const msgProbe = 0x10

// setup makes the socket report what a Datagram has, and work as one of a Host.
func (c *KernelConn) setup() error {
	return c.onFD(func(handle uintptr) error {
		fd := int(handle)
		domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		if err != nil {
			return err
		}
		c.six = domain == unix.AF_INET6
		if c.six && !c.remote.IsValid() {
			only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
			if err != nil {
				return err
			}
			c.v4 = c.v4 && only == 0
		}
		const v4, v6 = unix.IPPROTO_IP, unix.IPPROTO_IPV6
		all := []setting{{v4, unix.IP_RECVTOS, 1}, {v4, unix.IP_RECVTTL, 1}, {v4, unix.IP_PKTINFO, 1},
			{v4, unix.IP_MULTICAST_ALL, 0}, {v4, unix.IP_MULTICAST_LOOP, 0}}
		if c.six {
			all = append(all, setting{v6, unix.IPV6_RECVTCLASS, 1}, setting{v6, unix.IPV6_RECVHOPLIMIT, 1}, setting{v6, unix.IPV6_RECVPKTINFO, 1},
				setting{v6, unix.IPV6_MULTICAST_LOOP, 0})
			_ = unix.SetsockoptInt(fd, v6, unix.IPV6_MULTICAST_ALL, 0) // since Linux 4.20
		}
		if i := c.kernel.index; i != 0 {
			if err := unix.SetsockoptIPMreqn(fd, v4, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(i)}); err != nil {
				return err
			}
			if c.six {
				all = append(all, setting{v6, unix.IPV6_MULTICAST_IF, i})
			}
		}
		if err := setAll(fd, all); err != nil {
			return err
		}
		return c.apply(handle, c.options.Load())
	})
}

// reusePort is the Control of a net.ListenConfig.
func reusePort(_, _ string, raw syscall.RawConn) error {
	var err error
	if errRaw := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); errRaw != nil {
		return errRaw
	}
	return wrap("setsockopt", err)
}

// setting is a socket option.
type setting struct{ level, name, value int }

func setAll(fd int, all []setting) error {
	for _, s := range all {
		if err := unix.SetsockoptInt(fd, s.level, s.name, s.value); err != nil {
			return err
		}
	}
	return nil
}

// apply sets the options of the socket.
func (c *KernelConn) apply(handle uintptr, o *options) error {
	const v4, v6 = unix.IPPROTO_IP, unix.IPPROTO_IPV6
	discover4, discover6 := unix.IP_PMTUDISC_WANT, unix.IPV6_PMTUDISC_WANT
	if o.dontFragment {
		discover4, discover6 = unix.IP_PMTUDISC_DO, unix.IPV6_PMTUDISC_DO
	}
	all := []setting{{v4, unix.IP_TOS, int(o.tos)}, {v4, unix.IP_TTL, int(o.ttl)},
		{v4, unix.IP_MULTICAST_TTL, int(o.multicastTTL)}, {v4, unix.IP_MTU_DISCOVER, discover4}}
	if c.six {
		all = append(all, setting{v6, unix.IPV6_TCLASS, int(o.tos)}, setting{v6, unix.IPV6_UNICAST_HOPS, int(o.ttl)},
			setting{v6, unix.IPV6_MULTICAST_HOPS, int(o.multicastTTL)}, setting{v6, unix.IPV6_MTU_DISCOVER, discover6})
	}
	return setAll(int(handle), all)
}

// membership joins or leaves a group.
func membership(fd uintptr, group netip.Addr, index int, join bool) error {
	if group.Is4() {
		name := unix.IP_DROP_MEMBERSHIP
		if join {
			name = unix.IP_ADD_MEMBERSHIP
		}
		return unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, name, &unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(index)})
	}
	name := unix.IPV6_DROP_MEMBERSHIP
	if join {
		name = unix.IPV6_ADD_MEMBERSHIP
	}
	return unix.SetsockoptIPv6Mreq(int(fd), unix.IPPROTO_IPV6, name, &unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(index)})
}

// dropped returns how many datagrams the kernel has dropped for the socket.
func (c *KernelConn) dropped() uint64 {
	var info [9]uint32 // SK_MEMINFO_*; the last one is SK_MEMINFO_DROPS
	size, got := uint32(unsafe.Sizeof(info)), false
	err := c.raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		got = errno == 0
	})
	if err != nil || !got {
		return c.rxDropped.Load() // of the closed socket
	}
	return uint64(info[8])
}

// controlWords is the room for the control messages of a datagram. As words it has their alignment.
const controlWords = 32

type controlSpace [controlWords]uint64

func (s *controlSpace) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s))
}

var controlSpaces = sync.Pool{New: func() any { return new(controlSpace) }}

// readControl reads the control messages of a received datagram.
func (d *datagram) readControl(oob []byte) {
	for len(oob) > 0 {
		h, b, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return
		}
		oob = rest
		v6 := h.Level == unix.IPPROTO_IPV6
		switch {
		case h.Level != unix.IPPROTO_IP && !v6:
		case !v6 && h.Type == unix.IP_TOS && len(b) >= 1:
			d.tos = b[0]
		case !v6 && h.Type == unix.IP_TTL && len(b) >= 4, v6 && h.Type == unix.IPV6_HOPLIMIT && len(b) >= 4:
			d.ttl = uint8(native.Uint32(b))
		case v6 && h.Type == unix.IPV6_TCLASS && len(b) >= 4:
			d.tos = uint8(native.Uint32(b))
		case !v6 && h.Type == unix.IP_PKTINFO && len(b) >= 12:
			d.to = netip.AddrFrom4([4]byte(b[8:12]))
		case v6 && h.Type == unix.IPV6_PKTINFO && len(b) >= 20 && !d.to.IsValid(): // IPv4 has both
			if d.to = netip.AddrFrom16([16]byte(b)).Unmap(); d.to.IsLinkLocalUnicast() && d.to.Is6() {
				d.to = d.to.WithZone(zoneName(native.Uint32(b[16:])))
			}
		}
	}
}

// readMsg reads a datagram with the control messages that the user of c has chosen.
func (c *KernelConn) readMsg(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	space := controlSpaces.Get().(*controlSpace)
	defer controlSpaces.Put(space)
	n, got, flags, addr, err := c.udp.ReadMsgUDPAddrPort(b, space.bytes())
	if err != nil { // package net returns -1 and 0.0.0.0 with some errors
		return 0, 0, 0, netip.AddrPort{}, err
	}
	flags &= msgTrunc
	if control := Control(c.control.Load()); control != 0 {
		d := datagram{from: addr.Addr().Unmap()}
		d.readControl(space.bytes()[:got])
		if !d.to.IsValid() {
			d.to = d.from
		}
		whole := false
		if oobn, whole = control.put(oob, d); !whole {
			flags |= msgCTrunc
		}
	}
	return n, oobn, flags, addr, nil
}

// putControl writes control messages for the kernel: those by which o differs from the options of the socket. It returns their length.
func (o *options) putControl(oob []byte, to netip.Addr, defaults *options) (n int) {
	add := func(level, kind int32, size int) []byte {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[n]))
		h.Level, h.Type = level, kind
		h.SetLen(unix.CmsgLen(size))
		b := oob[n+unix.CmsgLen(0) : n+unix.CmsgLen(size)]
		clear(b)
		n += unix.CmsgSpace(size)
		return b
	}
	ttl := o.ttl != defaults.ttl
	if to.IsMulticast() {
		ttl = o.multicastTTL != defaults.multicastTTL
	}
	if to.Is4() {
		if o.tos != defaults.tos {
			native.PutUint32(add(unix.IPPROTO_IP, unix.IP_TOS, 4), uint32(o.tos))
		}
		if ttl {
			native.PutUint32(add(unix.IPPROTO_IP, unix.IP_TTL, 4), uint32(o.ttl))
		}
		if o.src.Is4() {
			*(*[4]byte)(add(unix.IPPROTO_IP, unix.IP_PKTINFO, 12)[4:]) = o.src.As4()
		}
	} else {
		if o.tos != defaults.tos {
			native.PutUint32(add(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 4), uint32(o.tos))
		}
		if ttl {
			native.PutUint32(add(unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT, 4), uint32(o.ttl))
		}
		if o.src.Is6() {
			b := add(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, 20)
			*(*[16]byte)(b) = o.src.As16()
			native.PutUint32(b[16:], zoneIndex(o.src.Zone()))
		}
	}
	if o.segment > 0 {
		native.PutUint16(add(unix.IPPROTO_UDP, unix.UDP_SEGMENT, 2), uint16(o.segment))
	}
	return n
}

// writeMsg sends a datagram with control messages, or several if one is UDP_SEGMENT. bad is the error of addr.
func (c *KernelConn) writeMsg(b, oob []byte, addr netip.AddrPort, bad error) error {
	to, err := c.addressee(addr, bad)
	if err != nil {
		return err
	}
	defaults := c.options.Load()
	o := *defaults
	if err = o.parse(oob); err == nil {
		err = o.fits(to.Addr())
	}
	if err != nil {
		return c.late(err)
	}
	space := controlSpaces.Get().(*controlSpace)
	defer controlSpaces.Put(space)
	send := func(b []byte) error {
		n, _, err := c.udp.WriteMsgUDPAddrPort(b, space.bytes()[:o.putControl(space.bytes(), to.Addr(), defaults)], addr)
		if o.segment == 0 {
			c.sent(n, err)
		} else if err == nil {
			c.txDatagrams.Add(uint64((n + o.segment - 1) / o.segment))
			c.txBytes.Add(uint64(n))
		}
		if errno := sysError(err); errno != 0 {
			return c.meaning(errno, to, &o, defaults)
		}
		return innerError(err)
	}
	if o.segment == 0 || len(b) <= o.segment {
		o.segment = 0
		return send(b)
	}
	const most = 64 // UDP_MAX_SEGMENTS of older kernels
	largest := maxPayload4
	if to.Addr().Is6() {
		largest = maxPayload6
	}
	for size := max(1, min(most, largest/o.segment)) * o.segment; len(b) > 0; {
		n := min(size, len(b))
		switch err := send(b[:n]); {
		case err == nil:
			b = b[n:]
		case err == syscall.EIO && o.segment > 0: // the interface does not compute checksums
			o.segment, size = 0, o.segment
		default:
			return err
		}
	}
	return nil
}

// fits checks the source for a destination, as a Host does.
func (o *options) fits(to netip.Addr) error {
	if o.src.IsValid() && o.src.Is4() != to.Is4() {
		return syscall.EINVAL
	}
	return nil
}

// meaning returns the error of a Conn for one of the kernel. EINVAL for segments over the path MTU is EMSGSIZE in newer kernels. ENETUNREACH for a source that
// the machine does not have is EINVAL in older kernels, and for IPv6. A probe without the segments, or without the source, shows whether it is that.
func (c *KernelConn) meaning(errno syscall.Errno, to netip.AddrPort, o, defaults *options) error {
	without, meaning := *o, errno
	switch {
	case errno == syscall.EINVAL && o.segment > 0:
		meaning = syscall.EMSGSIZE
	case errno == syscall.ENETUNREACH && o.src.IsValid():
		without.src, meaning = netip.Addr{}, syscall.EINVAL
	default:
		return errno
	}
	without.segment = 0
	if !c.probe(to, &without, defaults) {
		return errno
	}
	return meaning
}

// probe reports whether the kernel accepts the addresses and options of a datagram. It sends nothing.
func (c *KernelConn) probe(to netip.AddrPort, o, defaults *options) bool {
	var name unix.RawSockaddrInet6
	var space controlSpace
	var h unix.Msghdr
	if !c.remote.IsValid() {
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&name)), c.name(&name, to)
	}
	if n := o.putControl(space.bytes(), to.Addr(), defaults); n > 0 {
		h.Control = &space.bytes()[0]
		h.SetControllen(n)
	}
	errno := syscall.EINVAL
	failed := c.raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&h)), unix.MSG_CONFIRM|msgProbe)
	})
	return failed == nil && errno == 0
}

// zone is an interface. It may get another name, and its name another interface.
type zone struct {
	name  string
	index uint32
	until time.Time
}

// zoneLife is how long a zone is believed, as in package net.
const zoneLife = time.Minute

// zones are the zones by index (uint32) and by name (string).
var zones sync.Map

// zoneOf returns the zone of a key: the known one, or what the system finds.
func zoneOf(key any, find func() (*net.Interface, error)) (zone, bool) {
	if z, ok := zones.Load(key); ok && time.Now().Before(z.(zone).until) {
		return z.(zone), true
	}
	i, err := find()
	if err != nil {
		zones.Delete(key)
		return zone{}, false
	}
	z := zone{i.Name, uint32(i.Index), time.Now().Add(zoneLife)}
	zones.Store(key, z)
	return z, true
}

// zoneName returns the zone of an interface as package net does.
func zoneName(index uint32) string {
	if index == 0 {
		return ""
	}
	if z, ok := zoneOf(index, func() (*net.Interface, error) { return net.InterfaceByIndex(int(index)) }); ok {
		return z.name
	}
	return strconv.FormatUint(uint64(index), 10)
}

// zoneIndex returns the index of the interface of a zone, 0 if there is none.
func zoneIndex(name string) uint32 {
	if name == "" {
		return 0
	}
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n)
	}
	z, _ := zoneOf(name, func() (*net.Interface, error) { return net.InterfaceByName(name) })
	return z.index
}
