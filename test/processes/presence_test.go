//go:build linux

package processes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// "join" attaches as a secondary. Its arguments are a file prefix and EAL options; "suggested" is
// SecondaryConfig, "shared" is Config.SharedLcores. It returns the lcores that it got.
var _ = verb("join", func(args []string) (string, error) {
	cfg := eal.Config{ProcessType: eal.Secondary, FilePrefix: args[0]}
	for _, option := range args[1:] {
		switch option {
		case "suggested":
			suggested, err := eal.SecondaryConfig(args[0])
			if err != nil {
				return "", err
			}
			cfg = suggested
		case "shared":
			cfg.SharedLcores = true
		default:
			cfg.Extra = append(cfg.Extra, option)
		}
	}
	cfg.Logger = logger
	cfg.PrimaryTimeout = time.Minute // others join at the same time
	started, err := eal.Init(cfg)
	if err != nil {
		return "", err
	}
	rt = started
	all, err := rt.Processes()
	for _, p := range all {
		if p.Pid == os.Getpid() && p.Role == eal.Secondary {
			return fmt.Sprint(p.Lcores), err
		}
	}
	return "", errors.Join(err, fmt.Errorf("not among %v", all))
})

// "suggest" is SecondaryConfig, in any process.
var _ = verb("suggest", func(args []string) (string, error) {
	cfg, err := eal.SecondaryConfig(args[0])
	text, e := json.Marshal(struct {
		eal.Config
		Prepare any `json:",omitempty"` // hides a function, which JSON cannot express
	}{Config: cfg})
	return string(text), errors.Join(err, e)
})

var _ = verb("args", func([]string) (string, error) { return strings.Join(rt.Args(), " "), nil })

var _ = verb("ports", func([]string) (string, error) {
	ports, err := ethdev.List()
	var names []string
	for _, p := range ports {
		names = append(names, p.Name())
	}
	slices.Sort(names)
	return strings.Join(names, " "), err
})

// happened has the events of Subscribe.
var happened struct {
	sync.Mutex
	events []told
}

type told struct {
	Pid  int
	What string
	Go   bool
	Time time.Time
}

var _ = verb("watch", func([]string) (string, error) {
	sub, err := rt.Subscribe()
	if err != nil {
		return "", err
	}
	go func() {
		for e := range sub.C {
			happened.Lock()
			happened.events = append(happened.events, told{e.Pid, e.State.String(), e.Go, e.Time})
			happened.Unlock()
		}
	}()
	return "", nil
})

var _ = verb("events", func([]string) (string, error) {
	happened.Lock()
	defer happened.Unlock()
	text, err := json.Marshal(happened.events)
	return string(text), err
})

// "processes" returns the role, language and state of each process.
var _ = verb("processes", func([]string) (string, error) {
	all, err := rt.Processes()
	var words []string
	for _, p := range all {
		language := "c"
		if p.Go {
			language = "go"
		}
		words = append(words, fmt.Sprintf("%v-%s-%v", p.Role, language, p.State))
	}
	slices.Sort(words)
	return strings.Join(words, " "), err
})

// "gone" waits until the primary has gone, in the given way, and returns the time.
var _ = verb("gone", func(args []string) (string, error) {
	var err error
	switch args[0] {
	case "idle":
		<-rt.Context().Done()
	case "poll":
		r, e := ring.Lookup[message]("ring")
		if e != nil {
			return "", e
		}
		for rt.Context().Err() == nil {
			r.Enqueue(newMessage(1))
			r.Dequeue()
		}
	case "lookups":
		for err == nil {
			_, err = ring.Lookup[message]("ring")
		}
	}
	when := time.Now()
	if cause := context.Cause(rt.Context()); !errors.Is(cause, dpdk.ErrPrimaryGone) {
		return "", fmt.Errorf("cause %v", cause)
	}
	_, late := ring.Lookup[message]("ring")
	if !errors.Is(late, dpdk.ErrPrimaryGone) || err != nil && !errors.Is(err, dpdk.ErrPrimaryGone) {
		return "", fmt.Errorf("control calls: %v, %v", err, late)
	}
	return strconv.FormatInt(when.UnixNano(), 10), nil
})

