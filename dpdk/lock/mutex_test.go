package lock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/lock"
)

func newMutex(t *testing.T) *lock.Mutex {
	t.Helper()
	m := new(lock.Mutex)
	require.NoError(t, m.Init())
	return m
}

// hold has another goroutine have the lock until the test ends.
func hold(t *testing.T, m *lock.Mutex) {
	t.Helper()
	held, release, released := make(chan error), make(chan struct{}), make(chan error)
	go func() {
		held <- m.Lock()
		<-release
		released <- m.Unlock()
	}()
	require.NoError(t, <-held)
	t.Cleanup(func() {
		close(release)
		assert.NoError(t, <-released)
	})
}

// abandon has a goroutine end with the lock, and its thread with it.
func abandon(t *testing.T, m *lock.Mutex) {
	t.Helper()
	for {
		first, result := make(chan bool), make(chan error)
		go func() {
			runtime.LockOSThread()
			if linux.Gettid() == os.Getpid() { // which Go does not end
				first <- true
				return
			}
			first <- false
			result <- m.Lock()
		}()
		if <-first {
			continue
		}
		require.NoError(t, <-result)
		return
	}
}

func TestMutexIsAPthreadMutex(t *testing.T) {
	assert.Equal(t, uintptr(cgo.MutexSizeof), unsafe.Sizeof(lock.Mutex{}))
	m := newMutex(t)
	assert.Equal(t, unsafe.Pointer(m), m.Pointer())
}

func TestMutexExcludesGoroutines(t *testing.T) {
	m := newMutex(t)
	const goroutines, rounds = 8, 5_000
	n := 0 // with -race the detector must see the order
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for range rounds {
				var err error
				switch i % 3 {
				case 0:
					err = m.Lock()
				case 1:
					err = m.LockContext(t.Context())
				default:
					ok := false
					for !ok && err == nil {
						if ok, err = m.TryLock(); !ok {
							runtime.Gosched()
						}
					}
				}
				if !assert.NoError(t, err) {
					return
				}
				n++
				assert.NoError(t, m.Unlock())
			}
		})
	}
	wg.Wait()
	assert.Equal(t, goroutines*rounds, n)
}

func TestMutexWithoutInitIsRefused(t *testing.T) {
	calls := map[string]func(*lock.Mutex) error{
		"Lock":        (*lock.Mutex).Lock,
		"TryLock":     func(m *lock.Mutex) error { _, err := m.TryLock(); return err },
		"LockContext": func(m *lock.Mutex) error { return m.LockContext(context.Background()) },
		"Unlock":      (*lock.Mutex).Unlock,
		"Consistent":  (*lock.Mutex).Consistent,
	}
	garbage := new(lock.Mutex)
	for i := range unsafe.Slice((*byte)(unsafe.Pointer(garbage)), unsafe.Sizeof(*garbage)) {
		unsafe.Slice((*byte)(unsafe.Pointer(garbage)), unsafe.Sizeof(*garbage))[i] = 0xa5
	}
	for name, call := range calls {
		for what, m := range map[string]*lock.Mutex{"zero": new(lock.Mutex), "garbage": garbage} {
			t.Run(name+" of "+what, func(t *testing.T) {
				err := call(m)
				require.ErrorIs(t, err, dpdk.ErrInvalid)
				assert.ErrorContains(t, err, "Init")
			})
		}
	}
}

func TestMutexInitTwiceReturnsErrExist(t *testing.T) {
	m := newMutex(t)
	require.NoError(t, m.Lock())
	assert.ErrorIs(t, m.Init(), dpdk.ErrExist)
	require.NoError(t, m.Unlock(), "still locked")
}

func TestMutexOwnerHasThreadAndProcess(t *testing.T) {
	m := newMutex(t)
	_, held := m.Owner()
	assert.False(t, held)
	require.NoError(t, m.Lock())
	o, held := m.Owner()
	assert.True(t, held)
	assert.Equal(t, lock.Owner{Pid: os.Getpid(), Thread: linux.Gettid()}, o)
	require.NoError(t, m.Unlock())
	abandon(t, m)
	require.Eventually(t, func() bool { _, held := m.Owner(); return !held }, time.Minute, time.Millisecond)
	_, held = new(lock.Mutex).Owner()
	assert.False(t, held)
}

func TestMutexLockedTwiceByItsOwnerReturnsErrDeadlock(t *testing.T) {
	m := newMutex(t)
	require.NoError(t, m.Lock())
	assert.ErrorIs(t, m.Lock(), dpdk.ErrDeadlock)
	assert.ErrorIs(t, m.LockContext(context.Background()), dpdk.ErrDeadlock)
	ok, err := m.TryLock()
	assert.False(t, ok)
	assert.ErrorIs(t, err, dpdk.ErrDeadlock)
	require.NoError(t, m.Unlock())
	require.ErrorIs(t, m.Unlock(), dpdk.ErrPermission)
}

func TestMutexUnlockByAnotherGoroutineReturnsErrPermission(t *testing.T) {
	m := newMutex(t)
	assert.ErrorIs(t, m.Unlock(), dpdk.ErrPermission, "nobody has it")
	require.NoError(t, m.Lock())
	other := make(chan error)
	go func() { other <- m.Unlock() }()
	assert.ErrorIs(t, <-other, dpdk.ErrPermission)
	go func() {
		ok, err := m.TryLock()
		other <- errors.Join(err, map[bool]error{true: errors.New("got a lock that another has")}[ok])
	}()
	assert.NoError(t, <-other)
	require.NoError(t, m.Unlock())
}

