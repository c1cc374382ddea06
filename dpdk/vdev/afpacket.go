package vdev

import (
	"os"

	"github.com/godpdk/godpdk/cgo"
)

// AFPacket is a network interface of the kernel, through packet sockets
// (net_af_packet). The kernel's own network stack gets its packets too. It needs
// CAP_NET_RAW.
type AFPacket struct {
	Name       string
	Interface  string // in the network namespace of the calling thread
	QueuePairs int    // 0 is 1
	// Frames of packets, in memory shared with the kernel, for each queue. FrameSize
	// is a multiple of 16, and some 50 bytes of it are the kernel's; BlockSize is a
	// multiple of both FrameSize and the page size. 0 is 2048 bytes, 512 frames, and
	// a page.
	FrameSize, Frames, BlockSize int
	// KeepQdisc sends through the interface's queueing discipline; the driver's own is
	// to pass it by.
	KeepQdisc bool
	// Fanout is how packets are spread over the queues: "hash", "lb", "cpu",
	// "rollover", "rnd" or "qm"; "" is hash. Others need DPDK 25.03.
	Fanout string
}

func (d AFPacket) driver() string { return "net_af_packet" }
func (d AFPacket) name() string   { return d.Name }

// Devargs implements Device.
func (d AFPacket) Devargs() (string, error) {
	w := write(d)
	if d.Interface == "" {
		w.fail("Interface is empty")
	}
	w.netdev("iface", "Interface", d.Interface)
	w.number("qpairs", "QueuePairs", d.QueuePairs, 1, cgo.EthMaxQueues)
	w.number("blocksz", "BlockSize", d.BlockSize, os.Getpagesize(), 1<<30)
	w.number("framesz", "FrameSize", d.FrameSize, 128, 1<<30)
	w.number("framecnt", "Frames", d.Frames, 1, 1<<24)
	d.layout(w)
	w.flag("qdisc_bypass", "0", d.KeepQdisc)
	w.needs(25, 3, "Fanout", d.Fanout != "")
	w.word("fanout_mode", "Fanout", d.Fanout, "hash", "lb", "cpu", "rollover", "rnd", "qm")
	return w.done()
}

// layout refuses what the kernel would, and what the driver would compute wrongly.
func (d AFPacket) layout(w *writer) {
	frame, frames, block := d.FrameSize, d.Frames, d.BlockSize
	if frame == 0 {
		frame = 2048
	}
	if frames == 0 {
		frames = 512
	}
	if block == 0 {
		block = os.Getpagesize()
	}
	switch {
	case w.err != nil:
	case block%os.Getpagesize() != 0:
		w.fail("BlockSize is %d: use a multiple of a page, %d bytes", block, os.Getpagesize())
	case frame%16 != 0:
		w.fail("FrameSize is %d: use a multiple of 16", frame)
	case block%frame != 0:
		w.fail("FrameSize is %d and BlockSize %d: a block must hold whole frames", frame, block)
	case frames%(block/frame) != 0:
		w.fail("Frames is %d: use a multiple of the %d that a block holds", frames, block/frame)
	case frame*frames > 1<<30:
		w.fail("%d frames of %d bytes are more than 1 GiB", frames, frame)
	}
}
