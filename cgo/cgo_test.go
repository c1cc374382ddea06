//go:build linux

package cgo_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/cgo"
)

// A program compiled for one DPDK and run with another would read structs wrong.
func TestCompiledForTheDPDKThatRuns(t *testing.T) {
	v := cgo.BuildVersion() // RTE_VERSION_NUM: year, month, minor, release, a byte each
	assert.True(t, strings.HasPrefix(cgo.Version(), fmt.Sprintf("DPDK %d.%02d.%d", v>>24, v>>16&0xFF, v>>8&0xFF)), "%s, compiled for %#x", cgo.Version(), v)
}

// rte_strerror's buffer belongs to the thread: the text must be copied before
// another goroutine gets there.
func TestStrerrorFromManyGoroutines(t *testing.T) {
	want := make([]string, 134)
	for n := range want {
		want[n] = cgo.Strerror(n)
	}
	assert.Equal(t, "No such file or directory", want[2])
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				for n := range want {
					assert.Equal(t, want[n], cgo.Strerror(n))
				}
			}
		})
	}
	wg.Wait()
	for n := 1000; n < 1100; n++ {
		assert.NotEmpty(t, cgo.Strerror(n))
	}
	assert.NotEmpty(t, cgo.Strerror(-1))
}
