package vdev

import (
	"math"

	"github.com/godpdk/godpdk/cgo"
)

// AFXDP is a network interface of the kernel, through AF_XDP sockets, which
// pass the kernel's own network stack by (net_af_xdp). It needs CAP_NET_ADMIN,
// CAP_NET_RAW and CAP_BPF, or with Plugin and PinnedMap somebody who has them. A
// secondary cannot poll the port; see package ethdev.
//
// The kernel shares one piece of memory with the port, that of the queue's pool. Before
// DPDK 24.07 the driver registers less than that, and loses what is sent from, or
// received into, the last mbufs: Configure takes those out of the pool for good, 4 of
// 4,095 mbufs or 10 of 16,383 with the default data room, and fails with dpdk.ErrBusy
// if some of them are in use. Packets that are sent must have one segment: of others the
// driver sends what lies behind the first. At the port's end the driver does not free the
// mbufs that wait for packets, 2,048 of each queue; nor does it if Configure fails. It
// cannot be configured a second time: detach the port and open it again.
//
// The kernel lets go of a queue some milliseconds after its last user: until then Open
// fails with dpdk.ErrInvalid. A port that ends removes the XDP program of its interface,
// even if another port has attached it. RxQueue.Err of that other port,
// which then receives nothing, says so: let one program end before the next opens the interface.
//
// Packets from a kernel's socket at the other end of a veth pair carry unfinished L4
// checksums, unless checksum offload is off there: "ethtool -K veth0 tx off". A host that
// such packets are forwarded to drops them.
type AFXDP struct {
	Name       string
	Interface  string // in the network namespace of the calling thread
	StartQueue int    // the interface's queue that is the port's queue 0
	Queues     int    // 0 is 1
	SharedUMEM bool   // ports with the same pool share its registration with the kernel
	Program    string // a file with an XDP program to load; "" is libxdp's
	// BusyBudget is how many packets the kernel may take at once for a queue that is
	// polled; 0 is 64. NoBusyPoll has the kernel work in its own time.
	BusyBudget int
	NoBusyPoll bool
	ForceCopy  bool   // no zero-copy, also where the interface can do it
	Mode       string // of the XDP program: "drv", "skb" or "hw"; "" is what there is. Needs DPDK 25.11
	// Plugin takes the socket map from the AF_XDP device plugin of Kubernetes over a
	// Unix socket (DPDK 23.03), PinnedMap from a file of bpffs (24.07): either loads
	// no program and polls not busily. Path is that socket or file, if it is not where
	// the plugin puts it (24.07).
	Plugin, PinnedMap bool
	Path              string
}

func (d AFXDP) driver() string { return "net_af_xdp" }
func (d AFXDP) name() string   { return d.Name }

// Devargs implements Device.
func (d AFXDP) Devargs() (string, error) {
	w := newWriter(d)
	if d.Interface == "" {
		w.invalid("Interface is empty")
	}
	w.netdev("iface", "Interface", d.Interface)
	w.number("start_queue", "StartQueue", d.StartQueue, 0, cgo.EthMaxQueues-1)
	w.number("queue_count", "Queues", d.Queues, 1, cgo.EthMaxQueues)
	w.flag("shared_umem", "1", d.SharedUMEM)
	w.readable("xdp_prog", "Program", d.Program)
	w.number("busy_budget", "BusyBudget", d.BusyBudget, 1, math.MaxUint16)
	if d.NoBusyPoll && d.BusyBudget != 0 {
		w.invalid("BusyBudget and NoBusyPoll exclude each other")
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
		w.invalid("Plugin and PinnedMap exclude each other")
	case hasMap && d.Program != "":
		w.invalid("Program: with Plugin or PinnedMap no program is loaded")
	case hasMap && d.BusyBudget != 0:
		w.invalid("BusyBudget: with Plugin or PinnedMap nothing is polled busily")
	case !hasMap && d.Path != "":
		w.invalid("Path is for Plugin or PinnedMap")
	}
	w.flag("use_cni", "1", d.Plugin)
	w.flag("use_pinned_map", "1", d.PinnedMap)
	w.present("dp_path", "Path", d.Path)
}
