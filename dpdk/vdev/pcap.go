package vdev

import (
	"cmp"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// maxStreams is RTE_PMD_PCAP_MAX_QUEUES.
const maxStreams = 16

// PCAP is a device that receives packets from capture files and writes sent packets to capture
// files in the format of libpcap, or that uses a network interface of the kernel through libpcap
// (net_pcap). Each file or interface is a queue. A device without files or interfaces to send to
// drops what it sends; one without any to receive from receives nothing.
type PCAP struct {
	Name string
	// Rx names the files to receive from, once, or in a loop if Repeat is set. Tx names the
	// files to write. They are overwritten, and each burst is flushed to them.
	//
	// Repeat needs at least one packet in each file. Until the port ends it keeps all of them
	// in mbufs of the queue's pool. Each packet must fit into one mbuf. Configure the port
	// only once: the driver leaks these mbufs when the port is configured again.
	Rx, Tx []string
	Repeat bool
	// RxInterfaces and TxInterfaces replace Rx and Tx. The port also receives the packets
	// that the host sends through RxInterfaces, unless InboundOnly is set.
	RxInterfaces, TxInterfaces []string
	InboundOnly                bool
	// Interface is used to receive and to send. It excludes files and other interfaces.
	// PhysicalMAC gives the port the Ethernet address of Interface.
	Interface   string
	PhysicalMAC bool
}

func (d PCAP) driver() string { return "net_pcap" }
func (d PCAP) name() string   { return d.Name }

// Devargs implements [Device].
func (d PCAP) Devargs() (string, error) {
	w := newWriter(d)
	d.checkFields(w)
	streams := func(key, field string, names []string, write func(key, field, name string)) {
		if len(names) > maxStreams {
			w.invalid("%s has %d entries: the driver supports at most %d", field, len(names), maxStreams)
		}
		for _, name := range names {
			if name == "" {
				w.invalid("%s has an empty entry: remove it", field)
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

// checkFields refuses combinations of fields that the driver would silently ignore.
func (d PCAP) checkFields(w *writer) {
	rx, tx := len(d.Rx)+len(d.RxInterfaces), len(d.Tx)+len(d.TxInterfaces)
	switch {
	case d.Interface != "" && rx+tx > 0:
		w.invalid("Interface excludes the files and the other interfaces: leave them empty")
	case d.Interface == "" && rx+tx == 0:
		w.invalid("no file and no interface is set: set Rx, Tx or Interface")
	case len(d.Rx) > 0 && len(d.RxInterfaces) > 0:
		w.invalid("Rx and RxInterfaces exclude each other: set one of them")
	case len(d.Tx) > 0 && len(d.TxInterfaces) > 0:
		w.invalid("Tx and TxInterfaces exclude each other: set one of them")
	case d.Repeat && len(d.Rx) == 0:
		w.invalid("Repeat is set without files: set Rx")
	case d.PhysicalMAC && d.Interface == "":
		w.invalid("PhysicalMAC is set without Interface: set Interface too")
	case d.InboundOnly && len(d.RxInterfaces) == 0:
		w.invalid("InboundOnly is set without RxInterfaces: set RxInterfaces too")
	}
}

// checkRepeat refuses files without packets: with them the driver leaks the mbufs of each burst.
func (d PCAP) checkRepeat(w *writer) {
	if !d.Repeat || w.err != nil {
		return
	}
	for i, path := range d.Rx {
		if c, ok := readCapture(path); ok && c.packets == 0 {
			w.invalid("Rx[%d]: %s has no packets: remove the file, or do not set Repeat", i, path)
		}
	}
}

// check refuses files that do not fit into the pool. The driver refuses them too, but it leaks
// mbufs then, and frees a ring twice when the port ends.
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
			return check.Invalid(op, name, "Rx[%d]: %s has a packet of %d bytes: Repeat needs each packet in one mbuf, and the mbufs of pool %q have %d bytes after the headroom: use a larger DataRoom",
				i, path, c.largest, pool.Name(), size)
		}
		if taken[pool] += c.packets; taken[pool] >= pool.Available() {
			return check.Invalid(op, name, "Rx[%d]: %s has %d packets: Repeat keeps an mbuf for each, and pool %q has %d free mbufs for them and for bursts: use a larger pool",
				i, path, c.packets, pool.Name(), pool.Available())
		}
	}
	return nil
}
