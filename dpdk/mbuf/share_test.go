package mbuf_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

func TestCloneSharesBytes(t *testing.T) {
	p, q := newPool(t, 16, mbuf.PoolConfig{}), newPool(t, 16, mbuf.PoolConfig{DataRoom: mbuf.NoDataRoom})
	m := packet(t, p, "first", "second")
	m.SetPort(7)
	clone, err := m.Clone(q)
	require.NoError(t, err)
	assert.Equal(t, 2, m.Refcount())
	assert.Equal(t, 2, m.Next().Refcount())
	assert.Equal(t, mbuf.Indirect, clone.Flags())
	assert.EqualValues(t, 7, clone.Port())
	assert.Equal(t, "firstsecond", content(t, clone))
	assert.Same(t, &m.Data()[0], &clone.Data()[0])
	again, err := clone.Clone(q)
	require.NoError(t, err)
	assert.Equal(t, 3, m.Refcount())
	clone.Free()
	assert.Equal(t, 2, m.Refcount())
	m.Free()
	assert.Equal(t, 2, p.InUse(), "the clone holds the buffers")
	assert.Equal(t, "firstsecond", content(t, again))
	again.Free()
	assert.True(t, p.Full())
	assert.True(t, q.Full())

	m = packet(t, p, "x")
	defer m.Free()
	for _, pool := range []*mbuf.Pool{nil, {}} {
		_, err = m.Clone(pool)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
		_, err = m.Copy(pool)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
}

func TestCopySharesNoBytes(t *testing.T) {
	p, small := newPool(t, 16, mbuf.PoolConfig{}), newPool(t, 16, mbuf.PoolConfig{DataRoom: 128 + 4})
	none := newPool(t, 16, mbuf.PoolConfig{DataRoom: mbuf.NoDataRoom})
	m := packet(t, p, "first", "second")
	defer m.Free()
	m.SetVLAN(9)
	c, err := m.Copy(small)
	require.NoError(t, err)
	assert.Equal(t, 3, c.NumSegments())
	assert.Equal(t, "firstsecond", content(t, c))
	assert.EqualValues(t, 9, c.VLAN())
	assert.Equal(t, 1, m.Refcount())
	c.Free()
	c, err = m.CopyRange(p, 3, 5)
	require.NoError(t, err)
	assert.Equal(t, "stsec", content(t, c))
	c.Free()
	for _, r := range [][2]int{{0, 12}, {11, 1}, {0, 0}, {-1, 2}, {1, -1}, {0, 1<<32 + 1}, {1 << 32, 1}, {math.MaxInt, math.MaxInt}} {
		_, err := m.CopyRange(p, r[0], r[1])
		assert.ErrorIs(t, err, dpdk.ErrInvalid, r)
	}
	_, err = m.Copy(none)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestAttachAndDetach(t *testing.T) {
	p, q := newPool(t, 16, mbuf.PoolConfig{PrivateSize: 16}), newPool(t, 16, mbuf.PoolConfig{DataRoom: 400, PrivateSize: 64})
	m, n := packet(t, p, "of m"), packet(t, q, "of n")
	require.NoError(t, n.Attach(m))
	assert.Equal(t, 2, m.Refcount())
	assert.Equal(t, "of m", string(n.Data()))
	assert.Equal(t, 2176, n.BufLen())
	assert.ErrorIs(t, n.Attach(m), dpdk.ErrInvalid, "attached already")
	assert.ErrorIs(t, m.Attach(n), dpdk.ErrInvalid, "it has other references")
	assert.ErrorIs(t, m.Attach(m), dpdk.ErrInvalid)
	assert.ErrorIs(t, m.Attach(nil), dpdk.ErrInvalid)
	third := alloc(t, q)
	require.NoError(t, third.Attach(n), "to an attached one")
	assert.Equal(t, 3, m.Refcount())
	n.Detach()
	assert.Equal(t, 2, m.Refcount())
	assert.Equal(t, 400, n.BufLen())
	assert.Empty(t, n.Data())
	assert.Len(t, n.Private(), 64)
	n.Detach()
	m.Detach()
	assert.Equal(t, "of m", string(m.Data()), "Detach of an mbuf that is not attached")
	require.NoError(t, n.Check(false))
	mbuf.FreeBulk([]*mbuf.Mbuf{m, n, third})
}

func TestRefcount(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := alloc(t, p)
	n, err := m.AddRefcount(2)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.Equal(t, 3, m.Refcount())
	for _, delta := range []int{-3, -4, 65536, 65533, 1 << 32, -1 << 32, math.MinInt, math.MaxInt} {
		n, err = m.AddRefcount(delta)
		assert.ErrorIs(t, err, dpdk.ErrInvalid, delta)
		assert.Equal(t, 3, n)
	}
	m.Free()
	m.Free()
	assert.Equal(t, 1, m.Refcount())
	assert.Equal(t, 1, p.InUse())
	m.Free()
	assert.True(t, p.Full())
}

func TestExternalBuffer(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	zone, err := memzone.Reserve("external", 4096, memzone.Config{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, zone.Free()) }()
	var freed atomic.Int32
	m := alloc(t, p)
	require.NoError(t, m.AttachExternal(zone.Bytes()[:2000], zone.IOVA(), func() { freed.Add(1) }))
	assert.Equal(t, mbuf.External, m.Flags())
	assert.Equal(t, 2000, m.BufLen())
	assert.Zero(t, m.Headroom())
	require.True(t, m.AppendBytes([]byte("outside")))
	assert.Equal(t, "outside", string(zone.Bytes()[:7]))
	require.NoError(t, m.Check(true))
	clone, err := m.Clone(p)
	require.NoError(t, err)
	m.Free()
	time.Sleep(20 * time.Millisecond)
	assert.Zero(t, freed.Load(), "the clone uses it")
	assert.Equal(t, "outside", content(t, clone))
	clone.Free()
	eventually(t, &freed, 1)

	// Detach drops the reference too, and the mbuf has its own buffer again.
	m = alloc(t, p)
	require.NoError(t, m.AttachExternal(zone.Bytes()[:100], 0, func() { freed.Add(1) }))
	assert.ErrorIs(t, m.AttachExternal(zone.Bytes()[:100], 0, nil), dpdk.ErrInvalid, "attached already")
	m.Detach()
	assert.Equal(t, 2176, m.BufLen())
	eventually(t, &freed, 2)
	require.NoError(t, m.AttachExternal(zone.Bytes()[:100], 0, nil), "no callback")
	for _, n := range []int{0, 65536, 65546} {
		other := alloc(t, p)
		before := bits(other)
		assert.ErrorIs(t, other.AttachExternal(make([]byte, n), 0, func() { freed.Add(100) }), dpdk.ErrInvalid, n)
		assert.Equal(t, before, bits(other))
		other.Free()
	}
	m.Free()
	time.Sleep(20 * time.Millisecond)
	assert.EqualValues(t, 2, freed.Load())
}

// Each callback is called once, with any number of threads that free.
func TestManyExternalBuffers(t *testing.T) {
	p := newPool(t, 255, mbuf.PoolConfig{})
	const workers, rounds = 4, 500
	var freed atomic.Int32
	done := make(chan struct{})
	for range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range rounds {
				m, ok := p.Alloc()
				if !ok {
					freed.Add(1)
					continue
				}
				buf := make([]byte, 64)
				if !assert.NoError(t, m.AttachExternal(buf, 0, func() { freed.Add(1) })) {
					return
				}
				m.AppendBytes([]byte("on Go's heap"))
				if len(done) == 0 {
					runtime.Gosched()
				}
				m.Free()
			}
		}()
	}
	for range workers {
		<-done
	}
	runtime.GC()
	eventually(t, &freed, workers*rounds)
}

