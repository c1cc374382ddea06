package ipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

func TestInvalidMessagesAreRefused(t *testing.T) {
	files := make([]*os.File, MaxFiles+1)
	for i := range files {
		files[i] = os.Stdin
	}
	closed, err := os.Open("/dev/null")
	require.NoError(t, err)
	closed.Close()
	secondary(t) // a target
	for _, tc := range []struct {
		name string
		m    *Message
		want error
		text string
	}{
		{"nil", nil, dpdk.ErrInvalid, "nil"},
		{"no name", &Message{}, dpdk.ErrInvalid, "empty"},
		{"NUL in the name", &Message{Name: "a\x00"}, dpdk.ErrInvalid, "NUL"},
		{"name too long", &Message{Name: strings.Repeat("x", MaxName+1)}, dpdk.ErrNameTooLong, "64 bytes: use at most 63"},
		{"param too long", &Message{Name: "a", Param: make([]byte, MaxParam+1)}, dpdk.ErrMessageSize, "257 bytes: use at most 256"},
		{"too many files", &Message{Name: "a", Files: files}, dpdk.ErrMessageSize, fmt.Sprintf("%d Files: this DPDK sends at most %d", MaxFiles+1, MaxFiles)},
		{"nil file", &Message{Name: "a", Files: []*os.File{os.Stdin, nil}}, os.ErrInvalid, "Files[1]"},
		{"closed file", &Message{Name: "a", Files: []*os.File{closed}}, os.ErrClosed, "Files[0]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			nothingLeft(t, func() {
				_, err := Request(within(t, limit), tc.m)
				require.ErrorIs(t, err, tc.want)
				assert.Contains(t, err.Error(), tc.text)
				_, err = Send(within(t, limit), tc.m)
				require.ErrorIs(t, err, tc.want)
				assert.Contains(t, err.Error(), tc.text)
			})
		})
	}
}

