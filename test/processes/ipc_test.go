//go:build linux

package processes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ipc"
	"github.com/godpdk/godpdk/test/harness"
)

func init() {
	sentinels["ErrTimeout"] = dpdk.ErrTimeout
	sentinels["ErrPeerGone"] = ipc.ErrPeerGone
	sentinels["ErrNoPeer"] = ipc.ErrNoPeer
	sentinels["ErrNoHandler"] = ipc.ErrNoHandler
	sentinels["ErrDeaf"] = ipc.ErrDeaf
}

// ipcGot is the last one-way message.
var ipcGot atomic.Value

// "ipc-register" takes a name and what its handler does, which the C program knows as well.
var _ = verb("ipc-register", func(args []string) (string, error) {
	handlers := map[string]ipc.Handler{
		"upper": func(_ context.Context, m *ipc.Message) (*ipc.Message, error) {
			return &ipc.Message{Param: bytes.ToUpper(m.Param), Files: m.Files}, nil
		},
		"silent": func(context.Context, *ipc.Message) (*ipc.Message, error) { return nil, nil },
		"keep": func(_ context.Context, m *ipc.Message) (*ipc.Message, error) {
			ipcGot.Store(string(m.Param))
			return nil, nil
		},
		"fail": func(_ context.Context, m *ipc.Message) (*ipc.Message, error) { return nil, errors.New("as asked") },
		"hang": func(ctx context.Context, m *ipc.Message) (*ipc.Message, error) {
			<-ctx.Done()
			m.Close()
			return nil, ctx.Err()
		},
		"ask-back": func(ctx context.Context, m *ipc.Message) (*ipc.Message, error) {
			replies, err := ipc.Request(ctx, &ipc.Message{Name: "back", Param: m.Param})
			if err != nil {
				return nil, err
			}
			return replies[0], nil
		},
	}
	return "", ipc.Register(args[0], handlers[args[1]], ipc.Config{Timeout: 20 * time.Second})
})

