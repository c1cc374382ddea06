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

// isQuiet is a group without other calls.
var isQuiet = living{quiet: func() bool { return true }, others: nobody}

func nobody() string { return "" }

// busy is a group in which calls are inside.
func busy(others func() string) living {
	return living{quiet: func() bool { return false }, others: others}
}

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
	assert.Zero(t, s.release(living{quiet: inside, others: nobody}))
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
	assert.Equal(t, 1, s.release(busy(nobody)))
	assert.GreaterOrEqual(t, time.Since(began), lockWindow)
	<-done
}

// set gives a variable another value during a test.
func set[T any](t *testing.T, p *T, v T) {
	old := *p
	*p = v
	t.Cleanup(func() { *p = old })
}

// The holder of a lock may be a process that was stopped after the release had begun.
func TestReleaseEndsBesideAProcessThatIsStopped(t *testing.T) {
	set(t, &lockWindow, 50*lockTurn)
	s := lockTable()
	s.all[1].Word.Store(1)
	looks := 0
	assert.Zero(t, s.release(busy(func() string {
		if looks++; looks > 5 {
			return "process 1, which is stopped,"
		}
		return ""
	})))
	assert.EqualValues(t, 1, s.all[1].Word.Load())
	assert.True(t, s.again.Load())
}

// While the whole group is stopped, time passes and no holder goes on.
func TestTimeInWhichNobodyRunsDoesNotCount(t *testing.T) {
	set(t, &lockWindow, 10*lockTurn)
	s := lockTable()
	word := s.all[1].Word
	word.Store(1)
	looks := 0
	assert.Zero(t, s.release(busy(func() string {
		switch looks++; looks {
		case 2:
			time.Sleep(20 * lockTurn) // all are stopped
		case 4:
			word.Store(0) // the holder goes on
		}
		return ""
	})))
}

// A call that gets or frees much memory clears it under DPDK's locks.
func TestReleaseLeavesALockWhileMemoryIsCleared(t *testing.T) {
	set(t, &lockWindow, 2*lockTurn)
	set(t, &clearing, func() time.Duration { return 20 * lockTurn })
	s := lockTable()
	word := s.all[1].Word
	word.Store(1)
	began := time.Now()
	assert.Zero(t, s.release(busy(func() string {
		if time.Since(began) > 10*lockTurn {
			word.CompareAndSwap(1, 0)
		}
		return ""
	})))
}

// A process that attaches may wait for the lock of a dead one, and then nobody else can attach.
func TestALockIsReleasedBesideAProcessThatDoesNotEndToAttach(t *testing.T) {
	set(t, &growthWindow, 4*lockTurn)
	set(t, &startLimit, time.Millisecond)
	dir, p := primaryTable(t)
	defer p.close()
	start, err := tryInit(dir, false)
	require.NoError(t, err)
	require.NotNil(t, start)
	defer start.Close()
	s := joined(t, dir, 1)
	defer s.close()
	m := &Member{table: p, dir: dir, ctx: t.Context(), locks: sharedLocks{all: lockTable().all}}
	word := m.locks.all[2].Word
	word.Store(cgo.RWLockReader)
	assert.Equal(t, 1, m.giveUp(true))
	assert.Zero(t, word.Load())

	word.Store(cgo.RWLockReader)
	p.slots[0].state.Store(Detached)
	assert.Zero(t, m.giveUp(true), "EndStarts does it")
}

// The primary had left the lock to a process that was stopped, and has ended since.
func TestTheEndReleasesALockThatWasLeft(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	m := &Member{table: p, dir: dir, ctx: t.Context(), locks: sharedLocks{all: lockTable().all}}
	word := m.locks.all[0].Word
	word.Store(cgo.RWLockReader)
	m.locks.again.Store(true)
	unlock, err := m.EndStarts()
	require.NoError(t, err)
	unlock()
	assert.Zero(t, word.Load())
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
