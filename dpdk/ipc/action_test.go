package ipc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// register registers a handler under the test's own name until its end.
func register(t *testing.T, h Handler, cfg Config) string {
	t.Helper()
	name := fmt.Sprintf("%.50s %d", t.Name(), fakes.Add(1))
	require.NoError(t, Register(name, h, cfg))
	t.Cleanup(func() {
		if err := Unregister(name); err != nil {
			assert.ErrorIs(t, err, dpdk.ErrNotFound, "the test did it")
		}
	})
	return name
}

func echo(_ context.Context, m *Message) (*Message, error) { return m, nil }

func TestRegisterAndUnregister(t *testing.T) {
	for _, tc := range []struct {
		name   string
		action string
		h      Handler
		cfg    Config
		want   error
		text   string
	}{
		{"no name", "", echo, Config{}, dpdk.ErrInvalid, "empty"},
		{"name too long", strings.Repeat("x", MaxName+1), echo, Config{}, dpdk.ErrNameTooLong, "at most 63"},
		{"NUL", "a\x00", echo, Config{}, dpdk.ErrInvalid, "NUL"},
		{"no handler", "a", nil, Config{}, dpdk.ErrInvalid, "handler is nil"},
		{"negative timeout", "a", echo, Config{Timeout: -1}, dpdk.ErrInvalid, "Timeout"},
		{"negative workers", "a", echo, Config{Workers: -1}, dpdk.ErrInvalid, "Workers"},
		{"negative queue", "a", echo, Config{Queue: -1}, dpdk.ErrInvalid, "Queue"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Register(tc.action, tc.h, tc.cfg)
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), tc.text)
		})
	}
	longest := strings.Repeat("n", MaxName)
	require.NoError(t, Register(longest, echo, Config{}))
	assert.Contains(t, List(), longest)
	require.ErrorIs(t, Register(longest, echo, Config{}), dpdk.ErrExist, "twice")
	require.NoError(t, Unregister(longest))
	assert.NotContains(t, List(), longest)
	require.ErrorIs(t, Unregister(longest), dpdk.ErrNotFound)
	require.NoError(t, Register(longest, echo, Config{}), "the name is free again")
	require.NoError(t, Unregister(longest))
	require.ErrorIs(t, Unregister("unheard of"), dpdk.ErrNotFound)
	require.ErrorIs(t, Unregister(""), dpdk.ErrNotFound)
}

func TestHandlerReplyOrErrorIsSent(t *testing.T) {
	f := stranger(t)
	for _, tc := range []struct {
		name  string
		h     Handler
		param string // of the reply
		err   string
	}{
		{"a reply", func(_ context.Context, m *Message) (*Message, error) {
			return &Message{Param: append([]byte("re: "), m.Param...)}, nil
		}, "re: hello", ""},
		{"the message itself", echo, "hello", ""},
		{"an empty reply", func(context.Context, *Message) (*Message, error) { return &Message{}, nil }, "", ""},
		{"an error", func(context.Context, *Message) (*Message, error) { return nil, errors.New("no") }, "", "no"},
		{"an error and a reply", func(_ context.Context, m *Message) (*Message, error) { return m, errors.New("no") }, "", "no"},
		{"a panic", func(context.Context, *Message) (*Message, error) { panic("oh") }, "", "panic: oh"},
		{"a nil panic", func(context.Context, *Message) (*Message, error) { var m *Message; return nil, errors.New(m.Name) }, "", "panic: runtime error: invalid memory address or nil pointer dereference"},
		{"Goexit", func(context.Context, *Message) (*Message, error) { runtime.Goexit(); return nil, nil }, "", "the handler called runtime.Goexit"},
		{"too much", func(context.Context, *Message) (*Message, error) {
			return &Message{Param: make([]byte, MaxParam+1)}, nil
		}, "", "257 bytes"},
		{"a closed file", func(context.Context, *Message) (*Message, error) {
			file, err := os.Open("/dev/null")
			if err == nil {
				file.Close()
			}
			return &Message{Files: []*os.File{file}}, err
		}, "", "file already closed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			nothingLeft(t, func() {
				name := register(t, tc.h, Config{})
				for range 3 { // the next message is handled after any of them
					m := f.ask(&Message{Name: name, Param: []byte("hello"), Files: []*os.File{os.Stdin}})
					m.Close()
					assert.Equal(t, name, m.Name)
					assert.Equal(t, tc.param, string(m.Param))
					if tc.err != "" {
						assert.Contains(t, f.text(), tc.err)
					}
				}
				runtime.GC() // the messages' Files, which the handlers do not close
				runtime.GC()
			})
		})
	}
}