// A goroutine that ends locked to its thread ends the thread with it.
func TestMutexUnlockUnlocksTheOSThread(t *testing.T) {
	m := newMutex(t)
	for tid := os.Getpid(); tid == os.Getpid(); { // Go never ends that one
		used := make(chan int)
		go func() {
			for range 100 {
				_ = m.Lock()
				_ = m.Lock() // each error
				_, _ = m.TryLock()
				_ = m.LockContext(t.Context())
				_ = m.Unlock()
				_ = m.Unlock()
			}
			used <- linux.Gettid()
		}()
		tid = <-used
		time.Sleep(50 * time.Millisecond)
		assert.DirExists(t, fmt.Sprintf("/proc/self/task/%d", tid))
	}
}

func TestMutexLockContext(t *testing.T) {
	m := newMutex(t)
	hold(t, m)
	attempt := func(ctx context.Context) (time.Duration, error) {
		result, begin := make(chan error), time.Now()
		go func() { result <- m.LockContext(ctx) }()
		err := <-result
		return time.Since(begin), err
	}
	t.Run("gives up at its deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		took, err := attempt(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.GreaterOrEqual(t, took, 50*time.Millisecond)
		assert.Less(t, took, 5*time.Second)
	})
	t.Run("gives up when cancelled, with the cause", func(t *testing.T) {
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
		took, err := attempt(ctx)
		require.ErrorIs(t, err, why)
		assert.Less(t, took, 5*time.Second)
	})
	t.Run("does not try with a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		free := newMutex(t)
		assert.ErrorIs(t, free.LockContext(ctx), context.Canceled)
		ok, err := free.TryLock()
		assert.True(t, ok)
		require.NoError(t, err)
		require.NoError(t, free.Unlock())
	})
	t.Run("gets the lock when it is given up", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		mine := newMutex(t)
		require.NoError(t, mine.Lock())
		result := make(chan error)
		go func() {
			err := mine.LockContext(ctx)
			if err == nil {
				err = mine.Unlock()
			}
			result <- err
		}()
		time.Sleep(20 * time.Millisecond) // mostly it waits in C by then; it must get the lock either way
		require.NoError(t, mine.Unlock())
		assert.NoError(t, <-result)
	})
}

func TestMutexAfterTheDeathOfItsOwner(t *testing.T) {
	// A thread's end takes a moment, so wait rather than try.
	takers := map[string]func(*lock.Mutex) error{
		"Lock":        (*lock.Mutex).Lock,
		"LockContext": func(m *lock.Mutex) error { return m.LockContext(context.Background()) },
		"TryLock": func(m *lock.Mutex) error {
			for {
				if ok, err := m.TryLock(); ok || err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
			}
		},
	}
	for name, take := range takers {
		t.Run("can be repaired after "+name, func(t *testing.T) {
			m := newMutex(t)
			abandon(t, m)
			require.ErrorIs(t, take(m), dpdk.ErrOwnerDead)
			other := make(chan bool)
			go func() { ok, _ := m.TryLock(); other <- ok }()
			assert.False(t, <-other, "the lock is the caller's")
			require.NoError(t, m.Consistent())
			assert.ErrorIs(t, m.Consistent(), dpdk.ErrInvalid, "once is enough")
			require.NoError(t, m.Unlock())
			require.NoError(t, m.Lock())
			require.NoError(t, m.Unlock())
		})
		t.Run("is lost without Consistent after "+name, func(t *testing.T) {
			m := newMutex(t)
			abandon(t, m)
			require.ErrorIs(t, take(m), dpdk.ErrOwnerDead)
			require.NoError(t, m.Unlock())
			for name, take := range takers { // none may leave it locked
				assert.ErrorIs(t, take(m), dpdk.ErrNotRecoverable, name)
				assert.ErrorIs(t, take(m), dpdk.ErrNotRecoverable, name)
			}
		})
	}
	t.Run("wakes a waiter", func(t *testing.T) {
		m := newMutex(t)
		for {
			result := make(chan error, 1)
			ready, die := make(chan bool), make(chan struct{})
			go func() {
				runtime.LockOSThread()
				if linux.Gettid() == os.Getpid() {
					ready <- false
					return
				}
				assert.NoError(t, m.Lock())
				ready <- true
				<-die
			}()
			if !<-ready {
				continue
			}
			go func() {
				err := m.Lock()
				if errors.Is(err, dpdk.ErrOwnerDead) {
					assert.NoError(t, m.Consistent())
					assert.NoError(t, m.Unlock())
				}
				result <- err
			}()
			time.Sleep(10 * time.Millisecond) // so that it mostly waits in C; either way it must get the lock
			close(die)
			select {
			case err := <-result:
				require.ErrorIs(t, err, dpdk.ErrOwnerDead)
			case <-time.After(time.Minute):
				t.Fatal("the waiter was not woken")
			}
			return
		}
	})
}

func TestMutexDoesNotAllocate(t *testing.T) {
	m := newMutex(t)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_ = m.Lock()
		_ = m.Unlock()
		_, _ = m.TryLock()
		_ = m.Unlock()
	}))
}
