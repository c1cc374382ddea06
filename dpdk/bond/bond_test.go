package bond_test

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/bond"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/ethcount"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

// bench has the future members of a bond. They use net_null: of the drivers without hardware only
// this one supports all that bonding needs of a member, such as setting the address.
type bench struct {
	pool    *mbuf.Pool
	members []*ethdev.Port
	names   []string
	seen    []int // packets that each member had sent at the last call of sent
}

var numbers int

func newBench(t testing.TB, members int) *bench {
	t.Helper()
	numbers++
	pool, err := mbuf.CreatePool(fmt.Sprint("pool ", numbers), 2047, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	mbuftest.CheckFull(t, pool)
	b := &bench{pool: pool, seen: make([]int, members)}
	for range members {
		devargs, err := vdev.Null{}.Devargs()
		require.NoError(t, err)
		p, err := ethdev.Attach(devargs)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, p.Detach()) })
		b.members, b.names = append(b.members, p), append(b.names, p.Name())
	}
	return b
}

func (b *bench) open(t testing.TB, d vdev.Bond) *ethdev.Port {
	t.Helper()
	d.Members = b.names
	p, err := vdev.Open(d, ethdev.Config{Pool: b.pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	b.wait(t, "all members active", func() bool {
		active, err := bond.Active(p)
		require.NoError(t, err)
		return len(active) == len(b.members)
	})
	return p
}

// wait waits for work that the driver does in its own thread.
func (b *bench) wait(t testing.TB, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 20*time.Second, time.Millisecond, what)
}

// packets allocates n packets.
func (b *bench) packets(t testing.TB, n int) []*mbuf.Mbuf {
	t.Helper()
	pkts := make([]*mbuf.Mbuf, n)
	require.True(t, b.pool.AllocBulk(pkts))
	for _, m := range pkts {
		data, _ := m.Append(60)
		clear(data)
	}
	return pkts
}

// sent returns the number of packets that each member has sent since the last call.
func (b *bench) sent() []int {
	var sent []int
	for i, m := range b.members {
		all := ethcount.Sent(m.ID())
		sent = append(sent, all-b.seen[i])
		b.seen[i] = all
	}
	return sent
}

// received returns the number of packets from each member in a burst of 64.
func (b *bench) received(t testing.TB, p *ethdev.Port) []int {
	t.Helper()
	from := make([]int, len(b.members))
	var pkts [64]*mbuf.Mbuf
	n := p.RxQueue(0).Burst(pkts[:])
	for _, m := range pkts[:n] {
		for i, member := range b.members {
			if int(m.Port()) == member.ID() {
				from[i]++
			}
		}
	}
	mbuf.FreeBulk(pkts[:n])
	return from
}

func TestRoundRobinUsesMembersEqually(t *testing.T) {
	b := newBench(t, 2)
	p := b.open(t, vdev.Bond{Mode: vdev.RoundRobin})
	for range 10 {
		assert.Equal(t, 64, p.TxQueue(0).Burst(b.packets(t, 64)))
		assert.Equal(t, []int{32, 32}, b.sent())
	}
	from := b.received(t, p)
	assert.Equal(t, 64, from[0]+from[1])
}

func TestBroadcastSendsThroughAllMembers(t *testing.T) {
	b := newBench(t, 3)
	p := b.open(t, vdev.Bond{Mode: vdev.Broadcast})
	assert.Equal(t, 20, p.TxQueue(0).Burst(b.packets(t, 20)))
	assert.Equal(t, []int{20, 20, 20}, b.sent())
}

// All packets go through the primary, then through the other member while the primary's link is
// down, and then through the primary again.
func TestActiveBackupUsesThePrimaryWithALink(t *testing.T) {
	b := newBench(t, 2)
	p := b.open(t, vdev.Bond{Mode: vdev.ActiveBackup, Primary: b.names[1]})
	require.NoError(t, bond.SetMonitoring(p, 2*time.Millisecond))
	through := func(member int, sent ...int) {
		t.Helper()
		b.wait(t, "the primary", func() bool {
			now, err := bond.Primary(p)
			require.NoError(t, err)
			return now == b.members[member]
		})
		assert.Equal(t, 30, p.TxQueue(0).Burst(b.packets(t, 30)))
		assert.Equal(t, sent, b.sent())
	}
	through(1, 0, 30)
	require.Zero(t, cgo.EthStop(uint16(b.members[1].ID()))) // a stopped port's link is down
	through(0, 30, 0)
	active, err := bond.Active(p)
	require.NoError(t, err)
	assert.Equal(t, b.members[:1], active)
	assert.Equal(t, []int{64, 0}, b.received(t, p))
	require.Zero(t, cgo.EthStart(uint16(b.members[1].ID())))
	through(1, 0, 30)
}

func TestMembersCanBeAddedAndRemoved(t *testing.T) {
	b := newBench(t, 3)
	all := b.names
	b.names = all[:2]
	p, err := vdev.Open(vdev.Bond{Mode: vdev.RoundRobin, Members: all[:2]}, ethdev.Config{Pool: b.pool})
	require.NoError(t, err)
	members := func(want ...*ethdev.Port) {
		t.Helper()
		got, err := bond.Members(p)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, got)
		for _, m := range b.members {
			i, err := m.Info()
			require.NoError(t, err)
			assert.Equal(t, slices.Contains(want, m), i.Bonded, m)
		}
	}
	members(b.members[:2]...)
	require.NoError(t, bond.Add(p, b.members[2]))
	members(b.members...)
	require.ErrorIs(t, bond.Add(p, b.members[2]), dpdk.ErrBusy)
	require.NoError(t, bond.SetPrimary(p, b.members[2]))
	primary, err := bond.Primary(p)
	require.NoError(t, err)
	assert.Same(t, b.members[2], primary)
	require.NoError(t, bond.Remove(p, b.members[0]))
	members(b.members[1:]...)
	require.ErrorIs(t, bond.Remove(p, b.members[0]), dpdk.ErrInvalid)
	require.ErrorIs(t, bond.SetPrimary(p, b.members[0]), dpdk.ErrInvalid)

	b.wait(t, "both active", func() bool {
		active, err := bond.Active(p)
		require.NoError(t, err)
		return len(active) == 2
	})
	assert.Equal(t, 20, p.TxQueue(0).Burst(b.packets(t, 20)))
	assert.Equal(t, []int{0, 10, 10}, b.sent())

	// A removed member is an ordinary port. After Detach of the bond all members are.
	require.NoError(t, b.members[0].Configure(ethdev.Config{Pool: b.pool}))
	require.NoError(t, p.Detach())
	for _, m := range b.members {
		require.NoError(t, m.Configure(ethdev.Config{Pool: b.pool}))
		require.NoError(t, m.Start())
		assert.Equal(t, 1, m.TxQueue(0).Burst(b.packets(t, 1)))
	}
	assert.Equal(t, []int{1, 1, 1}, b.sent())
}

