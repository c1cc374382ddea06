package mbuf_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/twin"
)

func TestAppendPrependAdjTrim(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	assert.Empty(t, m.Data())
	b, ok := m.Append(5)
	require.True(t, ok)
	assert.Len(t, b, 5)
	assert.Equal(t, 5, cap(b), "the view must not grow into the tailroom")
	copy(b, "01234")
	require.True(t, m.AppendBytes([]byte("567")))
	assert.Equal(t, "01234567", string(m.Data()))
	b, ok = m.Prepend(2)
	require.True(t, ok)
	copy(b, "ab")
	assert.Equal(t, "ab01234567", string(m.Data()))
	assert.Equal(t, 126, m.Headroom())
	assert.True(t, m.Adj(3))
	assert.True(t, m.Trim(4))
	assert.Equal(t, "123", string(m.Data()))
	assert.Equal(t, 3, m.Len())
	assert.Equal(t, 3, m.DataLen())
	assert.Equal(t, 129, m.Headroom())
	assert.Equal(t, 2176-129-3, m.Tailroom())
	assert.True(t, m.Contiguous())
	require.NoError(t, m.Check(true))
}

// C would truncate these lengths to 16 or 32 bits.
func TestLengthsThatCWouldTruncateAreRefused(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "0123456789")
	defer m.Free()
	before := bits(m)
	buf := bytes.Clone(m.Data())
	for _, n := range []int{65546, 65536, 65536 * 2, 1<<32 + 10, 1<<32 - 1, -1, -10, -65526, math.MaxInt, math.MinInt, 2039} {
		b, ok := m.Append(n)
		assert.False(t, ok, "append %d", n)
		assert.Nil(t, b)
		b, ok = m.Prepend(n)
		assert.False(t, ok, "prepend %d", n)
		assert.Nil(t, b)
		assert.False(t, m.Adj(n), "adj %d", n)
		assert.False(t, m.Trim(n), "trim %d", n)
		_, ok = m.Read(0, n, make([]byte, 100))
		assert.False(t, ok, "read %d", n)
		_, ok = m.Read(n, 1, nil)
		assert.False(t, ok, "read at %d", n)
		assert.False(t, m.CopyTo(make([]byte, 1), n), "copy at %d", n)
	}
	assert.False(t, m.AppendBytes(make([]byte, 65546)))
	assert.False(t, m.Adj(11))
	assert.False(t, m.Trim(11))
	_, ok := m.Prepend(129)
	assert.False(t, ok)
	assert.Equal(t, before, bits(m), "a refused call changed the mbuf")
	assert.Equal(t, buf, m.Data())
	_, ok = m.Append(2038)
	assert.True(t, ok, "all of the tailroom")
	_, ok = m.Prepend(128)
	assert.True(t, ok, "all of the headroom")
	assert.Equal(t, 2176, m.Len())
}

func TestLargestBuffer(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{DataRoom: 65535})
	m := alloc(t, p)
	defer m.Free()
	_, ok := m.Append(65535 - 128 + 1)
	assert.False(t, ok)
	b, ok := m.Append(65535 - 128)
	require.True(t, ok)
	b[len(b)-1] = 1
	_, ok = m.Prepend(128)
	require.True(t, ok)
	assert.Len(t, m.Data(), 65535)
	assert.Zero(t, m.Tailroom())
}

// An error path that frees the packet leaks nothing.
func TestFailedAppendAfterAllocLeaksNothing(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{})
	c := newCache(t, p, 8)
	for range 1000 {
		m, ok := c.Alloc()
		require.True(t, ok)
		if !m.AppendBytes(make([]byte, 65546)) {
			c.Free(m)
			continue
		}
		t.Fatal("65,546 bytes went in")
	}
	c.Flush()
	assert.True(t, p.Full())
}

