package ethdev_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// nic is the Info of a NIC with limits.
var nic = ethdev.Info{
	Driver: "net_nic", MinMTU: 68, MaxMTU: 9000, MinRxBuffer: 1024, MaxLRO: 0,
	MaxRxQueues: 4, MaxTxQueues: 2,
	Rx:  ethdev.RxLimits{Descriptors: ethdev.DescriptorLimits{Min: 64, Max: 4096, Multiple: 32, Preferred: 256}, Offloads: ethdev.RxChecksum | ethdev.RxScatter, QueueOffloads: ethdev.RxScatter},
	Tx:  ethdev.TxLimits{Descriptors: ethdev.DescriptorLimits{Min: 512, Max: 1000, Multiple: 8}, Offloads: ethdev.TxChecksum, QueueOffloads: 0},
	RSS: ethdev.RSSIPv4 | ethdev.RSSTCP, RSSKeySize: 40,
}

func TestUnsupportedConfigIsRefused(t *testing.T) {
	pool := newPool(t)
	small, err := mbuf.CreatePool(fmt.Sprint("pool ", number()), 127, mbuf.PoolConfig{DataRoom: 512})
	require.NoError(t, err)
	freed, err := mbuf.CreatePool(fmt.Sprint("pool ", number()), 127, mbuf.PoolConfig{})
	require.NoError(t, err)
	require.NoError(t, freed.Free())
	defer func() { assert.NoError(t, small.Free()) }()

	type config = ethdev.Config
	rx := func(q ethdev.RxQueueConfig) config { return config{Pool: pool, Rx: q} }
	tx := func(q ethdev.TxQueueConfig) config { return config{Pool: pool, Tx: q} }
	for says, cfg := range map[string]config{
		"RxQueues is 5: net_nic has at most 4":                                    {Pool: pool, RxQueues: 5},
		"RxQueues is -2":                                                          {Pool: pool, RxQueues: -2},
		"TxQueues is 3: net_nic has at most 2":                                    {Pool: pool, TxQueues: 3},
		"the port has no queues":                                                  {RxQueues: ethdev.NoQueues, TxQueues: ethdev.NoQueues},
		"RxEach has 1 queues and RxQueues is 2":                                   {Pool: pool, RxQueues: 2, RxEach: make([]ethdev.RxQueueConfig, 1)},
		"TxEach has 2 queues and TxQueues is 1":                                   {Pool: pool, TxEach: make([]ethdev.TxQueueConfig, 2)},
		"receive queue 0: no Pool to receive into":                                {},
		fmt.Sprintf("receive queue 0: the pool %q was freed", freed.Name()):       {Pool: freed},
		"have 384 bytes behind their headroom: net_nic needs 1024":                {Pool: small},
		"RxOffloads: net_nic does not support VLAN_STRIP":                         {Pool: pool, RxOffloads: ethdev.RxVLANStrip | ethdev.RxScatter},
		"TxOffloads: net_nic does not support MULTI_SEGS":                         {Pool: pool, TxOffloads: ethdev.TxMultiSegment},
		"receive queue 0: net_nic does not support UDP_CKSUM for a single queue":  rx(ethdev.RxQueueConfig{Offloads: ethdev.RxUDPChecksum}),
		"transmit queue 0: net_nic does not support UDP_CKSUM for a single queue": tx(ethdev.TxQueueConfig{Offloads: ethdev.TxUDPChecksum}),
		"RSS: net_nic cannot hash ipv4-udp":                                       {Pool: pool, RSS: ethdev.RSSIPv4UDP},
		"RSSKey is set and RSS is 0":                                              {Pool: pool, RSSKey: make([]byte, 40)},
		"RSSKey has 41 bytes: net_nic needs 40":                                   {Pool: pool, RSS: ethdev.RSSIPv4, RSSKey: make([]byte, 41)},
		"MTU is 9001: net_nic supports 68 to 9000":                                {Pool: pool, MTU: 9001},
		"MTU is 67": {Pool: pool, MTU: 67},
		"MaxLRO is 1: net_nic supports at most 0":                                        {Pool: pool, MaxLRO: 1},
		"LinkEvents: net_nic does not report its link":                                   {Pool: pool, LinkEvents: true},
		"RemovalEvents: net_nic does not report":                                         {Pool: pool, RemovalEvents: true},
		"receive queue 0: 32 descriptors are too few: net_nic needs at least 64":         rx(ethdev.RxQueueConfig{Descriptors: 32}),
		"receive queue 0: -64 descriptors are too few":                                   rx(ethdev.RxQueueConfig{Descriptors: -64}),
		"receive queue 0: 65632 descriptors are too many: net_nic supports at most 4096": rx(ethdev.RxQueueConfig{Descriptors: 1<<16 + 96}),
		"receive queue 0: 100 descriptors: net_nic needs a multiple of 32":               rx(ethdev.RxQueueConfig{Descriptors: 100}),
		"transmit queue 0: 504 descriptors are too few: net_nic needs at least 512":      tx(ethdev.TxQueueConfig{Descriptors: 504}),
		"FreeThreshold is 65536 and ReportThreshold 0":                                   rx(ethdev.RxQueueConfig{FreeThreshold: 1 << 16}),
		"Prefetch, Host or WriteBack is 256: use 0 to 255":                               tx(ethdev.TxQueueConfig{Host: 256}),
		"the socket is negative":                                                         tx(ethdev.TxQueueConfig{Socket: dpdk.Socket(-1)}),
	} {
		t.Run(says, func(t *testing.T) {
			err := ethdev.CheckConfig(cfg, nic)
			assert.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.ErrorContains(t, err, says)
		})
	}
	assert.NoError(t, ethdev.CheckConfig(config{Pool: pool}, nic))
	assert.NoError(t, ethdev.CheckConfig(config{Pool: pool, RxQueues: 4, TxQueues: 2, RSS: ethdev.RSSIPv4, RSSKey: make([]byte, 40), MTU: 9000,
		RxOffloads: ethdev.RxChecksum, Rx: ethdev.RxQueueConfig{Descriptors: 64, Offloads: ethdev.RxScatter}, Tx: ethdev.TxQueueConfig{Descriptors: 1000}}, nic))
}

