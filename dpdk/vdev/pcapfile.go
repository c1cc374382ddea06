package vdev

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
)

// captureFile describes the packets of a file.
type captureFile struct {
	packets, largest int
}

// readCapture counts the complete packets of a file in one of libpcap's formats. It returns false
// for another format, which the driver may still refuse or accept.
func readCapture(path string) (captureFile, bool) {
	f, err := os.Open(path)
	if err != nil {
		return captureFile{}, false
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	magic, err := r.Peek(4)
	if err != nil {
		return captureFile{}, false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(magic) {
		case 0xa1b2c3d4, 0xa1b23c4d: // times in microseconds, nanoseconds
			return readPcap(r, order, 16), true
		case 0xa1b2cd34: // of old patched kernels
			return readPcap(r, order, 24), true
		case 0x0a0d0d0a: // the same in both orders
			return readPcapng(r), true
		}
	}
	return captureFile{}, false
}

func (c *captureFile) add(n int) {
	c.packets++
	c.largest = max(c.largest, n)
}

// readPcap reads a header of 24 bytes, and packets, each after its own header.
func readPcap(r *bufio.Reader, order binary.ByteOrder, header int) (c captureFile) {
	if _, err := r.Discard(24); err != nil {
		return c
	}
	for h := make([]byte, header); ; {
		if _, err := io.ReadFull(r, h); err != nil {
			return c
		}
		n := int(order.Uint32(h[8:]))
		if _, err := r.Discard(n); err != nil {
			return c
		}
		c.add(n)
	}
}

// readPcapng reads blocks, of which some have a packet.
func readPcapng(r *bufio.Reader) (c captureFile) {
	const (
		section, oldPacket, simplePacket, packet = 0x0a0d0d0a, 2, 3, 6
		head                                     = 8  // type and length
		most                                     = 28 // up to the captured length of a packet
	)
	var order binary.ByteOrder = binary.LittleEndian
	for {
		b, err := r.Peek(12)
		if err != nil {
			return c
		}
		kind := order.Uint32(b)
		if kind == section && binary.BigEndian.Uint32(b[head:]) == 0x1a2b3c4d {
			order = binary.BigEndian
		} else if kind == section {
			order = binary.LittleEndian
		}
		length := int(order.Uint32(b[4:]))
		captured := -1
		switch kind {
		case packet, oldPacket:
			if b, err = r.Peek(most); err != nil {
				return c
			}
			captured = int(order.Uint32(b[20:]))
		case simplePacket: // padded to 4 bytes
			captured = min(int(order.Uint32(b[head:])), length-16)
		}
		if length < 12 {
			return c
		}
		if _, err := r.Discard(length); err != nil {
			return c
		}
		if captured >= 0 {
			c.add(captured)
		}
	}
}
