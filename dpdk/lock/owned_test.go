package lock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

// owned are the methods that all owned locks have.
type owned interface {
	Lock() error
	TryLock() (bool, error)
	LockContext(context.Context) error
	Unlock() error
	Consistent() error
	Owner() (lock.Owner, bool)
	IsLocked() bool
	Pointer() unsafe.Pointer
}

// estate has an owned lock of each kind, and data that each guards.
type estate struct {
	spin   lock.OwnedSpin
	ticket lock.OwnedTicket
	seq    lock.OwnedSeq
	rw     lock.OwnedRW
	data   [4]struct{ a, b, inside, work, repairs uint64 } // a and b are equal while nobody has the lock
}

var ownedNames = []string{"spin", "ticket", "seq", "rw"}

func (e *estate) get(name string) owned {
	return map[string]owned{"spin": &e.spin, "ticket": &e.ticket, "seq": &e.seq, "rw": &e.rw}[name]
}

var estates atomic.Int64

func newEstate(t testing.TB) (string, *estate) {
	t.Helper()
	v, err := memzone.CreateValue[estate](fmt.Sprintf("estate %d", estates.Add(1)), memzone.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, v.Free()) })
	return v.Name(), v.Get()
}

// The heir takes a lock, reports the error and waits to be killed.
var _ = harness.Role("heir", func(args []string) error {
	e, end, err := inEstate(args)
	if err != nil {
		return err
	}
	var l error
	if args[3] == "read" {
		r, err := e.rw.NewReader()
		if err != nil {
			return err
		}
		l = r.RLock()
	} else {
		l = e.get(args[2]).Lock()
	}
	harness.Say("has %v", l)
	if harness.Hear() == "close" {
		return end()
	}
	return nil
})

// inEstate attaches a process with the arguments prefix, zone.
func inEstate(args []string) (*estate, func() error, error) {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return nil, nil, err
	}
	v, err := memzone.LookupValue[estate](args[1])
	if err != nil {
		return nil, nil, err
	}
	return v.Get(), rt.Close, nil
}

func heir(t *testing.T, zone, name, way string) *harness.Child {
	t.Helper()
	return harness.Start(t, "heir", prefix(), zone, name, way)
}

func prefix() string { return ealtest.Runtime().FilePrefix() }

func killed(t *testing.T, zone, name, way string) (pid int) {
	t.Helper()
	c := heir(t, zone, name, way)
	require.Equal(t, "<nil>", c.Expect("has"))
	c.Kill()
	return c.Pid()
}

func TestALockOfAKilledProcessGoesToOneWaiter(t *testing.T) {
	for _, name := range ownedNames {
		t.Run(name, func(t *testing.T) {
			zone, e := newEstate(t)
			l := e.get(name)
			c := heir(t, zone, name, "write")
			require.Equal(t, "<nil>", c.Expect("has"))
			o, held := l.Owner()
			assert.True(t, held)
			assert.Equal(t, c.Pid(), o.Pid)
			assert.WithinDuration(t, time.Now(), o.Start, time.Minute)
			assert.DirExists(t, fmt.Sprintf("/proc/%d/task/%d", c.Pid(), o.Thread))
			assert.False(t, o.Dead)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			assert.ErrorIs(t, l.LockContext(ctx), context.DeadlineExceeded, "its owner lives")
			cancel()
			err := l.Unlock()
			assert.ErrorIs(t, err, dpdk.ErrPermission)
			assert.ErrorContains(t, err, "_unlock: ")
			assert.ErrorIs(t, l.Consistent(), dpdk.ErrInvalid)

			const waiters = 6
			var dead, alive atomic.Int64
			var inside atomic.Bool
			var wg sync.WaitGroup
			for i := range waiters {
				wg.Go(func() {
					var err error
					switch i % 3 {
					case 0:
						err = l.Lock()
					case 1:
						err = l.LockContext(t.Context())
					default:
						for ok := false; !ok && err == nil; {
							ok, err = l.TryLock()
						}
					}
					assert.False(t, inside.Swap(true), "two have it")
					if err == nil {
						alive.Add(1)
					} else if assert.ErrorIs(t, err, dpdk.ErrOwnerDead) {
						dead.Add(1)
						assert.Contains(t, err.Error(), fmt.Sprintf("process %d (started ", c.Pid()))
						assert.Contains(t, err.Error(), fmt.Sprintf(", thread %d, ended ", o.Thread))
						time.Sleep(10 * time.Millisecond) // the others look for a dead owner meanwhile
						assert.NoError(t, l.Consistent())
					}
					inside.Store(false)
					assert.NoError(t, l.Unlock())
				})
			}
			c.Kill()
			wg.Wait()
			assert.EqualValues(t, 1, dead.Load())
			assert.EqualValues(t, waiters-1, alive.Load())
			assert.False(t, l.IsLocked())
			_, held = l.Owner()
			assert.False(t, held)
		})
	}
}

