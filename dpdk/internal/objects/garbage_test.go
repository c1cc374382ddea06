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
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// ops are all calls that a primary makes for its secondaries, and one that it does not know.
var ops = append(delegate.Ops(), "no such call")

// values are arguments, of which most have a wrong type for each call.
var values = []string{`null`, `0`, `-1`, `4096`, `"x"`, `{}`, `[]`, `[{"At":4096,"Size":64}]`, `true`,
	`{"At":4096,"Pool":4096,"Addr":4096,"Max":4294967295,"ID":4294967295,"Port":65535,"Mine":true,"Keep":true,"Ops":"x","Parts":[{"Kind":99,"Queue":-1}],"Pid":-1}`,
	`{"At":8,"Pool":8,"Addr":8,"Size":4294967295,"Count":4294967295,"ElemSize":4294967295,"Capacity":4294967295,"Cache":4294967295,"CacheSize":4294967295,"MaxThreads":4294967295,"Socket":-99,"Align":3,"Bound":3}`,
}

func init() {
	if !build.Race { // which refuses addresses that cannot be right
		values = append(values, `18446744073709551615`, `{"At":1,"Pool":1,"Addr":1,"Max":1}`)
	}
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
			for _, name := range []string{"", "nothing", "kept ring", "kept pool", "kept rcu", "kept place", string(make([]byte, 500))} {
				for _, value := range append(args[1:], values...) {
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
	cache, err := p.NewCache(4)
	require.NoError(t, err)
	held, err := place.Claim(t.Context(), "kept place", place.Parts{})
	require.NoError(t, err)
	began := time.Now()
	at, c := uintptr(p.Pointer()), uintptr(cache.Pointer())
	g := ealtest.Start(t, "garbler", ealtest.Runtime().FilePrefix(), fmt.Sprint(c),
		fmt.Sprintf(`{"At":%d,"Pool":%d,"Addr":%d,"Max":4294967295,"Size":8,"Socket":-1}`, c, at, at))
	n := g.Expect("answers")
	g.Wait()
	require.Equal(t, fmt.Sprint(len(ops)*7*(len(values)+2)), n)
	t.Log(n, "answers in", time.Since(began))
	require.False(t, held.Wanted())
	require.NoError(t, held.Close())
	require.NoError(t, cache.Close())
	require.NoError(t, r.Free())
	require.NoError(t, p.Free())
	require.NoError(t, q.Free())
}