func TestHandlerTimeoutIsAnsweredWithAnError(t *testing.T) {
	f := stranger(t)
	release := make(chan struct{})
	var ended atomic.Int32
	var once sync.Once
	defer once.Do(func() { close(release) })
	nothingLeft(t, func() {
		name := register(t, func(ctx context.Context, m *Message) (*Message, error) {
			<-ctx.Done()
			<-release
			ended.Add(1)
			return m, nil // too late; its files are closed all the same
		}, Config{Timeout: 50 * time.Millisecond})
		for range 2 { // the second waits behind the first
			f.put(cgo.MPReq, primary(), &Message{Name: name, Files: []*os.File{os.Stdin}})
		}
		for range 2 {
			kind, _, m := f.get()
			assert.Equal(t, cgo.MPRep, kind)
			assert.Empty(t, m.Param)
			assert.Equal(t, "no reply within 50ms", f.text())
		}
		once.Do(func() { close(release) })
		eventually(t, func() bool { return ended.Load() == 1 }, "the handler ends")
		assert.Equal(t, "once more", string(func() []byte {
			name := register(t, echo, Config{})
			return f.ask(&Message{Name: name, Param: []byte("once more")}).Param
		}()))
	})
	assert.EqualValues(t, 1, ended.Load(), "a message that was answered is not handled any more")
}

func TestMessageThatTimesOutInTheQueueIsClosed(t *testing.T) {
	f := stranger(t)
	release := make(chan struct{})
	name := register(t, func(_ context.Context, m *Message) (*Message, error) {
		<-release
		return m, nil
	}, Config{Timeout: 50 * time.Millisecond, Queue: 2})
	defer close(release)
	f.put(cgo.MPReq, primary(), &Message{Name: name}) // the handler hangs in it
	f.get()
	nothingLeft(t, func() {
		for range 10 { // a queue of 2 would be full
			m := f.ask(&Message{Name: name, Files: []*os.File{os.Stdin, os.Stdout}})
			assert.Empty(t, m.Param)
			assert.Equal(t, "no reply within 50ms", f.text())
			eventually(t, func() bool {
				actions.Lock()
				a := actions.byName[name]
				actions.Unlock()
				a.mu.Lock()
				defer a.mu.Unlock()
				return len(a.queue) == 0
			}, "it has left the queue")
		}
	})
}

func TestReplyToAFullQueueDoesNotBlock(t *testing.T) {
	stopped := stranger(t)
	fill(t, stopped)
	require.NoError(t, here.open(opSend, ""))
	c := &call{m: &Message{Peer: stopped.path}}
	done := make(chan error, 1)
	go func() { done <- c.send(&Message{Name: "a"}, 0) }()
	select {
	case err := <-done:
		assert.Equal(t, syscall.EAGAIN, err)
	case <-time.After(limit):
		t.Fatal("it waits")
	}
}

func TestOneWayMessageGetsNoReply(t *testing.T) {
	f := stranger(t)
	var seen atomic.Int32
	count := func(context.Context, *Message) (*Message, error) {
		switch seen.Add(1) {
		case 1:
			return &Message{}, nil
		case 2:
			return nil, errors.New("no")
		case 3:
			panic("no")
		}
		return nil, nil
	}
	oneWay, none := register(t, count, Config{OneWay: true}), register(t, func(context.Context, *Message) (*Message, error) { return nil, nil }, Config{})
	last := register(t, echo, Config{})
	for range 4 {
		f.put(cgo.MPMsg, primary(), &Message{Name: oneWay})
	}
	f.put(cgo.MPMsg, primary(), &Message{Name: none})
	eventually(t, func() bool { return seen.Load() == 4 }, "all are handled")
	assert.Equal(t, last, f.ask(&Message{Name: last}).Name, "the only answer")
}

func TestMessagesOfAnActionKeepTheirOrder(t *testing.T) {
	f := stranger(t)
	var got []string
	name := register(t, func(_ context.Context, m *Message) (*Message, error) {
		got = append(got, string(m.Param)) // one at a time: no lock
		return nil, nil
	}, Config{})
	var want []string
	for i := range 1000 {
		want = append(want, fmt.Sprint(i))
		m := &Message{Name: name, Param: []byte(want[i])}
		for f.send(primary(), m.encode(cgo.MPMsg), nil) == syscall.EAGAIN {
			runtime.Gosched()
		}
	}
	eventually(t, func() bool {
		actions.Lock()
		a := actions.byName[name]
		actions.Unlock()
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.workers == 0 && len(got) == len(want)
	}, "all are handled")
	assert.Equal(t, want, got)
}

