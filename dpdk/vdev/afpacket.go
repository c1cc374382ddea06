package vdev

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// AFPacket is a network interface of the kernel, through packet sockets
// (net_af_packet). The kernel's own network stack gets its packets too. It needs
// CAP_NET_RAW.
//
// The driver cuts each received packet at FrameSize less 66 bytes, 1,982 with the
// default, without a sign, and drops what it is to send and is longer than FrameSize less
// 32 bytes. Devargs and Open refuse an interface whose MTU is too large; FrameSizes has the
// sizes for an MTU. The kernel also joins packets (GRO, LRO) and leaves the cutting of what it
// sends to the device (TSO, GSO): such packets have up to 64 KiB. Open logs a warning if the
// interface does one of these. "ethtool -K eth0 gro off lro off gso off tso off" ends it; of
// a veth pair both ends need it.
//
// Packets from a kernel's socket at the other end of a veth pair carry unfinished L4
// checksums, unless checksum offload is off there: "ethtool -K veth0 tx off". A host that
// such packets are forwarded to drops them.
//
// A secondary cannot poll the port; see package ethdev.
type AFPacket struct {
	Name       string
	Interface  string // in the network namespace of the calling thread
	QueuePairs int    // 0 is 1
	// Frames of packets, in memory shared with the kernel, for each queue. FrameSize
	// is a multiple of 16, and 66 bytes of it are the kernel's; BlockSize is a
	// multiple of both FrameSize and the page size. 0 is 2048 bytes, 512 frames, and
	// a page. The pool's mbufs must have room for a frame: see FrameSizes.
	FrameSize, Frames, BlockSize int
	// Truncate opens the interface although its packets can be longer than a frame,
	// of which the rest is cut off.
	Truncate bool
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
	w := newWriter(d)
	if d.Interface == "" {
		w.invalid("Interface is empty")
	}
	w.netdev("iface", "Interface", d.Interface)
	w.number("qpairs", "QueuePairs", d.QueuePairs, 1, cgo.EthMaxQueues)
	w.number("blocksz", "BlockSize", d.BlockSize, os.Getpagesize(), 1<<30)
	w.number("framesz", "FrameSize", d.FrameSize, 128, 1<<30)
	w.number("framecnt", "Frames", d.Frames, 1, 1<<24)
	d.checkFrames(w)
	w.flag("qdisc_bypass", "0", d.KeepQdisc)
	w.needs(25, 3, "Fanout", d.Fanout != "")
	w.choice("fanout_mode", "Fanout", d.Fanout, "hash", "lb", "cpu", "rollover", "rnd", "qm")
	d.checkMTU(w)
	return w.devargs()
}

// checkFrames refuses what the kernel would, and what the driver would compute wrongly.
func (d AFPacket) checkFrames(w *writer) {
	frame, frames, block := d.frameSize(), cmp.Or(d.Frames, 512), cmp.Or(d.BlockSize, os.Getpagesize())
	switch {
	case w.err != nil:
	case block%os.Getpagesize() != 0:
		w.invalid("BlockSize is %d: use a multiple of a page, %d bytes", block, os.Getpagesize())
	case frame%16 != 0:
		w.invalid("FrameSize is %d: use a multiple of 16", frame)
	case block%frame != 0:
		w.invalid("FrameSize is %d and BlockSize %d: a block must hold whole frames", frame, block)
	case frames%(block/frame) != 0:
		w.invalid("Frames is %d: use a multiple of the %d that a block holds", frames, block/frame)
	case frame*frames > 1<<30:
		w.invalid("%d frames of %d bytes are more than 1 GiB", frames, frame)
	}
}

func (d AFPacket) frameSize() int { return cmp.Or(d.FrameSize, 2048) }

const (
	rxOverhead = 66       // of a received packet in its frame: tpacket2_hdr and an address, aligned
	txOverhead = 32       // of a packet to send
	linkHeader = 14 + 2*4 // Ethernet with two VLAN tags
)

// FrameSizes are the sizes that an AFPacket, and the mbufs of its port's pool, need for
// whole packets of an MTU: FrameSize, BlockSize, and mbuf.PoolConfig.DataRoom. The error
// is dpdk.ErrInvalid for an MTU of less than 68 bytes, or more than an mbuf holds: 61,352
// with pages of 4 KiB.
func FrameSizes(mtu int) (frameSize, blockSize, dataRoom int, err error) {
	page := os.Getpagesize()
	largest := 60 << 10 / page * page // that an mbuf holds, of whole pages
	if largest == 0 {
		largest = page / 2
	}
	if most := largest - rxOverhead - linkHeader; mtu < cgo.EthMinMTU || mtu > most {
		return 0, 0, 0, check.Invalid(op, "", "the MTU is %d: use %d to %d", mtu, cgo.EthMinMTU, most)
	}
	need := mtu + linkHeader + rxOverhead
	for frameSize = 2048; frameSize < need; {
		frameSize = min(2*frameSize, frameSize+page)
	}
	blockSize = (frameSize + page - 1) / page * page
	dataRoom = max(mbuf.DefaultDataRoom, frameSize-txOverhead+mbuf.DefaultHeadroom)
	return frameSize, blockSize, dataRoom, nil
}

// checkMTU refuses an interface whose packets can be longer than a frame.
func (d AFPacket) checkMTU(w *writer) {
	i, err := net.InterfaceByName(d.Interface)
	if d.Truncate || w.err != nil || err != nil {
		return
	}
	if holds := d.frameSize() - rxOverhead; i.MTU+linkHeader > holds {
		w.invalid("the MTU of %s is %d, and frames of %d bytes hold packets of %d with their Ethernet header: use FrameSizes for larger ones, lower the MTU, or set Truncate",
			d.Interface, i.MTU, d.frameSize(), holds)
	}
}

// attach logs a warning if the kernel makes packets that are longer than a frame.
func (d AFPacket) attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := attach(devargs, cfg)
	if err == nil {
		d.warn(name)
	}
	return p, err
}

func (d AFPacket) warn(name string) {
	offloads, err := linux.Offloads(d.Interface)
	if d.Truncate || err != nil || len(offloads) == 0 {
		return
	}
	_ = control.Call(op, name, func() error {
		cgo.LogWarning(fmt.Sprintf("%s: %s has %s, which makes packets of up to 65,536 bytes: what is longer than %d is cut off (ethtool -K %s gro off lro off gso off tso off; of a veth pair at both ends)",
			name, d.Interface, strings.Join(offloads, ", "), d.frameSize()-rxOverhead, d.Interface))
		return nil
	})
}
