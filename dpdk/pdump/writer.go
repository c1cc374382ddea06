package pdump

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

const opWrite = "pcapgo.NgWriter"

// Writer writes packets in the format pcapng, through gopacket's pcapgo. It keeps the times in nanoseconds and the original
// lengths. Each direction of a port is an interface of the file, with the name of the port, because pcapgo does not write
// the direction of a packet. One goroutine at a time may use a Writer.
type Writer struct {
	ng         *pcapgo.NgWriter
	interfaces []source
}

// source is what an interface of the file has.
type source struct {
	capture   *Capture
	direction Direction
	start     time.Time
	packets   uint64
}

// NewWriter writes the header of a file for the packets of the captures to w, which may be a pipe.
func NewWriter(w io.Writer, captures ...*Capture) (*Writer, error) {
	if len(captures) == 0 {
		return nil, check.Invalid(opWrite, "", "no capture: pass one or more")
	}
	snap := 0 // libpcap refuses a file with different ones
	for _, c := range captures {
		snap = max(snap, c.cfg.SnapLen)
	}
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Hardware: runtime.GOARCH, OS: runtime.GOOS, Application: "godpdk, DPDK " + dpdk.Version()}}
	out := &Writer{}
	for _, c := range captures {
		for _, d := range []Direction{Received, Transmitted} {
			if c.cfg.Direction&d == 0 {
				continue
			}
			i := pcapgo.NgInterface{Name: c.port.Name(), Description: fmt.Sprintf("packets %v by port %d", d, c.port.ID()),
				OS: runtime.GOOS, LinkType: layers.LinkTypeEthernet, SnapLength: uint32(snap), TimestampResolution: 9}
			var err error
			if out.ng == nil {
				out.ng, err = pcapgo.NewNgWriterInterface(w, i, options)
			} else {
				_, err = out.ng.AddInterface(i)
			}
			if err != nil {
				return nil, err
			}
			out.interfaces = append(out.interfaces, source{capture: c, direction: d, start: time.Now()})
		}
	}
	return out, nil
}

// Write writes a packet of one of the captures. The Writer buffers it.
func (w *Writer) Write(p Packet) error {
	for i := range w.interfaces {
		s := &w.interfaces[i]
		if s.capture.port.ID() == p.Port && s.direction == p.Direction {
			s.packets++
			info := p.CaptureInfo()
			info.InterfaceIndex = i
			return w.ng.WritePacket(info, p.Data)
		}
	}
	return check.Invalid(opWrite, "", "a packet %v by port %d: the Writer has no capture of it", p.Direction, p.Port)
}

// Flush writes the buffered packets. Until then a reader of a pipe does not see them.
func (w *Writer) Flush() error { return w.ng.Flush() }

// Close writes the statistics of the interfaces, and flushes. The packets that a capture has dropped are in those of its
// first interface: DPDK counts both directions together. Call it before [Capture.Close]. It does not close the file.
func (w *Writer) Close() error {
	var last *Capture
	for i, s := range w.interfaces {
		stats := pcapgo.NgInterfaceStatistics{LastUpdate: time.Now(), StartTime: s.start, EndTime: time.Now(),
			PacketsReceived: s.packets, PacketsDropped: pcapgo.NgNoValue64}
		if s.capture != last {
			if counted, err := s.capture.Stats(); err == nil { // without the primary there are none
				stats.PacketsDropped = counted.Dropped
			}
			last = s.capture
		}
		if err := w.ng.WriteInterfaceStats(i, stats); err != nil {
			return err
		}
	}
	return w.ng.Flush()
}
