package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
)

// headers is the length of the Ethernet, IPv4 and UDP headers.
const headers = 14 + 20 + 8

// side is a sender or receiver of datagrams.
type side struct {
	mac  net.HardwareAddr
	addr netip.AddrPort
}

// datagram returns an Ethernet frame of size bytes with a UDP datagram. Its payload has a number, and
// differs from those of other numbers in each byte. The kernel sends such datagrams with the same header.
func datagram(from, to side, number, size int) []byte {
	f := append(bytes.Clone(to.mac), from.mac...)
	f = append(f, 0x08, 0x00, 0x45, 0)
	f = binary.BigEndian.AppendUint16(f, uint16(size-14))
	f = append(f, 0, 0, 0x40, 0, 64, 17, 0, 0) // do not fragment, TTL, UDP
	f = append(append(f, from.addr.Addr().AsSlice()...), to.addr.Addr().AsSlice()...)
	binary.BigEndian.PutUint16(f[24:], ^sum(0, f[14:34]))
	f = binary.BigEndian.AppendUint16(f, from.addr.Port())
	f = binary.BigEndian.AppendUint16(f, to.addr.Port())
	f = binary.BigEndian.AppendUint16(f, uint16(size-34))
	f = append(f, 0, 0)
	for len(f) < size {
		f = append(f, byte(number+len(f)))
	}
	pseudo := uint32(17 + size - 34)
	if checksum := ^sum(pseudo, f[26:]); checksum != 0 {
		binary.BigEndian.PutUint16(f[40:], checksum)
	} else {
		binary.BigEndian.PutUint16(f[40:], 0xffff)
	}
	return f
}

// datagrams are n numbered datagrams of size bytes.
func datagrams(from, to side, n, size int) (frames [][]byte) {
	for i := range n {
		frames = append(frames, datagram(from, to, i, size))
	}
	return frames
}

// sum is the sum of the Internet checksum.
func sum(sum uint32, data []byte) uint16 {
	for i, b := range data {
		sum += uint32(b) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// isDatagram reports whether a frame has an IPv4 header with a correct checksum and this length.
func isDatagram(frame []byte, size int) bool {
	return len(frame) == size && sum(0, frame[14:34]) == 0xffff && int(binary.BigEndian.Uint16(frame[16:])) == size-14
}
