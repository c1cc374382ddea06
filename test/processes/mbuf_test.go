//go:build linux

package processes

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

var (
	_ = verb("mbuf-pool", func(a []string) (string, error) {
		n, err := strconv.Atoi(a[1])
		if err == nil {
			_, err = mbuf.CreatePool(a[0], n, mbuf.PoolConfig{})
		}
		return "", err
	})
	_ = verb("mbuf-ring", func(a []string) (string, error) {
		_, err := ring.Create[*mbuf.Mbuf](a[0], 256, ring.Config{})
		return "", err
	})
	_ = verb("mbuf-available", func(a []string) (string, error) {
		p, err := mbuf.LookupPool(a[0])
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d of %d", p.Available(), p.Size()), nil
	})
	_ = verb("mbuf-field", func(a []string) (string, error) {
		f, err := mbuf.RegisterField[uint64](a[0], mbuf.FieldConfig{})
		return fmt.Sprint(f.Offset()), err
	})
	_ = verb("mbuf-flag", func(a []string) (string, error) {
		_, err := mbuf.RegisterFlag(a[0], mbuf.FlagConfig{})
		return "", err
	})
	_ = verb("mbuf-timestamp", func(a []string) (string, error) {
		f := mbuf.RxTimestamp
		if a[0] == "tx" {
			f = mbuf.TxTimestamp
		}
		_, err := f()
		return "", err
	})
	_ = verb("mbuf-lookup-field", func(a []string) (string, error) {
		_, err := mbuf.LookupField[uint64](a[0])
		return "", err
	})
	_ = verb("mbuf-lookup-flag", func(a []string) (string, error) {
		_, err := mbuf.LookupFlag(a[0])
		return "", err
	})
	// The first lookups of a process, all at once: the error is of one that is not as it should be.
	_ = verb("mbuf-first-lookups", func(a []string) (string, error) {
		var start, all sync.WaitGroup
		start.Add(1)
		errs := make([]error, 16)
		for i := range errs {
			all.Go(func() {
				start.Wait()
				if i%2 == 0 {
					_, errs[i] = mbuf.LookupField[uint64](a[0])
				} else {
					_, errs[i] = mbuf.LookupFlag(a[0])
				}
			})
		}
		start.Done()
		all.Wait()
		for _, err := range errs {
			if !errors.Is(err, dpdk.ErrNotFound) {
				return "", fmt.Errorf("got %w", err)
			}
		}
		return "", nil
	})
	_ = verb("mbuf-send", sendPackets)
	_ = verb("mbuf-work", workPackets)
	_ = verb("mbuf-take", takePackets)
)

func init() { sentinels["ErrSecondary"] = dpdk.ErrSecondary }

var (
	dstMAC = bytes.Repeat([]byte{0xd0}, 6)
	srcMAC = bytes.Repeat([]byte{0x50}, 6)
)

// sendPackets sends numbered packets from a pool into a ring, some in two segments.
func sendPackets(a []string) (string, error) {
	var idle lcore.Idle
	p, err := mbuf.LookupPool(a[0])
	if err != nil {
		return "", err
	}
	r, total, err := packetRing(a[1], a[2])
	if err != nil {
		return "", err
	}
	c, err := p.NewCache(32)
	if err != nil {
		return "", err
	}
	for seq := range total {
		m, ok := c.Alloc()
		for !ok {
			idle.After(0)
			m, ok = c.Alloc()
		}
		frame, _ := m.Append(64)
		copy(frame, dstMAC)
		copy(frame[6:], srcMAC)
		binary.LittleEndian.PutUint32(frame[16:], uint32(seq))
		if seq%7 == 0 {
			if tail, ok := c.Alloc(); ok {
				tail.Append(32)
				if err := m.Chain(tail); err != nil {
					return "", err
				}
			}
		}
		for !r.Enqueue(m) {
			idle.After(0)
		}
		idle.After(1)
	}
	return "", c.Close()
}

// workPackets swaps the addresses of the packets of one ring and enqueues them on another.
func workPackets(a []string) (string, error) {
	in, total, err := packetRing(a[0], a[2])
	if err != nil {
		return "", err
	}
	out, _, err := packetRing(a[1], a[2])
	if err != nil {
		return "", err
	}
	var pkts [32]*mbuf.Mbuf
	var idle lcore.Idle
	wrong := 0
	for done := 0; done < total; {
		n := in.DequeueBurst(pkts[:])
		for _, m := range pkts[:n] {
			f := m.Data()
			if m.Check(true) != nil || !bytes.Equal(f[:6], dstMAC) {
				wrong++
			}
			dst := [6]byte(f)
			copy(f, f[6:12])
			copy(f[6:], dst[:])
		}
		for rest := pkts[:n]; len(rest) > 0; {
			rest = rest[out.EnqueueBurst(rest):]
		}
		done += n
		idle.After(n)
	}
	return fmt.Sprint(wrong, " wrong"), nil
}