func TestOwnerHasTheThread(t *testing.T) {
	_, e := newEstate(t)
	for _, name := range ownedNames {
		l := e.get(name)
		var threads []int
		take := func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			require.NoError(t, l.Lock())
			o, held := l.Owner()
			require.True(t, held)
			require.Equal(t, lock.Owner{Pid: os.Getpid(), Start: o.Start, Thread: linux.Gettid()}, o)
			threads = append(threads, o.Thread)
			require.NoError(t, l.Unlock())
		}
		runtime.LockOSThread()
		take()
		var other sync.WaitGroup
		other.Go(take) // on another thread
		other.Wait()
		runtime.UnlockOSThread()
		require.NotEqual(t, threads[0], threads[1])
	}
}

// A process may die after it has taken the lock, and before it has written its thread.
func TestAThreadOfAnEarlierOwnerIsNotReported(t *testing.T) {
	zone, e := newEstate(t)
	require.NoError(t, e.spin.Lock())
	thread := (*uint64)(unsafe.Add(e.spin.Pointer(), 8))
	mine := atomic.LoadUint64(thread)
	require.NoError(t, e.spin.Unlock())
	require.Zero(t, atomic.LoadUint64(thread), "Unlock clears it")
	killed(t, zone, "spin", "write")
	atomic.StoreUint64(thread, mine)
	o, held := e.spin.Owner()
	require.True(t, held)
	assert.True(t, o.Dead)
	assert.Zero(t, o.Thread)
	err := e.spin.Lock()
	require.ErrorIs(t, err, dpdk.ErrOwnerDead)
	assert.NotContains(t, err.Error(), "thread")
}

// C waits for the dead owner's lock, also with a ticket. It gets the lock after the repair.
func TestAWaiterInCGetsTheLockAfterTheRepair(t *testing.T) {
	for _, name := range ownedNames {
		t.Run(name, func(t *testing.T) {
			zone, e := newEstate(t)
			l := e.get(name)
			p := l.Pointer()
			killed(t, zone, name, "write")
			inC := map[string][2]func(unsafe.Pointer){
				"spin":   {twin.SpinlockLock, twin.SpinlockUnlock},
				"ticket": {twin.TicketlockLock, twin.TicketlockUnlock},
				"seq":    {twin.SeqlockWriteLock, twin.SeqlockWriteUnlock},
				"rw":     {twin.RWlockWriteLock, twin.RWlockWriteUnlock},
			}[name]
			var repaired atomic.Bool
			begun, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				close(begun)
				inC[0](p)
				assert.True(t, repaired.Load())
				_, held := l.Owner()
				assert.False(t, held, "C has no owner")
				assert.ErrorIs(t, l.Unlock(), dpdk.ErrPermission)
				inC[1](p)
			}()
			<-begun
			require.ErrorIs(t, l.Lock(), dpdk.ErrOwnerDead)
			require.NoError(t, l.Consistent())
			repaired.Store(true)
			require.NoError(t, l.Unlock())
			<-ended
			require.NoError(t, l.Lock())
			require.NoError(t, l.Unlock())
			assert.False(t, l.IsLocked())
		})
	}
}

