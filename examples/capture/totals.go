package main

import (
	"fmt"
	"io"

	"github.com/google/gopacket"
)

// totals sums up packets.
type totals struct {
	packets, bytes  int
	cut, unreadable int
	dropped         uint64
	kinds           map[string]int
}

// add counts a packet and returns a line that describes it.
func (t *totals) add(d *decoder, info gopacket.CaptureInfo, data []byte) (line string) {
	line, kind := d.describe(data)
	line = fmt.Sprintf("%s, len %d", line, info.Length)
	t.packets++
	t.bytes += info.Length
	if len(data) < info.Length {
		t.cut++
		line += fmt.Sprintf(", cut at %d", len(data))
	}
	if t.kinds == nil {
		t.kinds = map[string]int{}
	}
	t.kinds[kind]++
	return line
}

// print prints the totals.
func (t *totals) print(w io.Writer) {
	fmt.Fprintf(w, "summary: %d packets, %d bytes; %d cut, %d dropped, %d unreadable", t.packets, t.bytes, t.cut, t.dropped, t.unreadable)
	for _, kind := range []string{"ARP", "ICMP", "TCP", "UDP", "other"} {
		if t.kinds[kind] > 0 {
			fmt.Fprintf(w, "; %s %d", kind, t.kinds[kind])
		}
	}
	fmt.Fprintln(w)
}
