//go:build linux

package flow_test

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	c "github.com/godpdk/godpdk/cgo/flow"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/test/flowfake"
)

func indirect(t testing.TB, p *ethdev.Port, a flow.Action) *flow.Indirect {
	t.Helper()
	i, err := flow.CreateIndirect(p, flow.IndirectConfig{}, a)
	require.NoError(t, err)
	return i
}

// sharing creates a rule that has the action.
func sharing(t testing.TB, p *ethdev.Port, i *flow.Indirect) *flow.Flow {
	t.Helper()
	f, err := flow.Create(p, flow.Rule{Pattern: []flow.Item{flow.Eth{}}, Actions: []flow.Action{i, flow.Drop{}}})
	require.NoError(t, err)
	return f
}

// The fake driver counts the rules that have an action, by the handle in the rule.
func TestRulesShareAnIndirectAction(t *testing.T) {
	p := faked(t)
	i := indirect(t, p, flow.Count{ID: 3})
	assert.Equal(t, fmt.Sprintf("action %d conf=03000000\n", c.ActionCount), flowfake.Now().Text)
	assert.Equal(t, 1, flowfake.Now().Directions)
	f, g := sharing(t, p, i), sharing(t, p, i)
	assert.Contains(t, f.Rule().String(), "actions indirect ")
	assert.Contains(t, i.String(), ": count identifier 3")
	assert.Same(t, p, i.Port())
	assert.Equal(t, flow.Count{ID: 3}, i.Action())
	_, err := flow.Parse(f.Rule().String())
	require.ErrorIs(t, err, dpdk.ErrInvalid)

	flowfake.Count(1000, 0)
	for _, reset := range []bool{false, true} {
		n, err := i.Count(reset)
		require.NoError(t, err)
		assert.Equal(t, flow.Counters{Packets: 1000, HasPackets: true}, n, reset)
	}
	n, err := i.Count(false)
	require.NoError(t, err)
	assert.Zero(t, n.Packets, "the query before reset the counter")
	_, err = f.Count(false)
	assert.ErrorIs(t, err, dpdk.ErrInvalid, "the counter is not the rule's")

	require.NoError(t, f.Destroy())
	err = i.Destroy()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "rules have it")
	require.NoError(t, g.Destroy())
	require.NoError(t, i.Destroy())
	require.ErrorIs(t, i.Destroy(), dpdk.ErrNotFound)
	_, err = i.Count(false)
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	require.ErrorIs(t, i.Update(flow.Count{}), dpdk.ErrNotFound)
}

func TestDirectionsOfIndirectActions(t *testing.T) {
	p := faked(t)
	for want, cfg := range map[int]flow.IndirectConfig{1: {}, 2: {Egress: true}, 3: {Ingress: true, Egress: true}, 4: {Transfer: true}} {
		i, err := flow.CreateIndirect(p, cfg, flow.Drop{})
		require.NoError(t, err)
		assert.Equal(t, want, flowfake.Now().Directions)
		require.NoError(t, i.Destroy())
	}
}

func TestUpdateReplacesTheValues(t *testing.T) {
	p := faked(t)
	i := indirect(t, p, flow.RSS{Queues: []int{1, 2}})
	require.NoError(t, i.Update(flow.RSS{Queues: []int{3}}))
	assert.Contains(t, flowfake.Now().Text, "queue_num=1 key=- queue=0300")
	assert.Equal(t, flow.RSS{Queues: []int{3}}, i.Action())

	flowfake.Fail(flowfake.Failure{Errno: int(syscall.EIO), Type: int(flow.PartAction), Message: "not now"})
	err := i.Update(flow.RSS{Queues: []int{4}})
	require.ErrorIs(t, err, syscall.EIO)
	assert.ErrorContains(t, err, "action 0 (rss")
	assert.Equal(t, flow.RSS{Queues: []int{3}}, i.Action())
	for name, a := range map[string]flow.Action{"another type": flow.Count{}, "nil": nil, "a queue that does not exist": flow.RSS{Queues: []int{8}}} {
		assert.ErrorIs(t, i.Update(a), dpdk.ErrInvalid, name)
	}
}

