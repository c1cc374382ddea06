// Package metrics turns the numbers of a DPDK process into metrics of Prometheus. The exporter reads them from other
// processes with [Read]; package objects reads those of its own process.
package metrics

import (
	"regexp"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

var all []metric

// define adds a metric, which has the labels prefix and pid, and some of its own.
func define(kind prometheus.ValueType, name, help string, labels ...string) metric {
	m := metric{prometheus.NewDesc("dpdk_"+name, help, append([]string{"prefix", "pid"}, labels...), nil), kind}
	all = append(all, m)
	return m
}

const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue

var (
	processInfo = define(gauge, "process_info", "The DPDK release of a process. The value is 1.", "version")
	failed      = define(gauge, "failed_commands", "Telemetry commands that failed in this scrape.")

	portInfo      = define(gauge, "port_info", "Name and address of a port. The value is 1.", "port", "name", "mac")
	portStarted   = define(gauge, "port_started", "Whether a port is started.", "port")
	linkUp        = define(gauge, "port_link_up", "Whether a port's link is up.", "port")
	linkSpeed     = define(gauge, "port_link_speed_bytes_per_second", "Speed of a link that is up and has a known speed.", "port")
	mtu           = define(gauge, "port_mtu_bytes", "MTU of a port.", "port")
	rxPackets     = define(counter, "port_receive_packets_total", "Packets received.", "port")
	rxBytes       = define(counter, "port_receive_bytes_total", "Bytes received.", "port")
	rxMissed      = define(counter, "port_receive_missed_total", "Packets dropped by the device because its queues were full.", "port")
	rxErrors      = define(counter, "port_receive_errors_total", "Packets received with errors.", "port")
	rxNoMbuf      = define(counter, "port_receive_no_mbuf_total", "Failed allocations of an mbuf to receive into.", "port")
	txPackets     = define(counter, "port_transmit_packets_total", "Packets sent.", "port")
	txBytes       = define(counter, "port_transmit_bytes_total", "Bytes sent.", "port")
	txErrors      = define(counter, "port_transmit_errors_total", "Packets that were not sent.", "port")
	queueCounters = map[string]metric{
		"rx packets": define(counter, "queue_receive_packets_total", "Packets received on a queue.", "port", "queue"),
		"rx bytes":   define(counter, "queue_receive_bytes_total", "Bytes received on a queue.", "port", "queue"),
		"rx errors":  define(counter, "queue_receive_errors_total", "Packets received with errors on a queue.", "port", "queue"),
		"tx packets": define(counter, "queue_transmit_packets_total", "Packets sent on a queue.", "port", "queue"),
		"tx bytes":   define(counter, "queue_transmit_bytes_total", "Bytes sent on a queue.", "port", "queue"),
	}

	poolObjects = define(gauge, "mempool_objects", "Objects of a pool.", "mempool")
	poolFree    = define(gauge, "mempool_free_objects", "Objects in the pool or in a cache. DPDK 23.03 and later, and Go.", "mempool")

	ringCapacity = define(gauge, "ring_capacity_elements", "Elements that a ring can hold. DPDK 24.03 and later, and Go.", "ring")
	ringUsed     = define(gauge, "ring_used_elements", "Elements in a ring.", "ring")

	heapSize    = define(gauge, "heap_size_bytes", "Memory of a heap.", "heap")
	heapFree    = define(gauge, "heap_free_bytes", "Free memory of a heap.", "heap")
	heapLargest = define(gauge, "heap_largest_free_bytes", "Largest free block of a heap.", "heap")

	lcoreCycles = define(counter, "lcore_cycles_total", "Cycles of an lcore that counts them.", "lcore")
	lcoreBusy   = define(counter, "lcore_busy_cycles_total", "Cycles of an lcore with work.", "lcore")
)

// Describe sends the descriptions of all metrics.
func Describe(ch chan<- *prometheus.Desc) {
	for _, m := range all {
		ch <- m.desc
	}
}

// queueStat matches the extended statistics that ethdev has for each queue.
var queueStat = regexp.MustCompile(`^(rx|tx)_q(\d+)_(packets|bytes|errors)$`)

// Collect sends the metrics of a process.
func (p *Process) Collect(ch chan<- prometheus.Metric) {
	pid := strconv.Itoa(p.Info.PID)
	send := func(m metric, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, value, append([]string{p.Prefix, pid}, labels...)...)
	}
	send(processInfo, 1, p.Info.Version)
	send(failed, float64(p.Errors))
	for _, port := range p.Ports {
		id := strconv.Itoa(port.Info.Port)
		send(portInfo, 1, id, port.Info.Name, port.Info.MAC)
		send(portStarted, number(bool(port.Info.Started)), id)
		send(mtu, float64(port.Info.MTU), id)
		send(linkUp, number(port.Link.Up), id)
		if l := port.Link; l.Up && l.Speed != 0 && l.Speed != unknownSpeed {
			send(linkSpeed, float64(l.Speed)*1e6/8, id)
		}
		for _, c := range []struct {
			metric
			value uint64
		}{
			{rxPackets, port.Stats.RxPackets}, {rxBytes, port.Stats.RxBytes}, {rxMissed, port.Stats.RxMissed}, {rxErrors, port.Stats.RxErrors},
			{rxNoMbuf, port.Stats.RxNoMbuf}, {txPackets, port.Stats.TxPackets}, {txBytes, port.Stats.TxBytes}, {txErrors, port.Stats.TxErrors},
		} {
			send(c.metric, float64(c.value), id)
		}
		for name, value := range port.XStats {
			if m := queueStat.FindStringSubmatch(name); m != nil {
				if c, ok := queueCounters[m[1]+" "+m[3]]; ok {
					send(c, float64(value), id, m[2])
				}
			}
		}
	}
	for _, pool := range p.Pools {
		send(poolObjects, float64(pool.Populated), pool.Name)
		if used, ok := pool.InUse(); ok {
			send(poolFree, float64(pool.Populated-used), pool.Name)
		}
	}
	for _, r := range p.Rings {
		send(ringCapacity, float64(r.Capacity), r.Name)
		send(ringUsed, float64(r.Used), r.Name)
	}
	for _, h := range p.Heaps {
		send(heapSize, float64(h.Size), h.Name)
		send(heapFree, float64(h.Free), h.Name)
		send(heapLargest, float64(h.LargestFree), h.Name)
	}
	for _, l := range p.Lcores {
		send(lcoreCycles, float64(l.Total), strconv.Itoa(l.Lcore))
		send(lcoreBusy, float64(l.Busy), strconv.Itoa(l.Lcore))
	}
}

// unknownSpeed is RTE_ETH_SPEED_NUM_UNKNOWN.
const unknownSpeed = 1<<32 - 1

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
