package header

// UDPLen is the length of a UDP header.
const UDPLen = 8

// UDP is a UDP header.
type UDP []byte

// ParseUDP returns the UDP header at the start of b and its payload, up to the length in the
// header. ok is false if b is too short for it.
func ParseUDP(b []byte) (u UDP, payload []byte, ok bool) {
	if len(b) < UDPLen {
		return nil, nil, false
	}
	n := int(be.Uint16(b[4:6]))
	if n < UDPLen || n > len(b) {
		return nil, nil, false
	}
	return UDP(b[:UDPLen:UDPLen]), b[UDPLen:n:n], true
}

// Source returns the source port.
func (u UDP) Source() uint16 { return be.Uint16(u[0:2]) }

// SetSource sets the source port.
func (u UDP) SetSource(port uint16) { be.PutUint16(u[0:2], port) }

// Destination returns the destination port.
func (u UDP) Destination() uint16 { return be.Uint16(u[2:4]) }

// SetDestination sets the destination port.
func (u UDP) SetDestination(port uint16) { be.PutUint16(u[2:4], port) }

// Len returns the length of the header and the payload in bytes.
func (u UDP) Len() uint16 { return be.Uint16(u[4:6]) }

// SetLen sets the length of the header and the payload.
func (u UDP) SetLen(n uint16) { be.PutUint16(u[4:6], n) }

// Checksum returns the checksum field. 0 means that the packet has no checksum.
func (u UDP) Checksum() uint16 { return be.Uint16(u[6:8]) }

// SetChecksum sets the checksum field.
func (u UDP) SetChecksum(sum uint16) { be.PutUint16(u[6:8], sum) }

// SwapPorts exchanges the two ports. The checksum does not change.
func (u UDP) SwapPorts() { swapPorts(u) }

func swapPorts(b []byte) {
	s, d := [2]byte(b[0:2]), [2]byte(b[2:4])
	*(*[2]byte)(b[0:2]), *(*[2]byte)(b[2:4]) = d, s
}

// TCPMinLen is the length of a TCP header without options.
const TCPMinLen = 20

// TCPFlags are the flags of a TCP header.
type TCPFlags uint8

// Flags of TCP.
const (
	TCPFin TCPFlags = 1 << iota
	TCPSyn
	TCPRst
	TCPPsh
	TCPAck
	TCPUrg
	TCPEce
	TCPCwr
)

// TCP is a TCP header with its options.
type TCP []byte

// ParseTCP returns the TCP header at the start of b, and its payload. ok is false if b is too
// short for it, or its length is invalid.
func ParseTCP(b []byte) (t TCP, payload []byte, ok bool) {
	if len(b) < TCPMinLen {
		return nil, nil, false
	}
	n := int(b[12]>>4) * 4
	if n < TCPMinLen || n > len(b) {
		return nil, nil, false
	}
	return TCP(b[:n:n]), b[n:], true
}

// Source returns the source port.
func (t TCP) Source() uint16 { return be.Uint16(t[0:2]) }

// SetSource sets the source port.
func (t TCP) SetSource(port uint16) { be.PutUint16(t[0:2], port) }

// Destination returns the destination port.
func (t TCP) Destination() uint16 { return be.Uint16(t[2:4]) }

// SetDestination sets the destination port.
func (t TCP) SetDestination(port uint16) { be.PutUint16(t[2:4], port) }

// SwapPorts exchanges the two ports. The checksum does not change.
func (t TCP) SwapPorts() { swapPorts(t) }

// Seq returns the sequence number.
func (t TCP) Seq() uint32 { return be.Uint32(t[4:8]) }

// SetSeq sets the sequence number.
func (t TCP) SetSeq(n uint32) { be.PutUint32(t[4:8], n) }

// Ack returns the acknowledgment number.
func (t TCP) Ack() uint32 { return be.Uint32(t[8:12]) }

// SetAck sets the acknowledgment number.
func (t TCP) SetAck(n uint32) { be.PutUint32(t[8:12], n) }

// Len returns the length of the header in bytes, options included.
func (t TCP) Len() int { return int(t[12]>>4) * 4 }

// SetLen sets the length of the header in bytes, a multiple of 4 from 20 to 60.
func (t TCP) SetLen(n int) { t[12] = t[12]&0xf | byte(n/4)<<4 }

// Options returns the options.
func (t TCP) Options() []byte { return t[TCPMinLen:t.Len()] }

// Flags returns the flags.
func (t TCP) Flags() TCPFlags { return TCPFlags(t[13]) }

// SetFlags sets the flags.
func (t TCP) SetFlags(f TCPFlags) { t[13] = byte(f) }