func TestChain(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "one", "", "three", "4")
	assert.Equal(t, 4, m.NumSegments())
	assert.Equal(t, 9, m.Len())
	assert.Equal(t, "one", string(m.Data()))
	assert.False(t, m.Contiguous())
	assert.Equal(t, "4", string(m.Last().Data()))
	assert.Equal(t, "", string(m.Next().Data()))
	var parts []string
	for seg := range m.Segments() {
		parts = append(parts, string(seg.Data()))
	}
	assert.Equal(t, []string{"one", "", "three", "4"}, parts)
	for range m.Segments() {
		break
	}
	require.NoError(t, m.Check(true))

	assert.ErrorIs(t, m.Chain(nil), dpdk.ErrInvalid)
	assert.ErrorIs(t, m.Chain(m), dpdk.ErrInvalid, "a circle")
	assert.ErrorIs(t, m.Chain(m.Last()), dpdk.ErrInvalid, "a circle")
	assert.Equal(t, 4, m.NumSegments())

	require.True(t, m.AppendBytes([]byte("56")), "appends to the last segment")
	assert.Equal(t, "456", string(m.Last().Data()))
	require.True(t, m.Trim(3))
	assert.False(t, m.Trim(1), "the last segment is empty")
	assert.Equal(t, "onethree", content(t, m))
	m.Free()
	assert.True(t, p.Full())
}

func TestTooManySegmentsAreRefused(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	a, b := packet(t, p, "a"), packet(t, p, "b")
	segs := (*uint16)(field(a, cgo.MbufNbSegs))
	*segs = 65535
	before := bits(a)
	assert.ErrorIs(t, a.Chain(b), syscall.EOVERFLOW)
	assert.Equal(t, before, bits(a))
	*segs = 1
	length := (*uint32)(field(a, cgo.MbufPktLen))
	*length = math.MaxUint32
	assert.ErrorIs(t, a.Chain(b), syscall.EOVERFLOW)
	_, ok := a.Append(1)
	assert.False(t, ok)
	_, ok = a.Prepend(1)
	assert.False(t, ok)
	*length = 1
	mbuf.FreeBulk([]*mbuf.Mbuf{a, b})
}

func TestSegmentsAreFreedOneByOne(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	for seg := range packet(t, p, "a", "b", "c").Segments() {
		seg.FreeSegment()
	}
	assert.True(t, p.Full())
}

// A segment in the middle of a chain has a segment count of 1.
func TestCacheFreesAllSegments(t *testing.T) {
	p := newPool(t, 31, mbuf.PoolConfig{})
	c := newCache(t, p, 8)
	m := packet(t, p, "a", "b", "c")
	rest := m.Next()
	require.Equal(t, 1, rest.NumSegments())
	m.FreeSegment()
	c.Free(rest)
	m = packet(t, p, "a", "b", "c")
	rest = m.Next()
	m.FreeSegment()
	c.FreeBulk([]*mbuf.Mbuf{rest})
	c.Flush()
	assert.True(t, p.Full())
}

func TestReadAndCopyAcrossSegments(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	const all = "abcdefghij"
	m := packet(t, p, "abc", "", "de", "fghi", "j")
	defer m.Free()
	for off := 0; off <= len(all); off++ {
		for n := 0; off+n <= len(all); n++ {
			scratch := []byte(strings.Repeat("#", 12))
			b, ok := m.Read(off, n, scratch)
			require.True(t, ok, "%d at %d", n, off)
			require.Equal(t, all[off:off+n], string(b))
			inC := make([]byte, 12)
			if n > 0 { // C crashes on 0 bytes at the packet's end
				c := twin.MbufRead(raw(m), uint32(off), uint32(n), pointer(inC))
				assert.Equal(t, c == pointer(inC), pointer(b) == pointer(scratch), "copied where C does not, or the reverse: %d at %d", n, off)
			}
			dst := bytes.Repeat([]byte("#"), n)
			require.True(t, m.CopyTo(dst, off))
			require.Equal(t, all[off:off+n], string(dst))
		}
		dst := bytes.Repeat([]byte("#"), len(all)-off+1)
		assert.False(t, m.CopyTo(dst, off), "one byte too many")
		assert.Equal(t, strings.Repeat("#", len(dst)), string(dst))
	}
	_, ok := m.Read(1, 4, make([]byte, 3))
	assert.False(t, ok, "scratch is too short")
	_, ok = m.Read(0, 3, nil)
	assert.True(t, ok, "no scratch is needed in one segment")
	_, ok = m.Read(0, 11, make([]byte, 20))
	assert.False(t, ok)
	assert.False(t, m.CopyTo(make([]byte, 1), -1))

	require.True(t, m.CopyFrom([]byte("CDEFG"), 2))
	assert.Equal(t, "abCDEFGhij", content(t, m))
	assert.False(t, m.CopyFrom([]byte("xyz"), 8))
	assert.Equal(t, "abCDEFGhij", content(t, m))
}