// All survivors find the dead owner at the same moment, many times.
func TestOneOfManySurvivorsInherits(t *testing.T) {
	zone, e := newEstate(t)
	killed(t, zone, "spin", "write")
	dead := atomic.LoadUint64((*uint64)(e.spin.Pointer()))
	const survivors, rounds = 4, 5000
	var at, done, heirs atomic.Int64
	var wg sync.WaitGroup
	for range survivors {
		wg.Go(func() {
			for round := range int64(rounds) {
				for at.Load() < round { // the others are in the last round
					runtime.Gosched()
				}
				if errors.Is(lock.Inherit(&e.spin), dpdk.ErrOwnerDead) {
					heirs.Add(1)
				}
				if done.Add(1)%survivors == 0 {
					assert.EqualValues(t, round+1, heirs.Load())
					atomic.StoreUint64((*uint64)(e.spin.Pointer()), dead)
					at.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, rounds, heirs.Load())
}

func TestALockOfAProcessThatLeftGoesOn(t *testing.T) {
	zone, e := newEstate(t)
	c := heir(t, zone, "spin", "write")
	require.Equal(t, "<nil>", c.Expect("has"))
	c.Send("close")
	c.Wait()
	assert.ErrorIs(t, e.spin.Lock(), dpdk.ErrOwnerDead)
	assert.NoError(t, e.spin.Consistent())
	assert.NoError(t, e.spin.Unlock())
}

func TestALockWithoutConsistentIsNotRecoverable(t *testing.T) {
	for _, name := range ownedNames {
		t.Run(name, func(t *testing.T) {
			zone, e := newEstate(t)
			l := e.get(name)
			first := killed(t, zone, name, "write")
			second := heir(t, zone, name, "write")
			assert.Contains(t, second.Expect("has"), fmt.Sprint("process ", first))
			second.Kill()
			err := l.Lock()
			require.ErrorIs(t, err, dpdk.ErrOwnerDead, "the first one repaired nothing")
			assert.Contains(t, err.Error(), fmt.Sprint("process ", second.Pid()))
			assert.NoError(t, l.Unlock())
			for what, err := range map[string]error{"Lock": l.Lock(), "LockContext": l.LockContext(t.Context()), "Unlock": l.Unlock()} {
				assert.ErrorIs(t, err, dpdk.ErrNotRecoverable, what)
			}
			require.Eventually(t, func() bool { _, err := l.TryLock(); return err != nil }, time.Minute, time.Millisecond)
			assert.True(t, l.IsLocked())
			if name == "rw" {
				r, err := e.rw.NewReader()
				require.NoError(t, err)
				assert.ErrorIs(t, r.RLock(), dpdk.ErrNotRecoverable)
			}
		})
	}
}

func TestAKilledReaderDoesNotKeepAWriterOut(t *testing.T) {
	zone, e := newEstate(t)
	mine, err := e.rw.NewReader()
	require.NoError(t, err)
	require.NoError(t, mine.RLock())
	killed(t, zone, "rw", "read")
	killed(t, zone, "rw", "read")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, e.rw.LockContext(ctx), context.DeadlineExceeded, "a living reader has it")
	require.NoError(t, mine.RUnlock())
	require.NoError(t, e.rw.Lock())
	assert.False(t, twin.RWlockReadTrylock(e.rw.Pointer()))
	require.NoError(t, e.rw.Unlock())
	assert.Zero(t, *(*uint64)(e.rw.Pointer()))
}

// A process that removes a dead reader may die at each step. Another one finishes its work.
func TestARemoverOfDeadReadersMayDie(t *testing.T) {
	zone, e := newEstate(t)
	killed(t, zone, "rw", "read")
	place := (*uint32)(unsafe.Add(e.rw.Pointer(), 16)) // its ID
	dead := atomic.LoadUint32(place)
	require.NotZero(t, dead)
	atomic.StoreUint32(place, dead|1<<31) // the dead process has died as a remover, before it has removed the bit
	require.NoError(t, e.rw.Lock())
	require.NoError(t, e.rw.Unlock())
	assert.Zero(t, atomic.LoadUint32(place))

	c := heir(t, zone, "rw", "read")
	c.Expect("has")
	atomic.StoreUint32(place, atomic.LoadUint32(place)|1<<31) // a living remover is left alone
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, e.rw.LockContext(ctx), context.DeadlineExceeded)
	c.Kill()
	require.NoError(t, e.rw.Lock())
	require.NoError(t, e.rw.Unlock())

	atomic.StoreUint32(place, dead|1<<31) // and after that
	var all []*lock.OwnedRWReader
	for range lock.MaxReaders {
		r, err := e.rw.NewReader()
		require.NoError(t, err)
		all = append(all, r)
	}
	for _, r := range all {
		require.NoError(t, r.Close())
	}
	assert.Zero(t, *(*uint64)(e.rw.Pointer()))
}

func TestAReaderIsToldOfAKilledWriter(t *testing.T) {
	zone, e := newEstate(t)
	r, err := e.rw.NewReader()
	require.NoError(t, err)
	pid := killed(t, zone, "rw", "write")
	err = r.RLock()
	require.ErrorIs(t, err, dpdk.ErrOwnerDead)
	assert.Contains(t, err.Error(), fmt.Sprint("process ", pid))
	assert.ErrorIs(t, r.RUnlock(), dpdk.ErrPermission)
	require.ErrorIs(t, e.rw.Lock(), dpdk.ErrOwnerDead)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, r.RLockContext(ctx), context.DeadlineExceeded, "the writer that repairs lives")
	require.NoError(t, e.rw.Consistent())
	require.NoError(t, e.rw.Unlock())
	require.NoError(t, r.RLock())
	require.NoError(t, r.RUnlock())
}

func TestPlacesOfKilledReadersAreUsedAgain(t *testing.T) {
	zone, e := newEstate(t)
	killed(t, zone, "rw", "read")
	var all []*lock.OwnedRWReader
	for range lock.MaxReaders {
		r, err := e.rw.NewReader()
		require.NoError(t, err)
		require.NoError(t, r.RLock())
		assert.ErrorIs(t, r.RLock(), dpdk.ErrDeadlock)
		assert.False(t, r.TryRLock())
		assert.ErrorIs(t, r.Close(), dpdk.ErrBusy)
		all = append(all, r)
	}
	_, err := e.rw.NewReader()
	require.ErrorIs(t, err, dpdk.ErrNoSpace)
	for _, r := range all {
		require.NoError(t, r.RUnlock())
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
	}
	assert.Zero(t, *(*uint64)(e.rw.Pointer()))
	require.NoError(t, e.rw.Lock())
	require.NoError(t, e.rw.Unlock())
}

func TestADeadWaiterDoesNotKeepReadersOut(t *testing.T) {
	_, e := newEstate(t)
	r, err := e.rw.NewReader()
	require.NoError(t, err)
	*(*uint32)(e.rw.Pointer()) = 1 // RTE_RWLOCK_WAIT
	require.False(t, r.TryRLock())
	require.NoError(t, r.RLock())
	require.NoError(t, r.RUnlock())
	assert.Zero(t, *(*uint64)(e.rw.Pointer()))
	*(*uint32)(e.rw.Pointer()) = 1
	require.Eventually(t, r.TryRLock, 10*time.Second, time.Millisecond)
	require.NoError(t, r.RUnlock())
	assert.Zero(t, *(*uint64)(e.rw.Pointer()))
}

// TryLock looks for a dead owner once in some milliseconds. The lock of a living process must not use up the
// look for the owner of another lock.
func TestTryLockFindsADeadOwnerBesideABusyLock(t *testing.T) {
	zone, e := newEstate(t)
	killed(t, zone, "ticket", "write")
	require.NoError(t, e.spin.Lock())
	_, err := e.spin.TryLock() // looks
	require.NoError(t, err)
	_, err = e.ticket.TryLock()
	assert.ErrorIs(t, err, dpdk.ErrOwnerDead)
	require.NoError(t, e.spin.Unlock())
}

func TestReadersRetryAfterAKilledWriter(t *testing.T) {
	zone, e := newEstate(t)
	begin := e.seq.ReadBegin()
	require.False(t, e.seq.ReadRetry(begin))
	killed(t, zone, "seq", "write")
	assert.True(t, e.seq.ReadRetry(e.seq.ReadBegin()))
	require.ErrorIs(t, e.seq.Lock(), dpdk.ErrOwnerDead)
	assert.True(t, e.seq.ReadRetry(e.seq.ReadBegin()))
	require.NoError(t, e.seq.Consistent())
	require.NoError(t, e.seq.Unlock())
	assert.False(t, e.seq.ReadRetry(e.seq.ReadBegin()))
	assert.True(t, e.seq.ReadRetry(begin))
}

// Users with even numbers are in Go, the others in C. After each step C's words are what C alone leaves.
func TestOwnedLocksKeepCsWords(t *testing.T) {
	type user struct{ lock, unlock func() }
	check := func(err error) { require.NoError(t, err) }
	for _, name := range ownedNames {
		t.Run(name, func(t *testing.T) {
			_, e := newEstate(t)
			l := e.get(name)
			p := l.Pointer()
			size := map[string]int{"spin": 4, "ticket": 4, "seq": 8, "rw": 4}[name]
			inC := map[string]user{
				"spin":   {func() { twin.SpinlockLock(p) }, func() { twin.SpinlockUnlock(p) }},
				"ticket": {func() { twin.TicketlockLock(p) }, func() { twin.TicketlockUnlock(p) }},
				"seq":    {func() { twin.SeqlockWriteLock(p) }, func() { twin.SeqlockWriteUnlock(p) }},
				"rw":     {func() { twin.RWlockWriteLock(p) }, func() { twin.RWlockWriteUnlock(p) }},
			}[name]
			write := user{func() { check(l.Lock()) }, func() { check(l.Unlock()) }}
			ways, inGo := []kind{{}}, []func(int) user{func(int) user { return write }}
			c := []user{inC}
			if name == "rw" {
				ways = append([]kind{{shares: true}}, ways...)
				c = append([]user{{func() { twin.RWlockReadLock(p) }, func() { twin.RWlockReadUnlock(p) }}}, c...)
				readers := map[int]*lock.OwnedRWReader{}
				for u := range 4 {
					r, err := e.rw.NewReader()
					require.NoError(t, err)
					readers[u] = r
				}
				inGo = append([]func(int) user{func(u int) user {
					return user{func() { check(readers[u].RLock()) }, func() { check(readers[u].RUnlock()) }}
				}}, inGo...)
			}
			history := steps(ways, 300)
			if name == "ticket" { // its 16 bits wrap, from where both numbers are equal
				*(*uint32)(p) = 0xfff0fff0
			}
			start := *(*uint32)(p)
			play := func(goes func(user int) bool) (images []string) {
				clear(unsafe.Slice((*byte)(p), size+4)) // with the owner: a history ends with holders
				*(*uint32)(p) = start
				for _, s := range history {
					w := c[s.kind]
					if goes(s.user) {
						w = inGo[s.kind](s.user)
					}
					switch s.what {
					case "lock", "try":
						w.lock()
					case "unlock":
						w.unlock()
					}
					images = append(images, fmt.Sprintf("%v %x", s, unsafe.Slice((*byte)(p), size)))
				}
				return images
			}
			want := play(func(int) bool { return false })
			assert.Equal(t, want, play(func(int) bool { return true }), "in Go")
			assert.Equal(t, want, play(func(u int) bool { return u%2 == 0 }), "mixed")
		})
	}
}

func TestOwnedLocksDoNotAllocate(t *testing.T) {
	_, e := newEstate(t)
	r, err := e.rw.NewReader()
	require.NoError(t, err)
	for _, name := range ownedNames {
		l := e.get(name)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			_ = l.Lock()
			_, _ = l.TryLock()
			_ = l.Unlock()
			_ = l.LockContext(context.Background())
			_ = l.Unlock()
		}), name)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = r.RLock(); _ = r.RUnlock() }))
}

