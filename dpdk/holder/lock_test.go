package holder_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/holder"
)

func TestALockHasOneOwner(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	l, err := holder.WaitLock(t.Context(), file)
	require.NoError(t, err)
	assert.Zero(t, l.LastHeld(), "it was free")
	_, err = holder.TryLock(file)
	assert.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, file)
	l.Close()
	l.Close()
	l, err = holder.TryLock(file)
	require.NoError(t, err)
	l.Close()
}

func TestTheLockOfAKilledProcessGoesToTheOneThatWaits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	other := ealtest.Start(t, "locks", file)
	other.Expect("locked")
	type result struct {
		lock *holder.Lock
		err  error
		at   time.Time
	}
	got := make(chan result, 1)
	go func() {
		l, err := holder.WaitLock(context.Background(), file)
		got <- result{l, err, time.Now()}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := holder.WaitLock(ctx, file)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	killed := time.Now()
	other.Kill()
	r := <-got
	require.NoError(t, r.err)
	assert.False(t, r.lock.LastHeld().IsZero())
	assert.True(t, r.lock.LastHeld().Before(r.at))
	assert.Less(t, r.at.Sub(killed), 2*time.Second)
	r.lock.Close()
}

func TestALockInAMissingFolderIsAnError(t *testing.T) {
	_, err := holder.TryLock("/nonexistent/lock")
	assert.ErrorContains(t, err, "/nonexistent/lock")
	_, err = holder.WaitLock(t.Context(), "/nonexistent/lock")
	assert.ErrorContains(t, err, "/nonexistent/lock")
	assert.False(t, errors.Is(err, dpdk.ErrBusy))
}