// "ipc-request" takes a name, a text, milliseconds and how often, from how many goroutines.
// It sends a descriptor, too.
var _ = verb("ipc-request", func(args []string) (result string, err error) {
	ms, _ := strconv.Atoi(args[2])
	times, _ := strconv.Atoi(args[3])
	routines := 1
	if len(args) > 4 {
		routines, _ = strconv.Atoi(args[4])
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	for range routines {
		all.Go(func() {
			for range times {
				r, e := ipcRequest(args[0], args[1], time.Duration(ms)*time.Millisecond)
				mu.Lock()
				result, err = r, errors.Join(err, e)
				mu.Unlock()
				if e != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return result, err
})

func ipcRequest(name, text string, wait time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	replies, err := ipc.Request(ctx, &ipc.Message{Name: name, Param: []byte(text), Files: []*os.File{os.Stdin}})
	asked := len(replies)
	var r *ipc.RequestError
	if errors.As(err, &r) {
		asked = r.Asked
	}
	result := fmt.Sprintf("%d of %d", len(replies), asked)
	for _, m := range replies {
		result += fmt.Sprintf(" %s+%d", m.Param, len(m.Files))
		m.Close()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", result, err)
	}
	return result, err
}

var _ = verb("ipc-send", func(args []string) (string, error) {
	n, err := ipc.Send(context.Background(), &ipc.Message{Name: args[0], Param: []byte(args[1])})
	return fmt.Sprint(n), err
})

var _ = verb("ipc-got", func([]string) (string, error) {
	s, _ := ipcGot.Load().(string)
	return s, nil
})

var _ = verb("ipc-unregister", func(args []string) (string, error) { return "", ipc.Unregister(args[0]) })
var _ = verb("ipc-disable", func([]string) (string, error) { return "", ipc.Disable() })

// ipcPeer is a process in Go or C, with EAL started.
func ipcPeer(t *testing.T, language, role, prefix string) *peer {
	t.Helper()
	if language == "Go" {
		return started(t, role, prefix)
	}
	p := cPeer(t, "ipc", role, prefix)
	require.Equal(t, role, p.done())
	return p
}

// pairs runs a test for a primary and a secondary, at least one of which is in Go.
func pairs(t *testing.T, f func(t *testing.T, primary, secondary *peer)) {
	for _, l := range [][2]string{{"Go", "Go"}, {"Go", "C"}, {"C", "Go"}} {
		t.Run(l[0]+" "+l[1], func(t *testing.T) {
			prefix := newPrefix(t)
			primary := ipcPeer(t, l[0], "primary", prefix)
			secondary := ipcPeer(t, l[1], "secondary", prefix)
			f(t, primary, secondary)
			secondary.quit()
			primary.quit()
		})
	}
}

// descriptors are how many a process has open.
func descriptors(t *testing.T, p *peer) int {
	t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Pid()))
	require.NoError(t, err)
	return len(fds)
}

// received polls for a one-way message.
func (p *peer) received(want string) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); p.do("ipc-got") != want; time.Sleep(time.Millisecond) {
		require.True(p.t, time.Now().Before(deadline), "%q did not come", want)
	}
}

func TestIPCGoesBothWays(t *testing.T) {
	pairs(t, func(t *testing.T, primary, secondary *peer) {
		long := strings.Repeat("y", 255) // and C's final NUL
		for _, p := range []*peer{primary, secondary} {
			p.do("ipc-register", "upper", "upper")
			p.do("ipc-register", "keep", "keep")
		}
		for _, p := range []*peer{primary, secondary} {
			assert.Equal(t, "1 of 1 HELLO+1", p.do("ipc-request", "upper", "hello", "20000", "1"))
			assert.Equal(t, "1 of 1 "+strings.ToUpper(long)+"+1", p.do("ipc-request", "upper", long, "20000", "1"))
		}
		primary.do("ipc-send", "keep", "to-the-secondary")
		secondary.received("to-the-secondary")
		secondary.do("ipc-send", "keep", "to-the-primary")
		primary.received("to-the-primary")
		open := descriptors(t, primary) + descriptors(t, secondary)
		for _, p := range []*peer{primary, secondary} {
			assert.Equal(t, "1 of 1 X+1", p.do("ipc-request", "upper", "x", "20000", harness.Size("1000", "250")))
		}
		assert.LessOrEqual(t, descriptors(t, primary)+descriptors(t, secondary), open+2, "a socket for the next request each")
	})
}

func TestIPCHandlersWithoutAReply(t *testing.T) {
	t.Parallel() // the requests time out after 300 ms
	pairs(t, func(t *testing.T, primary, secondary *peer) {
		for _, p := range []*peer{primary, secondary} {
			p.do("ipc-register", "silent", "silent")
		}
		for _, p := range []*peer{primary, secondary} {
			p.ask("ipc-request", "silent", "x", "300", "1")
			a := p.answer()
			assert.NotEmpty(t, a.Err)
			if a.Is != nil {
				assert.Contains(t, a.Is, "ErrTimeout")
				assert.Contains(t, a.Err, "0 of 1")
				assert.Less(t, a.Took, atOnce)
			}
		}
	})
}

func TestIPCOfAStoppedProcess(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"Go", "C"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel() // the requests time out after 3 s
			prefix := newPrefix(t)
			primary := ipcPeer(t, "Go", "primary", prefix)
			stopped, other := ipcPeer(t, language, "secondary", prefix), ipcPeer(t, "Go", "secondary", prefix)
			for _, p := range []*peer{stopped, other} {
				p.do("ipc-register", "upper", "upper")
			}
			open := descriptors(t, primary)
			stopped.Stop()
			// More than its queue has room for: DPDK's own call would hang from there on.
			primary.ask("ipc-request", "upper", "x", "3000", "1", "15")
			a := primary.answer()
			assert.Contains(t, a.Is, "ErrTimeout")
			assert.Equal(t, 15, strings.Count(a.Err, "1 of 2 X+1"), a.Err)
			assert.Contains(t, a.Err, "its queue is full")
			assert.Less(t, a.Took, 3*time.Second+atOnce)
			stopped.Signal(syscall.SIGCONT)
			assert.Eventually(t, func() bool {
				primary.ask("ipc-request", "upper", "x", "20000", "1")
				return primary.answer().Result == "2 of 2 X+1 X+1"
			}, time.Minute, 10*time.Millisecond)
			assert.LessOrEqual(t, descriptors(t, primary), open+19, "the sender, its epoll, the one for replies, and sockets for the next requests")
			other.quit()
			stopped.quit()
			primary.quit()
		})
	}
}

