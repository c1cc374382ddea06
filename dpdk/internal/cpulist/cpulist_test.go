//go:build linux

package cpulist

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSetThreadMovesTheThread(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		all, err := OfThread()
		if !assert.NoError(t, err) {
			return
		}
		last := all[len(all)-1:]
		assert.NoError(t, SetThread(last...))
		now, err := OfThread()
		assert.NoError(t, err)
		assert.Equal(t, last, now)
	}()
	<-done
	_, err := CPUs("0-")
	require.ErrorContains(t, err, `CPUs "0-"`)
}
