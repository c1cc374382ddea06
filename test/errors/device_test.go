//go:build linux

package errors

import (
	"testing"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/packet"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

func TestDeviceErrors(t *testing.T) {
	devargs := func(d vdev.Device) func() error { return func() error { return second(d.Devargs()) } }
	check(t, []provoked{
		{"AF_PACKET without an interface", devargs(vdev.AFPacket{}), "rte_dev_probe", "net_af_packet", dpdk.ErrInvalid, "Interface"},
		{"AF_XDP without an interface", devargs(vdev.AFXDP{}), "rte_dev_probe", "net_af_xdp", dpdk.ErrInvalid, "Interface"},
		{"pcap without files", devargs(vdev.PCAP{}), "rte_dev_probe", "net_pcap", dpdk.ErrInvalid, "set Rx, Tx or Interface"},
		{"a negative size", devargs(vdev.Null{Size: -1}), "rte_dev_probe", "net_null", dpdk.ErrInvalid, "-1"},
		{"a port without rings", func() error { return second(netring.Attach(netring.Config{})) }, "rte_eth_from_rings", "net_ring_0", dpdk.ErrInvalid, "Rx is empty"},
		{"a source without a queue", func() error { return second(packet.NewSource(background, nil, packet.SourceConfig{})) }, "rte_eth_rx_burst", "", dpdk.ErrInvalid, "no queue and no function"},
		{"a source of a transmit queue", func() error {
			return second(packet.NewSource(background, ethdev.TxQueue{}, packet.SourceConfig{}))
		}, "rte_eth_rx_burst", "", dpdk.ErrInvalid, "Port.RxQueue"},
		{"a sink without a queue", func() error { return second(packet.NewSink(nil, (*mbuf.Pool)(nil), packet.SinkConfig{})) }, "rte_eth_tx_burst", "", dpdk.ErrInvalid, "no queue and no function"},
	})
}