func events(p *peer) (all []told) {
	p.t.Helper()
	require.NoError(p.t, json.Unmarshal([]byte(p.do("events")), &all))
	return all
}

// noticed waits for the event last of a pid, and returns all events of that pid so far.
func noticed(p *peer, pid int, last string) (words []string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		words = words[:0]
		for _, e := range events(p) {
			if e.Pid == pid {
				words = append(words, e.What)
			}
		}
		return slices.Contains(words, last)
	}, 20*time.Second, 20*time.Millisecond, "pid %d: %v, want %s", pid, words, last)
	return words
}

func attachFile(prefix string) string {
	return filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix, "godpdk_attach")
}

// publish changes the facts that a primary has published to those of another primary. restore
// undoes the change.
func publish(t *testing.T, prefix string, change func(facts map[string]any)) (restore func()) {
	t.Helper()
	f, err := os.OpenFile(attachFile(prefix), os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	before := make([]byte, 32<<10)
	_, err = f.ReadAt(before, 0)
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(before), "\n")
	var facts map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &facts))
	change(facts)
	text, err := json.Marshal(facts)
	require.NoError(t, err)
	_, err = f.WriteAt(append(text, '\n'), 0)
	require.NoError(t, err)
	return func() {
		f, err := os.OpenFile(attachFile(prefix), os.O_RDWR, 0)
		require.NoError(t, err)
		defer f.Close()
		_, err = f.WriteAt(before, 0)
		require.NoError(t, err)
	}
}

func TestInitRefusesASecondaryOfAnotherBuild(t *testing.T) {
	prefix := newPrefix(t)
	p, s := started(t, "primary", prefix), goPeer(t)
	build := func(name string, v any) func(map[string]any) {
		return func(f map[string]any) { f["Build"].(map[string]any)[name] = v }
	}
	for _, tc := range []struct {
		name   string
		change func(map[string]any)
		says   []string
	}{
		{"another DPDK", func(f map[string]any) { f["DPDK"] = "DPDK 19.11.1" }, []string{"DPDK 19.11.1", dpdk.Version(), "same DPDK"}},
		{"another format of godpdk", func(f map[string]any) { f["Format"] = 99 }, []string{"format 99", "format 2"}},
		{"more lcores", build("RTE_MAX_LCORE", 256), []string{"RTE_MAX_LCORE", "primary has 256", "secondary has 128", "same build"}},
		{"another mbuf", build("sizeof(struct rte_mbuf)", 192), []string{"rte_mbuf", "192", "128"}},
		{"debugged mempools", build("RTE_LIBRTE_MEMPOOL_DEBUG", 1), []string{"MEMPOOL_DEBUG", "has 1", "has 0"}},
		{"another headroom", build("RTE_PKTMBUF_HEADROOM", 256), []string{"HEADROOM", "256", "128"}},
		{"another device blocked", func(f map[string]any) { f["Options"] = map[string]any{"block": []string{"0000:07:00.0"}} }, nil},
	} {
		restore := publish(t, prefix, tc.change)
		if tc.says != nil { // the last change does not concern a secondary with --no-pci
			a := s.refused("ErrMismatch", "init", "secondary", prefix)
			for _, text := range tc.says {
				assert.Contains(t, a.Err, text, tc.name)
			}
			assert.Contains(t, s.refused("ErrMismatch", "suggest", prefix).Err, tc.says[0])
		}
		restore()
	}
	s.do("init", "secondary", prefix) // nothing of it was touched
	s.quit()
	p.quit()
}