func TestRequestWithoutSecondariesReturnsErrNoPeer(t *testing.T) {
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	require.ErrorIs(t, err, ErrNoPeer)
	assert.Empty(t, replies)
	n, err := Send(within(t, limit), &Message{Name: "a"})
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestRequestReturnsTheRepliesOfAll(t *testing.T) {
	a, b := secondary(t), secondary(t)
	go a.reply()
	go b.reply()
	m := &Message{Name: strings.Repeat("n", MaxName), Param: []byte(strings.Repeat("x", MaxParam))}
	replies, err := Request(within(t, limit), m)
	require.NoError(t, err)
	require.Len(t, replies, 2)
	var from []string
	for _, r := range replies {
		assert.Equal(t, m.Name, r.Name)
		assert.Equal(t, strings.Repeat("X", MaxParam), string(r.Param))
		from = append(from, r.Peer)
	}
	assert.ElementsMatch(t, []string{filepath.Base(a.path), filepath.Base(b.path)}, from)
}

func TestProcessWithoutAReplyIsNamed(t *testing.T) {
	a, silent, b := secondary(t), secondary(t), secondary(t)
	for _, f := range []*fake{a, b} {
		go f.reply()
	}
	ctx := within(t, 500*time.Millisecond)
	start := time.Now()
	replies, err := Request(ctx, &Message{Name: "a", Param: []byte("x")})
	assert.Less(t, time.Since(start), limit)
	assert.Len(t, replies, 2)
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	assert.ErrorIs(t, err, syscall.ETIMEDOUT)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	var r *RequestError
	require.ErrorAs(t, err, &r)
	assert.Equal(t, 3, r.Asked)
	require.Len(t, r.Peers, 1)
	assert.Equal(t, filepath.Base(silent.path), r.Peers[0].Peer)
	assert.Contains(t, err.Error(), `ipc "a": 2 of 3 processes answered: mp_socket_`)
}

func TestExitOfAProcessEndsTheRequestEarly(t *testing.T) {
	dying, other := secondary(t), secondary(t)
	go func() {
		_, _, m := dying.get()
		m.Close()
		dying.die()
	}()
	go other.reply()
	start := time.Now()
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	assert.Less(t, time.Since(start), limit/2, "it waited for the timeout")
	require.ErrorIs(t, err, ErrPeerGone)
	assert.Len(t, replies, 1)
}

func TestReplyOfAProcessThatExitedIsReturned(t *testing.T) {
	f := secondary(t)
	go func() { f.reply(); f.die() }()
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	require.NoError(t, err)
	assert.Len(t, replies, 1)
}

func TestExitedProcessesAreNotAsked(t *testing.T) {
	dead, living := secondary(t), secondary(t)
	dead.die()
	go living.reply()
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	require.NoError(t, err)
	assert.Len(t, replies, 1)
	assert.NoFileExists(t, dead.path, "as DPDK does")
}

func TestStartingSecondaryIsNotCounted(t *testing.T) {
	starting, other := secondary(t), secondary(t)
	go func() {
		_, from, m := starting.get()
		starting.put(cgo.MPIgn, from, &Message{Name: m.Name})
	}()
	go other.reply()
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	require.NoError(t, err)
	assert.Len(t, replies, 1)
}

func TestErrorOfAHandlerIsARemoteError(t *testing.T) {
	f := secondary(t)
	go func() {
		_, from, m := f.get()
		b := (&Message{Name: m.Name, Param: errorParam("no such port")}).encode(cgo.MPRep)
		clear(b[cgo.MPLenParam:][:4])
		assert.NoError(t, f.send(from, b, nil))
	}()
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	assert.Empty(t, replies)
	var remote *RemoteError
	require.ErrorAs(t, err, &remote)
	assert.Equal(t, "no such port", remote.Text)
	assert.Contains(t, err.Error(), filepath.Base(f.path)+": the other process reported: no such port")
}

func TestErrorTextIsTruncatedBetweenRunes(t *testing.T) {
	p := errorParam(strings.Repeat("ü", MaxParam))
	assert.LessOrEqual(t, len(p), MaxParam)
	assert.Equal(t, strings.Repeat("ü", 124), strings.TrimPrefix(string(p), errorMark))
	assert.Equal(t, errorMark+"a\uFFFD", string(errorParam("a\xff")))
}

func TestCancelledRequestReturnsAtOnce(t *testing.T) {
	f := secondary(t)
	cause := errors.New("the user went home")
	nothingLeft(t, func() {
		ctx, cancel := context.WithCancelCause(context.Background())
		go func() {
			_, _, m := f.get()
			m.Close()
			cancel(cause)
		}()
		_, err := Request(ctx, &Message{Name: "a"})
		require.ErrorIs(t, err, cause)
		assert.NotErrorIs(t, err, dpdk.ErrTimeout)
		_, err = Request(ctx, &Message{Name: "a"})
		require.ErrorIs(t, err, cause, "a context that has ended before")
		n, err := Send(ctx, &Message{Name: "a"})
		require.ErrorIs(t, err, cause)
		assert.Zero(t, n, "nothing is sent")
	})
	f.wait(100 * time.Millisecond)
	_, _, _, err := f.receive()
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "nothing was sent")
}

func TestLateReplyIsNotTakenForALaterRequest(t *testing.T) {
	f := secondary(t)
	_, err := Request(within(t, 50*time.Millisecond), &Message{Name: "a", Param: []byte("first")})
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, from, m := f.get()
		assert.Error(t, f.send(from, m.encode(cgo.MPRep), nil), "no process waits there")
		f.reply()
	}()
	replies, err := Request(within(t, limit), &Message{Name: "a", Param: []byte("second")})
	require.NoError(t, err)
	require.Len(t, replies, 1)
	assert.Equal(t, "SECOND", string(replies[0].Param))
	<-done
}

func TestUnexpectedRepliesAreDropped(t *testing.T) {
	f, other := secondary(t), stranger(t)
	go func() {
		_, from, m := f.get()
		unbound, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: from, Net: "unixgram"})
		if !assert.NoError(t, err) {
			return
		}
		raw, _ := unbound.SyscallConn()
		assert.NoError(t, sendTo(raw, from, (&Message{Name: m.Name, Files: []*os.File{os.Stdin}}).encode(cgo.MPRep), linux.Rights([]int{0})))
		assert.NoError(t, sendTo(raw, from, []byte("noise"), nil))
		assert.NoError(t, sendTo(raw, from, nil, linux.Rights([]int{0})))
		unbound.Close()
		f.put(cgo.MPRep, from, &Message{Name: "another", Files: []*os.File{os.Stdin}})
		other.put(cgo.MPRep, from, &Message{Name: m.Name, Files: []*os.File{os.Stdin}})
		f.put(cgo.MPRep, from, &Message{Name: m.Name, Param: []byte("right")})
	}()
	nothingLeft(t, func() {
		replies, err := Request(within(t, limit), &Message{Name: "a"})
		require.NoError(t, err)
		require.Len(t, replies, 1)
		assert.Equal(t, "right", string(replies[0].Param))
	})
}