func TestClampReturnsItsChanges(t *testing.T) {
	pool := newPool(t)
	asked := ethdev.Config{
		Pool: pool, RxQueues: 8, TxQueues: 3, RxOffloads: ethdev.RxVLANStrip | ethdev.RxUDPChecksum, TxOffloads: ethdev.TxMultiSegment,
		RSS: ethdev.RSSIPv4 | ethdev.RSSIPv4UDP, MTU: 10000, MaxLRO: 5, LinkEvents: true, RemovalEvents: true,
		Rx:     ethdev.RxQueueConfig{Descriptors: 100, Offloads: ethdev.RxScatter | ethdev.RxKeepCRC},
		Tx:     ethdev.TxQueueConfig{Descriptors: 1 << 20},
		TxEach: []ethdev.TxQueueConfig{{Descriptors: 3}, {}, {}},
	}
	require.Error(t, ethdev.CheckConfig(asked, nic))
	fits, reduced := asked.Clamp(nic)
	assert.NoError(t, ethdev.CheckConfig(fits, nic))
	var lines []string
	for _, r := range reduced {
		lines = append(lines, r.String())
	}
	assert.ElementsMatch(t, []string{
		"RxQueues: 4 instead of 8", "TxQueues: 2 instead of 3",
		"RxOffloads: UDP_CKSUM instead of VLAN_STRIP|UDP_CKSUM", "TxOffloads: 0 instead of MULTI_SEGS",
		"RSS: ipv4 instead of ipv4|ipv4-udp", "MTU: 9000 instead of 10000", "MaxLRO: 0 instead of 5",
		"LinkEvents: false instead of true", "RemovalEvents: false instead of true",
		"Rx.Descriptors: 128 instead of 100", "Rx.Offloads: SCATTER instead of SCATTER|KEEP_CRC",
		"Tx.Descriptors: 1000 instead of 1048576", "TxEach[0].Descriptors: 512 instead of 3",
	}, lines)
	assert.Len(t, asked.TxEach, 3, "the caller's slice is unchanged")
	assert.Equal(t, 3, asked.TxEach[0].Descriptors)

	same, reduced := fits.Clamp(nic)
	assert.Empty(t, reduced)
	assert.Equal(t, fits, same)
}

