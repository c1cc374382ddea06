package vdev

import (
	"math"

	"github.com/godpdk/godpdk/cgo"
)

// AFXDP is a port on a network interface of the kernel, through AF_XDP sockets (net_af_xdp).
// The packets bypass the kernel's network stack. The device needs CAP_NET_ADMIN, CAP_NET_RAW and
// CAP_BPF; with Plugin or PinnedMap only the process that makes the socket map needs them. A
// secondary cannot poll the port; see package ethdev.
//
// The kernel shares the memory of the queue's pool with the port. Before DPDK 24.07 the driver
// registers too little of it, and loses the packets in the last mbufs. Configure therefore
// removes these mbufs from the pool permanently: 4 of 4,095 mbufs or 10 of 16,383 with the
// default data room. It returns dpdk.ErrBusy if some of them are in use.
//
// A packet to send must have one segment: of other packets the driver sends the bytes after the
// first segment. The driver does not free the mbufs that wait for packets, 2,048 of each queue,
// when the port ends or when Configure fails. The port cannot be configured a second time:
// detach it and open it again.
//
// The kernel releases a queue some milliseconds after its last use: until then [Open] returns
// dpdk.ErrInvalid. When a port ends, it removes the XDP program of its interface, even if
// another port has attached it. The other port then receives nothing, and its RxQueue.Err
// reports this. End one program before the next one opens the interface.
//
// Packets from a kernel socket at the other end of a veth pair have incomplete L4 checksums,
// unless checksum offload is off there: "ethtool -K veth0 tx off". If such packets are forwarded
// to another host, the host drops them: call mbuf.Mbuf.CompleteChecksum first.
type AFXDP struct {
	Name       string
	Interface  string // in the network namespace of the calling thread
	StartQueue int    // the interface's queue for the port's queue 0
	Queues     int    // 0 is 1
	SharedUMEM bool   // ports with the same pool share its registration in the kernel
	Program    string // a file with an XDP program to load; "" is the program of libxdp
	// BusyBudget is the maximum number of packets that the kernel handles in one poll of a
	// queue; 0 is 64. NoBusyPoll turns the kernel's busy polling off.
	BusyBudget int
	NoBusyPoll bool
	ForceCopy  bool   // do not use zero-copy, even if the interface supports it
	Mode       string // of the XDP program: "drv", "skb" or "hw"; "" is a mode that the interface supports. Needs DPDK 25.11
	// Plugin gets the socket map from the AF_XDP device plugin of Kubernetes over a Unix
	// socket (DPDK 23.03). PinnedMap gets it from a file of bpffs (24.07). Both load no
	// program and do not busy-poll. Path is that socket or file (24.07); "" is the path that
	// the plugin uses.
	Plugin, PinnedMap bool
	Path              string
}

func (d AFXDP) driver() string { return "net_af_xdp" }
func (d AFXDP) name() string   { return d.Name }

// Devargs implements [Device].
func (d AFXDP) Devargs() (string, error) {
	w := newWriter(d)
	if d.Interface == "" {
		w.invalid("Interface is empty: name a network interface")
	}
	w.netdev("iface", "Interface", d.Interface)
	w.number("start_queue", "StartQueue", d.StartQueue, 0, cgo.EthMaxQueues-1)
	w.number("queue_count", "Queues", d.Queues, 1, cgo.EthMaxQueues)
	w.flag("shared_umem", "1", d.SharedUMEM)
	w.readable("xdp_prog", "Program", d.Program)
	w.number("busy_budget", "BusyBudget", d.BusyBudget, 1, math.MaxUint16)
	if d.NoBusyPoll && d.BusyBudget != 0 {
		w.invalid("BusyBudget and NoBusyPoll exclude each other: set one of them")
	}
	w.flag("busy_budget", "0", d.NoBusyPoll)
	w.flag("force_copy", "1", d.ForceCopy)
	w.needs(25, 11, "Mode", d.Mode != "")
	w.choice("mode", "Mode", d.Mode, "drv", "skb", "hw")
	d.writeMaps(w)
	return w.devargs()
}

func (d AFXDP) writeMaps(w *writer) {
	w.needs(23, 3, "Plugin", d.Plugin)
	w.needs(24, 7, "PinnedMap", d.PinnedMap)
	w.needs(24, 7, "Path", d.Path != "")
	hasMap := d.Plugin || d.PinnedMap
	switch {
	case d.Plugin && d.PinnedMap:
		w.invalid("Plugin and PinnedMap exclude each other: set one of them")
	case hasMap && d.Program != "":
		w.invalid("Program is set, but Plugin and PinnedMap load no program: leave it empty")
	case hasMap && d.BusyBudget != 0:
		w.invalid("BusyBudget is set, but Plugin and PinnedMap do not busy-poll: leave it 0")
	case !hasMap && d.Path != "":
		w.invalid("Path is set without Plugin and PinnedMap: set one of them, or leave Path empty")
	}
	w.flag("use_cni", "1", d.Plugin)
	w.flag("use_pinned_map", "1", d.PinnedMap)
	w.present("dp_path", "Path", d.Path)
}