// DPDK would let the bonding port poll a closed member.
func TestMembersCannotBeUsedDirectly(t *testing.T) {
	b := newBench(t, 2)
	p := b.open(t, vdev.Bond{Mode: vdev.ActiveBackup})
	m := b.members[0]
	for name, err := range map[string]error{
		"Configure": m.Configure(ethdev.Config{Pool: b.pool}),
		"Start":     m.Start(),
		"Close":     m.Close(),
		"Detach":    m.Detach(),
	} {
		require.ErrorIs(t, err, dpdk.ErrBusy, name)
		assert.Contains(t, err.Error(), "member of a bonding port", name)
	}
	assert.Equal(t, 5, p.TxQueue(0).Burst(b.packets(t, 5)))
	assert.Equal(t, []int{5, 0}, b.sent())
}

func TestFunctionsRefuseWrongPorts(t *testing.T) {
	b := newBench(t, 2)
	open := func(d vdev.Bond, cfg ethdev.Config) error {
		before, err := ethdev.List()
		require.NoError(t, err)
		p, err := vdev.Open(d, cfg)
		require.Error(t, err)
		assert.Nil(t, p)
		after, err2 := ethdev.List()
		require.NoError(t, err2)
		assert.Equal(t, before, after, "the failed Open left a port")
		return err
	}
	good := ethdev.Config{Pool: b.pool}
	require.ErrorIs(t, open(vdev.Bond{Members: []string{b.names[0], "net_null77"}}, good), dpdk.ErrNoDevice)
	require.ErrorIs(t, open(vdev.Bond{Members: b.names}, ethdev.Config{}), dpdk.ErrInvalid)

	require.NoError(t, b.members[1].Configure(good))
	require.NoError(t, b.members[1].Start())
	require.ErrorIs(t, open(vdev.Bond{Members: b.names}, good), dpdk.ErrBusy)
	require.NoError(t, b.members[1].Stop())
	p := b.open(t, vdev.Bond{})
	require.ErrorIs(t, open(vdev.Bond{Members: b.names[:1]}, good), dpdk.ErrBusy)

	for name, err := range map[string]error{
		"Members":       second(bond.Members(b.members[0])),
		"Active":        second(bond.Active(b.members[0])),
		"Primary":       second(bond.Primary(b.members[0])),
		"SetPrimary":    bond.SetPrimary(b.members[0], b.members[1]),
		"Remove":        bond.Remove(b.members[0], b.members[1]),
		"SetMonitoring": bond.SetMonitoring(b.members[0], time.Millisecond),
		"interval":      bond.SetMonitoring(p, time.Microsecond),
		"no interval":   bond.SetMonitoring(p, 0),
	} {
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
	}
}