// EAL knows its ops only after its start. Init finds the difference before the ops are used.
func TestInitRefusesMempoolOpsOfAnotherOrder(t *testing.T) {
	prefix := newPrefix(t)
	p, fewer := started(t, "primary", prefix), goPeer(t)
	restore := publish(t, prefix, func(f map[string]any) { f["Ops"] = append(f["Ops"].([]any), "one_more") })
	fewer.do("init", "secondary", prefix)
	restore()
	restore = publish(t, prefix, func(f map[string]any) {
		ops := f["Ops"].([]any)
		ops[0], ops[1] = ops[1], ops[0]
	})
	s := goPeer(t)
	a := s.refused("ErrMismatch", "init", "secondary", prefix)
	assert.Contains(t, a.Err, "mempool ops 0")
	assert.Contains(t, a.Err, "same drivers in the same order")
	assert.Empty(t, sockets(t, prefix, s.Pid()), "it has detached")
	restore()
	s.quit()
	fewer.quit()
	p.quit()
}

func TestInitWarnsOfRiskyDifferences(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	restore := publish(t, prefix, func(f map[string]any) {
		f["Godpdk"], f["Headers"] = "v0.0.1", "22.11.1"
		f["Options"] = map[string]any{"no-pci": []string{""}, "driver-path": []string{"librte_some.so"}}
	})
	s := goPeer(t)
	s.do("init", "secondary", prefix)
	log := s.do("log")
	for _, text := range []string{"v0.0.1", "22.11.1", "librte_some.so"} {
		assert.Regexp(t, "WARN .*"+text, log)
	}
	restore()
	s.quit()
	p.quit()
}

func TestASecondaryGetsThePrimarysDevicesOrIsRefused(t *testing.T) {
	prefix := newPrefix(t)
	p, s := started(t, "primary", prefix), goPeer(t) // --no-pci, and no port
	for _, option := range []string{"--vdev=net_null7", "-a=0000:ff:1f.7", "-b=0000:ff:1f.7"} {
		a := s.refused("ErrMismatch", "join", prefix, option) // 22.11 aborts at the first
		_, value, _ := strings.Cut(option, "=")
		assert.Contains(t, a.Err, value)
	}
	s.do("join", prefix) // without --no-pci of its own
	assert.Contains(t, s.do("args"), "--no-pci")
	s.quit()
	p.quit()

	p = started(t, "primary", prefix, "--vdev=net_null0,size=64", "--vdev=net_null1", "--single-file-segments")
	for _, option := range []string{"suggested", "--vdev=net_null0,size=64", "--no-pci"} {
		s = goPeer(t)
		s.do("join", prefix, option)
		assert.Equal(t, "net_null0 net_null1", s.do("ports"))
		s.quit()
	}
	for _, q := range []*peer{p, goPeer(t)} { // the primary itself, and one without EAL
		cfg := q.do("suggest", prefix)
		for _, text := range []string{`"NoPCI":true`, `"Extra":["--single-file-segments"]`, `"Lcores":""`} {
			assert.Contains(t, cfg, text)
		}
		assert.Equal(t, "false", fmt.Sprint(q != p && strings.Contains(cfg, "net_null0")))
		if q != p {
			q.quit()
		}
	}
	assert.Equal(t, "true", p.do("alive"))
	late := started(t, "secondary", prefix) // the primary still has its lock
	late.quit()
	p.quit()
}

func TestLcoresOfAllProcessesAreDisjoint(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	p.do("init", "primary", prefix, "--lcores=0@0,3@0")
	s := goPeer(t)
	a := s.refused("ErrMismatch", "join", prefix, "--lcores=(2-3)@0")
	for _, text := range []string{"lcores: primary has 3 in the primary with pid " + strconv.Itoa(p.Pid()), "secondary has 2,3", "Config.Lcores"} {
		assert.Contains(t, a.Err, text)
	}
	assert.Contains(t, goRefused(t, prefix, "-c", "0x1"), "lcores") // EAL's own parser decides: known after its start

	assert.Equal(t, "[1]", s.do("join", prefix))
	others := []*peer{goPeer(t), goPeer(t), goPeer(t)}
	for _, q := range others { // at the same time
		q.ask("join", prefix)
	}
	var got []string
	for _, q := range others {
		got = append(got, q.done())
	}
	slices.Sort(got)
	assert.Equal(t, []string{"[2]", "[4]", "[5]"}, got)
	q := goPeer(t)
	a = q.refused("ErrMismatch", "join", prefix, "--lcores=1@0")
	assert.Contains(t, a.Err, "secondary with pid "+strconv.Itoa(s.Pid()))
	assert.Equal(t, "[1]", q.do("join", prefix, "--lcores=1@0", "shared"))
	q.quit()
	s.Kill() // its lcore is free at once
	q = goPeer(t)
	assert.Equal(t, "[1]", q.do("join", prefix, "--lcores=1@0"))
	q.quit()
	for _, q := range others {
		q.quit()
	}
	p.quit()
}

