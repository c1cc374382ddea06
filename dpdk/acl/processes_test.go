package acl_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// randomRules returns rules and keys, the same ones for the same seed.
func randomRules(seed uint64, n int) (rules []acl.Tuple, keys []acl.Key4) {
	r := rand.New(rand.NewPCG(seed, 1))
	rules, keys = make([]acl.Tuple, n), make([]acl.Key4, 500)
	for i := range rules {
		rules[i] = randomTuple(r, false).Tuple
		rules[i].Value = uint32(i + 1)
	}
	for i := range keys {
		keys[i].Set(netip.AddrPortFrom(few(r, false), port(r)), netip.AddrPortFrom(few(r, false), port(r)), 6)
	}
	return rules, keys
}

// sum classifies keys and describes the values.
func sum(t *acl.Table4, keys []acl.Key4) string {
	values := make([]uint32, len(keys)*t.Categories())
	t.Classify(values, keys)
	hits, all := 0, uint32(0)
	for _, v := range values {
		if v != 0 {
			hits++
		}
		all = all*31 + v
	}
	return fmt.Sprint(hits, " ", all)
}

// "classifier" classifies with a table of the primary, and then makes one of its own.
var _ = harness.Role("classifier", func(args []string) error {
	cfg := ealtest.Secondary(args[0], 7)
	cfg.Extra = append(cfg.Extra, "--force-max-simd-bitwidth=64") // has no effect on a table
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	t, err := acl.Lookup4(args[1])
	if err != nil {
		return err
	}
	info, err := t.Info()
	if err != nil {
		return err
	}
	rules, keys := randomRules(seed, 100)
	harness.Say("values %s", sum(t, keys))
	harness.Say("algorithm %v", info.Algorithm)
	_, wrong := acl.Lookup6(args[1])
	own, err := acl.Create4(args[1]+" of another", rules, acl.Config{Categories: 4})
	if err != nil {
		return err
	}
	again, err := acl.Lookup4(own.Name())
	if err != nil {
		return err
	}
	scalar := again.SetAlgorithm(acl.Scalar)
	all, err := acl.List()
	harness.Say("made %v %v %d %s", errors.Is(wrong, dpdk.ErrInvalid), scalar, len(all), sum(again, keys))
	return errors.Join(err, rt.Close())
})

// A context is in shared memory, and its algorithm is a number: a secondary classifies with its own function.
func TestASecondaryClassifiesAndMakesTables(t *testing.T) {
	seed := harness.Random(t).Uint64()
	rules, keys := randomRules(seed, 100)
	table, err := acl.Create4(name(), rules, acl.Config{})
	freed(t, table, err)
	info, err := table.Info()
	require.NoError(t, err)
	c := harness.Start(t, "classifier", ealtest.Runtime().FilePrefix(), table.Name(), fmt.Sprint(seed))
	want := sum(table, keys)
	assert.Equal(t, want, c.Expect("values"))
	assert.False(t, strings.HasPrefix(want, "0 "), "keys meet rules")
	assert.Equal(t, info.Algorithm.String(), c.Expect("algorithm"))
	made := c.Expect("made")
	c.Wait()
	other, err := acl.Lookup4(table.Name() + " of another")
	freed(t, other, err) // it lives longer than the process that asked for it
	assert.Equal(t, fmt.Sprint("true <nil> 2 ", sum(other, keys)), made)
	info, err = other.Info()
	require.NoError(t, err)
	assert.Equal(t, acl.Info{Name: other.Name(), Kind: "IPv4", KeySize: 16, Rules: 100, Categories: 4, Algorithm: acl.Scalar}, info)
}

// "limited" is a primary that allows no vectors.
var _ = harness.Role("limited", func(args []string) error {
	cfg := ealtest.Config(6)
	cfg.Extra = append(cfg.Extra, "--force-max-simd-bitwidth="+args[0])
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	t, err := acl.Create4("x", []acl.Tuple{{Value: 1}}, acl.Config{})
	if err != nil {
		return err
	}
	info, err := t.Info()
	harness.Say("algorithm %v", info.Algorithm)
	_, wide := acl.Create4("y", []acl.Tuple{{Value: 1}}, acl.Config{Algorithm: acl.AVX512x32})
	harness.Say("wide %v", wide)
	return errors.Join(err, rt.Close())
})

func TestThePrimarysWidthOfVectorsLimitsTheAlgorithm(t *testing.T) {
	for width, want := range map[int][]string{64: {"scalar"}, 128: {"SSE", "NEON"}} {
		c := harness.Start(t, "limited", fmt.Sprint(width))
		assert.Contains(t, want, c.Expect("algorithm"))
		assert.Contains(t, c.Expect("wide"), "force-max-simd-bitwidth")
		c.Wait()
	}
}

