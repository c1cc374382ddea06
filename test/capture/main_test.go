//go:build linux

// Package capture tests captures between processes: DPDK's dpdk-dumpcap and dpdk-pdump at a primary in Go, and package
// pdump at that primary and at dpdk-testpmd.
package capture

import (
	"encoding/binary"
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

const (
	portName = "net_ring_wire"
	queues   = 2
	header   = 18 // addresses, type, number
)

// frame returns the frame with a number. Its length and all its bytes follow from the number.
func frame(number int) []byte {
	f := append(make([]byte, 0, 1514), "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\xb5"...)
	f = binary.BigEndian.AppendUint32(f, uint32(number))
	for n := 60 + number*37%1455; len(f) < n; {
		f = append(f, byte(number+len(f)))
	}
	return f
}

// number returns the number of a frame.
func number(data []byte) int { return int(binary.BigEndian.Uint32(data[header-4:])) }
