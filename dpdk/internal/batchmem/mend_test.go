//go:build linux

package batchmem_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringlayout"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// "scribbler" has batches and overwrites their records, as a fault in C could. The elements stay 0.
var _ = ealtest.Role("scribbler", func(args []string) error {
	if _, err := attach(args[0]); err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	info, _ := cgo.RingLookup("scribbled")
	right, err := ringlayout.Describe(info, 8)
	if err != nil {
		return err
	}
	for n := range 40 {
		kind, name := batchmem.Kind(n%3), ""
		if n%2 == 0 {
			name = fmt.Sprint("scribbled ", n)
		}
		c, err := batchmem.Create(name, batchmem.Request{ElemSize: 8, Capacity: 8, Kind: kind, Type: "uint64"})
		if err != nil {
			return err
		}
		h := batchmem.At(c.Addr)
		if n%4 > 1 { // the ring is right
			h.Out, h.In = right, right
		}
		words := unsafe.Slice((*uint32)(unsafe.Pointer(h)), ringcore.Elems/4)
		for i := range words {
			if n%4 > 1 && i >= int(unsafe.Offsetof(h.Out)/4) {
				break
			}
			switch r.IntN(3) {
			case 0:
				words[i] = r.Uint32()
			case 1:
				words[i] = r.Uint32N(10)
			}
		}
		h.Step = uint8(n % 10)
		h.Side = uint8(r.IntN(3))
	}
	ealtest.Say("done")
	ealtest.Hear()
	return nil
})

// The primary outlives whatever a dead process had written into its records.
func TestThePrimaryOutlivesOverwrittenRecords(t *testing.T) {
	r, err := ring.Create[uint64]("scribbled", 16, ring.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()
	for seed := range 4 {
		p := ealtest.Start(t, "scribbler", ealtest.Runtime().FilePrefix(), fmt.Sprint(seed))
		p.Expect("done")
		p.Kill()
		for n := 0; n < 40; n += 2 {
			c, err := batchmem.Create(fmt.Sprint("scribbled ", n), batchmem.Request{ElemSize: 8, Capacity: 8, Kind: batchmem.Kind(n % 3), Type: "uint64"})
			require.NoError(t, err, "seed %d", seed)
			h := batchmem.At(c.Addr)
			require.LessOrEqual(t, h.Hi, uint32(8))
			require.EqualValues(t, 8, h.Capacity)
			require.NoError(t, batchmem.Close(fmt.Sprint("scribbled ", n), c, false))
		}
	}
}

// The primary may complete a call after its timeout. Another batch may have the memory then.
func TestCloseAgainDoesNotCloseTheNextBatch(t *testing.T) {
	first, err := batchmem.Create("", batchmem.Request{ElemSize: 8, Capacity: 8, Type: "uint64"})
	require.NoError(t, err)
	require.NoError(t, batchmem.Close("", first, false))
	next, err := batchmem.Create("", batchmem.Request{ElemSize: 8, Capacity: 8, Type: "uint64"})
	require.NoError(t, err)
	require.Equal(t, first.Addr, next.Addr)
	require.ErrorIs(t, batchmem.Close("", first, false), dpdk.ErrNotFound)
	require.NoError(t, batchmem.Close("", next, false))
}