// goRefused is the error of a secondary that is refused when EAL has started.
func goRefused(t *testing.T, prefix string, options ...string) string {
	t.Helper()
	s := goPeer(t)
	a := s.refused("ErrMismatch", append([]string{"join", prefix}, options...)...)
	s.quit()
	return a.Err
}

func TestSecondariesDetectARestartedPrimary(t *testing.T) {
	for _, how := range []string{"killed", "closed"} {
		t.Run(how, func(t *testing.T) {
			prefix := newPrefix(t)
			p := started(t, "primary", prefix, "--single-file-segments")
			p.do("create", "ring", "64", "24", "multi")
			var old []*peer
			for _, what := range []string{"poll", "idle", "lookups"} {
				s := started(t, "secondary", prefix)
				s.ask("gone", what)
				old = append(old, s)
			}
			if how == "killed" {
				p.Kill()
			} else {
				p.quit()
			}
			died := time.Now()
			again := started(t, "primary", prefix, "--single-file-segments")
			again.do("create", "ring", "64", "24", "multi")
			for _, s := range old {
				ns, err := strconv.ParseInt(s.done(), 10, 64)
				require.NoError(t, err)
				assert.Less(t, time.Unix(0, ns).Sub(died), time.Second)
				assert.Equal(t, "false", s.do("alive"), "another primary is not its own")
				s.refused("ErrPrimaryGone", "reserve", "zone", "64", "old")
			}
			// The new one has nothing in common with them.
			again.do("watch")
			assert.Contains(t, again.do("dequeue", "ring"), "false", "an old message")
			again.do("reserve", "grown", "40000000", "text") // asks all secondaries
			s := started(t, "secondary", prefix)
			again.do("enqueue", "ring", "7")
			assert.Equal(t, "7", s.do("dequeue", "ring"))
			s.do("reserve", "zone", "64", "new")
			for _, o := range old {
				o.refused("ErrPrimaryGone", "ring", "ring", "24")
				o.quit()
			}
			assert.Equal(t, "64 new", again.do("zone", "zone"), "as it was before the old ones closed")
			again.do("free-ring", "ring")
			assert.Equal(t, []string{"attached"}, noticed(again, s.Pid(), "attached"))
			s.quit()
			assert.Equal(t, []string{"attached", "detached"}, noticed(again, s.Pid(), "detached"))
			again.quit()
		})
	}
}

func TestWatchReportsProcessesInC(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("watch")
	s, c, killed := started(t, "secondary", prefix), inC(t, "secondary", prefix), inC(t, "secondary", prefix)
	noticed(p, c.Pid(), "attached")
	noticed(p, killed.Pid(), "attached")
	for _, q := range []*peer{p, s} {
		assert.Equal(t, "primary-go-attached secondary-c-attached secondary-c-attached secondary-go-attached", q.do("processes"))
	}
	s.refused("ErrSecondary", "watch")
	killed.Kill()
	assert.Equal(t, []string{"attached", "died"}, noticed(p, killed.Pid(), "died"))
	require.Eventually(t, func() bool { return len(sockets(t, prefix, killed.Pid())) == 0 }, 20*time.Second, 10*time.Millisecond)
	c.quit() // without rte_eal_cleanup or with it: its socket goes or is dead
	require.Eventually(t, func() bool { return len(sockets(t, prefix, c.Pid())) == 0 }, 20*time.Second, 10*time.Millisecond)
	s.quit()
	assert.Equal(t, []string{"attached", "detached"}, noticed(p, s.Pid(), "detached"))
	p.quit()
}

