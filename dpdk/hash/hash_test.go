package hash_test

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/hash"
)

// random returns numbers and bytes that are the same in each run.
func random() (*rand.Rand, *rand.ChaCha8) {
	source := rand.NewChaCha8([32]byte{1})
	return rand.New(source), source
}

func TestCRC32CIsThatOfTheStandardLibrary(t *testing.T) {
	r, bytes := random()
	table := crc32.MakeTable(crc32.Castagnoli)
	buf := make([]byte, 1100)
	for n := range len(buf) {
		at := r.IntN(len(buf) - n)
		key, init := buf[at:at+n], r.Uint32()
		bytes.Read(key)
		require.Equal(t, ^crc32.Update(^init, table, key), hash.CRC32C(key, init), "%d bytes", n)
	}
}

func TestCRC32CEachHashesEachKey(t *testing.T) {
	_, bytes := random()
	keys := make([]byte, 300)
	bytes.Read(keys)
	for size := 1; size <= 40; size++ {
		out := make([]uint32, 9)
		n := min(7, len(keys)/size)
		require.Equal(t, n, hash.CRC32CEach(out[:7], keys, size, 5))
		for i := range n {
			require.Equal(t, hash.CRC32C(keys[i*size:][:size], 5), out[i], "key %d of %d bytes", i, size)
		}
		require.Equal(t, []uint32{0, 0}, out[7:], "behind the slice")
	}
	for _, size := range []int{0, -1, 301} {
		assert.Zero(t, hash.CRC32CEach(make([]uint32, 1), keys, size, 0))
	}
	assert.Zero(t, hash.CRC32CEach(nil, keys, 4, 0))
}

func TestHashesOfNumbersAreThoseOfTheirBytes(t *testing.T) {
	r, bytes := random()
	key := make([]byte, 16)
	le := binary.LittleEndian
	for range 10_000 {
		bytes.Read(key)
		init, a, b, c := r.Uint32(), le.Uint32(key), le.Uint32(key[4:]), le.Uint32(key[8:])
		require.Equal(t, hash.CRC32C(key[:4], init), hash.CRC32CUint32(a, init))
		require.Equal(t, hash.Jenkins(key[:4], init), hash.JenkinsWord(init, a))
		require.Equal(t, hash.Jenkins(key[:8], init), hash.JenkinsTwoWords(init, a, b))
		require.Equal(t, hash.Jenkins(key[:12], init), hash.JenkinsThreeWords(init, a, b, c))
	}
}

// The vectors of lookup3.c, for keys that end in the middle of a block.
func TestJenkinsOfKnownKeys(t *testing.T) {
	four := []byte("Four score and seven years ago")
	h, h2 := hash.Jenkins2(four, 0, 0)
	assert.Equal(t, []uint32{0x17770551, 0xce7226e6}, []uint32{h, h2})
	h, h2 = hash.Jenkins2(four, 0, 1)
	assert.Equal(t, []uint32{0xe3607cae, 0xbd371de4}, []uint32{h, h2})
	h, h2 = hash.Jenkins2(four, 1, 0)
	assert.Equal(t, []uint32{0xcd628161, 0x6cbea4b3}, []uint32{h, h2})
	assert.Equal(t, uint32(0xdeadbeef), hash.Jenkins(nil, 0))
}

func TestJenkinsWordsIsThatOfTheirBytes(t *testing.T) {
	for n := range 9 {
		words, key := []uint32{}, []byte{}
		for i := range n {
			words = append(words, uint32(i)*0x01020304)
			key = append(key, byte(4*i), byte(3*i), byte(2*i), byte(i))
		}
		assert.Equal(t, hash.Jenkins(key, 7), hash.JenkinsWords(7, words...), "%d words", n)
	}
}

// microsoft is the key of Microsoft's verification suite for RSS.
var microsoft = []byte{
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
}

func TestToeplitzOfMicrosoftsVerificationSuite(t *testing.T) {
	h, err := hash.NewToeplitz(microsoft)
	require.NoError(t, err)
	assert.Equal(t, 36, h.MaxTuple())
	for _, c := range []struct {
		src, dst     string
		ports, addrs uint32
	}{
		{"66.9.149.187:2794", "161.142.100.80:1766", 0x51ccc178, 0x323e8fc2},
		{"199.92.111.2:14230", "65.69.140.83:4739", 0xc626b0ea, 0xd718262a},
		{"[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", 0x40207d3d, 0x2cc18cd5},
		{"[::ffff:66.9.149.187]:2794", "161.142.100.80:1766", 0x51ccc178, 0x323e8fc2},
	} {
		src, dst := netip.MustParseAddrPort(c.src), netip.MustParseAddrPort(c.dst)
		assert.Equal(t, c.ports, h.Flow(src, dst), c.src)
		assert.Equal(t, c.addrs, h.Addrs(src.Addr(), dst.Addr()), c.src)
	}
	assert.Equal(t, h.Sum(microsoft[:36]), h.Sum(microsoft), "bytes for which the key is too short")
}

func TestASymmetricKeyHashesBothDirectionsAlike(t *testing.T) {
	h, err := hash.NewToeplitz(hash.SymmetricKey(40))
	require.NoError(t, err)
	for _, c := range [][2]string{{"10.1.2.3:1000", "172.16.9.8:53"}, {"[2001:db8::1]:1000", "[2001:db8:1::2]:443"}} {
		a, b := netip.MustParseAddrPort(c[0]), netip.MustParseAddrPort(c[1])
		assert.Equal(t, h.Flow(a, b), h.Flow(b, a))
	}
	assert.Empty(t, hash.SymmetricKey(-1))
}

func TestAShortRSSKeyIsRefused(t *testing.T) {
	_, err := hash.NewToeplitz(make([]byte, 39))
	assert.EqualError(t, err, "hash: the RSS key has 39 bytes: use the key of the port, which has at least 40")
}

func TestSourcePortsLandOnTheirQueues(t *testing.T) {
	h, err := hash.NewToeplitz(microsoft)
	require.NoError(t, err)
	reta := make([]int, 128)
	for i := range reta {
		reta[i] = i % 3
	}
	local, remote := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddrPort("10.0.0.2:443")
	all := 0
	for queue := range 4 {
		ports := slices.Collect(h.SourcePorts(local, remote, reta, queue))
		for _, p := range ports {
			reply := h.Flow(remote, netip.AddrPortFrom(local, p))
			require.Equal(t, queue, reta[reply%128])
		}
		assert.True(t, slices.IsSorted(ports))
		all += len(ports)
	}
	assert.Equal(t, 65535, all, "each port belongs to one queue")
	assert.Empty(t, slices.Collect(h.SourcePorts(local, remote, nil, 0)))
	for range h.SourcePorts(local, remote, reta, 0) {
		break
	}
}

func TestHashesDoNotAllocate(t *testing.T) {
	h, err := hash.NewToeplitz(microsoft)
	require.NoError(t, err)
	src, dst := netip.MustParseAddrPort("10.0.0.2:443"), netip.MustParseAddrPort("10.0.0.1:80")
	key, out := make([]byte, 64), make([]uint32, 4)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		out[0] = hash.CRC32C(key, 0) ^ hash.Jenkins(key, 0) ^ hash.JenkinsWords(1, 2, 3, 4) ^ h.Flow(src, dst) ^ h.Addrs(src.Addr(), dst.Addr())
		hash.CRC32CEach(out, key, 16, 0)
	}))
}
