package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
	"golang.org/x/net/bpf"

	"github.com/godpdk/godpdk/dpdk/pdump"
)

// compile lets tcpdump compile an expression: a compiler in Go does not exist, and libpcap would need its headers at build time.
func compile(ctx context.Context, expression string) ([]bpf.RawInstruction, error) {
	if expression == "" {
		return nil, nil
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "tcpdump", "-ddd", "-y", "EN10MB", expression)
	cmd.Stderr = &stderr
	program, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("-f %q: %w: install tcpdump, which compiles the filter", expression, err)
	}
	if err != nil {
		return nil, fmt.Errorf("-f %q: %s", expression, bytes.TrimSpace(stderr.Bytes()))
	}
	return pdump.ParseFilter(bytes.NewReader(program))
}

// reader is a reader of pcap or pcapng.
type reader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// newReader recognizes the format by the first byte: a block of pcapng begins with its type, 0x0a0d0d0a.
func newReader(f io.Reader) (r reader, ng bool, err error) {
	in := bufio.NewReader(f)
	first, err := in.Peek(1)
	if err != nil {
		return nil, false, err
	}
	if first[0] == 0x0a {
		r, err = pcapgo.NewNgReader(in, pcapgo.DefaultNgReaderOptions)
		return r, true, err
	}
	r, err = pcapgo.NewReader(in)
	return r, false, err
}

// ends reports whether a pcapng file ends with a complete block: the length of a block is at its end, and behind its type. pcapgo returns
// io.EOF for others too.
func ends(f *os.File) bool {
	var last, length [4]byte
	end, err := f.Seek(-4, io.SeekEnd)
	if err != nil {
		return true // a pipe
	}
	if _, err := f.ReadAt(last[:], end); err != nil {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		at := end + 4 - int64(order.Uint32(last[:])) + 4
		if _, err := f.ReadAt(length[:], at); err == nil && at <= end-4 && length == last {
			return true
		}
	}
	return false
}

// show prints the packets of a file. A file that ends in the middle of a packet, as after a crash, has one unreadable packet.
func show(ctx context.Context, o options) error {
	f, err := os.Open(o.read)
	if err != nil {
		return err
	}
	defer f.Close()
	r, ng, err := newReader(f)
	if err != nil {
		return fmt.Errorf("%s: not a pcap or pcapng file: %w", o.read, err)
	}
	var t totals
	for d := newDecoder(); ctx.Err() == nil && (o.count <= 0 || t.packets < o.count); {
		data, info, err := r.ReadPacketData()
		if err == io.EOF && (!ng || ends(f)) {
			break
		}
		if err != nil { // the place of the next packet is unknown
			fmt.Fprintf(os.Stderr, "capture: %s: %v\n", o.read, err)
			t.unreadable++
			break
		}
		if line := t.add(d, info, data); !o.quiet {
			fmt.Printf("%s %s\n", info.Timestamp.Format("15:04:05.000000000"), line)
		}
	}
	t.print(os.Stdout)
	return nil
}
