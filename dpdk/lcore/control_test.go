package lcore

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestControlThreadHasItsNameAndIsNotAnLcore(t *testing.T) {
	cause := errors.New("cause")
	task, err := StartControlThread(soon(t), "fifteen letters", func(ctx context.Context) error {
		if id, ok := Current(); ok {
			return errors.New(name(id))
		}
		for { // DPDK names the thread after it has started
			comm, err := os.ReadFile("/proc/thread-self/comm")
			switch {
			case err != nil || ctx.Err() != nil:
				return errors.Join(err, ctx.Err(), errors.New(string(comm)))
			case strings.TrimSpace(string(comm)) == "fifteen letters":
				return cause
			}
			runtime.Gosched()
		}
	})
	require.NoError(t, err)
	assert.Equal(t, cause, task.Wait(soon(t)))
	assert.Equal(t, -1, task.Lcore())
	require.NoError(t, freshThreads())
}

func TestControlThreadsReturnPanicsAndStop(t *testing.T) {
	task, err := StartControlThread(context.Background(), "panics", func(context.Context) error { panic("x") })
	require.NoError(t, err)
	var p *PanicError
	require.ErrorAs(t, task.Wait(soon(t)), &p)
	assert.Equal(t, -1, p.Lcore)
	task, err = StartControlThread(context.Background(), "waits", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorContains(t, task.Wait(ctx), "control thread waits")
	task.Stop()
	assert.ErrorIs(t, task.Wait(soon(t)), context.Canceled)
	for range 50 { // more than a few come and go
		task, err := StartControlThread(context.Background(), "short", nothing)
		require.NoError(t, err)
		require.NoError(t, task.Wait(soon(t)))
	}
	assert.Empty(t, controls.all)
}

func TestStartControlThreadRefusesBadArguments(t *testing.T) {
	_, err := StartControlThread(context.Background(), "", nothing)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = StartControlThread(context.Background(), "sixteen letters!", nothing)
	assert.ErrorIs(t, err, dpdk.ErrNameTooLong)
	_, err = StartControlThread(context.Background(), "n", nil)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}
