// Package place gives each worker of a group a named place, so that a successor can continue where a worker
// was killed, or has left. A place is a name with the parts that only one process at a time may use: queues
// of ports and ends of rings. The primary keeps the places.
//
//	p, err := place.Claim(ctx, "rx", place.Parts{Rx: []place.Queue{{Port: "net_ring_a"}}, Produces: []string{"received"}})
//	batch, err := place.NewBatch[*mbuf.Mbuf](p, "packets", 32) // with the packets of a predecessor
//	for ctx.Err() == nil && !p.Wanted() {
//		p.RxQueue(0).ReceiveBatch(batch, 32)
//		received.EnqueueBatch(batch)
//	}
//	err = p.Leave() // the successor has the packets in the batch
//
// [Claim] waits while another living process has the place. When the owner dies, the primary first settles
// everything that it had: half-done ring operations, batches, caches, locks. Then the place is free, and
// [Place.Predecessor] describes the owner that died. So a process that waits in Claim is a standby worker.
//
// [TakeOver] replaces a living worker, as for an upgrade: the owner sees [Place.Wanted], finishes its burst
// and calls [Place.Leave]. Everything in its batches goes to the successor, and nothing is lost.
//
// Two living processes never have the same place, or places with the same part. A process that polls a queue
// without a place is not prevented from that. Lcores are not parts: eal.Init claims those of a process, and
// they are free again when it ends.
//
// The page worker-crash.md of package eal describes what a killed worker can lose, and which drivers the
// successor can simply go on to poll.
package place
