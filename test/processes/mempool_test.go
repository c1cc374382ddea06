//go:build linux

package processes

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/mempool"
)

// A node's pools by name, and the objects it holds.
var (
	pools = map[string]*mempool.Pool{}
	held  []mempool.Object
)

func pooled(f func(p *mempool.Pool, n int) (string, error)) func(args []string) (string, error) {
	return func(args []string) (string, error) {
		n := 0
		if len(args) > 1 {
			n, _ = strconv.Atoi(args[1])
		}
		return f(pools[args[0]], n)
	}
}

var (
	_ = verb("pool-create", func(args []string) (string, error) {
		p, err := mempool.Create(args[0], 255, 64, mempool.Config{CacheSize: 16, PrivateSize: 8, Ops: args[1]})
		pools[args[0]] = p
		return "", err
	})
	_ = verb("pool-anonymous", func(args []string) (string, error) {
		p, err := mempool.CreateEmpty(args[0], 10, 64, mempool.Config{NoIOVAContiguous: true})
		if err != nil {
			return "", err
		}
		pools[args[0]] = p
		_, err = p.PopulateAnonymous()
		return "", err
	})
	_ = verb("pool-lookup", func(args []string) (string, error) {
		p, err := mempool.Lookup(args[0])
		pools[args[0]] = p
		return "", err
	})
	// Gets n objects through a cache, and writes to them.
	_ = verb("pool-get", pooled(func(p *mempool.Pool, n int) (string, error) {
		c, err := p.NewCache(8)
		if err != nil {
			return "", err
		}
		for range n {
			o, ok := c.Get()
			if !ok {
				return "", fmt.Errorf("no object left, have %d", len(held))
			}
			p.Bytes(o)[63] = 1
			held = append(held, o)
		}
		return "", c.Close()
	}))
	_ = verb("pool-put", pooled(func(p *mempool.Pool, _ int) (string, error) {
		p.PutBulk(held)
		held = nil
		return "", nil
	}))
	// The put of all the objects that another process took.
	_ = verb("pool-put-all", pooled(func(p *mempool.Pool, _ int) (string, error) {
		for _, o := range p.All() {
			p.Put(o)
		}
		return "", nil
	}))
	_ = verb("pool-in-use", pooled(func(p *mempool.Pool, _ int) (string, error) { return fmt.Sprint(p.InUse()), nil }))
	_ = verb("pool-free", pooled(func(p *mempool.Pool, _ int) (string, error) { return "", p.Free() }))
)

func TestPoolIsSharedByProcesses(t *testing.T) {
	for _, ops := range []string{"ring_mp_mc", "stack"} {
		t.Run(ops, func(t *testing.T) {
			prefix := newPrefix(t)
			a := started(t, "primary", prefix)
			b := started(t, "secondary", prefix)
			a.do("pool-create", "shared", ops)
			b.do("pool-lookup", "shared")
			a.do("pool-get", "shared", "100")
			b.do("pool-get", "shared", "155")
			assert.Equal(t, "255", a.do("pool-in-use", "shared"))
			a.do("pool-put-all", "shared") // also the objects that b took
			assert.Equal(t, "0", b.do("pool-in-use", "shared"))

			// Free in the process that did not make it: its function pointers are
			// not this process's.
			b.do("pool-free", "shared")
			a.refused("ErrNotFound", "pool-free", "shared")
			a.refused("ErrNotFound", "pool-lookup", "shared")
			b.do("pool-create", "shared", ops)
			a.do("pool-lookup", "shared")
			a.do("pool-free", "shared")

			a.do("pool-anonymous", "private")
			b.refused("ErrInvalid", "pool-lookup", "private")
			a.do("pool-free", "private")
			b.quit()
			a.quit()
		})
	}
}