func TestMalformedRepliesAreErrors(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		send       func(f *fake, from string, m *Message) error
	}{
		{"too short", "another release of DPDK", func(f *fake, from string, m *Message) error {
			return f.send(from, m.encode(cgo.MPRep)[:100], nil)
		}},
		{"too long", "another release of DPDK", func(f *fake, from string, m *Message) error {
			return f.send(from, append(m.encode(cgo.MPRep), make([]byte, 100)...), nil)
		}},
		{"a length that is too large", "Param has 257 bytes", func(f *fake, from string, m *Message) error {
			m.Param = make([]byte, MaxParam+1)
			return f.send(from, m.encode(cgo.MPRep), nil)
		}},
		{"descriptors that did not arrive", "0 of 1 descriptors", func(f *fake, from string, m *Message) error {
			m.Files = []*os.File{os.Stdin}
			return f.send(from, m.encode(cgo.MPRep), nil)
		}},
		{"more descriptors than announced", "2 of 1 descriptors", func(f *fake, from string, m *Message) error {
			m.Files = []*os.File{os.Stdin}
			return f.send(from, m.encode(cgo.MPRep), linux.Rights([]int{0, 1}))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := secondary(t)
			nothingLeft(t, func() {
				go func() {
					_, from, m := f.get()
					assert.NoError(t, tc.send(f, from, m))
				}()
				_, err := Request(within(t, limit), &Message{Name: "a"})
				require.ErrorContains(t, err, tc.text)
			})
		})
	}
}

// fill fills the queue of a process.
func fill(t *testing.T, f *fake) {
	t.Helper()
	s := stranger(t)
	for i := 0; ; i++ {
		err := s.send(f.path, (&Message{Name: "fill"}).encode(cgo.MPMsg), nil)
		if err == syscall.EAGAIN {
			return
		}
		require.NoError(t, err)
		require.Less(t, i, 1<<20)
	}
}

func TestFullQueueDoesNotBlockOtherProcesses(t *testing.T) {
	full, other := secondary(t), secondary(t)
	fill(t, full)
	go other.reply()
	nothingLeft(t, func() {
		replies, err := Request(within(t, 300*time.Millisecond), &Message{Name: "a"})
		assert.Len(t, replies, 1)
		require.ErrorIs(t, err, dpdk.ErrTimeout)
		assert.Contains(t, err.Error(), "its queue is full")

		n, err := Send(within(t, 50*time.Millisecond), &Message{Name: "a"})
		require.ErrorIs(t, err, dpdk.ErrTimeout)
		assert.Equal(t, 1, n)
	})
}

func TestRequestWaitsForRoomInAQueue(t *testing.T) {
	f := secondary(t)
	fill(t, f)
	go func() {
		time.Sleep(20 * time.Millisecond)
		for {
			kind, from, m := f.get()
			if kind == cgo.MPReq {
				f.put(cgo.MPRep, from, &Message{Name: m.Name})
				return
			}
		}
	}()
	replies, err := Request(within(t, limit), &Message{Name: "a"})
	require.NoError(t, err)
	assert.Len(t, replies, 1)
}

func TestOneWayMessagesKeepTheirOrder(t *testing.T) {
	f := secondary(t)
	const total = 1000
	go func() {
		for i := range total {
			_, err := Send(context.Background(), &Message{Name: "count", Param: fmt.Append(nil, i)})
			assert.NoError(t, err)
		}
	}()
	for i := range total {
		kind, from, m := f.get()
		require.Equal(t, cgo.MPMsg, kind)
		require.Equal(t, fmt.Sprint(i), string(m.Param))
		if i == 0 { // a reply fails at once and is not received
			assert.ErrorIs(t, f.send(from, m.encode(cgo.MPRep), nil), syscall.EPIPE)
		}
	}
}

