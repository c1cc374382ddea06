package ethdev

import (
	"fmt"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// Stats are the counters of a port (struct rte_eth_stats), since it was attached or
// since ResetStats. With some drivers Start resets them too. Whether bytes include
// the frame check sequence is the driver's choice.
type Stats struct {
	RxPackets uint64 // received
	RxBytes   uint64
	RxMissed  uint64 // dropped by the device, because its queues were full
	RxErrors  uint64 // received broken
	RxNoMbuf  uint64 // times that the pool had no mbuf left to receive into

	TxPackets uint64 // sent
	TxBytes   uint64
	TxErrors  uint64 // not sent
}

// QueueStats are the counters of one queue.
type QueueStats struct {
	Packets uint64
	Bytes   uint64
	Errors  uint64 // always 0 of transmit queues
}

// Stats reads the port's counters (rte_eth_stats_get). It works in all processes,
// while the port is polled, too. Errors: dpdk.ErrUnsupported, dpdk.ErrNoDevice.
func (p *Port) Stats() (Stats, error) {
	var s cgo.EthStats
	err := p.control("rte_eth_stats_get", func() (errno int) {
		s, errno = cgo.EthStatsGet(p.id)
		return errno
	})
	return Stats{
		RxPackets: s.IPackets, RxBytes: s.IBytes, RxMissed: s.IMissed, RxErrors: s.IErrors, RxNoMbuf: s.RxNoMbuf,
		TxPackets: s.OPackets, TxBytes: s.OBytes, TxErrors: s.OErrors,
	}, err
}

// ResetStats makes the counters of the port and its queues 0 (rte_eth_stats_reset).
// Errors: dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) ResetStats() error {
	const op = "rte_eth_stats_reset"
	return p.owned(op, func() error { return p.result(op, cgo.EthStatsReset(p.id)) })
}

// Stats reads the queue's counters, which are among the extended statistics
// (rte_eth_xstats_get_by_id): for a look now and then. To read many often use
// Port.XStats. Errors: dpdk.ErrUnsupported if the driver does not count by queue, as
// all do not beyond queue 15; dpdk.ErrInvalid for a queue that there is not.
func (q RxQueue) Stats() (QueueStats, error) { return q.q.stats("rx") }

// Stats reads the queue's counters; see RxQueue.Stats.
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
			return p.invalid(op, "there is no %s queue %d: the port has %d", direction, q.id, n)
		}
		names, errno := cgo.EthXStatsNames(p.id)
		if errno != 0 {
			return p.result(op, errno)
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
			return p.result(op, errno)
		}
		for i, v := range into[:n] {
			*v = values[i]
		}
		return nil
	})
	return s, err
}

// queues is how many queues the port has, in all processes. The caller holds mu.
func (p *Port) queues(tx bool) int {
	i, _ := cgo.EthDevInfo(p.id)
	if tx {
		return int(i.TxQueues)
	}
	return int(i.RxQueues)
}