func TestAgeOfAnIndirectAction(t *testing.T) {
	p := faked(t)
	i := indirect(t, p, flow.Age{Timeout: 5 * time.Second})
	flowfake.Count(0, 42)
	idle, err := i.Age()
	require.NoError(t, err)
	assert.Equal(t, flow.Idle{Aged: true, Time: 42 * time.Second, HasTime: true}, idle)
	flowfake.Fail(flowfake.Failure{Errno: int(syscall.EBUSY), Type: int(flow.PartAction), Message: "later"})
	_, err = i.Age()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	_, err = i.Count(false)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "the action is a flow.Age, not a flow.Count")
}

// DPDK reports the context of an action Age. That of a rule's own one is the rule.
func TestAgedReturnsTheRulesThatShareAnAge(t *testing.T) {
	p := faked(t)
	var texts []string
	age := func(a flow.Action) *flow.Indirect {
		i := indirect(t, p, a)
		texts = append(texts, flowfake.Now().Text)
		return i
	}
	aged := func() []*flow.Flow {
		t.Helper()
		all, err := flow.Aged(p)
		require.NoError(t, err)
		return all
	}
	i, j := age(flow.Age{Timeout: 5 * time.Second}), age(&flow.Age{Timeout: 5 * time.Second})
	assert.NotEqual(t, texts[0], texts[1], "each has its own context")
	for _, text := range texts {
		assert.Regexp(t, fmt.Sprintf("^action %d timeout=5 context=0x80000000[0-9a-f]{8}\n$", c.ActionAge), text, "no address has the highest bit")
	}
	assert.Equal(t, flow.Age{Timeout: 5 * time.Second}, i.Action())
	assert.Contains(t, i.String(), ": age timeout 5")
	assert.Empty(t, aged(), "no rule has them")
	flowfake.Fail(flowfake.Failure{Errno: int(syscall.EIO), Type: int(flow.PartAction), Cause: flowfake.Action, Message: "not now"})
	_, err := flow.CreateIndirect(p, flow.IndirectConfig{}, flow.Age{Timeout: 5 * time.Second})
	assert.ErrorContains(t, err, "action 0 (age timeout 5): not now", "the text has no context")

	f, own := sharing(t, p, i), create(t, p, "ingress pattern eth / end actions age timeout 1 / drop / end")
	g, h := sharing(t, p, i), sharing(t, p, j)
	sharing(t, p, indirect(t, p, flow.Count{}))
	assert.Equal(t, []*flow.Flow{f, own, g, h}, aged())
	require.NoError(t, i.Update(flow.Age{Timeout: time.Second}))
	require.NoError(t, f.Destroy())
	assert.Equal(t, []*flow.Flow{own, g, h}, aged())
	require.NoError(t, g.Destroy())
	require.NoError(t, i.Destroy())
	assert.Equal(t, []*flow.Flow{own, h}, aged())
}

func TestNilAndZeroIndirects(t *testing.T) {
	var none *flow.Indirect
	assert.Nil(t, none.Port())
	assert.Nil(t, none.Action())
	for name, i := range map[string]*flow.Indirect{"nil": none, "zero": new(flow.Indirect)} {
		assert.Equal(t, "no indirect action", i.String(), name)
		for _, err := range []error{i.Destroy(), i.Update(flow.Drop{})} {
			require.ErrorIs(t, err, dpdk.ErrInvalid, name)
			assert.ErrorContains(t, err, "the Indirect is nil: use CreateIndirect", name)
		}
	}
}

