//go:build linux

package ealtest_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
)

func TestMain(m *testing.M) {
	ealtest.Main(m, ealtest.Options{Lcores: 2, Configure: func(cfg *eal.Config) { cfg.FilePrefix = prefix },
		Checks: []func() error{func() error { return errUnchecked }}})
}

var prefix = fmt.Sprintf("ealtest%d", os.Getpid())

var errUnchecked = errors.New("no test has run")

func TestEALRunsAsConfigured(t *testing.T) {
	errUnchecked = nil
	rt := ealtest.Runtime()
	assert.Equal(t, eal.Primary, rt.ProcessType())
	assert.Equal(t, prefix, rt.FilePrefix())
	assert.Equal(t, 0, rt.MainLcore())
	assert.Contains(t, strings.Join(rt.Args(), " "), "--lcores="+ealtest.Lcores(0, 2))
}

// A role of a secondary: it sends what it hears.
var _ = ealtest.Role("typist", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 2))
	if err != nil {
		return err
	}
	r, err := ring.Lookup[uint64](args[1])
	if err != nil {
		return errors.Join(err, rt.Close())
	}
	ealtest.Say("ready")
	for word := ealtest.Hear(); word != ""; word = ealtest.Hear() {
		if !r.Enqueue(uint64(len(word))) {
			return errors.Join(errors.New("the ring is full"), rt.Close())
		}
		ealtest.Say("sent %s", word)
	}
	return rt.Close()
})

func TestARoleIsAnotherProcessOfThePrefix(t *testing.T) {
	ealtest.NeedHugepages(t)
	r, err := ring.Create[uint64]("lengths", 16, ring.Config{})
	require.NoError(t, err)
	p := ealtest.Start(t, "typist", prefix, "lengths")
	p.Expect("ready")
	left, err := ealtest.Left(prefix)
	require.NoError(t, err)
	assert.Contains(t, left, fmt.Sprint("process ", p.Pid()))
	p.Send("three words or so")
	assert.Equal(t, "three words or so", p.Expect("sent "))
	assert.Empty(t, p.Wait())
	n, ok := r.Dequeue()
	assert.True(t, ok)
	assert.EqualValues(t, 17, n)
	require.NoError(t, r.Free())

	text := ealtest.Start(t, "typist", prefix, "no ring").Fail()
	assert.Contains(t, text, dpdk.ErrNotFound.Error())
}

var _ = ealtest.Role("primary", func(args []string) error {
	cfg := ealtest.Config(3)
	cfg.FilePrefix = args[0]
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	ealtest.Say("runs")
	ealtest.Hear()
	return rt.Close()
})

func TestAKilledProcessLeavesFilesAndOneThatClosesDoesNot(t *testing.T) {
	ealtest.NeedHugepages(t)
	other := prefix + "other"
	ealtest.NothingLeft(t, other)
	p := ealtest.Start(t, "primary", other)
	p.Expect("runs")
	p.Kill()
	left, err := ealtest.Left(other)
	require.NoError(t, err)
	text := strings.Join(left, " ")
	assert.Contains(t, text, ealtest.HugeDir()+"/"+other+"map_")
	assert.Contains(t, text, "/dpdk/"+other+"/config")
	assert.NotContains(t, text, "process")

	p = ealtest.Start(t, "primary", other) // removes what the dead one has left
	p.Expect("runs")
	p.Wait()
}

func TestLcoresAreDisjointAndOnCPUsOfThisProcess(t *testing.T) {
	lcores, err := lcore.ParseLcores(ealtest.Lcores(0, 2) + "," + ealtest.Lcores(2, 3))
	require.NoError(t, err)
	require.Len(t, lcores, 5)
	mine, err := lcore.ThreadCPUs()
	require.NoError(t, err)
	for _, l := range lcores {
		for _, cpu := range l.CPUs {
			assert.True(t, mine.Has(cpu), l)
		}
	}
}

// What TestMain has started.
func ExampleRuntime() {
	rt := ealtest.Runtime() // of ealtest.Main(m, ealtest.Options{}) in TestMain
	fmt.Println(rt.ProcessType())
	left, err := ealtest.Left(rt.FilePrefix()) // EAL runs, so there is something
	fmt.Println(len(left) > 0, err)
	// Output:
	// primary
	// true <nil>
}