// The worker runs sections under all locks until it is killed.
var _ = harness.Role("locks worker", func(args []string) error {
	e, _, err := inEstate(args)
	if err != nil {
		return err
	}
	for range 2 {
		go func() {
			for {
				if err := e.sections(); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		}()
	}
	harness.Say("works")
	harness.Hear()
	return nil
})

// sections runs a section under each lock. A section that finds a section half done, which no dead owner
// explains, returns an error.
func (e *estate) sections() error {
	r, err := e.rw.NewReader()
	if err != nil {
		return err
	}
	for i, name := range ownedNames {
		l, d := e.get(name), &e.data[i]
		err := l.Lock()
		if errors.Is(err, dpdk.ErrOwnerDead) {
			d.b, d.inside = d.a, 0
			d.repairs++
			err = l.Consistent()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if d.inside++; d.inside != 1 || d.a != d.b {
			return fmt.Errorf("%s: two have the lock: %+v", name, *d)
		}
		d.a++
		for range 100 { // most kills hit a section
			atomic.AddUint64(&d.work, 1)
		}
		d.b++
		d.inside--
		if err := l.Unlock(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	switch err := r.RLock(); {
	case errors.Is(err, dpdk.ErrOwnerDead): // the next writer repairs
		return r.Close()
	case err != nil:
		return err
	}
	if d := &e.data[3]; d.a != d.b || d.inside != 0 {
		return fmt.Errorf("reading beside a writer: %+v", *d)
	}
	if err := r.RUnlock(); err != nil {
		return err
	}
	return r.Close()
}

func TestLocksSurviveRandomKills(t *testing.T) {
	random := harness.Random(t)
	zone, e := newEstate(t)
	kills := harness.Kills(40, 5)
	work := func(n int) {
		t.Helper()
		done := make(chan error, 1)
		go func() {
			for range n {
				if err := e.sections(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(30 * time.Second):
			t.Fatal("a lock stays taken")
		}
	}
	for range kills {
		c := harness.Start(t, "locks worker", prefix(), zone)
		c.Expect("works")
		work(100)
		time.Sleep(time.Duration(random.Int64N(int64(20 * time.Millisecond))))
		c.Kill()
		work(100)
	}
	repairs := uint64(0)
	for i, name := range ownedNames {
		assert.False(t, e.get(name).IsLocked())
		assert.Equal(t, e.data[i].a, e.data[i].b, name)
		t.Log(name, e.data[i].repairs, "repairs")
		repairs += e.data[i].repairs
	}
	if kills > 20 { // two of three hit one
		assert.NotZero(t, repairs, "no kill has hit a section")
	}
	t.Log(e.data[0].a, "sections")
}
