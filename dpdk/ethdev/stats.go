package ethdev

import (
	"fmt"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// Stats are the counters of a port (struct rte_eth_stats) since its attach or the last
// [Port.ResetStats]. With some drivers Start resets them too. Some drivers include the frame
// check sequence in the bytes.
type Stats struct {
	RxPackets uint64 // received
	RxBytes   uint64
	RxMissed  uint64 // dropped by the device because its queues were full
	RxErrors  uint64 // received with errors
	RxNoMbuf  uint64 // failed allocations of an mbuf to receive into

	TxPackets uint64 // sent
	TxBytes   uint64
	TxErrors  uint64 // not sent
}

// QueueStats are the counters of one queue.
type QueueStats struct {
	Packets uint64
	Bytes   uint64
	Errors  uint64 // always 0 for transmit queues
}

// Stats returns the port's counters. It works in all processes, also while the port is polled.
// Errors: dpdk.ErrUnsupported, dpdk.ErrNoDevice.
//
// Implements: rte_eth_stats_get
func (p *Port) Stats() (Stats, error) {
	s, err := read(p, "rte_eth_stats_get", cgo.EthStatsGet)
	return Stats{
		RxPackets: s.IPackets, RxBytes: s.IBytes, RxMissed: s.IMissed, RxErrors: s.IErrors, RxNoMbuf: s.RxNoMbuf,
		TxPackets: s.OPackets, TxBytes: s.OBytes, TxErrors: s.OErrors,
	}, err
}

// ResetStats sets the counters of the port and its queues to 0. Errors: dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_stats_reset
func (p *Port) ResetStats() error {
	const op = "rte_eth_stats_reset"
	return p.owned(op, func() error { return driverError(cgo.EthStatsReset(p.id)) })
}

// Stats returns the queue's counters, which are part of the port's extended statistics. It is
// slow: to read counters often, use [Port.XStats]. Errors: dpdk.ErrUnsupported if the driver does
// not count per queue, as no driver does beyond queue 15; dpdk.ErrInvalid for a queue that does
// not exist.
//
// Implements: rte_eth_xstats_get_names, rte_eth_xstats_get_by_id
func (q RxQueue) Stats() (QueueStats, error) { return q.q.stats("rx") }

// Stats returns the queue's counters: see [RxQueue.Stats].
//
// Implements: rte_eth_xstats_get_names, rte_eth_xstats_get_by_id
func (q TxQueue) Stats() (QueueStats, error) { return q.q.stats("tx") }

func (q *queue) stats(direction string) (QueueStats, error) {
	const op = "rte_eth_xstats_get_by_id"
	if q == nil {
		return QueueStats{}, errZero(op)
	}
	p := q.port
	var s QueueStats
	err := p.do(op, func() error {
		if n := p.queues(q.tx); int(q.id) >= n {
			return p.invalid(op, "%s queue %d does not exist: the port has %d", direction, q.id, n)
		}
		names, errno := cgo.EthXStatsNames(p.id)
		if errno != 0 {
			return driverError(errno)
		}
		var ids, values [3]uint64
		var into [3]*uint64
		n := 0
		for id, name := range names {
			for suffix, v := range map[string]*uint64{"packets": &s.Packets, "bytes": &s.Bytes, "errors": &s.Errors} {
				if n < len(ids) && name == fmt.Sprintf("%s_q%d_%s", direction, q.id, suffix) {
					ids[n], into[n] = uint64(id), v
					n++
				}
			}
		}
		if n == 0 {
			return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrUnsupported, Detail: fmt.Sprintf("the driver does not count for %s queue %d", direction, q.id)}
		}
		if errno := cgo.EthXStatsByID(p.id, ids[:n], values[:n]); errno != 0 {
			return driverError(errno)
		}
		for i, v := range into[:n] {
			*v = values[i]
		}
		return nil
	})
	return s, err
}

// queues returns the number of queues of the port. It works in all processes. The caller holds mu.
func (p *Port) queues(tx bool) int {
	i, _ := cgo.EthDevInfo(p.id)
	if tx {
		return int(i.TxQueues)
	}
	return int(i.RxQueues)
}
