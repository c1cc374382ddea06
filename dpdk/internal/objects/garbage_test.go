//go:build linux

package objects_test

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// ops are the calls that a primary makes for its secondaries.
var ops = []string{
	"batch.New", "batch.Close", "rte_memzone_reserve_bounded", "rte_memzone_lookup", "rte_memzone_free", "rte_memzone_walk",
	"rte_memzone_reserve", "rte_mempool_cache_create", "rte_mempool_cache_free", "rte_mempool_create", "rte_mempool_set_ops_byname",
	"rte_mempool_populate_default", "rte_mempool_free", "rte_mempool_lookup", "rte_mempool_walk", "rte_mempool_obj_iter",
	"rte_mempool_mem_iter", "rte_mempool_audit", "rte_mempool_dump", "rte_mempool_avail_count", "rte_eth_dev_owner_new",
	"rte_eth_dev_owner_get", "rte_eth_dev_owner_set", "rte_eth_dev_owner_unset", "rte_eth_dev_owner_delete",
	"rte_eth_dev_owner_new of a secondary", "rte_rcu_qsbr_init", "rte_rcu_qsbr_get_memsize", "rte_rcu_qsbr_thread_register",
	"rte_rcu_qsbr_thread_unregister", "rte_rcu_qsbr_check", "rte_rcu_qsbr_thread_online", "rte_rcu_qsbr_dump",
	"rte_pktmbuf_pool_create_by_ops", "rte_pktmbuf_data_room_size", "rte_mbuf_dynfield_register", "rte_mbuf_dynfield_lookup",
	"rte_mbuf_dynflag_register", "rte_mbuf_dynflag_lookup", "rte_mbuf_dyn_rx_timestamp_register", "rte_mbuf_dyn_dump",
	"rte_ring_create_elem", "rte_ring_lookup", "rte_ring_free", "rte_ring_dump", "rte_ring_list_dump", "rte_malloc_get_socket_stats",
	"rte_service_init", "no such call",
}

// values are arguments, of which most have a wrong type for each call.
var values = []string{`null`, `0`, `-1`, `4096`, `18446744073709551615`, `"x"`, `{}`, `[]`, `[{"At":4096,"Size":64}]`, `true`,
	`{"At":4096,"Pool":4096,"Addr":4096,"Max":4294967295,"ID":4294967295,"Port":65535,"Mine":true,"Keep":true,"Ops":"x"}`,
	`{"At":1,"Pool":1,"Addr":1,"Size":4294967295,"Count":4294967295,"ElemSize":4294967295,"Capacity":4294967295,"Cache":4294967295,"CacheSize":4294967295,"MaxThreads":4294967295,"Socket":-99,"Align":3,"Bound":3}`,
}

// "garbler" sends the primary well-formed requests with wrong arguments on a connection of its own.
var _ = ealtest.Role("garbler", func(args []string) error {
	cfg := ealtest.Config(0)
	cfg.FilePrefix, cfg.ProcessType, cfg.Lcores, cfg.MemoryMB = args[0], eal.Secondary, "", 0
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer rt.Close()
	answers := 0
	for slot := 1; slot < 8; slot++ { // one of them is this process
		c, err := net.Dial("unix", filepath.Join(rt.RuntimeDir(), rundir.CallSocket))
		if err != nil {
			return err
		}
		defer c.Close()
		in, out := json.NewDecoder(c), json.NewEncoder(c)
		if err := out.Encode(1<<16 | slot); err != nil {
			return err
		}
		for _, op := range ops {
			for _, name := range []string{"", "nothing", "kept ring", "kept pool", "kept rcu", string(make([]byte, 500))} {
				for _, value := range values {
					var answer json.RawMessage
					if out.Encode(map[string]any{"Op": op, "Name": name, "Arg": json.RawMessage(value)}) != nil || in.Decode(&answer) != nil {
						break // another process
					}
					answers++
				}
			}
		}
	}
	for _, text := range []string{"\x00", "{", "[]\n", "1 {\"Op\":1}\n", "99999999999999999999\n"} {
		c, err := net.Dial("unix", filepath.Join(rt.RuntimeDir(), rundir.CallSocket))
		if err != nil {
			return err
		}
		fmt.Fprint(c, text)
		c.Close()
	}
	ealtest.Say("answers %d", answers)
	return nil
})

// The primary refuses wrong requests of a secondary, and outlives them.
func TestThePrimaryOutlivesWrongRequests(t *testing.T) {
	r, err := ring.Create[uint64]("kept ring", 16, ring.Config{})
	require.NoError(t, err)
	p, err := mempool.Create("kept pool", 15, 64, mempool.Config{})
	require.NoError(t, err)
	q, err := rcu.Create("kept rcu", 4, rcu.Config{})
	require.NoError(t, err)
	began := time.Now()
	g := ealtest.Start(t, "garbler", ealtest.Runtime().FilePrefix())
	n := g.Expect("answers")
	g.Wait()
	require.Equal(t, fmt.Sprint(len(ops)*6*len(values)), n)
	t.Log(n, "answers in", time.Since(began))
	require.NoError(t, r.Free())
	require.NoError(t, p.Free())
	require.NoError(t, q.Free())
}
