package pdump

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/google/gopacket"

	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Packet is a copy of a packet.
type Packet struct {
	Data      []byte // the first bytes of the packet: valid until the next Burst, or Close
	Length    int    // of the packet; more than len(Data) if the copy was cut
	Time      time.Time
	Port      int // the number of the port
	Queue     int
	Direction Direction
}

// CaptureInfo describes the packet for gopacket. InterfaceIndex is the number of the port.
func (p *Packet) CaptureInfo() gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: p.Length, InterfaceIndex: p.Port}
}

// The primary writes each copy as an enhanced packet block of pcapng, in the byte order of the machine.
const (
	blockType   = 6
	blockHeader = 28 // type, length, interface, time (two words), captured length, original length
	blockEnd    = 4  // the length again

	optionFlags = 2
	optionQueue = 6
)

// clock converts the times of one burst.
type clock struct {
	now    time.Time
	cycles uint64
}

func newClock() clock { return clock{time.Now(), lcore.Cycles()} }

// time returns the time of a stamp. Where it is not in cycles, the primary has converted it.
func (c clock) time(stamp uint64) time.Time {
	if pdumpcgo.Cycles == 0 {
		t := time.Unix(0, int64(stamp))
		if c.now.Sub(t).Abs() > plausible {
			t = time.Unix(0, int64(stamp-turn(lcore.Hz())))
		}
		return t
	}
	if stamp > c.cycles { // the counters of two CPUs differ a little
		return c.now.Add(lcore.Duration(stamp - c.cycles))
	}
	return c.now.Add(-lcore.Duration(c.cycles - stamp))
}

// plausible is the age of a copy above which its time is wrong.
const plausible = 24 * time.Hour

// turn returns the time, in nanoseconds, in which a counter of 64 bits turns over. The conversion of DPDK 22.11 begins with a
// counter that it has read before its base. It takes the difference, which is negative, for a turn of the counter, and all
// later times are late by that.
func turn(hz uint64) uint64 {
	q, r := bits.Div64(1, 0, hz)
	hi, lo := bits.Mul64(r, 1e9)
	rest, _ := bits.Div64(hi, lo, hz)
	return q*1e9 + rest
}

// read fills in the packet from a copy. It returns false for a copy that is not a complete block.
func (p *Packet) read(m *mbuf.Mbuf, now clock) bool {
	block, order := m.Data(), binary.NativeEndian
	if len(block) < blockHeader+blockEnd || m.NumSegments() > 1 {
		return false
	}
	word := func(at int) uint32 { return order.Uint32(block[at:]) }
	captured, options := int(word(20)), blockHeader+(int(word(20))+3)&^3
	if word(0) != blockType || int(word(4)) != len(block) || options > len(block)-blockEnd {
		return false
	}
	*p = Packet{
		Data:   block[blockHeader : blockHeader+captured : blockHeader+captured],
		Length: max(int(word(24)), captured), // the length does not include a VLAN tag that the port had removed
		Time:   now.time(uint64(word(12))<<32 | uint64(word(16))),
		Port:   int(m.Port()),
	}
	for rest := block[options : len(block)-blockEnd]; len(rest) >= 8; {
		code, n := order.Uint16(rest), int(order.Uint16(rest[2:]))
		switch {
		case code == optionFlags && n == 4:
			p.Direction = Direction(order.Uint32(rest[4:]) & 3)
		case code == optionQueue && n == 4:
			p.Queue = int(order.Uint32(rest[4:]))
		}
		rest = rest[min(len(rest), 4+(n+3)&^3):]
	}
	return true
}
