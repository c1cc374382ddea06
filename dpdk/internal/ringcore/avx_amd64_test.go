//go:build !purego

package ringcore_test

import (
	"testing"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
)

func TestDifferentialWithoutAVX(t *testing.T) {
	ringcore.WithoutAVX(func() {
		ringtest.Differential(t, ringtest.NewLocal, ringtest.Native)
	})
}
