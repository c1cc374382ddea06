package main

import (
	"bufio"
	"bytes"
	"context"
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
func newReader(f io.Reader) (reader, error) {
	in := bufio.NewReader(f)
	first, err := in.Peek(1)
	if err != nil {
		return nil, err
	}
	if first[0] == 0x0a {
		return pcapgo.NewNgReader(in, pcapgo.DefaultNgReaderOptions)
	}
	return pcapgo.NewReader(in)
}

// show prints the packets of a file. A file that ends in the middle of a packet, as after a crash, has one unreadable packet.
func show(ctx context.Context, o options) error {
	f, err := os.Open(o.read)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := newReader(f)
	if err != nil {
		return fmt.Errorf("%s: not a pcap or pcapng file: %w", o.read, err)
	}
	var t totals
	for d := newDecoder(); ctx.Err() == nil && (o.count <= 0 || t.packets < o.count); {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
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
