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
// # Loss
//
// A call that sends returns an error if the datagram was not handed to the port. If the queue of the port
// is full, the call waits until the write deadline, or one second without one. Datagrams can be lost when no
// call is there to return an error: because a neighbor does not answer, or because a socket is not read. [Host.Stats] and
// [Conn.Stats] count them. ICMP errors are limited to 1,000 a second, and answers to pings to 10,000.
//
// # Goroutines
//
// A host has a goroutine for each queue of the port, which polls, and one for timers. Any goroutine may call any
// method of Host and Conn. No other code may use these queues of the port.
//
// Received datagrams wait in their mbufs. [Conn.ReadBatch] lends them to the caller; the other
// read methods copy them. Reading and writing do not allocate, except for the *net.UDPAddr of the methods that
// return one, and for errors.
package udp
