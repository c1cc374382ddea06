// Package pdump captures the packets of ports (librte_pdump).
//
// A process that calls [Init] lets others capture: dpdk-dumpcap, dpdk-pdump, and [Start] of this package. A C program
// calls rte_pdump_init, as dpdk-testpmd does.
//
// [Start] captures in a secondary of any primary, in Go or C:
//
//	c, err := pdump.Start(port, pdump.Config{}) // all queues, both directions, whole frames
//	defer c.Close()
//	for p := range c.Packets(ctx) {
//		fmt.Println(p.Time, p.Direction, p.Length, p.Data)
//	}
//
// [Writer] writes packets in the format pcapng, for tcpdump and Wireshark. [Packet.CaptureInfo] is for gopacket.
//
// # How it works
//
// The primary copies each packet during the burst that receives or sends it, and enqueues the copy to a ring of the
// capturing process. The packets of all processes are seen since DPDK 25.11, before only those of bursts in the primary. If
// the ring is full, the copy is dropped and counted ([Stats]); the burst never waits. A queue with a capture costs the
// burst a copy of each packet, and a Go primary one cgo call. A queue without one costs nothing. A running loop notices a
// capture at its next burst.
//
// # When the capturing process is killed
//
// The primary continues. A primary in Go ends the captures of a secondary in Go as soon as it has noticed the death, and
// frees their memory. Of a process that is killed in Start, before it captures, the memory stays.
//
// A primary in C, and a primary in Go after the death of a C program, goes on copying into a ring that nobody reads: the
// ring becomes full, and each packet costs a copy that is dropped. Each queue has one capture per direction, so the next
// Start fails with [dpdk.ErrExist]. [Reset] ends the capture of the dead process. Its ring and its pool (about 10 MB by
// default) stay until the primary ends. With a C primary the pool is a ring; if the process is killed while it returns
// copies to that pool, the primary's burst can wait forever, as it can after the death of dpdk-dumpcap. A Go primary has
// pools in which no process waits for another one.
//
// # Limits
//
//   - DPDK allows only secondaries to capture. A primary that captures its own packets can do so where it polls.
//   - Since DPDK 25.11 each secondary must call Init: the primary asks all of them, and waits 5 s for each request.
//   - A copy has at most Config.SnapLen bytes. Packet.Length is the length of the original.
//   - DPDK 22.11 converts times in the primary, from a rate that it has estimated, so they can drift from the
//     wall clock by seconds a day. In later releases they do not.
package pdump
