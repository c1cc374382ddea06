package vdev

import (
	"cmp"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// maxStreams is RTE_PMD_PCAP_MAX_QUEUES.
const maxStreams = 16

// PCAP is a device whose packets come from files, and are written to files, in the
// format of libpcap, or that uses a network interface of the kernel through libpcap
// (net_pcap). Each file or interface is a queue. A device that only reads drops what
// it sends; one that only writes receives nothing.
type PCAP struct {
	Name string
	// Rx are files to receive from, once or, with Repeat, for ever. The files of Tx
	// are made anew and written through with each burst.
	//
	// Repeat needs a packet in each file, and keeps all of them in mbufs of its queue's
	// pool until the port's end. Each must fit into one mbuf. Configure the port once: the
	// driver loses these mbufs when the port is configured again.
	Rx, Tx []string
	Repeat bool
	// RxInterfaces and TxInterfaces take the place of Rx or Tx. Of RxInterfaces also
	// what the host sends is received, unless InboundOnly.
	RxInterfaces, TxInterfaces []string
	InboundOnly                bool
	// Interface, without any other, is one to receive from and to send to.
	// PhysicalMAC takes its Ethernet address for the port's.
	Interface   string
	PhysicalMAC bool
}

func (d PCAP) driver() string { return "net_pcap" }
func (d PCAP) name() string   { return d.Name }

// Devargs implements Device.
func (d PCAP) Devargs() (string, error) {
	w := newWriter(d)
	d.checkFields(w)
	streams := func(key, field string, names []string, write func(key, field, name string)) {
		if len(names) > maxStreams {
			w.invalid("%s has %d entries: the driver takes at most %d", field, len(names), maxStreams)
		}
		for _, name := range names {
			if name == "" {
				w.invalid("%s has an empty entry", field)
			}
			write(key, field, name)
		}
	}
	streams("rx_pcap", "Rx", d.Rx, w.readable)
	d.checkRepeat(w)
	streams("tx_pcap", "Tx", d.Tx, w.writable)
	in := "rx_iface"
	if d.InboundOnly {
		in = "rx_iface_in"
	}
	streams(in, "RxInterfaces", d.RxInterfaces, w.netdev)
	streams("tx_iface", "TxInterfaces", d.TxInterfaces, w.netdev)
	w.netdev("iface", "Interface", d.Interface)
	w.flag("phy_mac", "1", d.PhysicalMAC)
	w.flag("infinite_rx", "1", d.Repeat)
	return w.devargs()
}

// checkFields refuses what the driver would leave out without a word.
func (d PCAP) checkFields(w *writer) {
	rx, tx := len(d.Rx)+len(d.RxInterfaces), len(d.Tx)+len(d.TxInterfaces)
	switch {
	case d.Interface != "" && rx+tx > 0:
		w.invalid("Interface excludes the files and the other interfaces")
	case d.Interface == "" && rx+tx == 0:
		w.invalid("there is nothing to receive from or send to: set Rx, Tx or Interface")
	case len(d.Rx) > 0 && len(d.RxInterfaces) > 0:
		w.invalid("Rx and RxInterfaces exclude each other")
	case len(d.Tx) > 0 && len(d.TxInterfaces) > 0:
		w.invalid("Tx and TxInterfaces exclude each other")
	case d.Repeat && len(d.Rx) == 0:
		w.invalid("Repeat is for files: set Rx")
	case d.PhysicalMAC && d.Interface == "":
		w.invalid("PhysicalMAC is for Interface")
	case d.InboundOnly && len(d.RxInterfaces) == 0:
		w.invalid("InboundOnly is for RxInterfaces")
	}
}

// checkRepeat refuses files without packets: with them the driver loses the mbufs of each
// burst.
func (d PCAP) checkRepeat(w *writer) {
	if !d.Repeat || w.err != nil {
		return
	}
	for i, path := range d.Rx {
		if c, ok := readCapture(path); ok && c.packets == 0 {
			w.invalid("Rx[%d]: %s has no packets: leave it out, or leave Repeat out", i, path)
		}
	}
}

// check refuses what the driver refuses too, after which it has lost mbufs and frees a
// ring a second time when the port ends.
func (d PCAP) check(name string, cfg ethdev.Config) error {
	if !d.Repeat {
		return nil
	}
	queues := max(cmp.Or(cfg.RxQueues, 1), 0)
	taken := map[*mbuf.Pool]int{}
	for i, path := range d.Rx[:min(len(d.Rx), queues)] {
		pool := cfg.Pool
		if i < len(cfg.RxEach) && cfg.RxEach[i].Pool != nil {
			pool = cfg.RxEach[i].Pool
		} else if len(cfg.RxEach) == 0 && cfg.Rx.Pool != nil {
			pool = cfg.Rx.Pool
		}
		c, ok := readCapture(path)
		size, live := bufferSize(pool)
		if !ok || !live {
			continue
		}
		if c.largest > size {
			return check.Invalid(op, name, "Rx[%d]: %s has a packet of %d bytes: Repeat needs each packet in one mbuf, and those of pool %q have %d bytes behind their headroom",
				i, path, c.largest, pool.Name(), size)
		}
		if taken[pool] += c.packets; taken[pool] >= pool.Available() {
			return check.Invalid(op, name, "Rx[%d]: %s has %d packets: Repeat keeps an mbuf for each, and pool %q has %d free ones for them and for bursts",
				i, path, c.packets, pool.Name(), pool.Available())
		}
	}
	return nil
}
