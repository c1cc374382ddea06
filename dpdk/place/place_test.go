package place_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/place"
)

// A worker with the elements 1, 2 and 3 in a batch of its place. With "leave" it leaves when it is asked to,
// with "wait" until it hears a line, and with "close" it ends without leaving.
var _ = ealtest.Role("worker", func(args []string) error {
	rt, err := attach(args[0])
	if err != nil {
		return err
	}
	p, err := place.Claim(context.Background(), args[1], place.Parts{Consumes: args[3:]})
	if err != nil {
		return err
	}
	b, err := place.NewBatch[uint64](p, "numbers", 8)
	if err != nil {
		return err
	}
	b.Append(1, 2, 3)
	ealtest.Say("works")
	switch args[2] {
	case "leave":
		for !p.Wanted() {
			time.Sleep(time.Millisecond)
		}
		err = p.Leave()
	case "wait":
		ealtest.Hear()
		err = p.Leave()
	}
	return errors.Join(err, rt.Close())
})

// A process that asks for a place until it is killed, or TakeOver fails. Then it prints the error.
var _ = ealtest.Role("asker", func(args []string) error {
	if _, err := attach(args[0]); err != nil {
		return err
	}
	_, err := place.TakeOver(context.Background(), args[1], place.Parts{Consumes: args[2:]})
	ealtest.Say("failed %v", err)
	ealtest.Hear() // until it is killed
	return nil
})

// inherited returns the elements in the batch of a place.
func inherited(t *testing.T, p *place.Place) []uint64 {
	t.Helper()
	b, err := place.NewBatch[uint64](p, "numbers", 8)
	require.NoError(t, err)
	return b.Elems()
}

func TestASecondLivingProcessIsRefusedAndLearnsThePid(t *testing.T) {
	w := ealtest.Start(t, "worker", prefix(), "second", "wait")
	w.Expect("works")
	for _, take := range []func(context.Context, string, place.Parts) (*place.Place, error){place.Claim, place.TakeOver} {
		_, err := take(ended(), "second", place.Parts{})
		var busy *place.BusyError
		require.ErrorAs(t, err, &busy)
		require.Equal(t, w.Pid(), busy.Pid)
		require.ErrorIs(t, err, dpdk.ErrBusy)
		require.ErrorIs(t, err, context.Canceled)
	}
	all, err := place.List()
	require.NoError(t, err)
	require.Contains(t, all, place.Info{Name: "second", Pid: w.Pid()})
	w.Kill()
	p := claim(t, "second", place.Parts{})
	require.Equal(t, w.Pid(), p.Predecessor().Pid)
	require.Equal(t, place.Died, p.Predecessor().End)
	require.Equal(t, 3, p.Predecessor().Recovery.Kept)
	require.Equal(t, []uint64{1, 2, 3}, inherited(t, p))
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	next := claim(t, "second", place.Parts{})
	require.Equal(t, place.Predecessor{Pid: os.Getpid(), End: place.Closed}, next.Predecessor())
	require.Empty(t, inherited(t, next), "Close keeps nothing")
	require.NoError(t, next.Close())
}

func TestTheOwnerThatIsAskedLeavesEverythingToItsSuccessor(t *testing.T) {
	w := ealtest.Start(t, "worker", prefix(), "asked", "leave")
	w.Expect("works")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := place.TakeOver(ctx, "asked", place.Parts{})
	require.NoError(t, err)
	require.Equal(t, place.Predecessor{Pid: w.Pid(), End: place.Left}, p.Predecessor())
	require.Equal(t, []uint64{1, 2, 3}, inherited(t, p))
	require.False(t, p.Wanted())
	w.Wait()
	require.NoError(t, p.Close())
}

func TestAnOwnerThatEndsWithoutLeavingFreesThePlace(t *testing.T) {
	w := ealtest.Start(t, "worker", prefix(), "ends", "close")
	w.Expect("works")
	w.Wait()
	p := claim(t, "ends", place.Parts{})
	require.Equal(t, place.Ended, p.Predecessor().End)
	require.Equal(t, []uint64{1, 2, 3}, inherited(t, p))
	require.NoError(t, p.Close())
}

