//go:build linux

package hammer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lcore"
)

// Another call has the lcore, or has made something else of it.
var elsewhere = []error{dpdk.ErrBusy, dpdk.ErrInvalid, dpdk.ErrNotFound, dpdk.ErrExist}

func init() {
	worker := func(f func(id int) error) func(*rand.Rand) error {
		return func(r *rand.Rand) error { return f(1 + r.IntN(3)) }
	}
	service := func(f func(s *lcore.Service, r *rand.Rand) error) func(*rand.Rand) error {
		return func(r *rand.Rand) error {
			s, err := lcore.LookupService(fmt.Sprint("service ", r.IntN(4)))
			if err != nil {
				return err
			}
			return f(s, r)
		}
	}
	calls = append(calls,
		call{"lcore.Launch", worker(func(id int) error {
			task, err := lcore.Launch(context.Background(), id, func(context.Context) error { return nil })
			if err != nil {
				return err
			}
			return finish(task.Wait)
		}), elsewhere},
		call{"lcore.LaunchWorkers", func(*rand.Rand) error {
			tasks, err := lcore.LaunchWorkers(context.Background(), func(context.Context) error { return nil })
			if err != nil {
				return err
			}
			return finish(tasks.Wait)
		}, elsewhere},
		call{"lcore.StartControlThread", func(*rand.Rand) error {
			task, err := lcore.StartControlThread(context.Background(), "hammer", func(context.Context) error { return nil })
			if err != nil {
				return err
			}
			return finish(task.Wait)
		}, nil},
		call{"lcore.AddServiceCore", worker(lcore.AddServiceCore), elsewhere},
		call{"lcore.StartServiceCore", worker(lcore.StartServiceCore), elsewhere},
		call{"lcore.StopServiceCore", worker(lcore.StopServiceCore), elsewhere},
		call{"lcore.RemoveServiceCore", worker(lcore.RemoveServiceCore), elsewhere},
		call{"lcore.InUse", worker(func(id int) error { _, err := lcore.InUse(id); return err }), nil},
		call{"lcore.List", func(*rand.Rand) error { _, err := lcore.List(); return err }, nil},
		call{"lcore.ServiceCores", func(*rand.Rand) error { _, err := lcore.ServiceCores(); return err }, nil},
		call{"lcore.RegisterService", func(r *rand.Rand) error {
			_, err := lcore.RegisterService(fmt.Sprint("service ", r.IntN(4)), lcore.ServiceConfig{}, func(int) bool { return false })
			return err
		}, elsewhere},
		call{"lcore.Service", service(func(s *lcore.Service, r *rand.Rand) error {
			if _, err := s.Info(); err != nil {
				return err
			}
			switch r.IntN(5) {
			case 0:
				return s.Map(1 + r.IntN(3))
			case 1:
				return s.Unmap(1 + r.IntN(3))
			case 2:
				return s.Start()
			case 3:
				return s.Stop()
			}
			_, err := s.Stats()
			return err
		}), elsewhere},
		call{"lcore.Service.Unregister", service(func(s *lcore.Service, _ *rand.Rand) error { return s.Unregister() }), elsewhere},
		call{"lcore.ListServices", func(*rand.Rand) error { _, err := lcore.ListServices(); return err }, nil},
		call{"lcore.Timer", worker(func(id int) error {
			timer, err := lcore.NewTimer(func() {})
			if err != nil {
				return err
			}
			if err := timer.Once(time.Hour, id); err != nil {
				return err
			}
			timer.Pending()
			if err := timer.Stop(); err != nil {
				return err
			}
			return timer.Close()
		}), nil},
		call{"lcore.Alarm", func(*rand.Rand) error {
			alarm, err := lcore.NewAlarm(time.Hour, func() {})
			if err != nil {
				return err
			}
			return alarm.Stop()
		}, nil},
	)
	atEnd = append(atEnd, endServices)
}

// finish waits for a task that ends at once.
func finish(wait func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return wait(ctx)
}

// endServices makes workers of all lcores again, and has each run a function.
func endServices(t *testing.T) {
	services, err := lcore.ListServices()
	require.NoError(t, err)
	for _, s := range services {
		assert.NoError(t, s.Stop())
	}
	cores, err := lcore.ServiceCores()
	require.NoError(t, err)
	for _, id := range cores {
		assert.NoError(t, lcore.StopServiceCore(id))
		assert.NoError(t, lcore.RemoveServiceCore(id))
	}
	for _, s := range services {
		assert.NoError(t, s.Unregister())
	}
	workers := lcore.Workers()
	slices.Sort(workers)
	assert.Equal(t, []int{1, 2, 3}, workers)
	for _, id := range workers {
		// A thread that left its services on a busy machine may be on its way yet.
		require.Eventually(t, func() bool { inUse, err := lcore.InUse(id); return err == nil && !inUse },
			30*time.Second, time.Millisecond, "lcore %d is lost", id)
		task, err := lcore.Launch(context.Background(), id, func(context.Context) error { return nil })
		if assert.NoError(t, err) {
			assert.NoError(t, finish(task.Wait))
		}
	}
}
