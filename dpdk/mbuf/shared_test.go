package mbuf_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/twin"
)

// pinned is a pool made by C, with mbufs that are pinned to pieces of a memzone.
func pinned(t *testing.T, count, room int) *mbuf.Pool {
	t.Helper()
	pools++
	name := fmt.Sprintf("pinned %d", pools)
	zone, err := memzone.Reserve(name, count*room, memzone.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, zone.Free()) })
	errno := twin.MbufPoolPinnedCreate(name, uint32(count), uint16(room), unsafe.Pointer(&zone.Bytes()[0]))
	require.Zero(t, errno)
	p, err := mbuf.LookupPool(name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

// external returns an mbuf of p with a buffer of n bytes on the Go heap.
func external(t *testing.T, p *mbuf.Pool, n int) *mbuf.Mbuf {
	t.Helper()
	m := alloc(t, p)
	require.NoError(t, m.AttachExternal(make([]byte, n), 0, nil))
	return m
}

// DPDK counts the references to a buffer in three places.
func TestSharedCountsReferencesToTheBuffer(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{PrivateSize: 32})
	for name, m := range map[string]*mbuf.Mbuf{
		"its own": alloc(t, p), "external": external(t, p, 500), "pinned": alloc(t, pinned(t, 4, 500)),
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, m.AppendBytes([]byte("bytes")))
			assert.False(t, m.Shared())
			c, err := m.Clone(p)
			require.NoError(t, err)
			assert.True(t, m.Shared(), "cloned")
			assert.True(t, c.Shared(), "a clone")
			d, err := c.Clone(p)
			require.NoError(t, err)
			c.Free()
			assert.True(t, m.Shared())
			assert.True(t, d.Shared())
			m.Free()
			assert.False(t, d.Shared(), "the last clone is alone with the buffer")
			assert.Equal(t, "bytes", content(t, d))
			_, err = d.AddRefcount(1)
			require.NoError(t, err)
			assert.True(t, d.Shared(), "of two owners")
			d.Free()
			d.Free()
		})
	}
}

// Linearize writes into the buffer of the first segment.
func TestLinearizeOfASharedBufferChangesNothing(t *testing.T) {
	p := newPool(t, 32, mbuf.PoolConfig{})
	for name, m := range map[string]*mbuf.Mbuf{
		"its own": alloc(t, p), "external": external(t, p, 500), "pinned": alloc(t, pinned(t, 4, 500)),
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, m.AppendBytes([]byte("123456")))
			c, err := m.Clone(p)
			require.NoError(t, err)
			require.True(t, m.Trim(3)) // the clone still has the bytes after these
			require.NoError(t, m.Chain(packet(t, p, "xyz")))
			assert.False(t, m.Linearize())
			assert.Equal(t, "123xyz", content(t, m))
			assert.Equal(t, "123456", content(t, c))
			c.Free()
			assert.True(t, m.Linearize())
			assert.Equal(t, "123xyz", string(m.Data()))
			m.Free()
		})
	}
	m := packet(t, p, "1")
	c, err := m.Clone(p)
	require.NoError(t, err)
	m.Free()
	require.NoError(t, c.Chain(packet(t, p, "2")))
	assert.True(t, c.Linearize(), "the only clone of a freed packet")
	assert.Equal(t, "12", string(c.Data()))
	require.NoError(t, c.Check(true))
	c.Free()
}

// On a packet with segments longer than its length, C wrote past the first buffer.
func TestLinearizeOfAPacketWithAWrongLengthFails(t *testing.T) {
	p := newPool(t, 32, mbuf.PoolConfig{DataRoom: 128 + 10})
	m := packet(t, p, "12", "345")
	defer m.Free()
	require.True(t, m.Last().AppendBytes([]byte("6789ABC")), "to the segment, not to the packet")
	assert.False(t, m.Linearize())
	assert.Equal(t, 2, m.NumSegments())
	require.True(t, m.Last().Trim(9))
	assert.False(t, m.Linearize(), "less")
	assert.Equal(t, "12", string(m.Data()))
}

