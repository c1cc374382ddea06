// Package netring makes ports of rings (librte_net_ring): what a port's queue sends
// is put into a ring, what it receives is taken out of one. Such ports need no
// device, lose nothing but what their user drops, and count exactly.
//
//	in, err := ring.Create[*mbuf.Mbuf]("in", 1024, ring.Config{})
//	out, err := ring.Create[*mbuf.Mbuf]("out", 1024, ring.Config{})
//	port, err := netring.Open(netring.Config{
//		Rx: []*ring.Ring[*mbuf.Mbuf]{in}, Tx: []*ring.Ring[*mbuf.Mbuf]{out},
//	}, ethdev.Config{Pool: pool})
//
// The rings are the user's: Detach of the port leaves them and the packets in
// them, and they must outlive the port. In the process that made the port, Free of
// such a ring fails with dpdk.ErrBusy until then. Pair and Loopback bring rings of their own.
//
// A queue enqueues and dequeues in the modes that its ring was made with. The
// short way of package ethdev's bursts cannot yield in the middle, so where other
// processes use the other end of a ring take RTS or HTS, or Single.
//
// Ports are made by the primary. Secondaries find them by name, if they start after
// the primary's Open.
package netring
