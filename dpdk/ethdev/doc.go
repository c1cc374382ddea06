// Package ethdev is Ethernet ports: network interfaces, real and virtual, that a
// poll-mode driver in this process receives from and sends through (rte_ethdev).
//
// # From a device to packets
//
// Open attaches a device by its devargs, configures the port, sets its queues up
// and starts it; each step can be had by itself: Attach, Configure, Start, Stop,
// Close, Detach. A failing step undoes those before it. Package vdev writes the
// devargs of the virtual devices.
//
//	port, err := ethdev.Open("net_af_packet0,iface=eth1", ethdev.Config{Pool: pool})
//	rx, tx := port.RxQueue(0), port.TxQueue(0)
//	for ctx.Err() == nil {
//		n := rx.Burst(pkts[:])
//		…
//		sent := tx.Burst(pkts[:n])
//		mbuf.FreeBulk(pkts[sent:n])
//	}
//
// # Goroutines
//
// A queue is polled by one goroutine at a time; give each goroutine queues of its
// own. Control calls, that is all methods of Port, may be called from any
// goroutine at any time: they take turns. Stop, Close, Detach and eal's Close wait
// for bursts that are under way in this process and let no more of them in, so a
// poller whose port goes away gets 0 packets, and its queue's Err says why. Builds
// with the tag godpdk_debug panic when two goroutines use one queue at once.
//
// A burst makes one call of C, without allocating. With up to 512 packets and drivers
// whose bursts make no system calls it bypasses cgo in a process that shares no memory
// (eal.Config.InMemory) and has no pool with the ops "ring_mp_mc", "ring_mp_sc" or
// "ring_sp_mc"; a garbage collection then waits for the burst. In all other processes a
// burst can wait for a thread or process that was stopped or killed inside a pool, so it
// goes through cgo, which a collection does not wait for. The build tag godpdk_cgo takes
// cgo for all.
//
// # Without polling
//
// RxQueue.WaitBurst sleeps until a packet comes, where a driver has receive interrupts.
// Subscribe tells of links, queues and devices that come and go.
//
// There are no receive and transmit callbacks (rte_eth_add_rx_callback). One written in
// Go would be a call from C into Go in each burst, which costs 100 to 150 ns on the
// machine where a cgo call costs 65, and it would forbid the shorter way. The loop
// behind Burst sees the same packets at no cost: put there what a callback would do.
//
// # Processes
//
// The primary attaches, configures, starts and stops ports. A secondary finds them
// by name and polls queues that no other process polls; what belongs to the primary
// fails there with dpdk.ErrSecondary. Configure ports before secondaries start:
// DPDK copies where a port's queues are when a process attaches, and RxQueue and
// TxQueue give queues whose Err says so where it was too early. The primary must
// not stop or close a port that a secondary polls: nothing in DPDK tells it.
//
// A secondary can poll ports of net_null, net_ring, net_pcap, net_tap and net_memif, and of
// most NICs. It cannot poll net_af_packet, net_af_xdp, net_bonding and net_vhost: Err is
// dpdk.ErrUnsupported then, and bursts move nothing. The file secondary-fixes.md says what
// else is known of secondaries, for each release of DPDK.
//
// A control call and a detach exclude each other, also if another process asks for the
// detach: the port's end waits up to 5 s for calls under way in this process. What
// is not excluded: a driver that frees its own memory before it reports the port's end to
// DPDK, and Match beside an attach or detach by another process. Detach ports in the process
// that uses them, or stop using them first.
package ethdev
