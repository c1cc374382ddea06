package lockops

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// impl is the assembly or its twin.
type impl struct {
	name      string
	store     func(p *uint32, v uint32)
	store64   func(p *uint64, v uint64)
	fence64   func(p *uint64, v uint64)
	add16     func(p *uint16, d uint16) uint16
	join16    func(in *uint16, d uint16, out *uint16) (uint16, bool)
	and16     func(p *uint16, mask uint16)
	cas16     func(p *uint16, old, new uint16) bool
	release16 func(p *uint16)
	begin     func(sn *uint32)
	end       func(sn *uint32)
	write     func(sn *uint32, dst, src unsafe.Pointer, n int)
	read      func(sn *uint32, dst, src unsafe.Pointer, n int) bool
}

var impls = []impl{
	{"native", Store, Store64, StoreFence64, Add16, Join16, And16, CompareAndSwap16, Release16, SeqBegin, SeqEnd, SeqWrite, seqReadWords},
	{"twin", storeGo, store64Go, store64Go, add16Go, join16Go, and16Go, compareAndSwap16Go, release16Go, seqAddGo, seqAddGo, seqWriteGo, seqReadGo},
}

// seqReadWords is SeqRead of an array of n words.
func seqReadWords(sn *uint32, dst, src unsafe.Pointer, n int) bool {
	return readers[n](sn, dst, src)
}

var readers = map[int]func(sn *uint32, dst, src unsafe.Pointer) bool{
	0: readAs[[0]uint32], 1: readAs[uint32], 2: readAs[[2]uint32], 3: readAs[[3]uint32], 4: readAs[[4]uint32],
	5: readAs[[5]uint32], 7: readAs[[7]uint32], 16: readAs[[16]uint32], 19: readAs[[19]uint32], 23: readAs[[23]uint32], 40: readAs[[40]uint32],
}

func readAs[T any](sn *uint32, dst, src unsafe.Pointer) bool {
	return SeqRead(sn, (*T)(dst), (*T)(src))
}

func each(t *testing.T, f func(t *testing.T, im impl)) {
	for _, im := range impls {
		t.Run(im.name, func(t *testing.T) { f(t, im) })
	}
}

// Stores do not change neighbouring bytes either.
func TestSixteenBitOperationsLeaveTheOtherHalf(t *testing.T) {
	each(t, func(t *testing.T, im impl) {
		for i := 1; i < 4; i++ { // in both halves of a word
			h := [6]uint16{11, 12, 13, 14, 15, 16}
			want := h
			step := func() {
				t.Helper()
				require.Equal(t, want, h, "at %d", i)
				require.Equal(t, want[i], Load16(&h[i]))
			}
			step()
			require.Equal(t, want[i], im.add16(&h[i], 5))
			want[i] += 5
			step()
			require.False(t, im.cas16(&h[i], want[i]+1, 99))
			step()
			require.True(t, im.cas16(&h[i], want[i], 0xfffe))
			want[i] = 0xfffe
			step()
			im.release16(&h[i])
			want[i] = 0xffff
			step()
			im.release16(&h[i])
			want[i] = 0
			step()
			require.EqualValues(t, 0, im.add16(&h[i], 0xffff))
			want[i] = 0xffff
			step()
			require.EqualValues(t, 0xffff, im.add16(&h[i], 2))
			want[i] = 1
			step()
			was, first := im.join16(&h[i], 0x8765, &h[i-1])
			require.EqualValues(t, 1, was)
			require.False(t, first)
			want[i] = 0x8766
			step()
			h[i+1], want[i+1] = 0x8766, 0x8766
			was, first = im.join16(&h[i], 1, &h[i+1])
			require.EqualValues(t, 0x8766, was)
			require.True(t, first)
			want[i]++
			step()
			im.and16(&h[i], 0xff0f)
			want[i] = 0x8707
			step()
		}
		words := [3]uint32{1, 2, 3}
		im.store(&words[1], 0xfedcba98)
		require.Equal(t, [3]uint32{1, 0xfedcba98, 3}, words)
		long := [4]uint64{1, 2, 3, 4}
		im.store64(&long[1], 0xfedcba9876543210)
		im.fence64(&long[2], 0xf0e1d2c3b4a59687)
		require.Equal(t, [4]uint64{1, 0xfedcba9876543210, 0xf0e1d2c3b4a59687, 4}, long)
	})
}

