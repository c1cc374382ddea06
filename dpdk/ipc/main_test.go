package ipc

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

// limit is the timeout of every wait, long enough for a busy machine.
const limit = 30 * time.Second

// within returns a context with this timeout.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// fake is a socket that DPDK and this package take for another process.
type fake struct {
	*socket
	t *testing.T
}

var fakes atomic.Int32

// secondary returns a fake with the socket name of a secondary.
func secondary(t *testing.T) *fake {
	t.Helper()
	return newFake(t, fmt.Sprintf("%s99%d_abc", mpsocket.Secondary, fakes.Add(1)))
}

// stranger returns a fake that gets no requests.
func stranger(t *testing.T) *fake {
	t.Helper()
	return newFake(t, fmt.Sprintf("fake_%d", fakes.Add(1)))
}

func newFake(t *testing.T, name string) *fake {
	t.Helper()
	path := filepath.Join(cgo.RuntimeDir(), name)
	socket, err := newSocket(path, false)
	require.NoError(t, err)
	f := &fake{socket, t}
	t.Cleanup(f.die)
	return f
}

// die closes the socket and leaves its path behind until the test's end, as a killed process does.
func (f *fake) die() {
	f.file.Close()
	f.t.Cleanup(func() { os.Remove(f.path) })
}

// get waits for a message.
func (f *fake) get() (kind int, from string, m *Message) {
	f.t.Helper()
	f.wait(limit)
	kind, from, m, err := f.receive()
	if m == nil { // with a message, an error is the one that it carries
		require.NoError(f.t, err)
	}
	return kind, from, m
}

// put sends a message, and waits for room as C does.
func (f *fake) put(kind int, to string, m *Message) {
	f.t.Helper()
	var err error
	eventually(f.t, func() bool {
		err = withRights(m.Files, func(rights []byte) error { return f.send(to, m.encode(kind), rights) })
		return err != syscall.EAGAIN
	}, "room in the queue of "+to)
	require.NoError(f.t, err)
}

// reply answers the next request with its own Param, in upper case.
func (f *fake) reply() {
	f.t.Helper()
	kind, from, m := f.get()
	assert.Equal(f.t, cgo.MPReq, kind)
	f.put(cgo.MPRep, from, &Message{Name: m.Name, Param: []byte(strings.ToUpper(string(m.Param))), Files: m.Files})
	m.Close()
}

// ask sends this process a request as another process would, and waits for the answer.
func (f *fake) ask(m *Message) *Message {
	f.t.Helper()
	f.put(cgo.MPReq, primary(), m)
	kind, _, answer := f.get()
	assert.Equal(f.t, cgo.MPRep, kind)
	return answer
}

// text returns the error that the last answer carried, or "".
func (f *fake) text() string {
	if binary.NativeEndian.Uint32(f.buf[cgo.MPLenParam:]) != 0 {
		return ""
	}
	text, _ := strings.CutPrefix(strings.TrimRight(string(f.buf[cgo.MPParam:][:MaxParam]), "\x00"), errorMark)
	return text
}

func primary() string { return cgo.RuntimeDir() + "/" + mpsocket.Primary }

// openFDs counts this process's descriptors.
func openFDs(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(fds)
}

// eventually polls until cond is true.
func eventually(t *testing.T, cond func() bool, what string) {
	t.Helper()
	for deadline := time.Now().Add(limit); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out: " + what)
		}
	}
}

// nothingLeft checks that f leaves no descriptor, goroutine or socket behind.
func nothingLeft(t *testing.T, f func()) {
	t.Helper()
	require.NoError(t, here.open(opSend, ""))
	count := func() (int, int, int) {
		here.mu.Lock()
		for _, s := range here.idle { // sockets kept for later requests are not a leak
			here.close(s)
		}
		here.idle = nil
		n := len(here.all)
		here.mu.Unlock()
		return openFDs(t), runtime.NumGoroutine(), n
	}
	fds, routines, sockets := count()
	f()
	eventually(t, func() bool {
		a, b, c := count()
		return a <= fds && b <= routines && c <= sockets
	}, "descriptors, goroutines and sockets as before")
}
