package netring_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/test/harness"
)

// "secondary" lists the ports that it has when it is asked, until its input ends.
var _ = harness.Role("secondary", func(args []string) error {
	lcore, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	rt, err := eal.Init(ealtest.Secondary(args[0], lcore))
	if err != nil {
		return err
	}
	harness.Say("ready")
	for harness.Hear() != "" {
		all, err := ethdev.List()
		harness.Say("ports %v %v", all, err)
	}
	return rt.Close()
})

// Running secondaries do not attach the port. They get its name when another secondary starts and asks for all devices. Then they know the device
// without having attached it, which is an error for DPDK when the device is removed.
func TestDetachBesideSecondariesThatAreOlderThanThePort(t *testing.T) {
	secondary := func(lcore string) *harness.Child {
		c := harness.Start(t, "secondary", ealtest.Runtime().FilePrefix(), lcore)
		c.Expect("ready")
		return c
	}
	older := secondary("5")
	rings := newRings(t, 1)
	p, err := netring.Attach(netring.Config{Rx: rings, Tx: rings})
	require.NoError(t, err)
	newer := secondary("6")
	newer.Send("list")
	assert.Equal(t, fmt.Sprintf("[%v] <nil>", p), newer.Expect("ports"))
	require.NoError(t, p.Detach())
	for _, c := range []*harness.Child{older, newer} {
		c.Send("list")
		assert.Equal(t, "[] <nil>", c.Expect("ports"))
		c.Wait()
	}
	noPorts(t)

	p, err = netring.Attach(netring.Config{Rx: rings, Tx: rings})
	require.NoError(t, err, "the name is free again")
	require.NoError(t, p.Detach())
}
