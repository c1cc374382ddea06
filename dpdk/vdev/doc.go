// Package vdev builds the devargs of common virtual devices, and opens the devices. Each device
// is a struct. Its fields are the arguments of the driver, in Go's types. The zero value of a
// field selects the driver's default.
//
//	port, err := vdev.Open(vdev.AFPacket{Interface: "eth1"}, ethdev.Config{Pool: pool})
//
//	rt, err := eal.Init(eal.Config{Vdevs: devargs, …}) // with devargs of Args
//
// A driver only logs an argument that it refuses, or silently ignores it. This package checks
// the arguments before DPDK gets them. It returns an error for a network interface or a file
// that does not exist, a number out of range, a character that devargs cannot contain, and an
// argument that this release of DPDK does not have.
//
//	Null        net_null         discards what it sends, receives dummy packets
//	AFPacket    net_af_packet    a kernel interface, through packet sockets
//	AFXDP       net_af_xdp       a kernel interface, through AF_XDP sockets
//	TAP         net_tap          creates a kernel interface, connected to the port
//	PCAP        net_pcap         capture files, or a kernel interface
//	Memif       net_memif        another process, through shared memory
//	VirtioUser  net_virtio_user  a vhost in another process, or in the kernel
//	Vhost       net_vhost        a virtio in another process, or in a guest
//	Bond        net_bonding      several ports as one
//
// Ports over rings have no devargs: see package netring.
//
// All functions may be called from any goroutine. Devargs and [Args] do not need EAL. Only the
// primary may call [Open]. End a port with its Detach.
package vdev
