//go:build linux

package group

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
)

// lockTable returns locks like DPDK's: two read-write locks and a spinlock.
func lockTable() *sharedLocks {
	s := &sharedLocks{}
	for _, l := range []cgo.SharedLock{{Name: "page table", RW: true}, {Name: "heap"}, {Name: "tailq", RW: true}} {
		l.Word = new(atomic.Uint32)
		s.all = append(s.all, l)
	}
	return s
}

func isQuiet() bool { return true }

func TestReleaseTakesWhatTheDeadHold(t *testing.T) {
	s := lockTable()
	s.all[0].Word.Store(3 * cgo.RWLockReader)
	s.all[1].Word.Store(1)
	s.all[2].Word.Store(cgo.RWlockWait | cgo.RWlockWrite)
	assert.Equal(t, 3, s.release(isQuiet))
	_, word := s.first()
	assert.Zero(t, word)
	assert.Zero(t, s.release(isQuiet), "once")
}

// Readers that come and go, as those of a living process do, keep their shares.
func TestReleaseLeavesLocksThatChange(t *testing.T) {
	s := lockTable()
	word, over := s.all[0].Word, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; i < 100; i++ {
			word.Add(cgo.RWLockReader)
			time.Sleep(lockSettle / 10)
			word.Add(^uint32(cgo.RWLockReader - 1))
		}
		close(over)
	})
	inside := func() bool {
		select {
		case <-over:
			return true
		default:
			return false // the reader's control call
		}
	}
	assert.Zero(t, s.release(inside))
	wg.Wait()
	assert.Zero(t, word.Load())
}

// A call that waits for a dead one's lock may have another one itself.
func TestReleaseBesideACallThatWaits(t *testing.T) {
	s := lockTable()
	s.all[1].Word.Store(1) // the dead one's
	s.all[2].Word.Store(cgo.RWlockWrite)
	done := make(chan struct{})
	go func() { // it has the tailq and waits for the heap
		defer close(done)
		for !s.all[1].Word.CompareAndSwap(0, 1) {
			time.Sleep(time.Millisecond)
		}
		s.all[1].Word.Store(0)
		assert.True(t, s.all[2].Word.CompareAndSwap(cgo.RWlockWrite, 0), "the living keep theirs")
	}()
	began := time.Now()
	assert.Equal(t, 1, s.release(func() bool { return false }))
	assert.GreaterOrEqual(t, time.Since(began), lockWindow)
	<-done
}

func TestTheGateHoldsCallsBack(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	s := joined(t, dir, 1)
	s.slots[s.own].state.Store(Attached)
	m := &Member{table: s, role: Secondary}
	require.True(t, p.quiet())
	m.EnterLocks()
	require.False(t, p.quiet())
	p.slots[0].closed.Store(1)
	m.EnterLocks() // perhaps a part of the first one
	m.LeaveLocks()
	m.LeaveLocks()
	require.True(t, p.quiet())
	entered := make(chan struct{})
	go func() { m.EnterLocks(); close(entered) }()
	select {
	case <-entered:
		t.Fatal("the gate is closed")
	case <-time.After(5 * gateTurn):
	}
	p.slots[0].closed.Store(0)
	<-entered
	require.False(t, p.quiet())
	s.close() // as its death
	require.True(t, p.quiet(), "the dead are not inside")
}

// Two goroutines that release at once, and a release that is repeated, give up each lock once.
func TestReleasesAtOnce(t *testing.T) {
	for range 5 {
		s := lockTable()
		for _, l := range s.all {
			l.Word.Store(1 + 2*cgo.RWLockReader)
		}
		var wg sync.WaitGroup
		var released atomic.Int32
		for range 4 {
			wg.Go(func() { released.Add(int32(s.release(isQuiet))) })
		}
		wg.Wait()
		assert.EqualValues(t, len(s.all), released.Load())
	}
}