// Four goroutines on the four counters of two words.
func TestSixteenBitsAreAtomic(t *testing.T) {
	const rounds = 20_000
	var h [4]uint16
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			im := impls[g%2]
			for i := range rounds {
				im.add16(&h[(g+i)%4], 1)
				for old := Load16(&h[g]); !im.cas16(&h[g], old, old+1); old = Load16(&h[g]) {
				}
			}
		})
	}
	wg.Wait()
	for g := range h {
		n := 2 * rounds // more than 16 bits hold
		assert.Equal(t, uint16(n), h[g])
	}
}

func TestSequenceNumbers(t *testing.T) {
	each(t, func(t *testing.T, im impl) {
		sn := [3]uint32{7, 0xfffffffe, 7}
		var none uint32
		p := unsafe.Pointer(&none)
		require.True(t, im.read(&sn[1], p, p, 0))
		im.begin(&sn[1])
		require.Equal(t, [3]uint32{7, 0xffffffff, 7}, sn)
		require.False(t, im.read(&sn[1], p, p, 0), "a writer is writing")
		im.end(&sn[1])
		require.Equal(t, [3]uint32{7, 0, 7}, sn)
		require.True(t, im.read(&sn[1], p, p, 0))
		im.write(&sn[1], p, p, 0)
		require.Equal(t, [3]uint32{7, 2, 7}, sn)
	})
}

func TestCopiesOfAllLengths(t *testing.T) {
	each(t, func(t *testing.T, im impl) {
		for n := range 41 {
			for at := 1; at < 5; at++ {
				var src, dst, want [48]uint32
				for i := range src {
					src[i], dst[i], want[i] = uint32(1000+i), uint32(i), uint32(i)
				}
				copy(want[at:at+n], src[at+1:])
				var sn uint32
				im.write(&sn, unsafe.Pointer(&dst[at]), unsafe.Pointer(&src[at+1]), n)
				require.Equal(t, want, dst, "write %d to %d", n, at)
				require.EqualValues(t, 2, sn)

				if readers[n] == nil {
					continue
				}
				clear(dst[at : at+n])
				require.True(t, im.read(&sn, unsafe.Pointer(&dst[at]), unsafe.Pointer(&src[at+1]), n))
				require.Equal(t, want, dst, "read %d to %d", n, at)
				require.EqualValues(t, 2, sn)
			}
		}
	})
}

// What is copied is the sequence number itself: the copy of a write shows that it was
// odd then, and a read that changes it has had a writer meanwhile.
func TestSequenceNumbersInTheMiddleOfACopy(t *testing.T) {
	each(t, func(t *testing.T, im impl) {
		sn, seen := uint32(6), uint32(0)
		im.write(&sn, unsafe.Pointer(&seen), unsafe.Pointer(&sn), 1)
		require.EqualValues(t, 7, seen)
		require.EqualValues(t, 8, sn)
		other := uint32(10)
		require.False(t, im.read(&sn, unsafe.Pointer(&sn), unsafe.Pointer(&other), 1))
	})
}

// A reader with one way of copying, a writer with the other.
func TestReadersNeverSeeTornValues(t *testing.T) {
	const enough = 200
	for i, reader := range impls {
		writer := impls[1-i]
		t.Run(reader.name+" reads", func(t *testing.T) {
			var sn uint32
			var shared [23]uint32
			var stop atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() {
				var own [23]uint32
				for v := uint32(1); !stop.Load(); v++ {
					for i := range own {
						own[i] = v
					}
					writer.write(&sn, unsafe.Pointer(&shared), unsafe.Pointer(&own), len(own))
					if v%16 == 0 { // or readers on a slow machine never get in between
						runtime.Gosched()
					}
				}
			})
			changes, last := 0, uint32(0)
			for deadline := time.Now().Add(30 * time.Second); changes < enough && time.Now().Before(deadline); {
				var got [23]uint32
				if !reader.read(&sn, unsafe.Pointer(&got), unsafe.Pointer(&shared), len(got)) {
					continue
				}
				for _, v := range got {
					if v != got[0] || v < last {
						t.Fatalf("torn: %v, after %d", got, last)
					}
				}
				if got[0] != last {
					last = got[0]
					changes++
				}
			}
			stop.Store(true)
			wg.Wait()
			require.Equal(t, enough, changes)
		})
	}
}

// Without its LOCK an operation is wrong for a few cycles only, too rarely for a
// test under load to rely on.
func TestEveryReadAndWriteIsLocked(t *testing.T) {
	text, err := os.ReadFile("ops_amd64.s")
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	found := 0
	for i, line := range lines {
		if strings.Contains(line, "XADD") || strings.Contains(line, "ANDW") || strings.Contains(line, "CMPXCHG") {
			found++
			require.Contains(t, lines[i-1], "LOCK", "line %d", i+1)
		}
	}
	require.Equal(t, 4, found)
}