func TestDetachAndAttachLeaveTheMbufEmpty(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "12345")
	c, err := m.Clone(p)
	require.NoError(t, err)
	c.Detach()
	assert.Zero(t, c.Len())
	assert.Zero(t, c.DataLen())
	require.True(t, c.AppendBytes([]byte("678")))
	assert.Equal(t, 3, c.Len())
	require.NoError(t, c.Check(true))

	require.NoError(t, c.AttachExternal(make([]byte, 100), 0, nil))
	assert.Zero(t, c.Len())
	require.True(t, c.AppendBytes([]byte("9")))
	assert.Equal(t, "9", content(t, c))
	c.Detach()
	assert.Zero(t, c.Len())
	require.NoError(t, c.Check(true))
	require.NoError(t, c.Attach(m))
	assert.Equal(t, 5, c.Len())
	mbuf.FreeBulk([]*mbuf.Mbuf{m, c})

	// Detaching the first of several segments removes its bytes from the packet.
	m = packet(t, p, "12345", "67")
	c, err = m.Clone(p)
	require.NoError(t, err)
	c.Detach()
	require.NoError(t, c.Check(true))
	assert.Equal(t, "67", content(t, c))
	mbuf.FreeBulk([]*mbuf.Mbuf{m, c})

	// Pinned buffers stay attached and keep their bytes.
	m = alloc(t, pinned(t, 4, 500))
	require.True(t, m.AppendBytes([]byte("12345")))
	m.Detach()
	assert.Equal(t, "12345", content(t, m))
	assert.Equal(t, mbuf.External, m.Flags())
	m.Free()
}

// DPDK treats a count of 65,535 as invalid, and the next count is 0.
func TestTooManyReferencesAreRefused(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "x")
	_, err := m.AddRefcount(math.MaxInt16)
	require.NoError(t, err)
	_, err = m.AddRefcount(math.MaxInt16 - 1)
	require.NoError(t, err)
	require.Equal(t, 65534, m.Refcount())
	before := bits(m)
	other := alloc(t, p)
	_, err = m.Clone(p)
	assert.ErrorIs(t, err, syscall.EOVERFLOW)
	assert.ErrorIs(t, other.Attach(m), syscall.EOVERFLOW)
	assert.Equal(t, before, bits(m))
	assert.Zero(t, other.Flags())
	assert.Equal(t, 2, p.InUse())
	_, err = m.AddRefcount(-math.MaxInt16)
	require.NoError(t, err)
	_, err = m.AddRefcount(1 - math.MaxInt16)
	require.NoError(t, err)

	// Clones and external buffers count in another place.
	c, err := m.Clone(p)
	require.NoError(t, err)
	_, err = m.AddRefcount(math.MaxInt16)
	require.NoError(t, err)
	_, err = m.AddRefcount(math.MaxInt16 - 2)
	require.NoError(t, err)
	require.Equal(t, 65534, m.Refcount())
	_, err = c.Clone(p)
	assert.ErrorIs(t, err, syscall.EOVERFLOW)
	_, err = m.AddRefcount(-math.MaxInt16)
	require.NoError(t, err)
	_, err = m.AddRefcount(2 - math.MaxInt16)
	require.NoError(t, err)
	mbuf.FreeBulk([]*mbuf.Mbuf{m, c, other})
}

// The garbage collector ends the process if a pointer refers to memory past an object.
func TestEmptySlicesPointIntoTheBuffer(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	var freed atomic.Int32
	var views [][]byte
	for range 8 {
		const size = 8192 // a size class that is not in the middle of a span
		buf := make([]byte, size)
		m := alloc(t, p)
		require.NoError(t, m.AttachExternal(buf, 0, func() { freed.Add(1) }))
		last, ok := m.Append(size)
		require.True(t, ok)
		require.Len(t, last, size)
		require.True(t, m.Adj(size))
		end, ok := m.Append(0)
		require.True(t, ok)
		read, ok := m.Read(0, 0, nil)
		require.True(t, ok)
		views = append(views, m.Data(), end, read, m.Buffer())
		for _, view := range views[len(views)-4:] {
			at := uintptr(unsafe.Pointer(unsafe.SliceData(view)))
			start := uintptr(unsafe.Pointer(unsafe.SliceData(buf)))
			assert.True(t, at >= start && at < start+size, "%d behind the buffer's start", at-start)
		}
		m.Free()
	}
	runtime.GC()
	runtime.KeepAlive(views)
	eventually(t, &freed, 8)
}

func TestWriterFollowsChain(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{DataRoom: 128 + 10})
	m := packet(t, p, "ab")
	w := m.Writer(p)
	require.NoError(t, w.WriteByte('c'))
	require.NoError(t, m.Chain(packet(t, p, "de", "f")))
	_, err := w.WriteString("gh")
	require.NoError(t, err)
	assert.Equal(t, "abcdefgh", content(t, m))
	require.NoError(t, m.Chain(packet(t, p, "ij")))
	_, err = w.ReadFrom(strings.NewReader("0123456789"))
	require.NoError(t, err)
	assert.Equal(t, "abcdefghij0123456789", content(t, m))
	require.NoError(t, m.Check(true))
	require.True(t, m.Trim(1))
	require.NoError(t, w.WriteByte('x'))
	assert.Equal(t, "abcdefghij012345678x", content(t, m))
	m.Free()
}

func TestNilPacketIsRefused(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	var m *mbuf.Mbuf
	assert.ErrorIs(t, m.ValidateTx(), dpdk.ErrInvalid)
	_, err := m.Clone(p)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}
