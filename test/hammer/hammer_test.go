//go:build linux

// Package hammer makes the control calls of all packages from many goroutines at
// once, with create and free, attach and detach among them.
package hammer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainLcores(m, 4) }

// workers are goroutines that make calls at the same time.
const workers = 64

// call is a control call, or a few that belong together.
type call struct {
	name string
	run  func(r *rand.Rand) error
	// allow are the errors that calls of other goroutines may cause.
	allow []error
}

var (
	calls []call
	atEnd []func(t *testing.T) // these free the objects that the calls have left
)

// Nothing crashes, nothing hangs, and a call fails only with errors that calls of other goroutines
// may cause.
func TestAllControlCallsAtOnce(t *testing.T) {
	seed := seed(t)
	t.Logf("seed %d: GODPDK_SEED=%[1]d makes the same calls again, GODPDK_CALLS=lcore. only those of a package", seed)
	calls = slices.DeleteFunc(calls, func(c call) bool { return !strings.HasPrefix(c.name, os.Getenv("GODPDK_CALLS")) })
	var over atomic.Bool
	var all sync.WaitGroup
	doing := make([]atomic.Pointer[call], workers)
	counts := make([]atomic.Int64, len(calls))
	for w := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for !over.Load() && !t.Failed() {
				i := r.IntN(len(calls))
				c := &calls[i]
				doing[w].Store(c)
				if err := c.run(r); err != nil && !allowed(err, c.allow) {
					t.Errorf("%s: %v", c.name, err)
				}
				counts[i].Add(1)
			}
			doing[w].Store(nil)
		})
	}
	time.Sleep(harness.Soak(t))
	over.Store(true)
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		for w := range doing {
			if c := doing[w].Load(); c != nil {
				t.Logf("goroutine %d is in %s", w, c.name)
			}
		}
		t.Fatal("calls hang")
	}
	for i := range counts {
		assert.NotZero(t, counts[i].Load(), "%s was never called", calls[i].name)
	}
	for _, f := range atEnd {
		f(t)
	}
}

func allowed(err error, allow []error) bool {
	for _, a := range allow {
		if errors.Is(err, a) {
			return true
		}
	}
	return false
}

func seed(t *testing.T) uint64 {
	t.Helper()
	s := os.Getenv("GODPDK_SEED")
	if s == "" {
		return rand.Uint64()
	}
	n, err := strconv.ParseUint(s, 10, 64)
	require.NoError(t, err)
	return n
}

// shelf holds handles that all goroutines use, and free, at the same time.
type shelf[T any] struct {
	places [4]atomic.Pointer[T]
	serial atomic.Int64
}

// name returns a new name: a handle to a freed object must not find another object of its name.
func (s *shelf[T]) name(prefix string) string { return fmt.Sprintf("%s %d", prefix, s.serial.Add(1)) }

// put gives the other goroutines h, and returns the handle that h replaces.
func (s *shelf[T]) put(r *rand.Rand, h *T) *T { return s.places[r.IntN(len(s.places))].Swap(h) }

// use calls f with a handle, if there is one.
func (s *shelf[T]) use(f func(h *T) error) func(r *rand.Rand) error {
	return func(r *rand.Rand) error {
		if h := s.places[r.IntN(len(s.places))].Load(); h != nil {
			return f(h)
		}
		return nil
	}
}

// empty removes each handle and calls free with it.
func (s *shelf[T]) empty(t *testing.T, free func(h *T) error, allow ...error) {
	for i := range s.places {
		if h := s.places[i].Swap(nil); h != nil {
			if err := free(h); err != nil && !allowed(err, allow) {
				t.Error(err)
			}
		}
	}
}
