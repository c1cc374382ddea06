package pdump

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

func TestParseFilterRefusesOtherText(t *testing.T) {
	for text, why := range map[string]string{
		"":                                     "does not start with a number",
		"-1\n":                                 "does not start with a number",
		"99999\n":                              "does not start with a number",
		"2\n6 0 0 1\n":                         "instruction 2 of the 2",
		"1\n6 0 0 x\n":                         "instruction 1 of the 1",
		"1\n65535 0 0 1\n":                     "not have",
		"1\n40 0 0 12\n":                       "not a valid program",
		"2\n21 9 9 2054\n6 0 0 1\n":            "not a valid program",
		"1\n6 300 0 1\n":                       "instruction 1 of the 1",
		"1\n6 0 0 4294967296\n":                "instruction 1 of the 1",
		"tcpdump: syntax error in filter: xyz": "does not start with a number",
	} {
		_, err := ParseFilter(strings.NewReader(text))
		require.ErrorIs(t, err, dpdk.ErrInvalid, text)
		assert.Contains(t, err.Error(), why, text)
	}
}

func newPort(t *testing.T) (*ethdev.Port, *mbuf.Pool) {
	t.Helper()
	pool, err := mbuf.CreatePool("pdump", 255, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	cable, err := netring.Loopback(netring.CableConfig{}, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cable.Close()) })
	return cable.A, pool
}

func TestStartInAPrimaryReturnsErrPermission(t *testing.T) {
	port, _ := newPort(t)
	_, err := Start(port, Config{})
	assert.ErrorIs(t, err, dpdk.ErrPermission)
	assert.ErrorIs(t, Reset(port), dpdk.ErrPermission)
	_, err = Start(nil, Config{})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorIs(t, Reset(nil), dpdk.ErrInvalid)
}

func TestConfigIsCheckedAndCompleted(t *testing.T) {
	port, _ := newPort(t)
	for fix, cfg := range map[string]Config{
		"use Received":                {Direction: 4},
		"use 1 to":                    {SnapLen: MaxSnapLen + 1},
		"or 0 for whole frames":       {SnapLen: -1},
		"use a power of two":          {Ring: 100},
		"the filter is not a valid p": {Filter: []bpf.RawInstruction{}},
	} {
		err := cfg.complete(port)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.Contains(t, err.Error(), fix)
	}
	var cfg Config
	require.NoError(t, cfg.complete(port))
	assert.Equal(t, Config{Direction: both, SnapLen: defaultSnapLen, Ring: defaultRing}, cfg)
	hooks, err := cfg.hooks(port)
	require.NoError(t, err)
	assert.Equal(t, []hook{{0, Received}, {0, Transmitted}}, hooks)
	cfg.Queues = []int{0, 7}
	_, err = cfg.hooks(port)
	assert.ErrorContains(t, err, "queue 7 does not exist")
}

func TestInitOfSharedMemoryOnly(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	require.NoError(t, Init())
	require.NoError(t, Init(), "a second one")
	require.NoError(t, Uninit())
	require.NoError(t, Uninit(), "a second one")
	require.NoError(t, Init(), "again")
}

func TestInitAfterACLibraryReturnsErrExist(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	require.NoError(t, Uninit())
	require.Zero(t, pdumpcgo.Init())
	assert.ErrorIs(t, Init(), dpdk.ErrExist)
	pdumpcgo.Uninit()
	require.NoError(t, Init())
	require.NoError(t, Uninit())
}

func TestUninitRefusesAStoppedPort(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	require.NoError(t, Init())
	port, _ := newPort(t)
	require.NoError(t, port.Stop())
	err := Uninit()
	assert.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "the port is stopped")
	require.NoError(t, port.Start())
	require.NoError(t, Uninit())
}

func TestCountersOfAPortThatHasGoneReturnErrNoDevice(t *testing.T) {
	_, errno := pdumpcgo.ReadStats(31)
	assert.Equal(t, dpdk.ErrNoDevice, dpdk.Errno(errno))
}

func TestCountersThatDPDKClearsStartAtZero(t *testing.T) {
	assert.EqualValues(t, 6, since(10, 4))
	assert.EqualValues(t, 3, since(3, 10), "cleared by another capture")
}

// block is a copy as librte_pcapng makes it: 6 bytes of a packet of 60.
func block() (b []byte) {
	word := func(v uint32) { b = binary.NativeEndian.AppendUint32(b, v) }
	option := func(code, n uint16) {
		b = binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(b, code), n)
	}
	for _, v := range []uint32{6, 28 + 8 + 8 + 8 + 4, 0, 0, 0, 6, 60} {
		word(v)
	}
	b = append(b, "packet\x00\x00"...)
	option(2, 4)
	word(uint32(Transmitted))
	option(6, 4)
	word(3)
	word(28 + 8 + 8 + 8 + 4)
	return b
}

func TestPacketReadsBlocksAndRefusesIncompleteOnes(t *testing.T) {
	_, pool := newPort(t)
	try := func(b []byte) (p Packet, ok bool) {
		m, got := pool.Alloc()
		require.True(t, got)
		defer m.Free()
		data, _ := m.Append(len(b))
		copy(data, b)
		ok = p.read(m, newClock())
		p.Data = append([]byte(nil), p.Data...)
		return p, ok
	}
	p, ok := try(block())
	require.True(t, ok)
	assert.Equal(t, "packet", string(p.Data))
	assert.Equal(t, []any{60, 3, Transmitted, "transmitted"}, []any{p.Length, p.Queue, p.Direction, p.Direction.String()})
	info := p.CaptureInfo()
	assert.Equal(t, []int{6, 60, p.Port}, []int{info.CaptureLength, info.Length, info.InterfaceIndex})

	for n := range block() {
		_, ok := try(block()[:n])
		assert.False(t, ok, "%d bytes", n)
	}
	for _, at := range []int{0, 4, 20, 23} { // type, length, captured length
		b := block()
		b[at] ^= 0xff
		_, ok := try(b)
		assert.False(t, ok, "another byte %d", at)
	}
	b := block()
	binary.NativeEndian.PutUint16(b[38:], 0xffff) // an option that is longer than the block
	p, ok = try(b)
	assert.True(t, ok)
	assert.Equal(t, Direction(0), p.Direction)
}

func TestTurnIsTheTimeOf64Bits(t *testing.T) {
	hz := uint64(2_100_000_000)
	want := uint64(8784163844) * 1e9 // 2^64 / hz, in whole seconds, modulo 2^64
	assert.InDelta(t, 0, float64(turn(hz)-want), float64(time.Second))
}