func TestDeathOfAPrimaryInCIsDetected(t *testing.T) {
	prefix := newPrefix(t)
	c := inC(t, "primary", prefix)
	c.do("create", "ring", "64", "24", "multi")
	s := goPeer(t)
	s.do("init", "secondary", prefix) // with nothing published
	assert.Equal(t, "primary-c-attached secondary-go-attached", s.do("processes"))
	assert.Contains(t, goPeerSuggests(t, prefix), `"NoPCI":false`)
	s.ask("gone", "lookups")
	c.Kill()
	died := time.Now()
	again := started(t, "primary", prefix)
	ns, err := strconv.ParseInt(s.done(), 10, 64)
	require.NoError(t, err)
	assert.Less(t, time.Unix(0, ns).Sub(died), time.Second)
	s.quit()
	again.quit()
}

func goPeerSuggests(t *testing.T, prefix string) string {
	t.Helper()
	q := goPeer(t)
	defer q.quit()
	return q.do("suggest", prefix)
}

// The file of a killed Go primary does not describe the C primary that came after it.
func TestFactsOfADeadPrimaryAreIgnored(t *testing.T) {
	prefix := newPrefix(t)
	started(t, "primary", prefix).Kill()
	c := inC(t, "primary", prefix)
	require.FileExists(t, attachFile(prefix))
	s := started(t, "secondary", prefix)
	assert.Equal(t, "primary-c-attached secondary-go-attached", s.do("processes"))
	s.quit()
	c.quit()
	require.NoError(t, os.Remove(attachFile(prefix)))
}

func TestPrimarySurvivesKilledSecondaries(t *testing.T) {
	rounds := harness.Size(17, 3) // of 8 secondaries, half of each kind
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("watch")
	p.do("create", "ring", "64", "24", "multi")
	p.do("mutex-zone")
	p.do("make")
	died := map[int]time.Time{} // the pids that had attached
	peers := joinEight(t, prefix)
	for n := range rounds {
		old := peers
		for _, s := range old {
			s.done()
		}
		if n+1 < rounds {
			peers = joinEight(t, prefix) // while the old ones die
		}
		killEight(old, died)
		p.refused("ErrOwnerDead", "lock")
		p.do("consistent")
		p.do("unlock")
		p.do("create", fmt.Sprintf("ring%d", n), "64", "24", "multi") // the primary goes on
		p.do("free-ring", fmt.Sprintf("ring%d", n))
	}
	for pid := range died {
		noticed(p, pid, "died")
	}
	told := lives(p)
	assert.Len(t, told, len(died))
	for pid, when := range died {
		assert.Less(t, told[pid].Sub(when), time.Second)
	}
	dir := nobodyLeft(p, prefix)
	s := started(t, "secondary", prefix)
	arrays, err := filepath.Glob(dir + "/fbarray_*_*")
	require.NoError(t, err)
	for _, f := range arrays {
		assert.True(t, !pidSuffix(f, died) || pidSuffix(f, map[int]time.Time{s.Pid(): {}}), f)
	}
	p.do("reserve", "grown", "40000000", "text") // asks the living secondaries
	assert.Equal(t, "40000000 text", s.do("zone", "grown"))
	s.quit()
	p.quit()
}

// joinEight starts eight secondaries at once. Each will answer when it has attached.
func joinEight(t *testing.T, prefix string) (peers []*peer) {
	t.Helper()
	for range 8 {
		s := goPeer(t)
		s.ask("join", prefix)
		peers = append(peers, s)
	}
	return peers
}

// killEight kills four idle secondaries, and four that hold the mutex one after the other. It adds
// the times of their deaths to died.
func killEight(peers []*peer, died map[int]time.Time) {
	for i, s := range peers {
		switch {
		case i == 4:
			s.do("lock")
		case i > 4:
			s.refused("ErrOwnerDead", "lock")
			s.do("consistent")
		}
		s.Kill()
		died[s.Pid()] = time.Now()
	}
}