// newest is in shared memory: the number of the newest table.
type newest struct{ number atomic.Uint64 }

// "follower" classifies with the newest table until its input has a line, and prints the number of wrong values.
var _ = harness.Role("follower", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	now, err := memzone.LookupValue[newest](args[1])
	if err != nil {
		return err
	}
	q, err := rcu.Lookup(args[1] + " readers")
	if err != nil {
		return err
	}
	reader, err := q.RegisterAny()
	if err != nil {
		return err
	}
	reader.Online()
	harness.Say("online")
	end := make(chan string, 1)
	go func() { end <- harness.Hear() }()
	var (
		table   *acl.Table4
		number  uint64
		keys    [64]acl.Key4
		values  [64]uint32
		wrong   int
		bursts  int
		changes int
	)
	for {
		select {
		case <-end:
			harness.Say("wrong %d bursts %d changes %d", wrong, bursts, changes)
			return errors.Join(reader.Unregister(), rt.Close())
		default:
		}
		if n := now.Get().number.Load(); n != number {
			if table, err = acl.Lookup4(fmt.Sprint(args[1], " ", n)); err != nil {
				return err
			}
			number = n
			changes++
		}
		table.Classify(values[:], keys[:])
		bursts++
		for _, v := range values {
			if uint64(v) != number {
				wrong++
			}
		}
		reader.Quiescent()
	}
})

// The primary replaces rules while a secondary classifies, and frees each old table when the secondary has left it.
func TestASecondaryClassifiesBesideChanges(t *testing.T) {
	base := name()
	now, err := memzone.CreateValue[newest](base, memzone.Config{})
	require.NoError(t, err)
	q, err := rcu.Create(base+" readers", 4, rcu.Config{})
	require.NoError(t, err)
	create := func(n uint64) *acl.Table4 {
		table, err := acl.Create4(fmt.Sprint(base, " ", n), []acl.Tuple{{Value: uint32(n)}}, acl.Config{})
		require.NoError(t, err)
		now.Get().number.Store(n)
		return table
	}
	table := create(1)
	c := harness.Start(t, "follower", ealtest.Runtime().FilePrefix(), base)
	c.Expect("online")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	changes := uint64(harness.Size(500, 100))
	for n := uint64(2); n <= changes; n++ {
		old := table
		table = create(n)
		require.NoError(t, q.Synchronize(ctx))
		require.NoError(t, old.Free())
	}
	c.Send("end")
	line := c.Expect("wrong")
	c.Wait()
	t.Log(line)
	assert.True(t, strings.HasPrefix(line, "0 "), line)
	require.NoError(t, errors.Join(table.Free(), q.Free(), now.Free()))
}

// "busy creator" creates and frees tables until it is killed.
var _ = harness.Role("busy creator", func(args []string) error {
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	rules, _ := randomRules(1, 20)
	for i := 0; ; i++ {
		table, err := acl.Create4(args[1], rules, acl.Config{})
		if err == nil {
			err = table.Free()
		}
		if err != nil {
			return err
		}
		if i == 10 {
			harness.Say("busy")
		}
	}
})

func TestAKilledCreatorLeavesAWholeTableOrNone(t *testing.T) {
	_, keys := randomRules(1, 20)
	want := ""
	for range harness.Kills(10, 3) {
		made := name()
		c := harness.Start(t, "busy creator", ealtest.Runtime().FilePrefix(), made)
		c.Expect("busy")
		c.Kill()
		var table *acl.Table4
		require.Eventually(t, func() bool { // the primary may still work for it
			rules, _ := randomRules(1, 20)
			var err error
			if table, err = acl.Lookup4(made); err != nil {
				table, err = acl.Create4(made, rules, acl.Config{})
			}
			return err == nil
		}, time.Minute, time.Millisecond)
		if want == "" {
			want = sum(table, keys)
		}
		assert.Equal(t, want, sum(table, keys))
		require.NoError(t, table.Free())
	}
}

func TestACProgramClassifies(t *testing.T) {
	table, err := acl.Create4(name(), []acl.Tuple{
		{Protocol: 6, Source: netip.MustParsePrefix("10.0.0.0/8"), DestinationPorts: acl.Port(22), Value: 77},
	}, acl.Config{})
	freed(t, table, err)
	bin := harness.CC(t, "testdata/classify.c")
	c := harness.Command(t, bin, "--proc-type=secondary", "--file-prefix="+ealtest.Runtime().FilePrefix(), "--no-pci", "--lcores", harness.Lcore(7),
		"--huge-dir="+harness.HugeDir(), "--", table.Name())
	assert.Equal(t, "77 0", strings.TrimSpace(c.Expect("values")))
	c.Wait()
}