func TestClampSupportsPortsWithoutLimitsOrQueues(t *testing.T) {
	pool := newPool(t)
	one := ethdev.Info{Driver: "net_one", MaxTxQueues: 1, RSSKeySize: 40}
	fits, reduced := ethdev.Config{Pool: pool, Tx: ethdev.TxQueueConfig{Descriptors: 1 << 17}}.Clamp(one)
	assert.Equal(t, ethdev.NoQueues, fits.RxQueues)
	assert.Equal(t, 1<<16-1, fits.Tx.Descriptors, "DPDK counts in 16 bits")
	assert.Len(t, reduced, 2)
	one.Tx.Descriptors.Multiple = 1 // as Port.Info has it
	assert.NoError(t, ethdev.CheckConfig(fits, one))

	_, reduced = ethdev.Config{Pool: pool, Rx: ethdev.RxQueueConfig{Descriptors: 100}}.Clamp(ethdev.Info{})
	assert.Len(t, reduced, 2, "a zero Info does not make it panic")
}

func TestMaxMTUIsWhatRteEthDevConfigureAccepts(t *testing.T) {
	for _, tc := range []struct {
		driver           string
		mtu, frame, want int
	}{
		{"net_e1000_em, which leaves the MTU at DPDK's default", 65535, 16128, 16110},
		{"net_vmxnet3", 9000, 16384, 9000},
		{"net_virtio", 9710, 9728, 9710},
		{"net_null", 65535, 1<<32 - 1, 65535},
		{"a driver with the frame at the MTU", 9000, 9000, 8982},
		{"a driver without limits", 65535, 0, 0},
	} {
		assert.Equal(t, tc.want, ethdev.MaxMTU(tc.mtu, tc.frame), tc.driver)
	}
}

func TestMaxMTUOfAPortIsAcceptedAndOneMoreIsRefused(t *testing.T) {
	pool := newPool(t)
	p, err := ethdev.Attach(loop())
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Detach()) }()
	i, err := p.Info()
	require.NoError(t, err)
	require.NoError(t, p.Configure(ethdev.Config{Pool: pool, MTU: i.MaxMTU}))
	err = p.Configure(ethdev.Config{Pool: pool, MTU: i.MaxMTU + 1})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "use Config.Clamp")
}

func TestConfigReturnsDefaults(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool, RxQueues: 2})
	c := p.Config()
	assert.Equal(t, []int{2, 1}, []int{c.RxQueues, c.TxQueues})
	require.Len(t, c.RxEach, 2)
	require.Len(t, c.TxEach, 1)
	for _, q := range c.RxEach {
		assert.Same(t, pool, q.Pool)
		assert.Equal(t, 512, q.Descriptors, "DPDK's default if the driver prefers no number")
	}
	i, err := p.Info()
	require.NoError(t, err)
	assert.Equal(t, []int{2, 1}, []int{i.RxQueues, i.TxQueues})
	assert.Equal(t, "net_null", i.Driver)
}

func TestSetsReturnTheirNames(t *testing.T) {
	assert.Equal(t, "VLAN_STRIP|UDP_CKSUM", (ethdev.RxVLANStrip | ethdev.RxUDPChecksum).String())
	assert.Equal(t, "VLAN_INSERT|TCP_TSO", (ethdev.TxVLANInsert | ethdev.TxTCPSegment).String())
	assert.Equal(t, "0", ethdev.RxOffload(0).String())
	assert.Equal(t, "0x8000000000000000", ethdev.RxOffload(1<<63).String())
	assert.Equal(t, "1G|10G", (ethdev.Speed1G | ethdev.Speed10G).String())
	assert.Equal(t, "auto", ethdev.LinkSpeeds(0).String())
	assert.Equal(t, "ipv4|ipv6-tcp", (ethdev.RSSIPv4 | ethdev.RSSIPv6TCP).String())
	assert.Equal(t, "stopped", ethdev.QueueStopped.String())
}