func TestIndirectActionsAreRefused(t *testing.T) {
	p, other := faked(t), attach(t, "net_null_indirect")
	i := indirect(t, p, flow.Count{})
	rule := func(i *flow.Indirect) flow.Rule { return flow.Rule{Actions: []flow.Action{flow.Drop{}, i}} }
	create := func(p *ethdev.Port, a flow.Action) error {
		_, err := flow.CreateIndirect(p, flow.IndirectConfig{}, a)
		return err
	}
	gone := indirect(t, p, flow.Count{})
	require.NoError(t, gone.Destroy())
	var none *flow.Indirect
	flowfake.Fail(flowfake.Failure{Errno: int(syscall.EINVAL), Type: int(flow.PartActionConf), Cause: flowfake.Conf, Message: "no such counter"})
	for says, err := range map[string]error{
		"action 0 (count identifier 7): parameters of an action: no such counter": create(p, flow.Count{ID: 7}),
		"action 1 (indirect ":            flow.Validate(other, rule(i)),
		"it belongs to":                  flow.Validate(other, rule(i)),
		"the Indirect was destroyed":     flow.Validate(p, rule(gone)),
		"action 1 (nil)":                 flow.Validate(p, rule(nil)),
		"it is an Indirect itself":       create(p, i),
		"the action is nil":              create(p, nil),
		"action 0 (nil)":                 create(p, (*flow.Age)(nil)),
		"receive queue 9 does not exist": create(p, flow.Queue{Index: 9}),
		"index: -1":                      create(p, flow.Queue{Index: -1}),
		"use CreateIndirect":             none.Destroy(),
		"the Indirect is nil":            new(flow.Indirect).Update(flow.Drop{}),
		"rte_flow_action_handle_query":   func() error { _, err := none.Count(true); return err }(),
		"rte_flow_action_handle_create":  create(nil, flow.Drop{}),
	} {
		require.ErrorIs(t, err, dpdk.ErrInvalid, says)
		assert.ErrorContains(t, err, says)
	}
	err := create(other, flow.Count{})
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.ErrorContains(t, err, "the driver does not have this function")
}

// DPDK requires that no indirect actions are left. They end behind the rules that have them.
func TestIndirectActionsEndWithTheirPort(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(p *ethdev.Port) error
		want error
	}{
		"Stop":   {(*ethdev.Port).Stop, dpdk.ErrNotFound},
		"Close":  {(*ethdev.Port).Close, dpdk.ErrNoDevice},
		"Detach": {(*ethdev.Port).Detach, dpdk.ErrNoDevice},
	} {
		t.Run(name, func(t *testing.T) {
			p := faked(t)
			i, j := indirect(t, p, flow.Count{}), indirect(t, p, flow.Count{})
			sharing(t, p, i)
			require.NoError(t, flow.Flush(p))
			assert.Equal(t, 2, flowfake.Now().Indirect, "Flush destroys rules only")
			sharing(t, p, i)
			require.NoError(t, tc.end(p))
			assert.Zero(t, flowfake.Now().Indirect)
			for _, i := range []*flow.Indirect{i, j} {
				assert.ErrorIs(t, i.Destroy(), tc.want)
			}
		})
	}
}

// Creating a rule and destroying its action exclude each other: no rule has a handle of freed memory.
func TestGoroutinesShareAnIndirectAction(t *testing.T) {
	p := faked(t)
	for range 100 {
		i := indirect(t, p, flow.Count{})
		var all sync.WaitGroup
		all.Go(func() {
			f, err := flow.Create(p, flow.Rule{Actions: []flow.Action{i}})
			if err != nil {
				assert.ErrorIs(t, err, dpdk.ErrInvalid)
				return
			}
			assert.NoError(t, f.Destroy())
		})
		all.Go(func() {
			for i.Destroy() != nil { // while the rule has it
			}
		})
		all.Wait()
	}
	assert.Zero(t, flowfake.Now().Indirect)
}

func ExampleCreateIndirect() {
	port, err := ethdev.Attach("net_null_shared")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer port.Detach()
	counter, err := flow.CreateIndirect(port, flow.IndirectConfig{}, flow.Count{})
	if err != nil {
		fmt.Println(err) // this driver has no rules
		return
	}
	defer counter.Destroy()
	for _, dst := range []int{80, 443} {
		_, err := flow.Create(port, flow.Rule{
			Pattern: []flow.Item{flow.Eth{}, flow.IPv4{}, flow.TCP{DstPort: flow.Is(dst)}},
			Actions: []flow.Action{counter, flow.Queue{Index: 1}},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	n, err := counter.Count(false)
	fmt.Println("packets to both:", n.Packets, err)
	// Output:
	// rte_flow_action_handle_create "net_null_shared": operation not supported: the driver does not have this function
}
