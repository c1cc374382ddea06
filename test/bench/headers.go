package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// frames are the packets that headers parses.
var frames = []struct {
	name  string
	vlan  bool
	ether header.EtherType
	ip    header.Protocol
	kind  header.PacketType
}{
	{"IPv4 UDP", false, header.EtherTypeIPv4, header.ProtocolUDP, header.L2Ether | header.L3IPv4 | header.L4UDP},
	{"IPv4 TCP", false, header.EtherTypeIPv4, header.ProtocolTCP, header.L2Ether | header.L3IPv4 | header.L4TCP},
	{"IPv6 TCP", false, header.EtherTypeIPv6, header.ProtocolTCP, header.L2Ether | header.L3IPv6 | header.L4TCP},
	{"VLAN IPv4 TCP", true, header.EtherTypeIPv4, header.ProtocolTCP, header.L2EtherVLAN | header.L3IPv4 | header.L4TCP},
}

// headers compares the parser of packet headers and the checksum with those of DPDK.
func headers() (contests []contest, err error) {
	pool, err := mbuf.CreatePool("bench headers", 255, mbuf.PoolConfig{})
	if err != nil {
		return nil, err
	}
	for _, f := range frames {
		frame := make([]byte, header.EthernetLen, 128)
		if f.vlan {
			binary.BigEndian.PutUint16(frame[12:], uint16(header.EtherTypeVLAN))
			frame = append(frame, 0, 1, byte(f.ether>>8), byte(f.ether))
		} else {
			binary.BigEndian.PutUint16(frame[12:], uint16(f.ether))
		}
		ip := make([]byte, header.IPv6Len)
		if ip[0], ip[6] = 6<<4, byte(f.ip); f.ether == header.EtherTypeIPv4 {
			ip = make([]byte, header.IPv4MinLen)
			ip[0], ip[9] = 4<<4|header.IPv4MinLen/4, byte(f.ip)
		}
		frame = append(frame, ip...)
		l4 := make([]byte, 40) // the header and data
		if f.ip == header.ProtocolTCP {
			l4[12] = header.TCPMinLen / 4 << 4
		}
		frame = append(frame, l4...)
		if got := header.Parse(frame).Type; got != f.kind {
			return nil, fmt.Errorf("%s: parsed as %v, not as %v", f.name, got, f.kind)
		}
		pkts := make([]*mbuf.Mbuf, bulk)
		if !pool.AllocBulk(pkts) {
			return nil, errors.New("no mbufs")
		}
		for _, m := range pkts {
			m.AppendBytes(frame)
		}
		p, types := unsafe.Pointer(&pkts[0]), make([]header.PacketType, bulk)
		contests = append(contests, contest{group: "header", name: "Parse, " + f.name, burst: bulk,
			c: func(iters int) { cloop.NetPacketType(p, bulk, iters) },
			goNative: func(iters int) {
				var h header.Headers
				for range iters {
					for i, m := range pkts {
						h.Parse(m.Data())
						types[i] = h.Type
					}
				}
			}})
	}
	for _, size := range []int{64, 1500} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * 7)
		}
		p, sum := unsafe.Pointer(&data[0]), make([]uint16, 1)
		contests = append(contests, contest{group: "header", name: fmt.Sprintf("RawChecksum, %d bytes", size), burst: 1,
			c: func(iters int) { cloop.NetRawChecksum(p, size, iters) },
			goNative: func(iters int) {
				for range iters {
					sum[0] = header.RawChecksum(data)
				}
			}})
	}
	return contests, nil
}
