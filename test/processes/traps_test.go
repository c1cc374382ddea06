//go:build linux

package processes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
)

// Where a test gets several refusals out of one process, that also shows that
// a refused start leaves EAL as it was: at the end comes one that works.

func TestPrivateMemoryExcludesOtherProcesses(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	for _, option := range []string{"--no-huge", "--in-memory", "--no-shconf"} {
		for _, role := range []string{"secondary", "auto"} {
			p.refused("ErrNotShared", "init", role, prefix, option)
		}
	}
	p.do("init", "primary", prefix)
	p.quit()
}

func TestASecondaryNeedsAPrimary(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	a := p.refused("ErrNoPrimary", "init", "secondary", prefix)
	assert.Contains(t, a.Err, "eal.Auto", "what to do about it")
	p.do("init", "primary", prefix)
	p.quit()
}

func TestASecondPrimaryIsRefused(t *testing.T) {
	prefix := newPrefix(t)
	p, q := started(t, "primary", prefix), goPeer(t)
	a := q.refused("ErrPrimaryRunning", "init", "primary", prefix)
	assert.Contains(t, a.Err, "FilePrefix")
	q.do("init", "secondary", prefix)
	q.quit()
	assert.Equal(t, "true", p.do("alive"))
	p.quit()
}

// slow is a primary that stops in the middle of its start.
func slow(t *testing.T, prefix string) *peer {
	t.Helper()
	p := cPeer(t, "slow", "primary", prefix)
	require.Equal(t, "starting", p.done())
	return p
}

func TestInitWhileThePrimaryIsStarting(t *testing.T) {
	t.Parallel() // Init times out after 1 s
	for _, role := range []string{"secondary", "auto"} {
		t.Run("is not waited for for ever by "+role, func(t *testing.T) {
			prefix := newPrefix(t)
			p, s := slow(t, prefix), goPeer(t)
			a := s.refused("ErrNoPrimary", "init", role, prefix, "timeout=1s")
			assert.Contains(t, a.Err, "still starting")
			assert.GreaterOrEqual(t, a.Took, time.Second)
			assert.Less(t, a.CPU, a.Took/4, "a wait, not a spin")
			p.Kill()
			s.quit()
		})
		t.Run("is joined when ready by "+role, func(t *testing.T) {
			prefix := newPrefix(t)
			p, s := slow(t, prefix), goPeer(t)
			s.ask("init", role, prefix)
			s.Expect("starting")
			p.Send("go on")
			assert.Equal(t, "primary", p.done())
			assert.Equal(t, "secondary", s.done())
			assert.Equal(t, "true", s.do("alive"))
			s.quit()
			p.quit()
		})
	}
	t.Run("is given up when killed", func(t *testing.T) {
		prefix := newPrefix(t)
		p, s := slow(t, prefix), goPeer(t)
		s.ask("init", "secondary", prefix, "timeout=30s")
		s.Expect("starting")
		p.Kill()
		a := s.answer()
		assert.Contains(t, a.Is, "ErrNoPrimary")
		assert.Less(t, a.Took, atOnce)
		s.do("init", "primary", prefix)
		s.quit()
	})
	t.Run("refuses a second primary", func(t *testing.T) {
		prefix := newPrefix(t)
		p, q := slow(t, prefix), goPeer(t)
		q.refused("ErrPrimaryRunning", "init", "primary", prefix)
		p.Kill()
		q.quit()
	})
}

func TestWaitPrimary(t *testing.T) {
	t.Run("ends with its context", func(t *testing.T) {
		prefix := newPrefix(t)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(100*time.Millisecond, cancel)
		begin := time.Now()
		err := eal.WaitPrimary(ctx, prefix)
		assert.Less(t, time.Since(begin), atOnce)
		assert.ErrorIs(t, err, dpdk.ErrNoPrimary)
		assert.ErrorIs(t, err, context.Canceled)
	})
	t.Run("waits for a primary to come and to be ready", func(t *testing.T) {
		prefix := newPrefix(t)
		ready := make(chan error, 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		go func() { ready <- eal.WaitPrimary(ctx, prefix) }()
		p := slow(t, prefix)
		short, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		err := eal.WaitPrimary(short, prefix)
		assert.ErrorIs(t, err, dpdk.ErrNoPrimary)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "still starting")
		assert.Empty(t, ready, "a primary in the middle of its start")
		p.Send("go on")
		assert.NoError(t, <-ready)
		p.done()
		p.quit()
	})
	t.Run("returns at once when one runs", func(t *testing.T) {
		prefix := newPrefix(t)
		p := started(t, "primary", prefix)
		assert.NoError(t, eal.WaitPrimary(context.Background(), prefix))
		p.quit()
		ctx, cancel := context.WithTimeout(context.Background(), 0)
		defer cancel()
		assert.ErrorIs(t, eal.WaitPrimary(ctx, prefix), dpdk.ErrNoPrimary, "it has gone")
	})
}

