//go:build linux && godpdk_debug

package objects_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// kinds make an object of each kind with this name, or find the one that a killed process has left, and
// free it.
var kinds = map[string]func(name string) error{
	"ring": func(name string) error {
		return recreate(func() (*ring.Ring[uint64], error) { return ring.Create[uint64](name, 64, ring.Config{}) },
			func() (*ring.Ring[uint64], error) { return ring.Lookup[uint64](name) })
	},
	"memzone": func(name string) error {
		return recreate(func() (*memzone.Zone, error) { return memzone.Reserve(name, 64, memzone.Config{}) },
			func() (*memzone.Zone, error) { return memzone.Lookup(name) })
	},
	"hold": func(name string) error {
		return recreate(func() (held, error) { return hold(memzone.Reserve(name, 64, memzone.Config{})) },
			func() (held, error) { return hold(memzone.Lookup(name)) })
	},
	"mempool": func(name string) error {
		return recreate(func() (*mempool.Pool, error) { return mempool.Create(name, 15, 64, mempool.Config{}) },
			func() (*mempool.Pool, error) { return mempool.Lookup(name) })
	},
	"mbufs": func(name string) error {
		return recreate(func() (*mbuf.Pool, error) { return mbuf.CreatePool(name, 15, mbuf.PoolConfig{}) },
			func() (*mbuf.Pool, error) { return mbuf.LookupPool(name) })
	},
	"rcu": func(name string) error {
		return recreate(func() (*rcu.QSBR, error) { return rcu.Create(name, 4, rcu.Config{}) },
			func() (*rcu.QSBR, error) { return rcu.Lookup(name) })
	},
	"cache": func(string) error {
		p, err := mempool.Lookup("kept")
		if err != nil {
			return err
		}
		c, err := p.NewCache(8)
		if err != nil {
			return err
		}
		return c.Close()
	},
	"owner": func(name string) error {
		o, err := ethdev.NewOwner(name)
		if err != nil {
			return err
		}
		return o.Close()
	},
}

// held is a zone that this process has held for a while.
type held struct{ *memzone.Zone }

func hold(z *memzone.Zone, err error) (held, error) {
	if err != nil {
		return held{}, err
	}
	return held{z}, control.Call("hold", z.Name(), func() error {
		return errors.Join(objects.MemzoneHold(z.Name(), z.Pointer()), objects.MemzoneRelease(z.Name(), z.Pointer()))
	})
}

// found counts the objects that recreate has found.
var found int

func recreate[T interface{ Free() error }](create, lookup func() (T, error)) error {
	o, err := create()
	if errors.Is(err, dpdk.ErrExist) {
		found++
		o, err = lookup()
	}
	if err != nil {
		return err
	}
	return o.Free()
}

func all() (err error) {
	for kind, f := range kinds {
		if e := f("all " + kind); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", kind, e))
		}
	}
	return err
}

// "stopper" stops at the nth delegated call of a kind, at this point. Without a kind it makes all and ends.
var _ = ealtest.Role("stopper", func(args []string) error {
	prefix, kind, point, nth := args[0], args[1], args[2], args[3]
	cfg := ealtest.Config(0)
	cfg.FilePrefix, cfg.ProcessType, cfg.Lcores, cfg.MemoryMB = prefix, eal.Secondary, "", 0
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer rt.Close()
	if kind == "" {
		return all()
	}
	n := 0
	stop := func(at string) {
		if at == "before send" {
			n++
		}
		if at == point && fmt.Sprint(n) == nth {
			ealtest.Say("it stops: at the point")
			ealtest.Hear() // until it is killed
		}
	}
	atPoint.Store(&stop)
	ealtest.Say("begins")
	ealtest.Hear()
	if err := kinds[kind]("stopped"); err != nil {
		return err
	}
	ealtest.Say("it stops: at the end")
	return nil
})

// heap returns the bytes of the shared heap in use, after the primary has cleaned up.
func heap(t *testing.T) (used uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := ealtest.Runtime().Recover(ctx)
	require.NoError(t, err)
	sockets, err := ealtest.Runtime().Memory()
	require.NoError(t, err)
	for _, s := range sockets {
		used += s.Used
	}
	return used
}

func TestASecondaryKilledAtAnyPointOfADelegatedCallLeavesNothing(t *testing.T) {
	kept, err := mempool.Create("kept", 63, 64, mempool.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, kept.Free()) }()
	prefix := ealtest.Runtime().FilePrefix()
	require.NoError(t, all())
	ealtest.Start(t, "stopper", prefix, "", "", "").Wait() // the first of all leaves zones
	before := heap(t)
	points := []string{"before the answer", "after send", "before send", "after answer"}
	if testing.Short() {
		points = points[:1]
	}
	for kind, redo := range kinds {
		for _, point := range points {
			t.Run(kind+" "+point, func(t *testing.T) {
				found = 0
				nth := 1
				for ; killAt(t, kind, point, nth); nth++ {
					require.NoError(t, all(), "call %d", nth)
					require.NoError(t, redo("stopped"), "call %d", nth)
					require.Equal(t, before, heap(t), "bytes of the heap after call %d", nth)
				}
				require.Greater(t, nth, 1, "calls")
				if point == "before the answer" {
					require.Equal(t, kind != "cache" && kind != "owner", found > 0, "it has no name, or is found by it")
				}
			})
		}
	}
	ealtest.Start(t, "stopper", prefix, "", "", "").Wait()
	require.Equal(t, before, heap(t))
}

// killAt kills a secondary at the nth call of a kind. It returns false if there are fewer calls. At the point
// "before the answer" the primary has made the call: the secondary waits for the answer.
func killAt(t *testing.T, kind, point string, nth int) bool {
	t.Helper()
	at := point
	if point == "before the answer" {
		at = "after send"
	}
	p := ealtest.Start(t, "stopper", ealtest.Runtime().FilePrefix(), kind, at, fmt.Sprint(nth))
	p.Expect("begins")
	calls, made, killed := 0, make(chan struct{}), make(chan struct{})
	hold := func(name string) {
		if name != point {
			return
		}
		if calls++; calls == nth {
			close(made)
			<-killed
		}
	}
	atPoint.Store(&hold)
	defer atPoint.Store(nil)
	defer close(killed)
	p.Send("go on")
	if p.Expect("it stops:") == "at the end" {
		p.Wait()
		return false
	}
	if at != point {
		<-made
	}
	p.Kill()
	return true
}