// Window returns the window, without its scale.
func (t TCP) Window() uint16 { return be.Uint16(t[14:16]) }

// SetWindow sets the window.
func (t TCP) SetWindow(n uint16) { be.PutUint16(t[14:16], n) }

// Checksum returns the checksum field.
func (t TCP) Checksum() uint16 { return be.Uint16(t[16:18]) }

// SetChecksum sets the checksum field.
func (t TCP) SetChecksum(sum uint16) { be.PutUint16(t[16:18], sum) }

// Urgent returns the urgent pointer.
func (t TCP) Urgent() uint16 { return be.Uint16(t[18:20]) }

// SetUrgent sets the urgent pointer.
func (t TCP) SetUrgent(n uint16) { be.PutUint16(t[18:20], n) }

// SCTPLen is the length of the common header of SCTP.
const SCTPLen = 12

// SCTP is the common header of an SCTP packet.
type SCTP []byte

// ParseSCTP returns the common header at the start of b, and the chunks. ok is false if b is too
// short.
func ParseSCTP(b []byte) (s SCTP, chunks []byte, ok bool) {
	if len(b) < SCTPLen {
		return nil, nil, false
	}
	return SCTP(b[:SCTPLen:SCTPLen]), b[SCTPLen:], true
}

// Source returns the source port.
func (s SCTP) Source() uint16 { return be.Uint16(s[0:2]) }

// SetSource sets the source port.
func (s SCTP) SetSource(port uint16) { be.PutUint16(s[0:2], port) }

// Destination returns the destination port.
func (s SCTP) Destination() uint16 { return be.Uint16(s[2:4]) }

// SetDestination sets the destination port.
func (s SCTP) SetDestination(port uint16) { be.PutUint16(s[2:4], port) }

// Tag returns the verification tag.
func (s SCTP) Tag() uint32 { return be.Uint32(s[4:8]) }

// SetTag sets the verification tag.
func (s SCTP) SetTag(tag uint32) { be.PutUint32(s[4:8], tag) }

// Checksum returns the checksum field, a CRC-32C: see [SCTPChecksum].
func (s SCTP) Checksum() uint32 { return be.Uint32(s[8:12]) }

// SetChecksum sets the checksum field.
func (s SCTP) SetChecksum(sum uint32) { be.PutUint32(s[8:12], sum) }

// ICMPLen is the length of an ICMP header.
const ICMPLen = 8

// Types of ICMP messages.
const (
	ICMPEchoReply     = 0
	ICMPUnreachable   = 3
	ICMPRedirect      = 5
	ICMPEchoRequest   = 8
	ICMPTimeExceeded  = 11
	ICMPParameter     = 12
	ICMPv6Unreachable = 1
	ICMPv6TooBig      = 2
	ICMPv6TimeExceed  = 3
	ICMPv6Parameter   = 4
	ICMPv6EchoRequest = 128
	ICMPv6EchoReply   = 129
	ICMPv6RouterSol   = 133
	ICMPv6RouterAdv   = 134
	ICMPv6NeighborSol = 135
	ICMPv6NeighborAdv = 136
)

// ICMP is the header of an ICMP or ICMPv6 message.
type ICMP []byte

// ParseICMP returns the header at the start of b, and the data behind it. ok is false if b is too
// short.
func ParseICMP(b []byte) (i ICMP, data []byte, ok bool) {
	if len(b) < ICMPLen {
		return nil, nil, false
	}
	return ICMP(b[:ICMPLen:ICMPLen]), b[ICMPLen:], true
}

// Type returns the type of the message.
func (i ICMP) Type() uint8 { return i[0] }

// SetType sets the type of the message.
func (i ICMP) SetType(t uint8) { i[0] = t }

// Code returns the code of the message.
func (i ICMP) Code() uint8 { return i[1] }

// SetCode sets the code of the message.
func (i ICMP) SetCode(c uint8) { i[1] = c }

// Checksum returns the checksum field.
func (i ICMP) Checksum() uint16 { return be.Uint16(i[2:4]) }

// SetChecksum sets the checksum field.
func (i ICMP) SetChecksum(sum uint16) { be.PutUint16(i[2:4], sum) }

// ID returns the identifier of an echo message.
func (i ICMP) ID() uint16 { return be.Uint16(i[4:6]) }

// SetID sets the identifier of an echo message.
func (i ICMP) SetID(id uint16) { be.PutUint16(i[4:6], id) }

// Seq returns the sequence number of an echo message.
func (i ICMP) Seq() uint16 { return be.Uint16(i[6:8]) }

// SetSeq sets the sequence number of an echo message.
func (i ICMP) SetSeq(n uint16) { be.PutUint16(i[6:8], n) }