func TestWorkersHandleMessagesConcurrently(t *testing.T) {
	f := stranger(t)
	var inside atomic.Int32
	all := make(chan struct{})
	name := register(t, func(ctx context.Context, m *Message) (*Message, error) {
		if inside.Add(1) == 3 {
			close(all)
		}
		select {
		case <-all:
			return m, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}, Config{Workers: 3, Timeout: limit})
	for range 3 {
		f.put(cgo.MPReq, primary(), &Message{Name: name})
	}
	for range 3 {
		f.get()
		assert.Empty(t, f.text())
	}
}

func TestFullQueueIsAnsweredWithAnErrorAtOnce(t *testing.T) {
	f := stranger(t)
	release, entered := make(chan struct{}), make(chan struct{}, 3)
	name := register(t, func(context.Context, *Message) (*Message, error) {
		entered <- struct{}{}
		<-release
		return &Message{}, nil
	}, Config{Queue: 1, Timeout: limit})
	f.put(cgo.MPReq, primary(), &Message{Name: name})
	<-entered
	for range 2 { // one waits, one is too many
		f.put(cgo.MPReq, primary(), &Message{Name: name})
	}
	f.get()
	assert.Equal(t, "1 messages are already waiting", f.text())
	close(release)
	for range 2 {
		f.get()
		assert.Empty(t, f.text())
	}
}

func TestUnregisterLetsARunningHandlerReply(t *testing.T) {
	f := stranger(t)
	release, entered := make(chan struct{}), make(chan struct{}, 1)
	name := register(t, func(_ context.Context, m *Message) (*Message, error) {
		entered <- struct{}{}
		<-release
		return m, nil
	}, Config{Timeout: limit})
	f.put(cgo.MPReq, primary(), &Message{Name: name, Param: []byte("runs")})
	<-entered
	f.put(cgo.MPReq, primary(), &Message{Name: name, Param: []byte("waits")})
	eventually(t, func() bool {
		actions.Lock()
		defer actions.Unlock()
		a := actions.byName[name]
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.queue) == 1
	}, "the second waits")
	require.NoError(t, Unregister(name))
	f.get()
	assert.Equal(t, "the action was unregistered", f.text())
	require.NoError(t, Register(name, echo, Config{}), "the name is free")
	assert.Equal(t, "new", string(f.ask(&Message{Name: name, Param: []byte("new")}).Param))
	close(release)
	_, _, m := f.get()
	assert.Equal(t, "runs", string(m.Param))
}

func TestHandlerMayUnregisterItself(t *testing.T) {
	f := stranger(t)
	var name string
	name = register(t, func(_ context.Context, m *Message) (*Message, error) { return m, Unregister(name) }, Config{})
	f.ask(&Message{Name: name})
	assert.Empty(t, f.text())
}

func TestHandlerMaySendRequests(t *testing.T) {
	f, other := stranger(t), secondary(t)
	go other.reply()
	name := register(t, func(ctx context.Context, m *Message) (*Message, error) {
		replies, err := Request(ctx, &Message{Name: m.Name, Param: m.Param})
		if err != nil {
			return nil, err
		}
		return replies[0], nil
	}, Config{})
	assert.Equal(t, "FORWARDED", string(f.ask(&Message{Name: name, Param: []byte("forwarded")}).Param))
	assert.Empty(t, f.text())
}

func TestFilesArriveOpenAndCloseOnExec(t *testing.T) {
	f := stranger(t)
	name := register(t, func(_ context.Context, m *Message) (*Message, error) {
		for _, file := range m.Files {
			if _, err := file.Stat(); err != nil || linux.Inherited(int(file.Fd())) {
				return nil, fmt.Errorf("%s is not open, or inherited: %v", file.Name(), err)
			}
		}
		defer m.Files[1].Close()
		text, err := io.ReadAll(m.Files[1])
		return &Message{Param: text, Files: m.Files[:1]}, err
	}, Config{})
	nothingLeft(t, func() {
		for range 1000 {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			_, err = w.WriteString("through a pipe")
			require.NoError(t, err)
			w.Close()
			null, err := os.Open("/dev/null")
			require.NoError(t, err)
			m := f.ask(&Message{Name: name, Files: []*os.File{null, r}})
			require.Empty(t, f.text())
			require.Equal(t, "through a pipe", string(m.Param))
			require.Len(t, m.Files, 1)
			want, err := null.Stat()
			require.NoError(t, err, "what was sent stays the sender's")
			got, err := m.Files[0].Stat()
			require.NoError(t, err)
			require.True(t, os.SameFile(want, got))
			m.Close()
			null.Close()
			r.Close()
		}
	})
}

func TestMessageWithMaxFiles(t *testing.T) {
	f := stranger(t)
	name := register(t, echo, Config{})
	files := make([]*os.File, MaxFiles)
	for i := range files {
		files[i] = os.Stdin
	}
	nothingLeft(t, func() {
		m := f.ask(&Message{Name: name, Files: files})
		assert.Len(t, m.Files, MaxFiles)
		m.Close()
	})
}

func TestRequesterThatDoesNotReadBlocksNoOther(t *testing.T) {
	stopped, f := stranger(t), stranger(t)
	name := register(t, echo, Config{})
	fill(t, stopped)
	nothingLeft(t, func() {
		for range 20 { // their replies find no room
			m := &Message{Name: name}
			eventually(t, func() bool { return stopped.send(primary(), m.encode(cgo.MPReq), nil) == nil }, "send")
		}
		start := time.Now()
		f.ask(&Message{Name: name})
		assert.Less(t, time.Since(start), limit/2)
	})
}
