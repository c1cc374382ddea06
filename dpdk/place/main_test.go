package place_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/place"
)

func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{}) }

// attach makes this process a secondary.
func attach(prefix string) (*eal.Runtime, error) {
	cfg := ealtest.Secondary(prefix, 0)
	cfg.Lcores = ""
	return eal.Init(cfg)
}

// prefix returns the file prefix of this test process.
func prefix() string { return ealtest.Runtime().FilePrefix() }

// claim claims a place that is free, or will be soon.
func claim(t *testing.T, name string, parts place.Parts) *place.Place {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := place.Claim(ctx, name, parts)
	require.NoError(t, err)
	return p
}

// ended is a context that has ended: Claim tries once.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
