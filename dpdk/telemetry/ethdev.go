package telemetry

import (
	"context"
	"encoding/json"
	"strconv"
)

// PortInfo describes an Ethernet port.
type PortInfo struct {
	Name         string `json:"name"`
	Port         int    `json:"port_id"`
	State        int    `json:"state"` // RTE_ETH_DEV_…: 1 is attached
	MAC          string `json:"mac_addr"`
	MTU          int    `json:"mtu"`
	NUMANode     int    `json:"numa_node"` // -1 or a huge number: none
	RxQueues     int    `json:"nb_rx_queues"`
	TxQueues     int    `json:"nb_tx_queues"`
	RxQueueState []int  `json:"rxq_state"` // 0 stopped, 1 started, 2 hairpin
	TxQueueState []int  `json:"txq_state"`
	MinRxBuffer  int    `json:"rx_mbuf_size_min"` // bytes
	Configured   Flag   `json:"dev_configured"`
	Started      Flag   `json:"dev_started"`
	Promiscuous  Flag   `json:"promiscuous"`
	AllMulticast Flag   `json:"all_multicast"`
	ScatteredRx  Flag   `json:"scattered_rx"`
	LRO          Flag   `json:"lro"`
	Flags        Number `json:"dev_flags"`     // RTE_ETH_DEV_…
	RSSTypes     Number `json:"ethdev_rss_hf"` // RTE_ETH_RSS_…
}

// PortStats are the counters of a port since its start or their last reset.
type PortStats struct {
	RxPackets uint64 `json:"ipackets"`
	TxPackets uint64 `json:"opackets"`
	RxBytes   uint64 `json:"ibytes"`
	TxBytes   uint64 `json:"obytes"`
	RxMissed  uint64 `json:"imissed"` // dropped by the device: the queue was full
	RxErrors  uint64 `json:"ierrors"`
	TxErrors  uint64 `json:"oerrors"`
	RxNoMbuf  uint64 `json:"rx_nombuf"` // failed allocations

	// Counters by queue, of the first 16 queues. They are empty with DPDK 25.11 and later: see
	// [Client.PortXStats], which has names such as "rx_q0_packets".
	RxQueuePackets []uint64 `json:"q_ipackets"`
	TxQueuePackets []uint64 `json:"q_opackets"`
	RxQueueBytes   []uint64 `json:"q_ibytes"`
	TxQueueBytes   []uint64 `json:"q_obytes"`
	RxQueueErrors  []uint64 `json:"q_errors"`
}

// Link is the state of a port's link.
type Link struct {
	Up         bool
	Speed      uint32 // Mbit/s; 0 while down, 4294967295 if unknown
	FullDuplex bool
}

// UnmarshalJSON decodes the words that DPDK uses.
func (l *Link) UnmarshalJSON(text []byte) error {
	var words struct {
		Status, Duplex string
		Speed          uint32
	}
	err := json.Unmarshal(text, &words)
	*l = Link{words.Status == "UP", words.Speed, words.Duplex == "full-duplex"}
	return err
}

// Ports returns the IDs of the ports.
func (c *Client) Ports(ctx context.Context) ([]int, error) { return list[int](ctx, c, "/ethdev/list") }

// PortInfo describes a port.
func (c *Client) PortInfo(ctx context.Context, port int) (PortInfo, error) {
	const command = "/ethdev/info"
	i, err := get[PortInfo](ctx, c, command, strconv.Itoa(port))
	if err == nil {
		err = other(ctx, c, command, port, i.Port)
	}
	return i, err
}

// PortStats returns the counters of a port.
func (c *Client) PortStats(ctx context.Context, port int) (PortStats, error) {
	return get[PortStats](ctx, c, "/ethdev/stats", strconv.Itoa(port))
}

// PortXStats returns the extended statistics of a port by name. Names and meanings depend on the driver. With more than
// 255, or if the text is longer than DPDK's buffer, it returns those that came and [dpdk.ErrOverflow].
func (c *Client) PortXStats(ctx context.Context, port int) (map[string]uint64, error) {
	const command = "/ethdev/xstats"
	r, err := c.ask(ctx, command, strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	var all map[string]uint64
	if err := json.Unmarshal(r.value, &all); err != nil {
		return nil, c.fail(ctx, command, bad(r.value, err.Error()))
	}
	return all, c.fail(ctx, command, r.complete(len(all), maxDict))
}

// PortLink returns the state of a port's link without waiting for the device.
func (c *Client) PortLink(ctx context.Context, port int) (Link, error) {
	return get[Link](ctx, c, "/ethdev/link_status", strconv.Itoa(port))
}
