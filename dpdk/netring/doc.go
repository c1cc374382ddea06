// Package netring makes ports from rings (librte_net_ring). A transmit queue enqueues packets
// to its ring; a receive queue dequeues them from its ring. Such ports do not need a device,
// do not lose packets, and count exactly.
//
//	in, err := ring.Create[*mbuf.Mbuf]("in", 1024, ring.Config{})
//	out, err := ring.Create[*mbuf.Mbuf]("out", 1024, ring.Config{})
//	port, err := netring.Open(netring.Config{
//		Rx: []*ring.Ring[*mbuf.Mbuf]{in}, Tx: []*ring.Ring[*mbuf.Mbuf]{out},
//	}, ethdev.Config{Pool: pool})
//
// The user owns the rings. Detach of the port leaves the rings and their packets, and the rings
// must outlive the port. In the process that made the port, Free of such a ring returns
// dpdk.ErrBusy until the port is detached. [Pair] and [Loopback] make their own rings.
//
// A queue enqueues and dequeues in the modes of its ring. If other processes use the other end
// of a ring, use RTS, HTS or Single.
//
// Only the primary makes ports. Secondaries that start later find them by name. Those that are older do
// not have them. Detach works beside both.
package netring
