package udp

import (
	"net"
	"net/netip"
)

// Socket is a PacketConn with what this package adds to *net.UDPConn. *Conn and *KernelConn implement it: a program that asserts it,
// as in conn.(udp.Socket), runs on a [Host] and on a [Kernel].
type Socket interface {
	PacketConn
	ReadFromUDP(b []byte) (int, *net.UDPAddr, error)
	WriteToUDP(b []byte, addr *net.UDPAddr) (int, error)
	ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)

	ReadBatch(ds []Datagram) (n int, err error)
	WriteBatch(ms []Message) (n int, err error)

	SetControl(control Control) error
	SetTOS(tos uint8) error
	SetTTL(ttl uint8) error
	SetMulticastTTL(ttl uint8) error
	SetDontFragment(on bool) error
	JoinGroup(group netip.Addr) error
	LeaveGroup(group netip.Addr) error
	Stats() ConnStats
}

var (
	_ Socket = (*Conn)(nil)
	_ Socket = (*KernelConn)(nil)
)
