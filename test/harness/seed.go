package harness

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Random returns a generator of random numbers for a test of random operations. The test's log
// contains the seed; GODPDK_SEED sets the seed to repeat a run.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("GODPDK_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("GODPDK_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("to repeat this: GODPDK_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}