func eventually(t *testing.T, n *atomic.Int32, want int32) {
	t.Helper()
	assert.Eventually(t, func() bool { return n.Load() == want }, 10*time.Second, time.Millisecond)
	time.Sleep(5 * time.Millisecond)
	assert.Equal(t, want, n.Load(), "once each")
}

type stamp struct {
	Seq   uint32
	Queue uint16
	_     uint16
}

func TestDynamicField(t *testing.T) {
	f, err := mbuf.RegisterField[stamp]("test stamp", mbuf.FieldConfig{})
	require.NoError(t, err)
	again, err := mbuf.RegisterField[stamp]("test stamp", mbuf.FieldConfig{})
	require.NoError(t, err)
	assert.Equal(t, f, again, "registered twice: the same offset")
	found, err := mbuf.LookupField[stamp]("test stamp")
	require.NoError(t, err)
	assert.Equal(t, f, found)
	n, err := mbuf.RegisterField[uint16]("test number", mbuf.FieldConfig{Align: 4})
	require.NoError(t, err)
	assert.Zero(t, n.Offset()%4)

	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "x")
	defer m.Free()
	before := bits(m)
	*f.Of(m) = stamp{Seq: 5, Queue: 6}
	*n.Of(m) = 7
	assert.Equal(t, stamp{Seq: 5, Queue: 6}, *f.Of(m))
	after := bits(m)
	assert.Equal(t, before[:64], after[:64], "the fields are in the second line")
	require.NoError(t, m.Check(true))
	assert.Panics(t, func() { (mbuf.Field[stamp]{}).Of(m) })

	for name, tc := range map[string]struct {
		register func() error
		want     error
	}{
		"too big":          {register[[64]byte]("big", mbuf.FieldConfig{}), dpdk.ErrNoSpace},
		"bigger than any":  {register[[1 << 16]byte]("huge", mbuf.FieldConfig{}), dpdk.ErrInvalid},
		"alignment 3":      {register[uint16]("odd", mbuf.FieldConfig{Align: 3}), dpdk.ErrInvalid},
		"below the type's": {register[uint64]("low", mbuf.FieldConfig{Align: 4}), dpdk.ErrInvalid},
		"negative":         {register[uint16]("neg", mbuf.FieldConfig{Align: -4}), dpdk.ErrInvalid},
		"flags":            {register[uint16]("flags", mbuf.FieldConfig{Flags: 1}), dpdk.ErrInvalid},
		"taken offset":     {register[uint16]("taken", mbuf.FieldConfig{Offset: f.Offset()}), syscall.EBUSY},
		"offset of buf":    {register[uint16]("buf", mbuf.FieldConfig{Offset: 2}), syscall.EBUSY},
		"negative offset":  {register[uint16]("minus", mbuf.FieldConfig{Offset: -2}), dpdk.ErrInvalid},
		"offset behind":    {register[uint16]("behind", mbuf.FieldConfig{Offset: 4096}), syscall.EBUSY},
		"another size":     {register[uint64]("test stamp", mbuf.FieldConfig{}), dpdk.ErrExist},
		"a Go pointer":     {register[*int]("pointer", mbuf.FieldConfig{}), dpdk.ErrInvalid},
		"nothing":          {register[struct{}]("nothing", mbuf.FieldConfig{}), dpdk.ErrInvalid},
		"no name":          {register[uint16]("", mbuf.FieldConfig{}), dpdk.ErrInvalid},
		"a long name":      {register[uint16](strings.Repeat("x", 64), mbuf.FieldConfig{}), dpdk.ErrNameTooLong},
	} {
		t.Run(name, func(t *testing.T) { assert.ErrorIs(t, tc.register(), tc.want) })
	}
	_, err = mbuf.LookupField[uint16]("test stamp")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = mbuf.LookupField[uint16]("no such field")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func register[T any](name string, cfg mbuf.FieldConfig) func() error {
	return func() error {
		_, err := mbuf.RegisterField[T](name, cfg)
		return err
	}
}

