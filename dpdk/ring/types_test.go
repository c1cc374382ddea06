package ring_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// "mistaken" looks up a ring of numbers as one of packets, and makes one of packets.
var _ = harness.Role("mistaken", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	_, wrong := ring.Lookup[*mbuf.Mbuf](args[1])
	_, right := ring.Lookup[struct{ N uint64 }](args[1])
	_, made := ring.Create[*mbuf.Mbuf](args[1]+" packets", 64, ring.Config{})
	harness.Say("refused %v %v", errors.Is(wrong, dpdk.ErrInvalid), errors.Join(right, made))
	return rt.Close()
})

// Elements of the same size are not enough: a number would be taken for the address of a packet.
func TestAnotherTypeOfTheSameSizeIsRefused(t *testing.T) {
	r := create[uint64](t, 64, ring.Config{})
	for _, lookup := range []func(string) error{tryLookup[*mbuf.Mbuf], tryLookup[[2]uint32], tryLookup[int64], tryLookup[uintptr]} {
		err := lookup(r.Name())
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, "has another layout than uint64")
	}
	c := harness.Start(t, "mistaken", ealtest.Runtime().FilePrefix(), r.Name())
	assert.Equal(t, "true <nil>", c.Expect("refused"))
	c.Wait()
	err := tryLookup[uint64](r.Name() + " packets")
	require.ErrorIs(t, err, dpdk.ErrInvalid, "the primary knows it")
	assert.ErrorContains(t, err, "*mbuf.Mbuf")
	packets, err := ring.Lookup[*mbuf.Mbuf](r.Name() + " packets")
	require.NoError(t, err)
	require.NoError(t, packets.Free())
	again, err := ring.Create[int64](packets.Name(), 64, ring.Config{})
	require.NoError(t, err)
	require.NoError(t, tryLookup[int64](packets.Name()), "a newer ring of the name has its own type")
	require.NoError(t, again.Free())
	other, err := ring.CreateUntyped(packets.Name(), 8, 64, ring.Config{})
	require.NoError(t, err)
	require.NoError(t, tryLookup[*mbuf.Mbuf](packets.Name()), "of any type with this size")
	require.NoError(t, other.Free())
}
