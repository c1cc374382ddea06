// Package vdev writes the devargs of the virtual devices that people start with,
// and opens them. Each device is a struct whose fields are what its driver takes,
// in Go's types; the zero value of a field is what the driver does by itself.
//
//	port, err := vdev.Open(vdev.AFPacket{Interface: "eth1"}, ethdev.Config{Pool: pool})
//
//	rt, err := eal.Init(eal.Config{Vdevs: devargs, …}) // with devargs of Args
//
// What a driver would refuse with a line in its log, or take without a word and do
// something else, is an error here, before DPDK sees it: a network interface or a
// file that there is not, numbers out of range, characters that devargs cannot
// hold, arguments that this release of DPDK does not know.
//
//	Null        net_null         sends nowhere, receives packets of zeros
//	AFPacket    net_af_packet    a kernel interface, by packet sockets
//	AFXDP       net_af_xdp       a kernel interface, by AF_XDP sockets
//	TAP         net_tap          makes a kernel interface, the port's other end
//	PCAP        net_pcap         files of packets, or a kernel interface
//	Memif       net_memif        another process, by shared memory
//	VirtioUser  net_virtio_user  a vhost in another process, or in the kernel
//	Vhost       net_vhost        a virtio in another process, or in a guest
//	Bond        net_bonding      several ports as one
//
// Ports over rings have no devargs: see package netring.
//
// All functions may be called from any goroutine. Devargs and Args need no EAL;
// Open is for the primary. A port ends with its Detach.
package vdev
