//go:build linux

package telemetry

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestPortsOf2211And2511AreTheSameType(t *testing.T) {
	c := asking(t, map[string]string{
		"/ethdev/info,0": `{"name":"net_null0","state":1,"nb_rx_queues":2,"nb_tx_queues":1,"port_id":0,"mtu":1500,"rx_mbuf_size_min":0,"mac_addr":"02:00:00:00:00:01","promiscuous":1,` +
			`"dev_started":1,"rxq_state":[1,1],"txq_state":[0],"numa_node":0,"dev_flags":64,"rx_offloads":0,"ethdev_rss_hf":4096}`,
		"/ethdev/info,1":        `{"name":"net_null1","port_id":1,"dev_flags":"0x40","rx_offloads":["SCATTER"],"ethdev_rss_hf":"0x1000"}`,
		"/ethdev/stats,0":       `{"ipackets":18446744073709551615,"opackets":2,"ibytes":3,"obytes":4,"imissed":5,"ierrors":6,"oerrors":7,"rx_nombuf":8,"q_ipackets":[9,10]}`,
		"/ethdev/stats,1":       `{"ipackets":1}`,
		"/ethdev/link_status,0": `{"status":"UP","speed":10000,"duplex":"full-duplex"}`,
		"/ethdev/link_status,1": `{"status":"DOWN"}`,
	})
	i, err := c.PortInfo(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, PortInfo{Name: "net_null0", State: 1, RxQueues: 2, TxQueues: 1, MTU: 1500, MAC: "02:00:00:00:00:01", Promiscuous: true, Started: true,
		RxQueueState: []int{1, 1}, TxQueueState: []int{0}, Flags: 64, RSSTypes: 0x1000}, i)
	i, err = c.PortInfo(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, PortInfo{Name: "net_null1", Port: 1, Flags: 64, RSSTypes: 0x1000}, i)
	s, err := c.PortStats(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, PortStats{RxPackets: 1<<64 - 1, TxPackets: 2, RxBytes: 3, TxBytes: 4, RxMissed: 5, RxErrors: 6, TxErrors: 7, RxNoMbuf: 8, RxQueuePackets: []uint64{9, 10}}, s)
	s, err = c.PortStats(t.Context(), 1)
	require.NoError(t, err)
	assert.Empty(t, s.RxQueuePackets)
	l, err := c.PortLink(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, Link{Up: true, Speed: 10000, FullDuplex: true}, l)
	l, err = c.PortLink(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, Link{}, l)
}

func TestObjectsAreCheckedAgainstTheirName(t *testing.T) {
	c := asking(t, map[string]string{
		"/mempool/info,a":  `{"name":"a","size":1023,"populated_size":1023,"socket_id":-1,"flags":16}`,
		"/mempool/info,b":  `{"name":"b","populated_size":100,"total_cache_count":30,"common_pool_count":50}`,
		"/mempool/info,c":  `{}`,
		"/mempool/info,d":  `{"name":"b"}`,
		"/ring/info,r":     `{"name":"r","producer_type":"MP","consumer_type":"SC","size":1024,"mask":"0x3ff","capacity":1023,"used_count":5,"mz_name":"RG_r"}`,
		"/ring/info,none":  `{}`,
		"/ethdev/info,4":   `{"port_id":5}`,
		"/ethdev/stats,4":  `{"ipackets":"many"}`,
		"/eal/lcore/usage": `{"lcore_ids":[0],"total_cycles":[],"busy_cycles":[]}`,
	})
	m, err := c.Mempool(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, Mempool{Name: "a", Size: 1023, Populated: 1023, Socket: -1, Flags: 16}, m)
	_, ok := m.InUse()
	assert.False(t, ok, "DPDK 22.11 does not count")
	m, err = c.Mempool(t.Context(), "b")
	require.NoError(t, err)
	used, ok := m.InUse()
	assert.True(t, ok)
	assert.EqualValues(t, 20, used)
	for _, name := range []string{"c", "d", "e"} {
		_, err = c.Mempool(t.Context(), name)
		assert.ErrorIs(t, err, dpdk.ErrNotFound, name)
	}
	_, err = c.Mempool(t.Context(), "")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	r, err := c.Ring(t.Context(), "r")
	require.NoError(t, err)
	assert.Equal(t, Ring{Name: "r", Producer: "MP", Consumer: "SC", Size: 1024, Capacity: 1023, Used: 5, Memzone: "RG_r"}, r)
	_, err = c.Ring(t.Context(), "none")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = c.PortInfo(t.Context(), 4)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = c.PortStats(t.Context(), 4)
	assert.ErrorIs(t, err, dpdk.ErrBadMessage)
	_, err = c.LcoreUsage(t.Context())
	assert.ErrorIs(t, err, dpdk.ErrBadMessage)
}

func TestNumbersThatDPDKWouldCrashOnAreNotSent(t *testing.T) {
	f := start(t, replies(map[string]string{
		"/eal/memzone_list": `[0,3]`, "/eal/memzone_info,3": `{"Zone":3,"Name":"MP_a","Length":4096,"Address":"0x100200000","Socket":0,"Flags":0,"Hugepage_size":2097152,"Hugepage_used":1}`,
		"/eal/heap_list": `[0]`, "/eal/heap_info,0": `{"Head_id":0,"Name":"socket_0","Heap_size":100,"Free_size":60,"Alloc_size":40,"Greatest_free_size":30,"Alloc_count":2,"Free_count":1}`,
	}))
	c := client(t, f.path, Config{})
	z, err := c.Memzone(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, Memzone{Name: "MP_a", Length: 4096, Address: 0x100200000, HugepageSize: 2 << 20, Hugepages: 1}, z)
	h, err := c.Heap(t.Context(), 0)
	require.NoError(t, err)
	assert.Equal(t, Heap{Name: "socket_0", Size: 100, Free: 60, Allocated: 40, LargestFree: 30, AllocatedNum: 2, FreeNum: 1}, h)
	for _, n := range []int{-1, 1, 1 << 30} {
		_, err = c.Memzone(t.Context(), n)
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
		_, err = c.Heap(t.Context(), n)
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
	}
	assert.NotContains(t, f.asked(), "/eal/memzone_info,1")
	assert.NotContains(t, f.asked(), "/eal/heap_info,1")
}

func TestLcoresAndArguments(t *testing.T) {
	c := asking(t, map[string]string{
		"/eal/lcore/list": `[0,2]`, "/eal/lcore/info,2": `{"lcore_id":2,"socket":0,"role":"RTE","cpuset":[1]}`,
		"/eal/lcore/usage": `{"lcore_ids":[2],"total_cycles":[100],"busy_cycles":[40],"usage_ratio":["40.00%"]}`,
		"/eal/params":      `["app","-l","0,2"]`, "/eal/app_params": `[]`, "/help,/ethdev/list": `{"/ethdev/list":"Returns"}`,
	})
	ids, err := c.Lcores(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{0, 2}, ids)
	l, err := c.Lcore(t.Context(), 2)
	require.NoError(t, err)
	assert.Equal(t, Lcore{ID: 2, Role: "RTE", CPUs: []int{1}}, l)
	u, err := c.LcoreUsage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []LcoreUsage{{2, 100, 40}}, u)
	args, err := c.EALParams(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"app", "-l", "0,2"}, args)
	args, err = c.AppParams(t.Context())
	require.NoError(t, err)
	assert.Empty(t, args)
	help, err := c.Help(t.Context(), "/ethdev/list")
	require.NoError(t, err)
	assert.Equal(t, "Returns", help)
}
