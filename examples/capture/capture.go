package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"os"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/packet"
)

// digest sums up packets: their number, their bytes, and a hash.
type digest struct {
	packets, bytes int
	hash           hash.Hash64
	cut            int // packets that the port cut short
}

func newDigest() *digest { return &digest{hash: fnv.New64a()} }

func (d *digest) add(data []byte) {
	d.packets++
	d.bytes += len(data)
	_, _ = d.hash.Write(data)
}

func (d *digest) equal(e *digest) bool {
	return d.packets == e.packets && d.bytes == e.bytes && d.hash.Sum64() == e.hash.Sum64()
}

// capture records packets of the port in the file, prints the totals and checks them. At the
// loopback another goroutine sends.
func capture(ctx context.Context, port *ethdev.Port, pool *mbuf.Pool, o options) (seen *digest, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f, err := os.Create(o.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	w := pcapgo.NewWriterNanos(out)
	if err := w.WriteFileHeader(packet.DefaultSnapLen, layers.LinkTypeEthernet); err != nil {
		return nil, err
	}
	source, err := packet.NewSource(ctx, port.RxQueue(0), packet.SourceConfig{})
	if err != nil {
		return nil, err
	}
	defer source.Close()

	var made *digest
	generated := make(chan error, 1)
	if o.port == loopback {
		made = newDigest()
		go func() { generated <- generate(ctx, port.TxQueue(0), pool, o.count, made) }()
	} else {
		generated <- nil
	}

	fmt.Printf("capture: %s to %s\n", port, o.file)
	start := time.Now()
	seen = newDigest()
	kinds := map[string]int{}
	err = record(source, w, o, seen, kinds)
	interrupted := ctx.Err() != nil
	cancel()
	err = errors.Join(err, <-generated, out.Flush(), f.Close())
	if made != nil {
		drain(port.RxQueue(0))
	}
	summary(seen, kinds, time.Since(start))
	if err == nil && made != nil && !interrupted && !made.equal(seen) {
		err = fmt.Errorf("%d packets of %d bytes were made, but %d of %d bytes were captured, or others", made.packets, made.bytes, seen.packets, seen.bytes)
	}
	return seen, err
}

// record writes packets of the source to w until the source ends or it has o.count of them, and adds them
// to seen and kinds.
func record(source *packet.Source, w *pcapgo.Writer, o options, seen *digest, kinds map[string]int) error {
	d := newDecoder()
	for o.count == 0 || seen.packets < o.count {
		data, ci, err := source.ZeroCopyReadPacketData()
		if err == io.EOF { // Ctrl-C
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.WritePacket(ci, data); err != nil {
			return err
		}
		seen.add(data)
		line, kind := d.describe(data)
		kinds[kind]++
		if d.parser.Truncated {
			seen.cut++
		}
		if !o.quiet {
			fmt.Printf("%s  %s, len %d\n", ci.Timestamp.Format("15:04:05.000000000"), line, ci.Length)
		}
	}
	return nil
}

// drain frees the packets that are still in the loopback: its driver does not.
func drain(rx ethdev.RxQueue) {
	var pkts [packet.DefaultBurst]*mbuf.Mbuf
	for n := rx.Burst(pkts[:]); n > 0; n = rx.Burst(pkts[:]) {
		mbuf.FreeBulk(pkts[:n])
	}
}

// summary prints the totals.
func summary(seen *digest, kinds map[string]int, took time.Duration) {
	fmt.Printf("summary: %d packets, %d bytes in %.3f s", seen.packets, seen.bytes, took.Seconds())
	for _, kind := range []string{"ARP", "ICMP", "TCP", "UDP", "other"} {
		if kinds[kind] > 0 {
			fmt.Printf("; %s %d", kind, kinds[kind])
		}
	}
	fmt.Println()
}

// check reads the file and compares it with the captured packets.
func check(file string, seen *digest) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := pcapgo.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	read := newDigest()
	for {
		data, _, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		read.add(data)
	}
	if !read.equal(seen) {
		return fmt.Errorf("%s has %d packets of %d bytes, but %d of %d bytes were captured, or others", file, read.packets, read.bytes, seen.packets, seen.bytes)
	}
	if seen.cut > 0 {
		return fmt.Errorf("%s holds %d packets, but %d of them were cut short by the port: give net_af_packet a larger framesz, and its interface gro off, lro off, gso off and tso off (ethtool -K)",
			file, read.packets, seen.cut)
	}
	fmt.Printf("capture: %s holds all %d\n", file, read.packets)
	return nil
}
