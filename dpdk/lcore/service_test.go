package lcore

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

// eventually is require.Eventually for conditions that take microseconds.
func eventually(t *testing.T, f func() bool, args ...any) {
	t.Helper()
	require.Eventually(t, f, 15*time.Second, time.Millisecond, args...)
}

// serviceCoreFor makes the lcore a started service core until the test ends.
func serviceCoreFor(t *testing.T, id int) {
	t.Helper()
	require.NoError(t, AddServiceCore(id))
	require.NoError(t, StartServiceCore(id))
	t.Cleanup(func() {
		require.NoError(t, StopServiceCore(id))
		require.NoError(t, RemoveServiceCore(id))
	})
}

func service(t *testing.T, cfg ServiceConfig, fn func(int) bool) *Service {
	t.Helper()
	s, err := RegisterService(strings.ToLower(t.Name())[:min(31, len(t.Name()))], cfg, fn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Unregister()) }) // after the service cores
	return s
}

func describe(t *testing.T, s *Service) ServiceInfo {
	t.Helper()
	i, err := s.Info()
	require.NoError(t, err)
	require.Equal(t, s.Name(), i.Name)
	return i
}

func TestGoServiceRunsOnItsServiceCore(t *testing.T) {
	var calls, elsewhere atomic.Int64
	s := service(t, ServiceConfig{}, func(lcore int) bool {
		if got, ok := Current(); !ok || got != lcore || got != 2 {
			elsewhere.Add(1)
		}
		return calls.Add(1)%2 == 0
	})
	assert.False(t, describe(t, s).Concurrent)
	require.NoError(t, s.EnableStats(true))
	serviceCoreFor(t, 2)
	cores, err := ServiceCores()
	require.NoError(t, err)
	assert.Equal(t, []int{2}, cores)
	info, err := Lookup(2)
	require.NoError(t, err)
	assert.Equal(t, RoleService, info.Role)
	assert.Equal(t, []int{1, 3}, Workers())

	assert.False(t, describe(t, s).Running, "not mapped")
	require.NoError(t, s.Map(2))
	assert.Equal(t, []int{2}, describe(t, s).Cores)
	assert.False(t, describe(t, s).Running, "not started")
	assert.Zero(t, calls.Load())
	require.NoError(t, s.Start())
	assert.True(t, describe(t, s).Running)
	eventually(t, func() bool { return calls.Load() > 100 })
	loops, err := ServiceCoreLoops(2)
	require.NoError(t, err)
	assert.Positive(t, loops)

	err = StopServiceCore(2)
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "the only one")
	_, err = Launch(soon(t), 2, nothing)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "service core")
	require.ErrorIs(t, s.Unregister(), dpdk.ErrBusy)
	inUse, err := InUse(2)
	require.NoError(t, err)
	assert.True(t, inUse)

	require.NoError(t, s.Stop())
	assert.False(t, describe(t, s).Running)
	var stats ServiceStats
	eventually(t, func() bool { // a round may be in progress
		stats, err = s.Stats()
		return err != nil || stats.Calls == uint64(calls.Load())
	})
	require.NoError(t, err)
	assert.Positive(t, stats.Cycles)
	require.NoError(t, s.ResetStats())
	stats, err = s.Stats()
	require.NoError(t, err)
	assert.Zero(t, stats)
	assert.Zero(t, elsewhere.Load())
	require.NoError(t, s.Unmap(2))
	assert.Empty(t, describe(t, s).Cores)
}

func TestStartAndStopServiceCoreTwiceAreNoOps(t *testing.T) {
	serviceCoreFor(t, 2)
	require.NoError(t, StopServiceCore(2))
	require.NoError(t, StopServiceCore(2), "twice")
	require.NoError(t, StartServiceCore(2))
	require.NoError(t, StartServiceCore(2), "twice")
}

func TestServiceRunsOnOneCoreAtATimeUnlessConcurrent(t *testing.T) {
	for _, concurrent := range []bool{false, true} {
		t.Run(fmt.Sprint(concurrent), func(t *testing.T) {
			var inside, most atomic.Int64
			seen := NewVar[atomic.Int64]()
			s := service(t, ServiceConfig{Concurrent: concurrent}, func(lcore int) bool {
				n := inside.Add(1)
				if n > most.Load() {
					most.Store(n)
				}
				seen.Of(lcore).Add(1)
				Delay(20 * time.Microsecond)
				inside.Add(-1)
				return true
			})
			assert.Equal(t, concurrent, describe(t, s).Concurrent)
			for _, id := range []int{2, 3} {
				serviceCoreFor(t, id)
				require.NoError(t, s.Map(id))
			}
			require.NoError(t, s.Start())
			eventually(t, func() bool { return seen.Of(2).Load()+seen.Of(3).Load() > 1000 })
			if concurrent {
				eventually(t, func() bool { return most.Load() == 2 })
			} else {
				assert.EqualValues(t, 1, most.Load())
			}
			require.NoError(t, s.Stop())
		})
	}
}

