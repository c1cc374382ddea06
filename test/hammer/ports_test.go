//go:build linux

package hammer

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

func init() {
	// The port is another call's, or has gone.
	others := []error{dpdk.ErrExist, dpdk.ErrNotFound, dpdk.ErrNoDevice, dpdk.ErrBusy}
	name := func(r *rand.Rand) string { return fmt.Sprint("net_null", r.IntN(4)) }
	calls = append(calls,
		call{"ethdev.Attach", func(r *rand.Rand) error { _, err := ethdev.Attach(name(r)); return err }, others},
		call{"ethdev.Detach", func(r *rand.Rand) error {
			p, err := ethdev.Lookup(name(r))
			if err != nil {
				return err
			}
			return p.Detach()
		}, others},
		call{"ethdev.Lookup", func(r *rand.Rand) error { _, err := ethdev.Lookup(name(r)); return err }, others},
		call{"ethdev.ByID", func(r *rand.Rand) error { _, err := ethdev.ByID(r.IntN(4)); return err }, others},
		call{"ethdev.List", func(*rand.Rand) error { _, err := ethdev.List(); return err }, nil},
		call{"ethdev.Match", func(*rand.Rand) error { _, err := ethdev.Match("net_null0"); return err }, others},
		call{"ethdev.Stats", func(r *rand.Rand) error {
			p, err := ethdev.Lookup(name(r))
			if err != nil {
				return err
			}
			_, err = p.Stats()
			return err
		}, others},
	)
	atEnd = append(atEnd, func(t *testing.T) {
		ports, err := ethdev.List()
		assert.NoError(t, err)
		for _, p := range ports {
			assert.NoError(t, p.Detach())
		}
	})
}