func TestShutAndCloseEndAReceive(t *testing.T) {
	require.NoError(t, here.open(opSend, ""))
	for _, blocks := range []bool{true, false} {
		for name, end := range map[string]func(*socket){"shut": (*socket).shut, "close": here.drop} {
			t.Run(fmt.Sprint(name, " blocks ", blocks), func(t *testing.T) {
				here.mu.Lock()
				s, err := here.listen(blocks)
				here.mu.Unlock()
				require.NoError(t, err)
				defer here.drop(s)
				s.wait(time.Hour)
				got := make(chan error, 1)
				go func() { _, _, _, err := s.receive(); got <- err }()
				end(s)
				select {
				case err := <-got:
					assert.True(t, errors.Is(err, os.ErrDeadlineExceeded) || name == "close" && err == os.ErrClosed, err)
				case <-time.After(limit):
					t.Error("it is still waiting")
				}
			})
		}
	}
}

// The directory's modification time has the resolution of the kernel's tick.
func TestSecondariesOfTheSameTickAreFound(t *testing.T) {
	for range 20 {
		var want []string
		for range 3 {
			f := secondary(t)
			want = append(want, f.path)
			got, err := here.peers()
			require.NoError(t, err)
			assert.Subset(t, got, want)
		}
		require.NoError(t, os.Remove(want[0]))
		got, err := here.peers()
		require.NoError(t, err)
		assert.NotContains(t, got, want[0])
		assert.Subset(t, got, want[1:])
	}
	require.NoError(t, os.Chtimes(here.dir, time.Time{}, time.Now().Add(-time.Minute))) // old enough for the list to be kept
	first, err := here.peers()
	require.NoError(t, err)
	again, err := here.peers()
	require.NoError(t, err)
	assert.Same(t, &first[0], &again[0])
	f := secondary(t)
	got, err := here.peers()
	require.NoError(t, err)
	assert.Contains(t, got, f.path)
}

func TestConcurrentRequestsGetTheirOwnReplies(t *testing.T) {
	f := secondary(t)
	go func() {
		for {
			f.wait(limit)
			_, from, m, err := f.receive()
			if err != nil {
				return
			}
			f.put(cgo.MPRep, from, m)
		}
	}()
	nothingLeft(t, func() {
		var all sync.WaitGroup
		for g := range 32 {
			all.Go(func() {
				for i := range 100 {
					want := fmt.Sprint(g, i)
					replies, err := Request(within(t, limit), &Message{Name: "same", Param: []byte(want)})
					if assert.NoError(t, err) && assert.Len(t, replies, 1) {
						assert.Equal(t, want, string(replies[0].Param))
					}
				}
			})
		}
		all.Wait()
		s, err := here.take()
		require.NoError(t, err)
		assert.True(t, s.blocks, "the next one is as fast as before")
		here.keep(s)
		assert.LessOrEqual(t, len(here.idle), maxIdle)
	})
	left, err := filepath.Glob(cgo.RuntimeDir() + "/" + ownPrefix + "*")
	require.NoError(t, err)
	assert.Len(t, left, 1, "the sender's; others are removed")
}

func TestSocketIsNotInherited(t *testing.T) {
	require.NoError(t, here.open(opSend, ""))
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	found := 0
	for _, f := range fds {
		fd, err := strconv.Atoi(f.Name())
		require.NoError(t, err)
		if linux.SocketPath(fd) == primary() {
			assert.False(t, linux.Inherited(fd))
			found++
		}
	}
	assert.Equal(t, 2, found, "DPDK's socket and its duplicate")
}

func TestSocketsOfKilledProcessesAreRemoved(t *testing.T) {
	old := newFake(t, ownPrefix+"1_a")
	young := newFake(t, ownPrefix+"1_b")
	living := newFake(t, ownPrefix+"1_c")
	old.die()
	young.die()
	past := time.Now().Add(-time.Minute)
	require.NoError(t, os.Chtimes(old.path, past, past))
	require.NoError(t, os.Chtimes(living.path, past, past))
	require.NoError(t, here.open(opSend, ""))
	here.sweep()
	assert.NoFileExists(t, old.path)
	assert.FileExists(t, young.path)
	assert.FileExists(t, living.path)
}
