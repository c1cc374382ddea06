//go:build !godpdk_debug && !race

package mbuf_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

func TestDataPathDoesNotAllocate(t *testing.T) {
	p := newPool(t, 255, mbuf.PoolConfig{})
	c := newCache(t, p, 32)
	pkts := make([]*mbuf.Mbuf, 32)
	sum := 0
	for name, f := range map[string]func(){
		"single": func() { m, _ := c.Alloc(); c.Free(m) },
		"bulk":   func() { c.AllocBulk(pkts); c.FreeBulk(pkts) },
		"pool":   func() { p.AllocBulk(pkts); mbuf.FreeBulk(pkts) },
		"pool, single": func() {
			m, _ := p.Alloc()
			m.Free()
		},
		"data": func() {
			m, _ := c.Alloc()
			b, _ := m.Append(64)
			sum += len(b) + len(m.Data()) + m.Len()
			m.Prepend(4)
			m.Adj(2)
			m.Trim(3)
			c.Free(m)
		},
	} {
		assert.Zero(t, testing.AllocsPerRun(200, f), name)
	}
}
