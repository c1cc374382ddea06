// Package ethdev configures Ethernet ports and receives and sends packets through them. A port
// is a network interface, real or virtual, that a poll-mode driver of DPDK serves in this
// process.
//
// # From a device to packets
//
// [Open] attaches a device by its devargs, configures its port, sets up its queues and starts
// it. Each step is also a function: [Attach], [Port.Configure], [Port.Start], [Port.Stop],
// [Port.Close], [Port.Detach]. If a step of Open fails, Open undoes the steps before it. Package
// vdev writes the devargs of virtual devices.
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
// One goroutine at a time uses a queue: give each goroutine its own queues. Control calls are
// the methods of [Port]. Any goroutine may call them at any time, and they exclude each other.
// Stop, Close, Detach and the end of EAL wait for the bursts that run in this process and let no
// more of them in. A poller of such a port gets 0 packets, and [RxQueue.Err] returns the reason.
// Builds with the tag godpdk_debug panic when two goroutines use one queue at once.
//
// A burst makes one call of C and does not allocate. It bypasses cgo if it has at most 512
// packets, the process shares no memory (eal.Config.InMemory), no pool has the ops "ring_mp_mc",
// "ring_mp_sc" or "ring_sp_mc", the queue has no callbacks of C code such as pdump's, and the
// driver is known to use little stack and to make no system calls in bursts: net_null, net_ring,
// net_e1000_em, net_e1000_igb, net_e1000_igb_vf, net_ena, net_i40e, net_iavf, net_igc,
// net_vmxnet3, or one of eal.Config.FastDrivers. If a driver faults in such a burst, the process
// ends with a report that names the driver. recover cannot stop that. A garbage collection waits for such a burst. Other bursts can wait for a thread or process that
// was stopped or killed inside a pool. They use cgo, and a collection does not wait for them. The
// build tag godpdk_cgo makes all bursts use cgo.
//
// # Without polling
//
// [RxQueue.WaitBurst] sleeps until a packet comes, if the driver has receive interrupts.
// [Subscribe] reports links, queues and ports that come and go, and [SubscribeDevices] devices, with
// requests to unplug them.
//
// Package flow creates rules by which the NIC assigns packets to queues, drops or marks them.
//
// Receive and transmit callbacks (rte_eth_add_rx_callback) are not supported. A callback in Go
// would be a call from C into Go in each burst, which costs more than a cgo call, and the burst
// could not bypass cgo. The loop around Burst sees the same packets: put the code there.
//
// # Processes
//
// The primary attaches, configures, starts and stops ports. A secondary finds them by name and
// polls queues that no other process polls. Calls that only the primary may make return
// dpdk.ErrSecondary in a secondary. Configure ports before secondaries start: DPDK copies the
// location of a port's queues when a process attaches. If a secondary started too early,
// [RxQueue.Err] and [TxQueue.Err] return that. The primary must not stop or close a port that a
// secondary polls: DPDK does not report that to the secondary.
//
// A secondary can poll ports of net_null, net_ring, net_pcap, net_tap and net_memif, and of
// most NICs. It cannot poll net_af_packet, net_af_xdp, net_bonding and net_vhost: Err then
// returns dpdk.ErrUnsupported, and bursts move no packets. The file secondary-fixes.md lists
// known problems of secondaries for each release of DPDK.
//
// Use vfio-pci for devices that secondaries share. The kernel's uio_pci_generic stops the DMA of a
// device when any process closes it, so the end of a secondary, also by Close, stops the primary's
// ports. A primary in Go enables the DMA of started ports again within 50 ms, and loses the packets
// of that time. Ports of net_virtio do not continue then, nor do ports of net_vmxnet3 if a packet
// comes in that time: detach and open them again.
//
// A control call and a detach of its port exclude each other, even if another process asks for
// the detach: the end of the port waits up to 5 s for the calls that run in this process. Two
// cases are not excluded: a driver that frees its own memory before it reports the end of the
// port to DPDK, and [Match] while another process attaches or detaches a device. Detach ports in
// the process that uses them, or stop using them first.
package ethdev
