package ethdev

import (
	"fmt"
	"strings"

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
// not count both packets and bytes of the queue, as many drivers do not beyond queue 15;
// dpdk.ErrInvalid for a queue that does not exist.
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
		c := countersOf(names, fmt.Sprintf("%s_q%d_", direction, q.id))
		if c == nil {
			return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrUnsupported, Detail: fmt.Sprintf("the driver does not count for %s queue %d", direction, q.id)}
		}
		values := make([]uint64, len(c))
		if errno := cgo.EthXStatsByID(p.id, c, values); errno != 0 {
			return driverError(errno)
		}
		s.Packets, s.Bytes = values[0], values[1]
		if len(values) > 2 {
			s.Errors = values[2]
		}
		return nil
	})
	return s, err
}

// counterNames are the names of the counters of packets and bytes of a queue, after "rx_q0_" or "tx_q0_".
var counterNames = [][2]string{
	{"packets", "bytes"},           // most drivers
	{"good_packets", "good_bytes"}, // net_virtio, net_netvsc, net_vhost
	{"cnt", "bytes"},               // net_ena
}

// countersOf returns the IDs of the counters with names that begin with prefix: packets, bytes, and errors if
// the driver has that counter. It returns nil if packets or bytes is missing.
func countersOf(names []string, prefix string) []uint64 {
	ids := map[string]uint64{}
	for id, name := range names {
		counter, found := strings.CutPrefix(name, prefix)
		if _, twice := ids[counter]; found && !twice { // a driver may repeat a counter of ethdev
			ids[counter] = uint64(id)
		}
	}
	for _, name := range counterNames {
		packets, hasPackets := ids[name[0]]
		bytes, hasBytes := ids[name[1]]
		if !hasPackets || !hasBytes {
			continue
		}
		if errors, ok := ids["errors"]; ok {
			return []uint64{packets, bytes, errors}
		}
		return []uint64{packets, bytes}
	}
	return nil
}

// queues returns the number of queues of the port. It works in all processes. The caller holds mu.
func (p *Port) queues(tx bool) int {
	i, _ := cgo.EthDevInfo(p.id)
	if tx {
		return int(i.TxQueues)
	}
	return int(i.RxQueues)
}