// takePackets frees the packets that return, through a cache of its own.
func takePackets(a []string) (string, error) {
	in, total, err := packetRing(a[0], a[1])
	if err != nil {
		return "", err
	}
	var cache *mbuf.Cache
	var pkts [32]*mbuf.Mbuf
	var idle lcore.Idle
	wrong := 0
	for done := 0; done < total; {
		n := in.DequeueBurst(pkts[:])
		for _, m := range pkts[:n] {
			f := m.Data()
			if m.Check(true) != nil || !bytes.Equal(f[:6], srcMAC) || !bytes.Equal(f[6:12], dstMAC) {
				wrong++
			}
		}
		if n > 0 && cache == nil {
			p, err := mbuf.LookupPool("packets")
			if err != nil {
				return "", err
			}
			if cache, err = p.NewCache(32); err != nil {
				return "", err
			}
		}
		if n > 0 {
			cache.FreeBulk(pkts[:n])
		}
		done += n
		idle.After(n)
	}
	if cache == nil {
		return "", errors.New("nothing came")
	}
	return fmt.Sprint(wrong, " wrong"), cache.Close()
}

func packetRing(name, count string) (*ring.Ring[*mbuf.Mbuf], int, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, 0, err
	}
	r, err := ring.Lookup[*mbuf.Mbuf](name)
	return r, n, err
}

// kinds of processes; all understand the same requests.
var mbufPeers = map[string]func(*testing.T, string, string) *peer{
	"Go": func(t *testing.T, role, prefix string) *peer { return started(t, role, prefix) },
	"C": func(t *testing.T, role, prefix string) *peer {
		p := cPeer(t, "mbufpeer", role, prefix)
		p.done() // its role
		return p
	},
}

// A primary allocates packets and puts them into a ring, a secondary changes
// them and hands them back, and the primary frees them; then the other way
// round. Every mbuf comes home.
func TestAllMbufsReturnToTheirPool(t *testing.T) {
	const pool = 511
	total := harness.Size("20000", "4000")
	for _, langs := range [][2]string{{"Go", "Go"}, {"Go", "C"}, {"C", "Go"}} {
		t.Run(langs[0]+" primary and "+langs[1]+" secondary", func(t *testing.T) {
			prefix := newPrefix(t)
			primary := mbufPeers[langs[0]](t, "primary", prefix)
			primary.do("mbuf-pool", "packets", strconv.Itoa(pool))
			primary.do("mbuf-ring", "down")
			primary.do("mbuf-ring", "up")
			secondary := mbufPeers[langs[1]](t, "secondary", prefix)
			worker := mbufPeers[langs[1]](t, "secondary", prefix)
			full := fmt.Sprintf("%d of %d", pool, pool)
			for _, side := range []struct{ from, to *peer }{{primary, secondary}, {secondary, primary}} {
				// One allocates, a third process swaps, the other one frees.
				worker.ask("mbuf-work", "down", "up", total)
				side.to.ask("mbuf-take", "up", total)
				side.from.do("mbuf-send", "packets", "down", total)
				assert.Equal(t, "0 wrong", worker.done())
				assert.Equal(t, "0 wrong", side.to.done())
				assert.Equal(t, full, primary.do("mbuf-available", "packets"))
				assert.Equal(t, full, secondary.do("mbuf-available", "packets"))
			}
			worker.quit()
			secondary.quit()
			primary.quit()
			if langs[0] == "C" { // which leaves its hugepage files to the next primary
				for _, file := range hugeFiles(t, prefix) {
					assert.NoError(t, os.Remove(file))
				}
			}
		})
	}
}

// Only the primary makes dynamic fields; a secondary finds them.
func TestOnlyThePrimaryRegistersDynamicFields(t *testing.T) {
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix)
	secondary := started(t, "secondary", prefix)
	for _, request := range [][]string{{"mbuf-field", "new"}, {"mbuf-flag", "new"}, {"mbuf-timestamp", "rx"}, {"mbuf-timestamp", "tx"}} {
		a := secondary.refused("ErrSecondary", request...)
		assert.Contains(t, a.Err, "register it in the primary first")
	}
	secondary.refused("ErrNotFound", "mbuf-lookup-field", "mine")
	secondary.refused("ErrNotFound", "mbuf-lookup-flag", "mine")
	primary.do("mbuf-first-lookups", "mine")
	offset := primary.do("mbuf-field", "mine")
	assert.Equal(t, offset, secondary.do("mbuf-field", "mine"))
	a := secondary.refused("ErrSecondary", "mbuf-field", "new")
	assert.Contains(t, a.Err, "primary")
	c := mbufPeers["C"](t, "secondary", prefix)
	assert.Equal(t, offset, c.do("mbuf-field", "mine"))
	c.quit()
	secondary.quit()
	primary.quit()
}
