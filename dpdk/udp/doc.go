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
// arrive at its queues, as with SO_REUSEPORT of Linux. When a process has died, its ports are free after at most a second, and before that if
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
// go on: no host waits for another process longer than 20 ms, and NewHost and Close no longer than two seconds. Locks of a dead process are taken over. The mbufs that
// the dead process held are missing in the pool: see mbuf.Pool.Recover. The hosts of secondaries go on after the death of the primary too, with their sockets, neighbors and each
// other. They cannot start new hosts then, and a new primary makes all memory new: end the secondaries first.
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
// # Goroutines
//
// A host has a goroutine for each of its queues, which polls, and one for timers. Any goroutine may call any
// method of Host and Conn. No other code may use these queues of the port.
//
// Received datagrams wait in their mbufs. [Conn.ReadBatch] lends them to the caller; the other
// read methods copy them. Reading and writing do not allocate, except for the *net.UDPAddr of the methods that
// return one, and for errors.
package udp
