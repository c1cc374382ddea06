package mbuf_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func TestReaderReadsTheWholeChain(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "abc", "", "defg", "h")
	defer m.Free()
	require.NoError(t, iotest.TestReader(m.Reader(), []byte("abcdefgh")))
	r := m.Reader()
	assert.Equal(t, 8, r.Len())
	b, err := r.ReadByte()
	require.NoError(t, err)
	assert.EqualValues(t, 'a', b)
	assert.Equal(t, 7, r.Len())
	var out bytes.Buffer
	n, err := r.WriteTo(&out)
	require.NoError(t, err)
	assert.EqualValues(t, 7, n)
	assert.Equal(t, "bcdefgh", out.String())
	_, err = r.ReadByte()
	assert.Equal(t, io.EOF, err)
	assert.Zero(t, r.Len())
	_, err = m.Reader().WriteTo(iotest.TruncateWriter(&out, 0))
	require.NoError(t, err)
	_, err = m.Reader().WriteTo(shortWriter{})
	assert.ErrorIs(t, err, io.ErrShortWrite)
	empty := alloc(t, p)
	defer empty.Free()
	require.NoError(t, iotest.TestReader(empty.Reader(), nil))
	var none *mbuf.Mbuf
	_, err = none.Reader().Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestWriterAddsSegments(t *testing.T) {
	p := newPool(t, 63, mbuf.PoolConfig{DataRoom: 128 + 10})
	c := newCache(t, p, 8)
	m, ok := c.Alloc()
	require.True(t, ok)
	w := m.Writer(c)
	var want strings.Builder
	for i := range 40 {
		s := strings.Repeat(string(rune('a'+i%26)), i%17)
		n, err := w.Write([]byte(s))
		require.NoError(t, err)
		require.Equal(t, len(s), n)
		want.WriteString(s)
	}
	require.NoError(t, w.WriteByte('!'))
	_, err := w.WriteString("end")
	require.NoError(t, err)
	want.WriteString("!end")
	assert.Equal(t, want.String(), content(t, m))
	assert.Equal(t, (want.Len()+9)/10, m.NumSegments(), "segments are filled")
	require.NoError(t, m.Check(true))
	// A second Writer continues at the end of the packet.
	_, err = m.Writer(c).WriteString("more")
	require.NoError(t, err)
	assert.Equal(t, want.String()+"more", content(t, m))
	c.Free(m)
}

// A Write fails without changes if the pool has too few mbufs.
func TestWriteIsAllOrNothing(t *testing.T) {
	p := newPool(t, 4, mbuf.PoolConfig{DataRoom: 128 + 10})
	m := packet(t, p, "12345")
	w := m.Writer(p)
	n, err := w.Write(make([]byte, 36))
	assert.ErrorIs(t, err, mbuf.ErrNoMbufs)
	assert.Zero(t, n)
	assert.Equal(t, "12345", content(t, m))
	assert.Equal(t, 1, m.NumSegments())
	assert.Equal(t, 1, p.InUse())
	n, err = w.Write(make([]byte, 35))
	require.NoError(t, err)
	assert.Equal(t, 35, n)
	n, err = w.Write([]byte{1})
	assert.ErrorIs(t, err, mbuf.ErrNoMbufs)
	assert.Zero(t, n)
	n, err = w.Write(nil)
	assert.NoError(t, err)
	assert.Zero(t, n)
	m.Free()

	m = alloc(t, p)
	_, err = m.Writer(nil).Write(make([]byte, 11))
	assert.ErrorIs(t, err, mbuf.ErrNoMbufs)
	_, err = m.Writer(nil).Write(make([]byte, 10))
	assert.NoError(t, err)
	roomless := newPool(t, 4, mbuf.PoolConfig{DataRoom: mbuf.NoDataRoom})
	_, err = m.Writer(roomless).Write([]byte{1})
	assert.ErrorIs(t, err, dpdk.ErrInvalid, "it would never end")
	assert.True(t, roomless.Full())
	m.Free()
}

func TestReadFrom(t *testing.T) {
	p := newPool(t, 8, mbuf.PoolConfig{DataRoom: 128 + 10})
	text := strings.Repeat("0123456", 10) // 7 segments, exactly
	for name, r := range map[string]io.Reader{
		"at once": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"data with EOF": iotest.DataErrReader(strings.NewReader(text)),
	} {
		m := alloc(t, p)
		n, err := m.Writer(p).ReadFrom(r)
		require.NoError(t, err, name)
		assert.EqualValues(t, 70, n)
		assert.Equal(t, text, content(t, m), name)
		assert.Equal(t, 7, p.InUse(), "a segment that was not needed")
		require.NoError(t, m.Check(true))
		m.Free()
	}
	m := alloc(t, p)
	r := strings.NewReader(strings.Repeat("x", 100))
	n, err := m.Writer(p).ReadFrom(r)
	assert.ErrorIs(t, err, mbuf.ErrNoMbufs)
	assert.EqualValues(t, 80, n)
	assert.Equal(t, 80, m.Len())
	assert.Equal(t, 20, r.Len(), "read, and not in the packet")
	m.Free()
	m = alloc(t, p)
	_, err = m.Writer(p).ReadFrom(iotest.ErrReader(io.ErrUnexpectedEOF))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	m.Free()
}
