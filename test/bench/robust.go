package main

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// robust compares lock + unlock of the uncontended robust mutex.
func robust() ([]contest, error) {
	zone, err := memzone.CreateValue[lock.Mutex]("bench mutex", memzone.Config{})
	if err != nil {
		return nil, err
	}
	m := zone.Get()
	if err := m.Init(); err != nil {
		return nil, err
	}
	p := m.Pointer()
	return []contest{{
		group: "locks", name: "Mutex (robust)", burst: 1,
		c: func(iters int) { cloop.Mutex(p, iters) },
		goNative: func(iters int) {
			for range iters {
				_ = m.Lock()
				_ = m.Unlock()
			}
		},
		cgo: func(iters int) {
			for range iters {
				cgo.MutexLock(p)
				cgo.MutexUnlock(p)
			}
		},
	}}, nil
}

// quiescents compares the reports of a reader, with a grace period that starts at each report, and
// at each 64th report.
func quiescents() ([]contest, error) {
	q, err := rcu.Create("bench qsbr", 64, rcu.Config{})
	if err != nil {
		return nil, err
	}
	r, err := q.Register(1)
	if err != nil {
		return nil, err
	}
	r.Online()
	v := q.Pointer()
	var contests []contest
	for _, every := range []int{64, 1} {
		name := map[int]string{64: "quiescent", 1: "start + quiescent"}[every]
		contests = append(contests, contest{
			group: "rcu", name: name, burst: 1,
			c: func(iters int) { cloop.Quiescent(v, 1, every, iters) },
			goNative: func(iters int) {
				for i := range iters {
					if i%every == 0 {
						q.Start()
					}
					r.Quiescent()
				}
			},
			cgo: func(iters int) {
				for i := range iters {
					if i%every == 0 {
						q.Start()
					}
					cgo.RCUQuiescent(v, 1)
				}
			},
		})
	}
	return contests, nil
}