func TestThePlaceIsNotWantedAfterTheEndOfTheProcessThatAsked(t *testing.T) {
	p := claim(t, "wanted", place.Parts{})
	_, err := place.TakeOver(ended(), "wanted", place.Parts{})
	require.ErrorIs(t, err, dpdk.ErrBusy)
	require.False(t, p.Wanted(), "it has given up")
	a := ealtest.Start(t, "asker", prefix(), "wanted")
	require.Eventually(t, p.Wanted, 20*time.Second, time.Millisecond)
	a.Kill()
	require.Eventually(t, func() bool { return !p.Wanted() }, 20*time.Second, time.Millisecond)
	require.NoError(t, p.Leave())
}

func TestATakeOverThatFailsNoLongerAsksTheOwner(t *testing.T) {
	require.NoError(t, place.Declare("asks", place.Parts{Produces: []string{"asks"}}))
	p := claim(t, "asks", place.Parts{})
	a := ealtest.Start(t, "asker", prefix(), "asks", "asks") // not as declared
	require.Eventually(t, p.Wanted, 20*time.Second, time.Millisecond)
	require.NoError(t, p.Leave())
	a.Expect("failed")
	p = claim(t, "asks", place.Parts{})
	require.False(t, p.Wanted())
	require.NoError(t, p.Leave())
	a.Kill()
}

func TestTwoPlacesCannotHaveTheSamePart(t *testing.T) {
	w := ealtest.Start(t, "worker", prefix(), "one", "wait", "ring a", "ring b")
	w.Expect("works")
	_, err := place.Claim(ended(), "other", place.Parts{Consumes: []string{"ring b"}})
	var busy *place.BusyError
	require.ErrorAs(t, err, &busy)
	require.Equal(t, []any{w.Pid(), "the consumer of ring ring b", "one"}, []any{busy.Pid, busy.Part, busy.Place})
	p := claim(t, "other", place.Parts{Produces: []string{"ring b"}})
	require.NoError(t, p.Leave())
	w.Kill()
	p = claim(t, "other", place.Parts{Consumes: []string{"ring b"}})
	require.Equal(t, place.Left, p.Predecessor().End)
	require.NoError(t, p.Leave())
	p = claim(t, "one", place.Parts{}) // as its last owner had it
	require.Equal(t, place.Parts{Consumes: []string{"ring a", "ring b"}}, p.Parts())
	require.NoError(t, p.Close())
}

func TestTheDeclarationOfThePrimaryIsFixed(t *testing.T) {
	parts := place.Parts{Produces: []string{"fixed"}}
	require.NoError(t, place.Declare("declared", parts))
	require.ErrorIs(t, place.Declare("declared", parts), dpdk.ErrExist)
	_, err := place.Claim(ended(), "declared", place.Parts{Consumes: []string{"fixed"}})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	p := claim(t, "declared", place.Parts{})
	require.Equal(t, parts, p.Parts())
	require.NoError(t, p.Leave())
}

func TestAPlaceWithoutItsPortIsNotClaimed(t *testing.T) {
	p := claim(t, "no port", place.Parts{})
	require.NoError(t, p.Leave())
	_, err := place.Claim(ended(), "no port", place.Parts{Rx: []place.Queue{{Port: "net_nosuch"}}})
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
	p = claim(t, "no port", place.Parts{Consumes: []string{"x"}})
	require.Equal(t, place.Left, p.Predecessor().End, "the process that failed does not count")
	require.NoError(t, p.Leave())
}

func TestNamesAndPartsAreChecked(t *testing.T) {
	_, err := place.Claim(ended(), "", place.Parts{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = place.Claim(ended(), strings.Repeat("n", place.MaxName+1), place.Parts{})
	require.ErrorIs(t, err, dpdk.ErrNameTooLong)
	for _, parts := range []place.Parts{
		{Rx: []place.Queue{{Port: "a", Queue: -1}}}, {Tx: []place.Queue{{}}}, {Produces: []string{"a", "a"}},
	} {
		_, err = place.Claim(ended(), "checked", parts)
		require.ErrorIs(t, err, dpdk.ErrInvalid, "%v", parts)
	}
}

func TestCachesReturnToTheirPool(t *testing.T) {
	pool, err := mbuf.CreatePool("cached", 255, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	p := claim(t, "caches", place.Parts{})
	c, err := p.NewCache(pool, 32)
	require.NoError(t, err)
	m, ok := c.Alloc()
	require.True(t, ok)
	m.Free()
	require.NoError(t, p.Leave())
	require.Equal(t, pool.Size(), pool.Available())
}
