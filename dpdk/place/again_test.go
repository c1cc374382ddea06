package place

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/places"
)

// pid returns the pid of the owner of a place.
func pid(t *testing.T, name string) int {
	t.Helper()
	all, err := List()
	require.NoError(t, err)
	for _, i := range all {
		if i.Name == name {
			return i.Pid
		}
	}
	return 0
}

func now(t *testing.T, name string, parts Parts) *Place {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	p, err := Claim(ctx, name, parts)
	require.NoError(t, err)
	return p
}

func TestLeaveAfterAnErrorContinuesWhereItOccurred(t *testing.T) {
	p := now(t, "again", Parts{})
	var ran []string
	errs := []error{nil, dpdk.ErrTimeout, nil, nil}
	for _, name := range []string{"a", "b", "c"} {
		p.add(func(bool) error {
			err := errs[0]
			ran, errs = append(ran, name), errs[1:]
			return err
		})
	}
	require.ErrorIs(t, p.Leave(), dpdk.ErrTimeout)
	require.Equal(t, os.Getpid(), pid(t, "again"))
	_, err := NewBatch[int](p, "late", 1)
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	require.NoError(t, p.Leave())
	require.Equal(t, []string{"a", "b", "b", "c"}, ran)
	require.Zero(t, pid(t, "again"))
}

// unanswered runs f while this process cannot reach a primary.
func unanswered(t *testing.T, f func()) {
	delegate.Connect(filepath.Join(t.TempDir(), "nobody"), delegate.Self)
	defer delegate.Disconnect()
	f()
}

func TestABatchIsLeftAfterAnErrorOfThePrimary(t *testing.T) {
	p := now(t, "batch again", Parts{})
	b, err := NewBatch[int](p, "numbers", 4)
	require.NoError(t, err)
	b.Append(1, 2)
	unanswered(t, func() { require.ErrorIs(t, p.Leave(), dpdk.ErrAgain) })
	require.NoError(t, p.Leave())
	p = now(t, "batch again", Parts{})
	b, err = NewBatch[int](p, "numbers", 4)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, b.Elems())
	require.NoError(t, p.Close())
}

func TestLeaveOfAClaimThatHasEndedDoesNotFreeThePlace(t *testing.T) {
	p := now(t, "late", Parts{})
	require.NoError(t, release("late", p.claim, places.Left)) // the primary was late with the answer
	q := now(t, "late", Parts{})
	require.NoError(t, p.Leave())
	require.Equal(t, os.Getpid(), pid(t, "late"))
	require.NoError(t, q.Leave())
	require.Zero(t, pid(t, "late"))
}

func TestThePrimaryRefusesAClaimWithoutAPid(t *testing.T) {
	for _, pid := range []int{0, -1} {
		_, err := places.Claim("no pid", places.Request{Pid: pid, Claim: claims.Add(1)})
		require.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	_, err := places.Claim("no pid", places.Request{Pid: 1})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.NoError(t, now(t, "no pid", Parts{}).Leave())
}

func TestATakeOverThatFailsNoLongerAsksTheOwner(t *testing.T) {
	require.NoError(t, Declare("asks", Parts{Produces: []string{"asks"}}))
	p := now(t, "asks", Parts{})
	failed := make(chan error)
	go func() {
		_, err := TakeOver(context.Background(), "asks", Parts{Consumes: []string{"asks"}})
		failed <- err
	}()
	require.Eventually(t, p.Wanted, 20*time.Second, time.Millisecond)
	require.NoError(t, p.Leave())
	require.ErrorIs(t, <-failed, dpdk.ErrInvalid)
	p = now(t, "asks", Parts{})
	require.False(t, p.Wanted())
	require.NoError(t, p.Leave())
}

func TestTheErrorNamesThePlaceThatHasThePart(t *testing.T) {
	p := now(t, "has it", Parts{Consumes: []string{"part"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := TakeOver(ctx, "needs it", Parts{Consumes: []string{"part"}})
	require.ErrorContains(t, err, `call TakeOver of the place "has it" and leave that`)
	require.False(t, p.Wanted())
	_, err = TakeOver(ctx, "has it", Parts{})
	require.ErrorContains(t, err, "ask it to leave with TakeOver")
	require.NoError(t, p.Leave())
}

// The recovery of a dead owner can take long. Its successors must not ask the primary all the time.
func TestWaitReturnsOnceForADeadOwner(t *testing.T) {
	p := now(t, "dead", Parts{})
	gone := owner.ID(owner.Slots<<1 - 1)
	require.True(t, owner.Dead(gone))
	reply, dead := places.Reply{State: uintptr(unsafe.Pointer(p.state)), Owner: gone}, owner.ID(0)
	require.NoError(t, wait(t.Context(), reply, &dead))
	require.Equal(t, gone, dead)
	began := time.Now()
	require.NoError(t, wait(t.Context(), reply, &dead))
	require.Greater(t, time.Since(began), rest/2)
	require.NoError(t, p.Leave())
}