func TestIPCOfAKilledProcess(t *testing.T) {
	t.Run("secondary", func(t *testing.T) {
		prefix := newPrefix(t)
		primary := ipcPeer(t, "Go", "primary", prefix)
		killed := ipcPeer(t, "Go", "secondary", prefix)
		killed.do("ipc-register", "hang", "hang")
		primary.ask("ipc-request", "hang", "x", "60000", "1")
		time.Sleep(100 * time.Millisecond) // so that it is mostly in the middle; before is right as well
		killed.Kill()
		a := primary.answer()
		assert.True(t, strings.Contains(a.Err, "0 of 1") && len(a.Is) > 0 && a.Is[0] == "ErrPeerGone" || len(a.Is) > 0 && a.Is[0] == "ErrNoPeer", "%+v", a)
		assert.Less(t, a.Took, atOnce+100*time.Millisecond)
		primary.refused("ErrNoPeer", "ipc-request", "hang", "x", "60000", "1")
		primary.quit()
	})
	t.Run("primary", func(t *testing.T) {
		prefix := newPrefix(t)
		killed := ipcPeer(t, "Go", "primary", prefix)
		t.Cleanup(func() { removeAll(t, hugeFiles(t, prefix)) })
		secondary := ipcPeer(t, "Go", "secondary", prefix)
		killed.do("ipc-register", "hang", "hang")
		secondary.ask("ipc-request", "hang", "x", "60000", "1")
		time.Sleep(100 * time.Millisecond)
		killed.Kill()
		a := secondary.answer()
		assert.True(t, len(a.Is) > 0 && a.Is[0] == "ErrPrimaryGone", "%+v", a)
		assert.Less(t, a.Took, atOnce+100*time.Millisecond)
		secondary.refused("ErrPrimaryGone", "ipc-request", "hang", "x", "60000", "1")
		secondary.refused("ErrPrimaryGone", "ipc-send", "hang", "x")
		secondary.quit()
	})
}

func TestIPCErrorsOfGoHandlers(t *testing.T) {
	prefix := newPrefix(t)
	primary := ipcPeer(t, "Go", "primary", prefix)
	inGo, inC := ipcPeer(t, "Go", "secondary", prefix), ipcPeer(t, "C", "secondary", prefix)
	primary.do("ipc-register", "fail", "fail")
	a := inGo.refused("", "ipc-request", "fail", "x", "20000", "1")
	assert.Contains(t, a.Err, "mp_socket: the other process reported: as asked")
	assert.Equal(t, "1 of 1 +0", inC.do("ipc-request", "fail", "x", "20000", "1"), "C sees an empty reply")
	inC.quit()
	inGo.quit()
	primary.quit()
}

func TestIPCHandlersMayAskBack(t *testing.T) {
	prefix := newPrefix(t)
	primary, secondary := ipcPeer(t, "Go", "primary", prefix), ipcPeer(t, "Go", "secondary", prefix)
	primary.do("ipc-register", "forth", "ask-back")
	secondary.do("ipc-register", "back", "upper")
	assert.Equal(t, "1 of 1 ROUND+0", secondary.do("ipc-request", "forth", "round", "20000", "1"))
	secondary.quit()
	primary.quit()
}

func TestIPCManyRequestsAtOnce(t *testing.T) {
	for _, language := range []string{"Go", "C"} {
		t.Run(language, func(t *testing.T) {
			prefix := newPrefix(t)
			primary, secondary := ipcPeer(t, language, "primary", prefix), ipcPeer(t, "Go", "secondary", prefix)
			primary.do("ipc-register", "upper", "upper")
			open := descriptors(t, primary)
			assert.Equal(t, "1 of 1 X+1", secondary.do("ipc-request", "upper", "x", "50000", "250", "16"))
			assert.LessOrEqual(t, descriptors(t, primary), open)
			secondary.quit()
			primary.quit()
		})
	}
}

func TestIPCEndsWithEAL(t *testing.T) {
	prefix := newPrefix(t)
	primary, secondary := ipcPeer(t, "Go", "primary", prefix), ipcPeer(t, "Go", "secondary", prefix)
	secondary.do("ipc-register", "hang", "hang")
	primary.ask("ipc-request", "hang", "x", "60000", "1")
	time.Sleep(100 * time.Millisecond)
	secondary.do("close")
	a := primary.answer()
	if !strings.Contains(a.Err, "the process has stopped EAL") { // it was asked when that was on its way
		assert.True(t, len(a.Is) > 0 && (a.Is[0] == "ErrPeerGone" || a.Is[0] == "ErrNoPeer"), "%+v", a)
	}
	for _, request := range [][]string{
		{"ipc-request", "hang", "x", "1000", "1"}, {"ipc-send", "hang", "x"}, {"ipc-register", "new", "upper"},
		{"ipc-unregister", "hang"}, {"ipc-disable"},
	} {
		secondary.refused("ErrNotRunning", request...)
	}
	secondary.quit()
	primary.quit()
}