// Read must not follow a packet length beyond the segments.
func TestReadOfAPacketWithAWrongLengthFails(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "abc", "de")
	defer m.Free()
	length := (*uint32)(field(m, cgo.MbufPktLen))
	*length = 1000
	assert.False(t, m.CopyTo(make([]byte, 6), 0))
	assert.False(t, m.CopyFrom(make([]byte, 6), 0))
	_, ok := m.Read(0, 6, make([]byte, 6))
	assert.False(t, ok)
	_, ok = m.Read(900, 1, make([]byte, 6))
	assert.False(t, ok)
	*length = 5
	require.NoError(t, m.Check(true))
}

func TestLinearize(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "abc", "de", "f")
	assert.True(t, m.Linearize())
	assert.Equal(t, "abcdef", string(m.Data()))
	assert.True(t, m.Contiguous())
	assert.True(t, m.Linearize(), "again")
	assert.Equal(t, 1, p.InUse())
	long := alloc(t, p)
	_, ok := long.Append(2048)
	require.True(t, ok)
	require.NoError(t, m.Chain(long))
	assert.False(t, m.Linearize(), "it does not fit")
	assert.Equal(t, 2, m.NumSegments())
	clone, err := m.Clone(p)
	require.NoError(t, err)
	require.True(t, m.Trim(2000))
	assert.False(t, m.Linearize(), "the clone sees the buffer")
	clone.Free()
	m.Free()
}

func TestPrivateArea(t *testing.T) {
	p, q := newPool(t, 4, mbuf.PoolConfig{PrivateSize: 32}), newPool(t, 4, mbuf.PoolConfig{PrivateSize: 8})
	m, n := alloc(t, p), alloc(t, q)
	assert.Len(t, m.Private(), 32)
	copy(m.Private(), "thirty-two bytes of one's own...")
	require.True(t, m.AppendBytes([]byte("data")))
	require.NoError(t, n.Attach(m))
	assert.Len(t, n.Private(), 8, "a clone's private area is its own")
	assert.Equal(t, "data", string(n.Data()))
	n.Free()
	assert.Equal(t, "thirty-two bytes of one's own...", string(m.Private()))
	m.Free()
	none := newPool(t, 4, mbuf.PoolConfig{})
	o := alloc(t, none)
	defer o.Free()
	assert.Empty(t, o.Private())
}

func TestFields(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	assert.EqualValues(t, mbuf.InvalidPort, m.Port())
	m.SetPort(3)
	m.SetPacketType(0x111)
	m.SetRSSHash(0xdeadbeef)
	m.SetVLAN(0x1064)
	m.SetOuterVLAN(0x2065)
	m.SetFlags(mbuf.RxVLAN | mbuf.RxRSSHash)
	assert.EqualValues(t, 3, m.Port())
	assert.Equal(t, "L2_ETHER L3_IPV4 L4_TCP", m.PacketType().String())
	assert.EqualValues(t, 0xdeadbeef, m.RSSHash())
	assert.EqualValues(t, 0x1064, m.VLAN())
	assert.EqualValues(t, 0x2065, m.OuterVLAN())
	assert.Equal(t, mbuf.RxVLAN|mbuf.RxRSSHash, m.Flags())
	assert.Equal(t, 2176, m.BufLen())
	b := bits(m)
	assert.EqualValues(t, 3, binary.LittleEndian.Uint16(b[cgo.MbufPort:]))
	assert.EqualValues(t, 0xdeadbeef, binary.LittleEndian.Uint32(b[cgo.MbufRSS:]))
	assert.EqualValues(t, 0x1064, binary.LittleEndian.Uint16(b[cgo.MbufVlanTCI:]))
	assert.EqualValues(t, 0x2065, binary.LittleEndian.Uint16(b[cgo.MbufVlanTCIOuter:]))
}

