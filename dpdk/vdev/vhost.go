package vdev

// maxVhostQueues is VHOST_MAX_QUEUE_PAIRS.
const maxVhostQueues = 128

// Vhost is the device's side of virtio (net_vhost). The other side is the virtio of a guest, or
// a [VirtioUser] in another process. The port's link is up while the other side is connected.
// Configure creates the socket. A secondary cannot poll the port; see package ethdev.
type Vhost struct {
	Name   string
	Socket string // to listen on, a path
	// Client connects to a Socket on which the other side listens, and connects again after
	// the other side restarts. The other side may start later.
	Client bool
	Queues int // in each direction; 0 is 1
	// IOMMU, PostCopy and TSO offer more features to the other side.
	IOMMU    bool // an IOMMU in the guest
	PostCopy bool // live migration that copies memory after the move
	TSO      bool // TCP segmentation offload
	// LinearBuffer receives each packet in one segment. ExternalBuffer puts packets that do
	// not fit into the pool's mbufs into external buffers.
	LinearBuffer, ExternalBuffer bool
	// LegacyOffloadFlags marks received packets for transmit offloads, as DPDK did
	// before 21.05.
	LegacyOffloadFlags bool
}

func (d Vhost) driver() string { return "net_vhost" }
func (d Vhost) name() string   { return d.Name }

// Devargs implements [Device].
func (d Vhost) Devargs() (string, error) {
	w := newWriter(d)
	if d.Client && d.Socket != "" {
		w.socketPath("iface", "Socket", d.Socket)
	} else {
		w.socket("iface", "Socket", d.Socket, true)
	}
	w.flag("client", "1", d.Client)
	w.number("queues", "Queues", d.Queues, 1, maxVhostQueues)
	w.flag("iommu-support", "1", d.IOMMU)
	w.flag("postcopy-support", "1", d.PostCopy)
	w.flag("tso", "1", d.TSO)
	w.flag("linear-buffer", "1", d.LinearBuffer)
	w.flag("ext-buffer", "1", d.ExternalBuffer)
	w.flag("legacy-ol-flags", "1", d.LegacyOffloadFlags)
	return w.devargs()
}
