package flow_test

import (
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/test/flowfake"
)

func TestErrorsNameTheItemOrAction(t *testing.T) {
	p := faked(t)
	const text = "group 2 ingress pattern eth / ipv4 dst is 10.0.0.1 / udp / end actions mark id 7 / queue index 3 / end"
	for name, tc := range map[string]struct {
		fails        flowfake.Failure
		item, action int
		says         string
	}{
		"item":     {flowfake.Failure{Type: int(flow.PartItem), Cause: flowfake.Item, Index: 1, Message: "no IPv4"}, 1, -1, "item 1 (ipv4 dst is 10.0.0.1): no IPv4"},
		"values":   {flowfake.Failure{Type: int(flow.PartItemSpec), Cause: flowfake.Spec, Index: 1, Message: "m"}, 1, -1, "item 1 (ipv4 dst is 10.0.0.1): values of an item: m"},
		"mask":     {flowfake.Failure{Type: int(flow.PartItemMask), Cause: flowfake.Mask, Index: 1, Message: "m"}, 1, -1, "masks of an item: m"},
		"end":      {flowfake.Failure{Type: int(flow.PartItemNum), Cause: flowfake.Item, Index: 3, Message: "m"}, 3, -1, "the end of the pattern: number of items: m"},
		"action":   {flowfake.Failure{Type: int(flow.PartAction), Cause: flowfake.Action, Index: 1, Message: "m"}, -1, 1, "action 1 (queue index 3): m"},
		"conf":     {flowfake.Failure{Type: int(flow.PartActionConf), Cause: flowfake.Conf, Index: 0, Message: "m"}, -1, 0, "action 0 (mark id 7): parameters of an action: m"},
		"group":    {flowfake.Failure{Type: int(flow.PartGroup), Cause: flowfake.Attr, Message: "m"}, -1, -1, "invalid argument: group: m"},
		"no cause": {flowfake.Failure{Type: int(flow.PartItem), Cause: flowfake.None, Message: "m"}, -1, -1, "invalid argument: item: m"},
		"other":    {flowfake.Failure{Type: int(flow.PartUnknown), Cause: flowfake.Other, Message: "m"}, -1, -1, "invalid argument: m"},
		"silent":   {flowfake.Failure{Silent: true}, -1, -1, "invalid argument"},
	} {
		for _, op := range []string{"rte_flow_validate", "rte_flow_create"} {
			tc.fails.Errno = int(syscall.EINVAL)
			flowfake.Fail(tc.fails)
			err := flow.Validate(p, parse(t, text))
			if op == "rte_flow_create" {
				flowfake.Fail(tc.fails)
				_, err = flow.Create(p, parse(t, text))
			}
			require.ErrorIs(t, err, dpdk.ErrInvalid, name)
			assert.True(t, strings.HasSuffix(err.Error(), tc.says), "%s: %v", name, err)
			assert.ErrorContains(t, err, op+` "`+p.Name()+`"`)
			var e *flow.Error
			require.ErrorAs(t, err, &e, name)
			assert.Equal(t, []int{tc.item, tc.action}, []int{e.Item, e.Action}, name)
			if !tc.fails.Silent {
				assert.Equal(t, flow.Part(tc.fails.Type), e.Part, name)
				assert.Equal(t, tc.fails.Message, e.Message, name)
			}
		}
	}
	assert.Empty(t, flow.List(p))

	flowfake.Fail(flowfake.Failure{Errno: int(syscall.ENOTSUP), Type: int(flow.PartItem), Cause: flowfake.Item})
	assert.ErrorIs(t, flow.Validate(p, parse(t, text)), dpdk.ErrUnsupported)
	flowfake.Fail(flowfake.Failure{Errno: int(syscall.ENOSYS), Type: int(flow.PartUnknown), Message: "Function not implemented"})
	err := flow.Validate(p, parse(t, text))
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.ErrorContains(t, err, "the driver does not have this function")
}

