//go:build linux

package mpsocket

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"
)

func TestThreadIsFoundByItsName(t *testing.T) {
	named, end := make(chan int), make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends, and its name with it
		name := []byte("dpdk-mp-msg\x00")
		err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
		assert.NoError(t, err)
		named <- unix.Gettid()
		<-end
	}()
	tid := <-named
	defer close(end)
	for _, eal := range []int{tid - 1, tid - 1024, tid, 1 << 22} { // the last two have no such thread near them
		thread.Store(0)
		FindThread(eal)
		assert.Equal(t, tid, Thread(), "EAL in thread %d", eal)
	}
	assert.False(t, Deaf())
}