func TestTxOffloadIsPackedAsInC(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	for _, o := range []mbuf.TxOffload{
		{}, {L2Len: 127}, {L3Len: 511}, {L4Len: 255}, {SegmentSize: 65535}, {OuterL3Len: 511}, {OuterL2Len: 127},
		{14, 20, 32, 1460, 40, 18}, {127, 511, 255, 65535, 511, 127}, {1, 2, 3, 4, 5, 6},
	} {
		require.NoError(t, m.SetTxOffload(o))
		assert.Equal(t, o, m.TxOffload())
		want := twin.MbufTxOffload(uint64(o.L2Len), uint64(o.L3Len), uint64(o.L4Len), uint64(o.SegmentSize), uint64(o.OuterL3Len), uint64(o.OuterL2Len))
		b := bits(m)
		assert.Equal(t, want, binary.LittleEndian.Uint64(b[cgo.MbufTxOffloadOff:]), "%+v", o)
	}
	before := bits(m)
	for name, o := range map[string]mbuf.TxOffload{
		"L2Len is 128": {L2Len: 128}, "L3Len is 512": {L3Len: 512}, "L4Len is 256": {L4Len: 256}, "SegmentSize is 65536": {SegmentSize: 65536},
		"OuterL3Len is 512": {OuterL3Len: 512}, "OuterL2Len is 128": {OuterL2Len: 128}, "L2Len is -1": {L2Len: -1}, "L4Len is -256": {L4Len: -256},
	} {
		err := m.SetTxOffload(o)
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
		assert.Contains(t, err.Error(), name)
		assert.NotContains(t, err.Error(), ";", "names a field that is right")
	}
	assert.Equal(t, before, bits(m))
}

func TestValidateTx(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := alloc(t, p)
	defer m.Free()
	for _, tc := range []struct {
		flags mbuf.OffloadFlags
		tso   int
		ok    bool
	}{
		{0, 0, true},
		{mbuf.TxIPChecksum | mbuf.TxIPv4, 0, true},
		{mbuf.TxIPChecksum | mbuf.TxIPv6, 0, false},
		{mbuf.TxTCPChecksum, 0, false},
		{mbuf.TxTCPChecksum | mbuf.TxIPv6, 0, true},
		{mbuf.TxTCPSegment | mbuf.TxIPv6, 0, false},
		{mbuf.TxTCPSegment | mbuf.TxIPv6, 512, true},
		{mbuf.TxTCPSegment | mbuf.TxIPv4, 512, false},
		{mbuf.TxTCPSegment | mbuf.TxIPv4 | mbuf.TxIPChecksum, 512, true},
		{mbuf.TxOuterIPChecksum, 0, false},
		{mbuf.TxOuterIPChecksum | mbuf.TxOuterIPv4, 0, true},
	} {
		m.SetFlags(tc.flags)
		require.NoError(t, m.SetTxOffload(mbuf.TxOffload{SegmentSize: tc.tso}))
		if err := m.ValidateTx(); tc.ok {
			assert.NoError(t, err, "%v", tc.flags)
		} else {
			assert.ErrorIs(t, err, dpdk.ErrInvalid, "%v", tc.flags)
		}
	}
}

func TestFlagNames(t *testing.T) {
	for f, want := range map[mbuf.OffloadFlags]string{
		0:                                 "0",
		mbuf.RxVLAN:                       "RX_VLAN",
		mbuf.RxVLAN | mbuf.RxVLANStripped: "RX_VLAN|RX_VLAN_STRIPPED",
		mbuf.RxIPChecksumGood:             "RX_IP_CKSUM_GOOD",
		mbuf.RxIPChecksumBad:              "RX_IP_CKSUM_BAD",
		mbuf.RxIPChecksumNone:             "RX_IP_CKSUM_NONE",
		mbuf.TxIPChecksum | mbuf.TxIPv4:   "TX_IP_CKSUM|TX_IPV4",
		mbuf.TxUDPChecksum:                "TX_UDP_CKSUM",
		mbuf.RxRSSHash | mbuf.TxVLAN:      "RX_RSS_HASH|TX_VLAN",
		mbuf.External:                     "EXTERNAL",
		mbuf.Indirect | mbuf.RxVLAN:       "RX_VLAN|INDIRECT",
		1 << 30:                           "0x40000000",
		mbuf.RxVLAN | 1<<30:               "RX_VLAN|0x40000000",
	} {
		assert.Equal(t, want, f.String(), "%#x", uint64(f))
	}
	for bit := range 64 {
		if name := twin.MbufFlagName(1<<bit, false) + twin.MbufFlagName(1<<bit, true); name != "" {
			assert.Equal(t, strings.TrimPrefix(name, "RTE_MBUF_F_"), mbuf.OffloadFlags(1<<bit).String())
		}
	}
}

