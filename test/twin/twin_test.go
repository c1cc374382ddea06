//go:build linux

package twin_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/test/twin"
)

// The buffer of rte_strerror belongs to the thread: the text must be copied before another goroutine
// uses the thread.
func TestStrerrorFromManyGoroutines(t *testing.T) {
	want := make([]string, 134)
	for n := range want {
		want[n] = twin.Strerror(n)
	}
	assert.Equal(t, "No such file or directory", want[2])
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				for n := range want {
					assert.Equal(t, want[n], twin.Strerror(n))
				}
			}
		})
	}
	wg.Wait()
	for n := 1000; n < 1100; n++ {
		assert.NotEmpty(t, twin.Strerror(n))
	}
	assert.NotEmpty(t, twin.Strerror(-1))
}