func second[T any](_ T, err error) error { return err }

// A bonding port uses the address of its devargs only after Configure.
func TestBondUsesTheAddressOfItsDevargs(t *testing.T) {
	b := newBench(t, 2)
	b.open(t, vdev.Bond{Mode: vdev.Balance, MAC: net.HardwareAddr{2, 1, 2, 3, 4, 5}, HashPolicy: "l34", Socket: dpdk.Socket(0)})
	found, err := ethdev.Match("class=eth,mac=02:01:02:03:04:05")
	require.NoError(t, err)
	assert.NotEmpty(t, found)
}

// A bonding port configures its members and so replaces their configuration: a port that has fewer
// queues now must not be polled with more.
func TestFormerMemberMustBeConfiguredAgain(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, p, member *ethdev.Port){
		"removed":  func(t *testing.T, p, member *ethdev.Port) { require.NoError(t, bond.Remove(p, member)) },
		"detached": func(t *testing.T, p, member *ethdev.Port) { require.NoError(t, p.Detach()) },
		"closed":   func(t *testing.T, p, member *ethdev.Port) { require.NoError(t, p.Close()) },
	} {
		for how, join := range map[string]func(t *testing.T, b *bench) *ethdev.Port{
			"added": func(t *testing.T, b *bench) *ethdev.Port {
				p, err := vdev.Open(vdev.Bond{Members: b.names[1:]}, ethdev.Config{Pool: b.pool})
				require.NoError(t, err)
				require.NoError(t, bond.Add(p, b.members[0]))
				return p
			},
			"opened": func(t *testing.T, b *bench) *ethdev.Port {
				devargs, err := vdev.Bond{Members: b.names}.Devargs()
				require.NoError(t, err)
				p, err := ethdev.Open(devargs, ethdev.Config{Pool: b.pool})
				require.NoError(t, err)
				return p
			},
		} {
			t.Run(how+" and "+name, func(t *testing.T) {
				b := newBench(t, 2)
				member := b.members[0]
				require.NoError(t, member.Configure(ethdev.Config{Pool: b.pool, RxQueues: 4, TxQueues: 4}))
				p := join(t, b)
				leave(t, p, member)

				require.ErrorIs(t, member.Start(), dpdk.ErrInvalid)
				assert.ErrorContains(t, member.RxQueue(3).Err(), "not configured")
				require.NoError(t, member.Configure(ethdev.Config{Pool: b.pool, RxQueues: 4, TxQueues: 4}))
				require.NoError(t, member.Start())
				var pkts [4]*mbuf.Mbuf
				assert.Equal(t, 4, member.RxQueue(3).Burst(pkts[:]))
				mbuf.FreeBulk(pkts[:])
				_ = p.Detach() // if the member was only removed
			})
		}
	}
}