func TestRuleLivesUntilDestroy(t *testing.T) {
	p := faked(t)
	rule := parse(t, simple)
	f, err := flow.Create(p, rule)
	require.NoError(t, err)
	g := create(t, p, "ingress pattern eth / end actions drop / end")
	assert.Equal(t, rule, f.Rule())
	assert.Same(t, p, f.Port())
	assert.Equal(t, p.String()+": "+simple, f.String())
	assert.Equal(t, []*flow.Flow{f, g}, flow.List(p))
	assert.Equal(t, 2, flowfake.Now().Rules)

	require.NoError(t, f.Destroy())
	assert.Equal(t, []*flow.Flow{g}, flow.List(p))
	err = f.Destroy()
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.ErrorContains(t, err, "was destroyed")
	flowfake.Fail(flowfake.Failure{Errno: int(syscall.EIO), Type: int(flow.PartHandle), Message: "not now"})
	require.ErrorIs(t, g.Destroy(), syscall.EIO)
	assert.Equal(t, []*flow.Flow{g}, flow.List(p), "a rule that was not destroyed can be destroyed later")
	require.NoError(t, g.Destroy())
	assert.Zero(t, flowfake.Now().Rules)
}

// Slices of the caller may change later.
func TestFlowKeepsItsRule(t *testing.T) {
	p := faked(t)
	r := parse(t, "ingress pattern eth / end actions count identifier 5 / drop / end")
	f, err := flow.Create(p, r)
	require.NoError(t, err)
	r.Actions[0], r.Pattern[0] = flow.Drop{}, flow.IPv4{}
	assert.Equal(t, "ingress pattern eth / end actions count identifier 5 / drop / end", f.Rule().String())
	_, err = f.Count(false)
	require.NoError(t, err)
	assert.Equal(t, 5, flowfake.Now().Identifier)
}

func TestFlushDestroysAllRules(t *testing.T) {
	p := faked(t)
	f, g := create(t, p, simple), create(t, p, simple)
	require.NoError(t, flow.Flush(p))
	assert.Empty(t, flow.List(p))
	for _, f := range []*flow.Flow{f, g} {
		assert.ErrorIs(t, f.Destroy(), dpdk.ErrNotFound)
	}
	assert.Zero(t, flowfake.Now().Rules)
	h := create(t, p, simple) // may have the handle of f
	assert.ErrorIs(t, f.Destroy(), dpdk.ErrNotFound)
	require.NoError(t, h.Destroy())
}

// DPDK requires that no rules are left. A driver would use freed memory otherwise.
func TestRulesEndWithTheirPort(t *testing.T) {
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
			f, g := create(t, p, simple), create(t, p, simple)
			require.NoError(t, tc.end(p))
			assert.Equal(t, 2, flowfake.Now().Destroyed)
			assert.Zero(t, flowfake.Now().Rules)
			assert.Empty(t, flow.List(p))
			for _, f := range []*flow.Flow{f, g} {
				assert.ErrorIs(t, f.Destroy(), tc.want)
			}
		})
	}
	t.Run("rules of a stopped port", func(t *testing.T) {
		p := faked(t)
		require.NoError(t, p.Stop())
		f := create(t, p, simple)
		require.NoError(t, p.Configure(p.Config()))
		assert.Equal(t, 1, flowfake.Now().Destroyed)
		assert.ErrorIs(t, f.Destroy(), dpdk.ErrNotFound)
		f = create(t, p, simple)
		require.NoError(t, p.Close())
		assert.Equal(t, 2, flowfake.Now().Destroyed)
		assert.ErrorIs(t, f.Destroy(), dpdk.ErrNoDevice)
	})
	t.Run("a driver that fails", func(t *testing.T) {
		p := faked(t)
		create(t, p, simple)
		create(t, p, simple)
		flowfake.Fail(flowfake.Failure{Errno: int(syscall.EIO)})
		require.NoError(t, p.Stop())
		assert.Equal(t, 1, flowfake.Now().Flushed)
		assert.Zero(t, flowfake.Now().Rules)
	})
}

