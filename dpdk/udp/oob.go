package udp

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
)

// Control is a set of control messages that [Conn.ReadMsgUDPAddrPort] delivers with a datagram. Their format is that of
// Linux, in all operating systems.
type Control uint8

const (
	// ControlTOS is IP_TOS or IPV6_TCLASS, with ECN in the two low bits.
	ControlTOS Control = 1 << iota
	// ControlTTL is IP_TTL or IPV6_HOPLIMIT.
	ControlTTL
	// ControlDestination is IP_PKTINFO or IPV6_PKTINFO, with the address that the datagram was sent to. The interface in it is 0.
	ControlDestination
)

// The numbers of Linux.
const (
	msgCTrunc = 0x8
	msgTrunc  = 0x20

	levelIP, levelIPv6, levelUDP = 0, 41, 17

	ipTOS, ipTTL, ipPktInfo            = 1, 2, 8
	ipv6PktInfo, ipv6Hops, ipv6Traffic = 50, 52, 67
	udpSegment                         = 103

	cmsgHeader = 16
)

var native = binary.NativeEndian

// errControl is the error of a control message that cannot be read, as of sendmsg.
var errControl error = syscall.EINVAL

// SetControl chooses the control messages that come with a datagram. The default is none. Errors: net.ErrClosed.
func (c *Conn) SetControl(control Control) error { return c.set(func() { c.control = control }) }

// options are what a datagram can have of its own.
type options struct {
	tos, ttl, multicastTTL uint8
	dontFragment           bool
	src                    netip.Addr // from a control message
	segment                int        // the size of the datagrams that the payload consists of; 0 is one datagram
}

// SetTOS sets the type of service of IPv4 and the traffic class of IPv6 of all datagrams, with ECN in the two low bits. The default is 0.
func (c *Conn) SetTOS(tos uint8) error { return c.option(func(o *options) { o.tos = tos }) }

// SetTTL sets the TTL and hop limit of unicast and broadcast datagrams. The default is 64. 0 is the default.
func (c *Conn) SetTTL(ttl uint8) error {
	if ttl == 0 {
		ttl = 64
	}
	return c.option(func(o *options) { o.ttl = ttl })
}

// SetMulticastTTL sets the TTL and hop limit of multicast datagrams. The default is 1: they stay on the link.
func (c *Conn) SetMulticastTTL(ttl uint8) error {
	return c.option(func(o *options) { o.multicastTTL = ttl })
}

// SetDontFragment makes a datagram that is larger than the path MTU an error, EMSGSIZE. Without it the host sends such a datagram in
// fragments. Routers never fragment other datagrams of the host.
func (c *Conn) SetDontFragment(on bool) error {
	return c.option(func(o *options) { o.dontFragment = on })
}

func (c *Conn) option(f func(o *options)) error {
	return c.set(func() {
		o := *c.options.Load()
		f(&o)
		c.options.Store(&o)
	})
}

// put writes the control messages of a datagram into oob. It returns their length, and whether all had room.
func (control Control) put(oob []byte, d datagram) (n int, whole bool) {
	if control == 0 {
		return 0, true
	}
	v4, whole := d.from.Is4(), true
	add := func(level, kind, size int) []byte {
		space := cmsgHeader + (size+7)&^7
		if len(oob)-n < space {
			whole = false
			return nil
		}
		b := oob[n : n+space]
		clear(b)
		native.PutUint64(b, uint64(cmsgHeader+size))
		native.PutUint32(b[8:], uint32(level))
		native.PutUint32(b[12:], uint32(kind))
		n += space
		return b[cmsgHeader:]
	}
	if control&ControlTOS != 0 {
		if v4 {
			if b := add(levelIP, ipTOS, 1); b != nil {
				b[0] = d.tos
			}
		} else if b := add(levelIPv6, ipv6Traffic, 4); b != nil {
			native.PutUint32(b, uint32(d.tos))
		}
	}
	if control&ControlTTL != 0 {
		level, kind := levelIPv6, ipv6Hops
		if v4 {
			level, kind = levelIP, ipTTL
		}
		if b := add(level, kind, 4); b != nil {
			native.PutUint32(b, uint32(d.ttl))
		}
	}
	if control&ControlDestination != 0 {
		if v4 { // the interface, the local address, the destination of the packet
			if b := add(levelIP, ipPktInfo, 12); b != nil {
				*(*[4]byte)(b[4:]), *(*[4]byte)(b[8:]) = d.to.As4(), d.to.As4()
			}
		} else if b := add(levelIPv6, ipv6PktInfo, 20); b != nil {
			*(*[16]byte)(b) = d.to.As16()
		}
	}
	return n, whole
}

// parse reads control messages of a call that sends into o. Messages of unknown levels are ignored, as in Linux.
func (o *options) parse(oob []byte) error {
	for len(oob) > 0 {
		if len(oob) < cmsgHeader {
			return errControl
		}
		n := native.Uint64(oob)
		if n < cmsgHeader || n > uint64(len(oob)) {
			return errControl
		}
		level, kind, b := native.Uint32(oob[8:]), native.Uint32(oob[12:]), oob[cmsgHeader:n]
		if err := o.message(int(level), int(kind), b); err != nil {
			return err
		}
		oob = oob[min((int(n)+7)&^7, len(oob)):]
	}
	return nil
}

func (o *options) message(level, kind int, b []byte) error {
	number := -1 // an int, or one byte
	if len(b) >= 4 {
		number = int(int32(native.Uint32(b)))
	} else if len(b) == 1 {
		number = int(b[0])
	}
	byteOf := func(to *uint8) error {
		if number < 0 || number > 255 {
			return errControl
		}
		*to = uint8(number)
		return nil
	}
	switch {
	case level == levelIP && kind == ipTOS, level == levelIPv6 && kind == ipv6Traffic:
		return byteOf(&o.tos)
	case level == levelIP && kind == ipTTL && number == 0: // as in Linux
		return errControl
	case level == levelIP && kind == ipTTL, level == levelIPv6 && kind == ipv6Hops:
		return errors.Join(byteOf(&o.ttl), byteOf(&o.multicastTTL))
	case level == levelIP && kind == ipPktInfo && len(b) == 12:
		o.src = sourceOf(netip.AddrFrom4([4]byte(b[4:8])))
	case level == levelIPv6 && kind == ipv6PktInfo && len(b) == 20:
		o.src = sourceOf(netip.AddrFrom16([16]byte(b[:16])))
	case level == levelUDP && kind == udpSegment && len(b) == 2:
		o.segment = int(native.Uint16(b))
	case level == levelIP || level == levelIPv6 || level == levelUDP:
		return errControl
	}
	return nil
}

// sourceOf returns the source address that a caller has chosen: the zero Addr for the unspecified address.
func sourceOf(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
