//go:build linux

package processes

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
)

// stand is the memory that all processes of a test share, as in locks.c: the locks, and the
// words that a lock guards.
type stand struct {
	spin   lock.Spin
	ticket lock.Ticket
	mcs    lock.MCS
	rw     lock.RW
	pf     lock.PhaseFair
	nodes  [teamSize]lock.MCSNode
	seq    lock.SeqValue[[5]uint64]
	a, b   uint64 // equal while no process writes

	last, changes uint64        // the last writer, and how often the writer changed
	ready         atomic.Uint32 // processes about to begin
}

const teamSize = 4 // as in locks.c

var _ = verb("stand", func([]string) (string, error) {
	_, err := memzone.CreateValue[stand]("stand", memzone.Config{})
	return "", err
})

// lockVerb adds a verb. Its arguments are the number of the process, a lock, and a count.
func lockVerb(name string, f func(s *stand, user int, which string, n uint64) (string, error)) struct{} {
	return verb(name, func(args []string) (string, error) {
		v, err := memzone.LookupValue[stand]("stand")
		if err != nil {
			return "", err
		}
		user, err := strconv.Atoi(args[0])
		if err != nil {
			return "", err
		}
		n, err := strconv.ParseUint(args[2], 10, 64)
		if err != nil {
			return "", err
		}
		return f(v.Get(), user, args[1], n)
	})
}

// "sections" runs n critical sections. With a lock that has readers, each fourth section writes.
// It returns the number of sections that saw another section half done.
var _ = lockVerb("sections", func(s *stand, user int, which string, n uint64) (string, error) {
	mcs, err := s.mcs.Locker(&s.nodes[user])
	if err != nil {
		return "", err
	}
	l := map[string]sync.Locker{"spin": &s.spin, "ticket": &s.ticket, "mcs": mcs, "rw": &s.rw, "pf": &s.pf}[which]
	readers, _ := l.(interface {
		RLock()
		RUnlock()
	})
	torn := 0
	look := func() {
		if s.a != s.b {
			torn++
		}
	}
	s.ready.Add(1)
	for s.ready.Load() != teamSize {
		runtime.Gosched()
	}
	for i := range n {
		if readers != nil && i%4 != 0 {
			readers.RLock()
			look()
			readers.RUnlock()
			continue
		}
		l.Lock()
		look()
		s.a++
		if i%2048 == 0 { // the others wait for a holder that does not run
			_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		}
		s.b++
		if s.last != uint64(user) {
			s.last = uint64(user)
			s.changes++
		}
		l.Unlock()
	}
	return fmt.Sprint(torn, " torn"), nil
})

// "counted" returns the counts of the sections, and how often the lock went from one process to
// another. Then it clears all of them.
var _ = lockVerb("counted", func(s *stand, _ int, _ string, _ uint64) (string, error) {
	result := fmt.Sprint(s.a, s.b, s.changes)
	s.a, s.b, s.changes = 0, 0, 0
	s.ready.Store(0)
	return result, nil
})

// "seq-write" writes values, each of five equal numbers one above the last.
var _ = lockVerb("seq-write", func(s *stand, _ int, _ string, n uint64) (string, error) {
	for range n {
		s.seq.Update(func(v *[5]uint64) {
			for i := range v {
				v[i]++
			}
		})
	}
	return "", nil
})

// "seq-read" reads until the value is n, and returns how many values were torn or lower than the last.
var _ = lockVerb("seq-read", func(s *stand, _ int, _ string, n uint64) (string, error) {
	torn := 0
	for last := uint64(0); last < n && torn == 0; runtime.Gosched() {
		v := s.seq.Load()
		for _, x := range v {
			if x != v[0] || x < last {
				torn++
			}
		}
		last = v[0]
	}
	return fmt.Sprint(torn, " torn"), nil
})

// team is a Go primary and secondary, and two secondaries in C.
func team(t *testing.T) []*peer {
	prefix := newPrefix(t)
	all := []*peer{started(t, "primary", prefix), started(t, "secondary", prefix)}
	for len(all) < teamSize {
		c := cPeer(t, "locks", "secondary", prefix)
		c.done()
		all = append(all, c)
	}
	all[0].do("stand")
	return all
}

// dismiss ends the secondaries before the primary.
func dismiss(all []*peer) {
	for i := range all {
		all[len(all)-1-i].quit()
	}
}

func TestLocksExcludeFourProcesses(t *testing.T) {
	all := team(t)
	for _, which := range []string{"spin", "ticket", "mcs", "rw", "pf"} {
		t.Run(which, func(t *testing.T) {
			sections, changes := harness.Size(1<<20, 1<<18), 0
			want := sections
			if which == "rw" || which == "pf" {
				want /= 4
			}
			// Short ones may end before all processes have a CPU. They work again then.
			for round := 0; round == 0 || changes <= 10 && round < 50; round++ {
				for i, p := range all {
					p.ask("sections", strconv.Itoa(i), which, strconv.Itoa(sections/teamSize))
				}
				for _, p := range all {
					assert.Equal(t, "0 torn", p.done())
				}
				var a, b, n int
				counted := all[0].do("counted", "0", which, "0")
				_, err := fmt.Sscan(counted, &a, &b, &n)
				require.NoError(t, err, counted)
				assert.Equal(t, want, a)
				assert.Equal(t, want, b)
				changes += n
			}
			assert.Greater(t, changes, 10, "they worked one after the other")
			t.Log(changes, "changes")
		})
	}
	dismiss(all)
}

// Two write and two read, one in Go and one in C of each.
func TestReadersNeverSeeATornValue(t *testing.T) {
	all := team(t)
	each := harness.Size(1<<19, 1<<17)
	for i, p := range []*peer{all[0], all[2]} {
		p.ask("seq-write", strconv.Itoa(i), "seq", strconv.Itoa(each))
	}
	for i, p := range []*peer{all[1], all[3]} {
		p.ask("seq-read", strconv.Itoa(i), "seq", strconv.Itoa(2*each))
	}
	for i, want := range []string{"", "0 torn", "", "0 torn"} {
		assert.Equal(t, want, all[i].done())
	}
	dismiss(all)
}
