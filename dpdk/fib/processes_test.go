package fib_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/routes/tabletest"
)

// "finder" prints the errors of a lookup and of a create.
var _ = harness.Role("finder", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	for _, six := range []bool{false, true} {
		_, err = lookup(six, fmt.Sprint(args[1], six))
		harness.Say("found %v %v", errors.Is(err, dpdk.ErrUnsupported), err)
		_, err = create(six, fmt.Sprint(args[1], " new", six), fib.Config{})
		harness.Say("found %v %v", errors.Is(err, dpdk.ErrUnsupported), err)
	}
	return rt.Close()
})

// C's lookup would call an address of the primary.
func TestASecondaryRefusesAnUnknownLayout(t *testing.T) {
	fib.PretendLayout(true)
	defer fib.PretendLayout(false)
	made := tabletest.Name()
	for _, six := range []bool{false, true} {
		l, err := create(six, fmt.Sprint(made, six), fib.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, l.Free()) }()
	}
	c := harness.Start(t, "finder", ealtest.Runtime().FilePrefix(), made)
	for range 4 {
		line := c.Expect("found")
		assert.Contains(t, line, "true ")
		assert.Contains(t, line, "right in the primary only")
	}
	c.Wait()
	for _, six := range []bool{false, true} {
		_, err := lookup(six, fmt.Sprint(made, " new", six))
		require.ErrorIs(t, err, dpdk.ErrNotFound, "a table without a handle is not left")
	}
}