func TestSetFlagsKeepsExternalAndIndirect(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "x")
	clone, err := m.Clone(p)
	require.NoError(t, err)
	clone.SetFlags(mbuf.TxIPv4 | mbuf.External)
	assert.Equal(t, mbuf.TxIPv4|mbuf.Indirect, clone.Flags())
	m.SetFlags(mbuf.Indirect)
	assert.Zero(t, m.Flags())
	mbuf.FreeBulk([]*mbuf.Mbuf{m, clone})
}

func TestCheckFindsDamage(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "x")
	defer m.Free()
	require.NoError(t, m.Check(true))
	require.NoError(t, m.Check(false))
	assert.ErrorIs(t, (*mbuf.Mbuf)(nil).Check(true), dpdk.ErrInvalid)
	for _, tc := range []struct {
		name   string
		offset uintptr
		size   int
		value  uint64
	}{
		{"no pool", cgo.MbufPool, 8, 0},
		{"no IO address", 8, 8, 0},
		{"no buffer", cgo.MbufBufAddr, 8, 0},
		{"refcount 0", cgo.MbufRefcnt, 2, 0},
		{"refcount 65535", cgo.MbufRefcnt, 2, 65535},
		{"more segments than there are", cgo.MbufNbSegs, 2, 2},
		{"a packet shorter than its segment", cgo.MbufPktLen, 4, 0},
		{"data behind the buffer", cgo.MbufDataLen, 2, 65535},
	} {
		t.Run(tc.name, func(t *testing.T) {
			saved := bits(m)
			defer restore(m, saved)
			set(m, tc.offset, tc.size, tc.value)
			err := m.Check(true)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Regexp(t, `invalid argument: \w.+`, err.Error(), "no reason")
		})
	}
}

func TestDump(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{})
	m := packet(t, p, "some text to dump")
	defer m.Free()
	text, err := m.Dump(100)
	require.NoError(t, err)
	assert.Contains(t, text, "pkt_len=17")
	assert.Contains(t, text, "73 6F 6D 65")
	_, err = m.Dump(-1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = (*mbuf.Mbuf)(nil).Dump(1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, m.String(), "17 bytes in 1 segments, refcount 1")
}

// C sees a ring of struct rte_mbuf *.
func TestMbufsPassThroughRings(t *testing.T) {
	p := newPool(t, 31, mbuf.PoolConfig{})
	r, err := ring.Create[*mbuf.Mbuf]("mbufs", 32, ring.Config{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Free()) }()
	in, out := make([]*mbuf.Mbuf, 31), make([]*mbuf.Mbuf, 31)
	require.True(t, p.AllocBulk(in))
	require.Equal(t, 31, r.EnqueueBulk(in))
	info, errno := cgo.RingLookup("mbufs")
	require.Zero(t, errno)
	n, _ := twin.RingDequeue(info.Ring, pointer(out), 8, 31, true)
	require.EqualValues(t, 31, n)
	assert.Equal(t, in, out)
	mbuf.FreeBulk(out)
}

func TestBufferIsHeadroomDataAndTailroom(t *testing.T) {
	p := newPool(t, 7, mbuf.PoolConfig{})
	m := packet(t, p, "data")
	defer m.Free()
	b := m.Buffer()
	assert.Len(t, b, m.BufLen())
	assert.Equal(t, "data", string(b[m.Headroom():len(b)-m.Tailroom()]))
	b[m.Headroom()] = 'D'
	assert.Equal(t, "Data", string(m.Data()))
	assert.Equal(t, len(b), cap(b))
}
