// Package udp sends and receives UDP datagrams over a port, without the kernel. A [Host] is an IP
// host at a port: it has addresses, routes and sockets. A [Conn] is a socket with the methods of
// *net.UDPConn, so that Go code for UDP works on it.
//
//	host, err := udp.NewHost(port, udp.Config{
//		Addrs:    []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")},
//		Gateways: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
//	})
//	defer host.Close()
//	conn, err := host.ListenPacket("udp", ":443")
//	n, from, err := conn.ReadFromUDPAddrPort(buf)
//
// # What a host does
//
// It speaks IPv4 and IPv6 over Ethernet, with or without a VLAN tag. It answers ARP, neighbor
// solicitations and pings, and finds the Ethernet addresses of its neighbors. It reports closed
// ports by ICMP, and obeys the ICMP errors that it receives: a connected Conn returns
// ECONNREFUSED, and the path MTU shrinks. It fragments large datagrams and reassembles fragments. It
// joins multicast groups by IGMPv2 and MLDv1, and answers queries at once. It sends to its own addresses without the port.
// It accepts the unfinished checksums of the kernel of the same machine: see header.ChecksumPartial.
//
// It does not forward packets. It ignores router advertisements and redirects: routes come from
// the Config. It does not check that its addresses are free (duplicate address detection), although it announces
// them. It does not deliver its own multicast and broadcast datagrams to its own sockets. It sends no ICMP
// error for fragments that never became a datagram. Addresses have no zone: a host has one interface.
//
// # Kernel sockets
//
// A [Kernel] has the sockets of the kernel in the shape of a Host: it is a [Network] too, and its [KernelConn] has the methods of a Conn, with
// the same errors. Together they are a [Socket]. A program that uses Network, [PacketConn] and Socket runs on both, so that an application can
// ship one binary. It chooses once, at its start: by a flag, or because it was built without DPDK.
//
//	rt, err := eal.Init(cfg)
//	if errors.Is(err, dpdk.ErrNoDPDK) { // built with CGO_ENABLED=0, or not for Linux
//		network, err = udp.NewKernel(udp.KernelConfig{})
//	}
//
// Other errors of Init may be reasons too: dpdk.ErrNoHugepages, dpdk.ErrPermission. A program that is linked with shared DPDK does
// not start on a machine without it: build it with CGO_ENABLED=0 or with static DPDK.
//
// Both have batches, borrowed payloads, control messages, TOS, TTL, groups and counters. These differ:
//   - The kernel's addresses and routes are those of the machine, not of a Config.
//   - A kernel socket that is bound to a unicast address receives no multicast or broadcast datagrams.
//   - A broadcast reaches the sender's own sockets.
//   - IPv6 link-local addresses have a zone, and need one, also in Datagram.To and Message.From.
//   - [ConnStats] has no Waiting. [Stats] has RxDatagrams, TxDatagrams and Drops[DropSocketFull] only. Its RxDatagrams counts what was read.
//   - RxBytes of a KernelConn does not count bytes that had no room in the buffer of the reader.
//
// Linux has all of this. On other systems a KernelConn has what *net.UDPConn has, and one datagram a call of ReadBatch and WriteBatch.
//
// # Several processes
//
// Several hosts can be one IP host at one port: the hosts of a [Shared] have the same addresses and different queues. They may be in one process, or in
// a primary and its secondaries, so that each process polls its own queues and a service stays up when one of them ends:
//
//	shared, err := udp.CreateShared("web") // once, in the primary; the others call LookupShared
//	host, err := udp.NewHost(port, udp.Config{
//		Addrs: addrs, Pool: pool, Shared: shared, FirstQueue: 1, Queues: 1,
//	})
//
// A secondary finds the port by ethdev.Lookup, after the primary has started it, and the pool by mbuf.LookupPool. The driver must support bursts in
// secondaries: see package ethdev. All hosts have the same Addrs, VLAN and MAC.
//
// Neighbors: they share one neighbor cache. The host that receives an ARP packet, a neighbor message or a ping answers it, whichever it is: mostly that
// of queue 0. If it is the answer to a request of another host, that one learns it at once. A process that comes back finds the neighbors.
//
// Local ports: a port belongs to the host that has a socket with it, whatever the address. Another host gets EADDRINUSE, and port 0 chooses one that no host
// has. With Config.ReusePort in all hosts, each of them may have a socket of ListenUDP with the same port, and receives the flows that
// arrive at its queues, as with SO_REUSEPORT of Linux, which [KernelConfig].ReusePort sets. When a process has died, its ports are free after at most a second, and before that if
// a socket asks for one of them.
//
// Queues: the RSS of the port chooses the queue of a datagram. A socket of [Host.DialUDP] without a local port gets one with which the answers arrive
// at its own host, if the driver reports how it hashes: see [Host.RSS]. Software drivers do not report it (net_ring, net_tap, net_memif), and a
// socket of ListenUDP has many peers. So a host hands over a datagram for the socket of another host, by a queue in shared memory for 256 frames from each
// host to each other one. The receiver looks there in each round of its poller, and each 100 ms if that sleeps longer (Config.Idle). A service is fastest with ReusePort, which hands over nothing. If the queue is
// full, the frame is dropped (DropHandover). ICMP errors, multicast and broadcast datagrams, and queries for groups reach all hosts that they are
// for. The fragments of a datagram must arrive at one queue, as they do with RSS of the addresses.
//
// The death of a process: nobody polls its queues until it comes back, or until the primary gives them to others (ethdev.Port.SetRETA). The other hosts
// go on. If a process is stopped, another host waits for it 20 ms in a second at most; NewHost, and a ListenUDP for the port of a process that has died, wait
// two seconds at most. NewHost also waits for the primary, as each control call does. Locks of a dead process are taken over. The mbufs that the
// dead process held are missing in the pool: see mbuf.Pool.Recover. The hosts of secondaries go on after the death of the primary too, with their
// sockets, neighbors and each other. They cannot start new hosts then, and a new primary makes all memory new: end the secondaries first.
//
// Multicast: only the primary can make the port receive groups. Its host makes the port receive all groups. Without a host in the
// primary, call ethdev.Port.SetAllMulticast.
//
// # Loss
//
// A call that sends returns an error if the datagram was not handed to the port. If the queue of the port
// is full, the call waits until the write deadline, or one second without one. Datagrams can be lost when no
// call is there to return an error: because a neighbor does not answer, or because a socket is not read. [Host.Stats] and
// [Conn.Stats] count them. ICMP errors are limited to 1,000 a second, and answers to pings to 10,000.
//
// # Other stations
//
// What other stations send cannot fill the memory. Each limit is counted in [Stats] when it drops something. Datagrams that wait for
// readers hold at most half of the mbufs of the pool. Fragments that wait for others hold an eighth, and packets that wait for the Ethernet
// addresses of neighbors another eighth, at most 128 for each neighbor: then the oldest one is dropped, as in Linux. The caches of neighbors (1,024)
// and of paths (4,096) replace entries.
//
// Packets with an address of the host or a loopback address as their source are dropped. An ICMP error must be about a datagram of a socket, to
// a destination that was used. A neighbor advertisement must come from the link (hop limit 255), and queries for groups too. On the
// link nothing proves identity: ARP and neighbor discovery believe any station, as in other hosts.
//
// # Pollers
//
// A host polls its queues. Config.Idle chooses what a poller does when nothing comes:
//
//   - The default, lcore.Idle, spins, then yields, and then sleeps for 20 µs at a time, which the kernel's timer slack makes longer. An idle
//     host uses a part of a CPU. The first datagram after a pause waits for the end of the sleep.
//   - &lcore.Idle{Spins: math.MaxInt} always spins. It has the shortest delay, and uses a whole CPU for each queue. GOMAXPROCS
//     must exceed the number of queues, or else no other goroutine runs.
//   - &lcore.Idle{Sleep: -1} never sleeps, but yields to other goroutines. It also uses a whole CPU.
//   - With Config.Interrupts the poller waits for the receive interrupt instead of sleeping, if the driver has one. An idle host uses no CPU
//     time. A datagram after a pause costs some system calls of the poller, and the kernel must wake it.
//
// With Yields: -1 a poller goes from spinning to sleeping at once: for an Idle function that calls runtime.LockOSThread and pins the thread, since
// each yield of such a goroutine switches threads twice.
//
// # Goroutines
//
// A host has a goroutine for each of its queues, which polls, and one for timers. Any goroutine may call any
// method of Host and Conn. No other code may use these queues of the port.
//
// Received datagrams wait in their mbufs. [Conn.ReadBatch] lends them to the caller; the other
// read methods copy them. Reading and writing do not allocate, except for the *net.UDPAddr of the methods that
// return one, and for errors.
package udp