func TestPanicStopsServiceAndErrReturnsIt(t *testing.T) {
	cause := errors.New("cause")
	var calls atomic.Int64
	s := service(t, ServiceConfig{}, func(int) bool {
		if calls.Add(1) == 10 {
			panic(cause)
		}
		return true
	})
	serviceCoreFor(t, 3)
	require.NoError(t, s.Map(3))
	require.NoError(t, s.Start())
	eventually(t, func() bool { return s.Err() != nil })
	require.ErrorIs(t, s.Err(), cause)
	var p *PanicError
	require.ErrorAs(t, s.Err(), &p)
	assert.Equal(t, 3, p.Lcore)
	assert.False(t, describe(t, s).Running)
	assert.EqualValues(t, 10, calls.Load())
	found, err := LookupService(s.Name())
	require.NoError(t, err)
	assert.ErrorIs(t, found.Err(), cause, "another handle")
	require.NoError(t, s.Start())
	assert.NoError(t, s.Err())
	eventually(t, func() bool { return calls.Load() > 20 })
	require.NoError(t, s.Stop())
}

func TestLookupServiceFindsRegisteredServices(t *testing.T) {
	s := service(t, ServiceConfig{}, func(int) bool { return false })
	found, err := LookupService(s.Name())
	require.NoError(t, err)
	assert.Equal(t, s, found)
	all, err := ListServices()
	require.NoError(t, err)
	assert.Contains(t, all, s)
	_, err = LookupService("nobody")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = RegisterService(s.Name(), ServiceConfig{}, func(int) bool { return false })
	assert.ErrorIs(t, err, dpdk.ErrExist)
	for i := range 70 { // the name and the slot are free again
		again, err := RegisterService("again", ServiceConfig{}, func(int) bool { return false })
		require.NoError(t, err, i)
		require.NoError(t, again.Unregister())
		assert.ErrorIs(t, again.Unregister(), dpdk.ErrNotFound)
		assert.ErrorIs(t, again.Start(), dpdk.ErrNotFound)
	}
}

func TestRegisterServiceReturnsErrNoSpaceAfter64(t *testing.T) {
	var all []*Service
	for {
		s, err := RegisterService(fmt.Sprint("s", len(all)), ServiceConfig{}, func(int) bool { return false })
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrNoSpace)
			break
		}
		all = append(all, s)
	}
	assert.Len(t, all, 64)
	for _, s := range all {
		require.NoError(t, s.Unregister())
	}
}

func TestServicesRefuseBadArguments(t *testing.T) {
	idle := func(int) bool { return false }
	_, err := RegisterService("", ServiceConfig{}, idle)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = RegisterService(strings.Repeat("x", MaxServiceName+1), ServiceConfig{}, idle)
	assert.ErrorIs(t, err, dpdk.ErrNameTooLong)
	_, err = RegisterService("n", ServiceConfig{}, nil)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = RegisterService("n", ServiceConfig{Socket: dpdk.Socket(-1)}, idle)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	s := service(t, ServiceConfig{}, idle)
	for _, id := range []int{-1, 1, 4, 77, Max, 1 << 32} {
		assert.ErrorIs(t, s.Map(id), dpdk.ErrInvalid, id)
		assert.ErrorIs(t, s.Unmap(id), dpdk.ErrInvalid, id)
		assert.ErrorIs(t, StartServiceCore(id), dpdk.ErrInvalid, id)
		assert.ErrorIs(t, StopServiceCore(id), dpdk.ErrInvalid, id)
		assert.ErrorIs(t, RemoveServiceCore(id), dpdk.ErrInvalid, id)
		_, err = ServiceCoreLoops(id)
		assert.ErrorIs(t, err, dpdk.ErrInvalid, id)
		if id != 1 {
			assert.ErrorIs(t, AddServiceCore(id), dpdk.ErrInvalid, id)
		}
	}
	assert.ErrorIs(t, AddServiceCore(mainLcore), dpdk.ErrInvalid)
	occupy(t, 1)
	assert.ErrorIs(t, AddServiceCore(1), dpdk.ErrBusy, "at once, not at the function's end")
	serviceCoreFor(t, 2)
	assert.ErrorIs(t, AddServiceCore(2), dpdk.ErrInvalid, "it is one")
	assert.ErrorIs(t, RemoveServiceCore(2), dpdk.ErrBusy, "it is started")
}
