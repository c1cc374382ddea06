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

// AFPacket is a port on a network interface of the kernel, through packet sockets
// (net_af_packet). The kernel's network stack receives the packets too. The device needs
// CAP_NET_RAW.
//
// The driver silently truncates a received packet that is longer than FrameSize less 66 bytes:
// 1,982 bytes with the default. It drops a packet to send that is longer than FrameSize less 32
// bytes. Devargs and [Open] refuse an interface with an MTU that is too large for the frames;
// [FrameSizes] returns the sizes for an MTU. The kernel also merges received packets (GRO, LRO),
// and lets the device segment sent ones (TSO, GSO): such packets have up to 64 KiB. Open logs a
// warning if one of these offloads is on. Turn them off with "ethtool -K eth0 gro off lro off
// gso off tso off", at both ends of a veth pair.
//
// Packets from a kernel socket at the other end of a veth pair have incomplete L4 checksums,
// unless checksum offload is off there: "ethtool -K veth0 tx off". If such packets are forwarded
// to another host, the host drops them: call mbuf.Mbuf.CompleteChecksum first.
//
// A secondary cannot poll the port; see package ethdev.
type AFPacket struct {
	Name       string
	Interface  string // in the network namespace of the calling thread
	QueuePairs int    // 0 is 1
	// FrameSize, Frames and BlockSize describe the memory that each queue shares with the
	// kernel. FrameSize is a multiple of 16, and the kernel uses 66 bytes of each frame.
	// Frames is the number of frames. BlockSize is a multiple of FrameSize and of the page
	// size. The defaults are 2048 bytes, 512 frames and one page. The pool's mbufs must have
	// room for a frame: see [FrameSizes].
	FrameSize, Frames, BlockSize int
	// Truncate opens the interface although its packets can be longer than a frame. The
	// driver truncates such packets.
	Truncate bool
	// KeepQdisc sends through the interface's queueing discipline. The default is to bypass
	// it.
	KeepQdisc bool
	// Fanout is the method that distributes packets to the queues: "hash", "lb", "cpu",
	// "rollover", "rnd" or "qm". "" is "hash". Setting it needs DPDK 25.03.
	Fanout string
}

func (d AFPacket) driver() string { return "net_af_packet" }
func (d AFPacket) name() string   { return d.Name }

// Devargs implements [Device].
func (d AFPacket) Devargs() (string, error) {
	w := newWriter(d)
	if d.Interface == "" {
		w.invalid("Interface is empty: name a network interface")
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

// checkFrames refuses sizes that the kernel would refuse, or that the driver would compute wrongly.
func (d AFPacket) checkFrames(w *writer) {
	frame, frames, block := d.frameSize(), cmp.Or(d.Frames, 512), cmp.Or(d.BlockSize, os.Getpagesize())
	switch {
	case w.err != nil:
	case block%os.Getpagesize() != 0:
		w.invalid("BlockSize is %d: use a multiple of a page, %d bytes", block, os.Getpagesize())
	case frame%16 != 0:
		w.invalid("FrameSize is %d: use a multiple of 16", frame)
	case block%frame != 0:
		w.invalid("BlockSize is %d: use a multiple of FrameSize, %d bytes, for whole frames", block, frame)
	case frames%(block/frame) != 0:
		w.invalid("Frames is %d: use a multiple of %d, the frames of a block", frames, block/frame)
	case frame*frames > 1<<30:
		w.invalid("%d frames of %d bytes need more than 1 GiB: use fewer or smaller frames", frames, frame)
	}
}

func (d AFPacket) frameSize() int { return cmp.Or(d.FrameSize, 2048) }

const (
	rxOverhead = 66       // of a received packet in its frame: tpacket2_hdr and an address, aligned
	txOverhead = 32       // of a packet to send
	linkHeader = 14 + 2*4 // Ethernet with two VLAN tags
)

// FrameSizes returns the sizes for whole packets of an MTU: FrameSize and BlockSize of an
// [AFPacket], and mbuf.PoolConfig.DataRoom of the port's pool. The error is dpdk.ErrInvalid for
// an MTU of less than 68 bytes, or of more than an mbuf holds: 61,352 bytes with pages of 4 KiB.
func FrameSizes(mtu int) (frameSize, blockSize, dataRoom int, err error) {
	page := os.Getpagesize()
	largest := 60 << 10 / page * page // whole pages in an mbuf
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

// checkMTU refuses an interface with packets that can be longer than a frame.
func (d AFPacket) checkMTU(w *writer) {
	i, err := net.InterfaceByName(d.Interface)
	if d.Truncate || w.err != nil || err != nil {
		return
	}
	if holds := d.frameSize() - rxOverhead; i.MTU+linkHeader > holds {
		w.invalid("the MTU of %s is %d, but frames of %d bytes hold packets of at most %d with their Ethernet header: use FrameSizes for larger frames, lower the MTU, or set Truncate",
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
		cgo.LogWarning(fmt.Sprintf("%s: %s has %s and so packets of up to 65,536 bytes, but the driver truncates packets to %d bytes: use ethtool -K %s gro off lro off gso off tso off, at both ends of a veth pair",
			name, d.Interface, strings.Join(offloads, ", "), d.frameSize()-rxOverhead, d.Interface))
		return nil
	})
}
