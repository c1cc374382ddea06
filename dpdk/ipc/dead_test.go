package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/test/harness"
)

// The process asks the primary without end, on many sockets, and does not answer what it is asked itself.
var _ = harness.Role("requester", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	asked := make(chan struct{})
	if err := Register("silent", func(ctx context.Context, _ *Message) (*Message, error) {
		close(asked)
		<-ctx.Done()
		return nil, ctx.Err()
	}, Config{}); err != nil {
		return err
	}
	for range 8 {
		go func() {
			for rt.PrimaryAlive() {
				if _, err := Request(context.Background(), &Message{Name: "storm", Param: []byte("x")}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		}()
	}
	harness.Say("asks")
	<-asked
	harness.Say("asked")
	harness.Hear()
	return nil
})

// A killed process leaves no sockets behind, and a request that waits for it ends with ErrPeerGone.
func TestKilledRequestersLeaveNoSockets(t *testing.T) {
	random := harness.Random(t)
	echo := func(_ context.Context, m *Message) (*Message, error) { return &Message{Param: m.Param}, nil }
	require.NoError(t, Register("storm", echo, Config{}))
	defer func() { assert.NoError(t, Unregister("storm")) }()
	for range harness.Size(20, 3) {
		c := harness.Start(t, "requester", ealtest.Runtime().FilePrefix())
		c.Expect("asks")
		gone := make(chan error, 1)
		go func() {
			_, err := Request(within(t, limit), &Message{Name: "silent"})
			gone <- err
		}()
		c.Expect("asked")
		require.NotEmpty(t, socketsOf(t, c.Pid()))
		time.Sleep(time.Duration(random.Int64N(int64(10 * time.Millisecond))))
		c.Kill()
		since := time.Now()
		err := <-gone
		assert.ErrorIs(t, err, ErrPeerGone)
		assert.Less(t, time.Since(since), 5*time.Second)
		eventually(t, func() bool { return len(socketsOf(t, c.Pid())) == 0 }, "no sockets of the killed process")
	}
	_, err := Request(within(t, limit), &Message{Name: "silent"})
	assert.True(t, errors.Is(err, ErrNoPeer), err)
}

// socketsOf returns the sockets in the runtime directory that a process has made.
func socketsOf(t *testing.T, pid int) (names []string) {
	t.Helper()
	all, err := os.ReadDir(cgo.RuntimeDir())
	require.NoError(t, err)
	for _, e := range all {
		if e.Type()&os.ModeSocket != 0 && strings.Contains(e.Name(), fmt.Sprintf("_%d_", pid)) {
			names = append(names, e.Name())
		}
	}
	return names
}
