//go:build linux

package processes

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

var (
	// The name of the ops of a pool of mbufs.
	_ = verb("mbuf-pool-ops", func(a []string) (string, error) {
		p, err := mbuf.LookupPool(a[0])
		if err != nil {
			return "", err
		}
		return p.OpsName(), nil
	})
	// How many pools there are, those of others included.
	_ = verb("pools", func([]string) (string, error) {
		all, err := mempool.List()
		return fmt.Sprint(len(all)), err
	})
	// Makes and frees a pool for a second.
	_ = verb("pool-churn", func(a []string) (string, error) {
		d, err := time.ParseDuration(a[1])
		if err != nil {
			return "", err
		}
		for begin := time.Now(); time.Since(begin) < d; {
			p, err := mbuf.CreatePool(a[0], 1023, mbuf.PoolConfig{})
			if err != nil {
				return "", err
			}
			if err := p.Free(); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	// Looks a pool up again and again: it is whole, or not found.
	_ = verb("pool-seek", func(a []string) (string, error) {
		d, err := time.ParseDuration(a[1])
		if err != nil {
			return "", err
		}
		for begin := time.Now(); time.Since(begin) < d; {
			p, err := mempool.Lookup(a[0])
			if err == nil {
				if p.Flags()&mempool.Created == 0 {
					return "", fmt.Errorf("found before it had its ops")
				}
				_, err = mbuf.LookupPool(a[0])
			}
			if err != nil && !errors.Is(err, dpdk.ErrNotFound) {
				return "", err
			}
		}
		return "", nil
	})
)

// dpdk-testpmd numbers its ops differently than a Go program on the same DPDK, and
// publishes nothing. The ring that it made shows which ops a number means.
func TestPoolOfTestpmdIsUsedWithItsOps(t *testing.T) {
	harness.Need(t, harness.Testpmd)
	prefix := newPrefix(t)
	t.Cleanup(func() { removeAll(t, hugeFiles(t, prefix)) })
	pmd := harness.Command(t, "dpdk-testpmd", "--file-prefix="+prefix, "--lcores="+harness.Lcore(nextLcore())+","+harness.Lcore(nextLcore()),
		"-m", "64", "--no-pci", "--no-telemetry", "--", "-i", "--total-num-mbufs=2048", "--no-mlockall")
	pmd.Send("show config cores")
	pmd.Expect("testpmd> show config cores")

	s := goPeer(t)
	s.do("init", "secondary", prefix)
	s.ask("mbuf-pool-ops", "mb_pool_0")
	a := s.answer()
	if a.Err == "" { // on a DPDK where the numbers are the same
		assert.Equal(t, "ring_mp_mc", a.Result, "which is what testpmd made")
	} else {
		require.Contains(t, a.Is, "ErrInvalid", a.Err)
		assert.Contains(t, a.Err, "load the same drivers in all processes, in the same order")
	}
	assert.Equal(t, "1", s.do("pools"))

	// The secondary numbers its own pools by its own table, which does not change the other pool.
	s.do("pool-create", "own", "ring_mp_mc")
	s.ask("mbuf-pool-ops", "mb_pool_0")
	assert.Equal(t, a.Err, s.answer().Err)
	s.do("pool-free", "own")
	s.quit()
	pmd.Send("quit")
	assert.Contains(t, strings.Join(pmd.Wait(), "\n"), "Bye...")
}

func TestLookupFindsOnlyCompletePools(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	s := started(t, "secondary", prefix)
	long := harness.Size("1s", "200ms")
	p.ask("pool-churn", "pool", long)
	s.do("pool-seek", "pool", long)
	assert.Empty(t, p.answer().Err)
	s.quit()
	p.quit()
}