func TestDynamicFlag(t *testing.T) {
	f, err := mbuf.RegisterFlag("test flag", mbuf.FlagConfig{})
	require.NoError(t, err)
	again, err := mbuf.RegisterFlag("test flag", mbuf.FlagConfig{})
	require.NoError(t, err)
	assert.Equal(t, f, again)
	found, err := mbuf.LookupFlag("test flag")
	require.NoError(t, err)
	assert.Equal(t, f, found)
	assert.Equal(t, fmt.Sprintf("%#x", uint64(f)), f.String())
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	m.SetFlags(f | mbuf.RxVLAN)
	assert.NotZero(t, m.Flags()&f)
	for name, tc := range map[string]struct {
		flag string
		cfg  mbuf.FlagConfig
		want error
	}{
		"flags":     {"bad flags", mbuf.FlagConfig{Flags: 1}, dpdk.ErrInvalid},
		"taken bit": {"taken bit", mbuf.FlagConfig{Bit: 1}, syscall.EBUSY},
		"bit 64":    {"bit 64", mbuf.FlagConfig{Bit: 64}, dpdk.ErrInvalid},
		"bit -1":    {"bit -1", mbuf.FlagConfig{Bit: -1}, dpdk.ErrInvalid},
		"bit 2^32":  {"bit 2^32", mbuf.FlagConfig{Bit: 1 << 32}, dpdk.ErrInvalid},
		"no name":   {"", mbuf.FlagConfig{}, dpdk.ErrInvalid},
	} {
		_, err := mbuf.RegisterFlag(tc.flag, tc.cfg)
		assert.ErrorIs(t, err, tc.want, name)
	}
	_, err = mbuf.LookupFlag("no such flag")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestTimestamp(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	rx, err := mbuf.RxTimestamp()
	require.NoError(t, err)
	tx, err := mbuf.TxTimestamp()
	require.NoError(t, err)
	assert.Equal(t, rx.Time, tx.Time, "DPDK has one field for both")
	assert.NotEqual(t, rx.Flag, tx.Flag)
	_, ok := rx.Get(m)
	assert.False(t, ok)
	rx.Set(m, 123456789)
	at, ok := rx.Get(m)
	assert.True(t, ok)
	assert.EqualValues(t, 123456789, at)
	_, ok = tx.Get(m)
	assert.False(t, ok)
}

func TestFieldWithoutRoomReturnsTheFreeBytes(t *testing.T) {
	_, err := mbuf.RegisterField[[64]byte]("too large", mbuf.FieldConfig{})
	require.ErrorIs(t, err, dpdk.ErrNoSpace)
	assert.Regexp(t, `the free bytes of an mbuf are (\d+ at offset \d+(, )?)+, and \d+ bits for flags`, err.Error())
}