func TestQueries(t *testing.T) {
	p := faked(t)
	f := create(t, p, "ingress pattern eth / end actions mark id 1 / count identifier 9 / age timeout 10 / drop / end")
	flowfake.Count(1000, 42)
	n, err := f.Count(true)
	require.NoError(t, err)
	assert.Equal(t, flow.Counters{Packets: 1000, HasPackets: true}, n)
	assert.Equal(t, 9, flowfake.Now().Identifier)
	n, err = f.Count(false)
	require.NoError(t, err)
	assert.Zero(t, n.Packets, "the first query reset the counter")
	idle, err := f.Age()
	require.NoError(t, err)
	assert.Equal(t, flow.Idle{Aged: true, Time: 42 * time.Second, HasTime: true}, idle)

	flowfake.Fail(flowfake.Failure{Errno: int(syscall.EBUSY), Type: int(flow.PartAction), Cause: flowfake.Action, Message: "later"})
	_, err = f.Age()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "action 2 (age timeout 10): later")

	plain := create(t, p, simple)
	for name, f := range map[string]func() error{
		"Count": func() error { _, err := plain.Count(false); return err },
		"Age":   func() error { _, err := plain.Age(); return err },
	} {
		err := f()
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
		assert.ErrorContains(t, err, "the rule has no action flow."+name)
	}
}

func TestAgedReturnsTheRules(t *testing.T) {
	p := faked(t)
	aged, err := flow.Aged(p)
	require.NoError(t, err)
	assert.Empty(t, aged)
	f := create(t, p, "ingress pattern eth / end actions age timeout 1 / drop / end")
	g := create(t, p, "ingress pattern eth / ipv4 / end actions age timeout 1 / drop / end")
	aged, err = flow.Aged(p)
	require.NoError(t, err)
	assert.Equal(t, []*flow.Flow{f, g}, aged)
	require.NoError(t, f.Destroy())
	aged, err = flow.Aged(p)
	require.NoError(t, err)
	assert.Equal(t, []*flow.Flow{g}, aged)
	flowfake.Fail(flowfake.Failure{Errno: int(syscall.ENOTSUP), Type: int(flow.PartUnknown), Message: "m"})
	aged, err = flow.Aged(p)
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.Empty(t, aged)
}

func TestIsolateAndDump(t *testing.T) {
	p := faked(t)
	require.NoError(t, flow.Isolate(p, true))
	assert.True(t, flowfake.Now().Isolated)
	require.NoError(t, flow.Isolate(p, false))
	assert.False(t, flowfake.Now().Isolated)
	create(t, p, simple)
	text, err := flow.Dump(p)
	require.NoError(t, err)
	assert.Equal(t, "1 rules", text)
	for name, f := range map[string]func() error{
		"isolate": func() error { return flow.Isolate(p, true) },
		"flush":   func() error { return flow.Flush(p) },
		"dump":    func() error { _, err := flow.Dump(p); return err },
	} {
		flowfake.Fail(flowfake.Failure{Errno: int(syscall.EBUSY), Type: int(flow.PartState), Message: "started"})
		err := f()
		require.ErrorIs(t, err, dpdk.ErrBusy, name)
		assert.ErrorContains(t, err, "state of the port: started", name)
	}
}

func TestCallsWithoutAPort(t *testing.T) {
	var none *ethdev.Port
	var f *flow.Flow
	for name, err := range map[string]error{
		"Validate": flow.Validate(none, flow.Rule{}),
		"Create":   func() error { _, err := flow.Create(none, flow.Rule{}); return err }(),
		"Flush":    flow.Flush(none),
		"Isolate":  flow.Isolate(none, true),
		"Destroy":  f.Destroy(),
		"zero":     new(flow.Flow).Destroy(),
		"Count":    func() error { _, err := f.Count(true); return err }(),
	} {
		assert.ErrorIs(t, err, dpdk.ErrInvalid, name)
	}
	assert.Empty(t, flow.List(none))
	assert.Equal(t, flow.Rule{}, f.Rule())
}

// Calls of many goroutines exclude each other, and each rule is destroyed once.
func TestGoroutinesShareAPort(t *testing.T) {
	p := faked(t)
	shared := create(t, p, "ingress pattern eth / end actions count / drop / end")
	rule := parse(t, simple)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				f, err := flow.Create(p, rule)
				if !assert.NoError(t, err) {
					return
				}
				_, err = shared.Count(false)
				assert.NoError(t, err)
				flow.List(p)
				runtime.Gosched()
				assert.NoError(t, f.Destroy())
				assert.ErrorIs(t, f.Destroy(), dpdk.ErrNotFound)
			}
		})
	}
	all.Wait()
	assert.Equal(t, []*flow.Flow{shared}, flow.List(p))
	assert.Equal(t, 1, flowfake.Now().Rules)
}