func TestSecondaryDetectsAKilledPrimary(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	files := hugeFiles(t, prefix)
	s := started(t, "secondary", prefix)
	assert.Equal(t, "true", s.do("alive"))
	p.Kill()
	assert.Equal(t, "false", s.do("alive"))
	s.quit()

	late := goPeer(t)
	late.refused("ErrNoPrimary", "init", "secondary", prefix)
	assert.Equal(t, files, hugeFiles(t, prefix), "SIGKILL leaves its hugepage files")
	assert.Equal(t, "primary", late.do("init", "auto", prefix), "the next primary gets their memory")
	assert.Equal(t, files, hugeFiles(t, prefix), "as many as one primary has")
	late.quit() // newPrefix checks that nothing remains
}

func TestASecondarysCloseLeavesTheOthersAlone(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	gone, stays := started(t, "secondary", prefix), started(t, "secondary", prefix)
	p.do("create", "ring", "64", "24", "multi")
	require.Len(t, sockets(t, prefix, gone.Pid()), 1)
	gone.do("close") // and lives on
	assert.Empty(t, sockets(t, prefix, gone.Pid()))
	assert.Len(t, sockets(t, prefix, stays.Pid()), 1)
	gone.refused("ErrNotRunning", "ring", "ring", "24")

	assert.Equal(t, "true", stays.do("enqueue", "ring", "1"))
	assert.Equal(t, "1", p.do("dequeue", "ring"))
	assert.Equal(t, "true", p.do("enqueue", "ring", "2"))
	assert.Equal(t, "2", stays.do("dequeue", "ring"))
	for i := range 3 { // more than the 32 MiB there were: all attached processes are asked to follow
		name := fmt.Sprintf("grown%d", i)
		p.ask("reserve", name, "40000000", name)
		a := p.answer()
		require.Empty(t, a.Err)
		assert.Less(t, a.Took, 2*time.Second, "waited for the one that closed")
		assert.Equal(t, "40000000 "+name, stays.do("zone", name))
		p.do("free-zone", name)
	}
	stays.do("create", "another", "64", "24", "multi")
	p.do("free-ring", "another")
	stays.quit()
	gone.quit()
	p.quit()
}

func TestEALStartsOncePerProcess(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.refused("ErrAlreadyRunning", "init", "primary", prefix)
	p.refused("ErrAlreadyRunning", "init", "primary", prefix+"2")
	s := started(t, "secondary", prefix)
	s.do("close")
	s.do("close") // does nothing
	s.refused("ErrAlreadyRunning", "init", "secondary", prefix)
	s.refused("ErrNotRunning", "rings")
	s.quit()
	p.do("close")
	p.refused("ErrAlreadyRunning", "init", "primary", prefix)
	p.quit()
}

func TestInitAfterAFailedInitSucceeds(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	p.refused("ErrInvalid", "init", "primary", prefix, "--lcores=0@9999")
	p.refused("ErrInvalid", "init", "primary", prefix, "--main-lcore=99")
	p.refused("ErrNoPrimary", "init", "secondary", prefix)
	p.do("init", "primary", prefix)
	p.do("create", "ring", "64", "24", "multi")
	p.quit()
}

// Up to DPDK 24.11, EAL forgets a start that it has refused. From 25.11 on it does not, and the
// error must name the reason of the first failure.
func TestInitAfterARefusedInitSucceedsOrExplains(t *testing.T) {
	for _, option := range []string{"-n=0", "--base-virtaddr=no", "--iova-mode=no"} {
		t.Run(option, func(t *testing.T) {
			prefix := newPrefix(t)
			p := goPeer(t)
			p.refused("", "init", "primary", prefix, option)
			p.ask("init", "primary", prefix)
			if a := p.answer(); a.Err != "" {
				assert.Contains(t, a.Err, "try in a new process")
			} else {
				assert.Equal(t, "primary", a.Result)
			}
			p.quit()
		})
	}
}