func TestIPCNeedsSharedFiles(t *testing.T) {
	for _, option := range []string{"--in-memory", "--no-shconf"} {
		t.Run(option, func(t *testing.T) {
			p := started(t, "primary", newPrefix(t), option)
			p.refused("ErrNotShared", "ipc-register", "a", "upper")
			p.refused("ErrNotShared", "ipc-request", "a", "x", "1000", "1")
			p.refused("ErrNotShared", "ipc-send", "a", "x")
			p.quit()
		})
	}
}

func TestIPCDisabled(t *testing.T) {
	prefix := newPrefix(t)
	primary := ipcPeer(t, "Go", "primary", prefix)
	primary.do("ipc-disable")
	secondary := goPeer(t)
	secondary.refused("ErrNotShared", "init", "secondary", prefix)
	secondary.quit()
	primary.refused("ErrNoPeer", "ipc-request", "a", "x", "1000", "1")
	primary.quit()

	prefix = newPrefix(t)
	primary, secondary = ipcPeer(t, "Go", "primary", prefix), ipcPeer(t, "Go", "secondary", prefix)
	secondary.quit()
	a := primary.refused("", "ipc-disable")
	assert.Contains(t, a.Err, "a secondary has attached")
	primary.quit()
}

func TestIPCRequestWithoutAHandlerFailsAtOnce(t *testing.T) {
	t.Parallel() // a request to C times out after 1 s
	prefix := newPrefix(t)
	primary, secondary := ipcPeer(t, "Go", "primary", prefix), ipcPeer(t, "Go", "secondary", prefix)
	for _, p := range []*peer{primary, secondary} {
		a := p.refused("ErrNoHandler", "ipc-request", "nobody", "x", "30000", "1")
		assert.Contains(t, a.Err, "has no handler of this name")
	}
	c := ipcPeer(t, "C", "secondary", prefix)
	a := primary.refused("ErrTimeout", "ipc-request", "nobody", "x", "1000", "1")
	assert.Contains(t, a.Is, "ErrNoHandler", "of the other one, which is in Go")
	assert.Contains(t, a.Err, "a C program does not report whether it has a handler of this name")
	secondary.do("ipc-register", "nobody", "upper")
	c.quit()
	assert.Equal(t, "1 of 1 X+1", primary.do("ipc-request", "nobody", "x", "20000", "1"), "it has one now")
	secondary.quit()
	primary.quit()
}

// A process that can open no more descriptors loses a message that has some, and with it
// DPDK's thread.
func TestIPCOfAProcessThatLostItsThread(t *testing.T) {
	prefix := newPrefix(t)
	primary, secondary := ipcPeer(t, "Go", "primary", prefix), ipcPeer(t, "Go", "secondary", prefix)
	for _, p := range []*peer{primary, secondary} {
		p.do("ipc-register", "upper", "upper")
	}
	var before unix.Rlimit
	require.NoError(t, unix.Prlimit(primary.Pid(), unix.RLIMIT_NOFILE, nil, &before))
	require.NoError(t, unix.Prlimit(primary.Pid(), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: before.Max}, nil))
	a := secondary.refused("", "ipc-request", "upper", "x", "20000", "1")
	require.NoError(t, unix.Prlimit(primary.Pid(), unix.RLIMIT_NOFILE, &before, nil))
	assert.NotContains(t, a.Is, "ErrTimeout", "it is noticed before")
	require.Eventually(t, func() bool {
		return strings.Contains(primary.do("log"), "ERROR this process no longer receives messages")
	}, atOnce, time.Millisecond)
	secondary.refused("ErrDeaf", "ipc-request", "upper", "x", "20000", "1")
	for _, request := range []string{"ipc-register other keep", "ipc-request upper x 20000 1", "ipc-send upper x"} {
		primary.refused("ErrDeaf", strings.Fields(request)...)
	}
	secondary.quit()
	primary.quit()
}