// Such a process can leave DPDK's lock of memory taken, which rte_eal_memory_init holds,
// and growth would wait for ever: nothing grows here.
func TestPrimarySurvivesSecondariesKilledWhileAttaching(t *testing.T) {
	const batch = 4
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("watch")
	p.do("create", "ring", "64", "24", "multi")
	inside := 0
	for n := range harness.Size(17, 6) {
		var peers []*peer
		for range batch {
			s := goPeer(t)
			s.ask("join", prefix)
			peers = append(peers, s)
		}
		require.Eventually(t, func() bool { return strings.Contains(p.do("processes"), "secondary") }, 20*time.Second, time.Millisecond)
		for _, s := range peers {
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond) // the moment is random, nothing waits for it
			inside += strings.Count(p.do("processes"), "attaching")
			s.Kill()
		}
		p.do("create", fmt.Sprintf("ring%d", n), "64", "24", "multi")
		p.do("free-ring", fmt.Sprintf("ring%d", n))
	}
	assert.Positive(t, inside, "none was killed in the middle")
	nobodyLeft(p, prefix)
	lives(p)
	s := started(t, "secondary", prefix)
	p.do("enqueue", "ring", "7")
	assert.Equal(t, "7", s.do("dequeue", "ring"))
	s.quit()
	p.Kill() // its Close could wait for a lock that one of the dead had: multi-process.md, 11
	started(t, "primary", prefix).quit()
}

// lives checks that the primary has reported the attachment and the death of each process, and
// returns the times of the deaths.
func lives(p *peer) map[int]time.Time {
	p.t.Helper()
	of, deaths := map[int][]string{}, map[int]time.Time{}
	for _, e := range events(p) {
		if e.What == "recovered" { // it had something when it was killed, perhaps inside Init
			continue
		}
		of[e.Pid], deaths[e.Pid] = append(of[e.Pid], e.What), e.Time
	}
	for pid, told := range of {
		assert.Equal(p.t, []string{"attached", "died"}, told, "pid %d", pid)
	}
	return deaths
}

// nobodyLeft waits until the primary has cleaned up after its secondaries, and returns
// its runtime directory.
func nobodyLeft(p *peer, prefix string) (dir string) {
	p.t.Helper()
	dir = filepath.Dir(attachFile(prefix))
	require.Eventually(p.t, func() bool {
		left, err := filepath.Glob(dir + "/mp_socket_*_*")
		return assert.NoError(p.t, err) && len(left) == 0 && p.do("processes") == "primary-go-attached"
	}, 20*time.Second, 20*time.Millisecond, "secondaries")
	return dir
}

// arrayOf matches the name of a secondary's own array: its pid, and from DPDK 24.11.6 and
// 25.11.2 on a count of cycles.
var arrayOf = regexp.MustCompile(`^fbarray_memseg-.*-[0-9]+_([0-9]+)(_[0-9a-f]+)?$`)

func pidSuffix(file string, pids map[int]time.Time) bool {
	m := arrayOf.FindStringSubmatch(filepath.Base(file))
	if m == nil {
		return false
	}
	pid, err := strconv.Atoi(m[1])
	_, dead := pids[pid]
	return err == nil && dead
}

// In a pid namespace of its own each is number 1, as in a container.
func TestASecondaryInAnotherPidNamespace(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("watch")
	inner := func() *peer {
		return &peer{harness.StartWith(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "node", strconv.Itoa(nextLcore())), t}
	}
	s := inner()
	s.do("join", prefix)
	noticed(p, 1, "attached")
	other := inner()
	other.ask("join", prefix)
	a := other.answer() // DPDK names a file by the pid
	assert.Contains(t, a.Is, "ErrMismatch", a.Err)
	assert.Contains(t, a.Err, "pid")
	s.Kill()
	assert.Equal(t, []string{"attached", "died"}, noticed(p, 1, "died"))
	other.do("join", prefix) // of the same pid, and alive
	assert.Equal(t, "primary-go-attached secondary-go-attached", p.do("processes"))
	assert.Equal(t, "true", other.do("alive"))
	other.quit()
	require.Eventually(t, func() bool { return len(events(p)) == 4 }, 20*time.Second, 20*time.Millisecond)
	assert.Equal(t, "detached", events(p)[3].What)
	p.quit()
}