// A start that EAL refuses later is final: the error reports that DPDK may not start again.
func TestInitAfterAHalfFailedInitFails(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	p.refused("", "init", "primary", prefix, "--vdev=net_nosuch0")
	a := p.refused("", "init", "primary", prefix)
	assert.Contains(t, a.Err, "try in a new process")
	assert.Empty(t, started(t, "primary", prefix).Wait(), "one in a new process starts")
	p.quit()
}

// A secondary that starts would find its primary half gone.
func TestCloseOfThePrimaryWaitsForStartingSecondaries(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	s := started(t, "secondary", prefix)
	starting, err := os.Open(filepath.Join(filepath.Dir(attachFile(prefix)), "godpdk_init"))
	require.NoError(t, err)
	defer starting.Close()
	require.NoError(t, unix.Flock(int(starting.Fd()), unix.LOCK_EX))

	p.ask("close")
	require.Eventually(t, func() bool { return s.do("processes") == "secondary-go-attached" }, 20*time.Second, time.Millisecond)
	assert.Never(t, func() bool { return s.do("processes") != "secondary-go-attached" }, 200*time.Millisecond, 10*time.Millisecond)
	late, next := goPeer(t), goPeer(t)
	late.ask("init", "secondary", prefix)
	next.ask("init", "auto", prefix)
	require.NoError(t, unix.Flock(int(starting.Fd()), unix.LOCK_UN))
	p.done()
	next.done()
	with := "primary-go-attached"
	if a := late.answer(); a.Err == "" { // it came behind the next one, or in between
		with += " secondary-go-attached"
	} else {
		assert.Contains(t, a.Is, "ErrNoPrimary")
	}
	assert.Equal(t, with, next.do("processes"))
	s.do("gone", "lookups")
	for _, q := range []*peer{p, s, late, next} {
		q.quit()
	}
}

func TestHugepageFiles(t *testing.T) {
	t.Run("go at a primary's Close", func(t *testing.T) {
		prefix := newPrefix(t)
		p := started(t, "primary", prefix)
		p.do("reserve", "grown", "40000000", "text") // more than there was at the start
		assert.Len(t, hugeFiles(t, prefix), 16+20)
		p.do("close")
		assert.Empty(t, hugeFiles(t, prefix))
		p.quit()
	})
	t.Run("stay with huge-unlink=never", func(t *testing.T) {
		prefix := newPrefix(t)
		p := started(t, "primary", prefix, "--huge-unlink=never")
		files := hugeFiles(t, prefix)
		require.NotEmpty(t, files)
		p.quit()
		assert.Equal(t, files, hugeFiles(t, prefix))
		removeAll(t, files)
	})
	t.Run("stay at a secondary's Close", func(t *testing.T) {
		prefix := newPrefix(t)
		p := started(t, "primary", prefix)
		files := hugeFiles(t, prefix)
		s := started(t, "secondary", prefix)
		s.quit()
		assert.Equal(t, files, hugeFiles(t, prefix))
		p.quit()
	})
}

func TestOptionsThatMakeEALPrintOrExitAreRefused(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	for _, options := range [][]string{
		{"-h"}, {"--help"}, {"-vh"}, {"--he"}, {"--log-level=help"}, {"--log-level", "help"},
		{"--no-such-option"}, {"-Z"}, {"--no-pci=1"}, // EAL 25.11 exits on them
		{"-d", "/nonexistent/driver.so"}, {"-d/nonexistent"}, {"--driver-path=/nonexistent.so"},
	} {
		p.refused("ErrInvalid", append([]string{"init", "primary", prefix}, options...)...)
	}
	p.do("init", "primary", prefix, "-m", "16", "-m", "32", "--no-pci", "--iova-mode=va", "--iova-mode=pa") // and on these
	p.Send("fail")
	assert.Equal(t, asAsked, p.Fail(), "printed")

	// A name without a folder is EAL's to find. It prints nothing, but does not
	// forget the name either.
	q := goPeer(t)
	q.refused("", "init", "primary", prefix, "-d", "nonexistent.so")
	q.Send("fail")
	assert.Equal(t, asAsked, q.Fail(), "printed")
}
