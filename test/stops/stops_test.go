//go:build linux

package stops

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/test/harness"
)

// soon is the limit for a Go process on a machine with two busy CPUs. One that waits for a stopped process does not answer at all.
const soon = time.Second

// node is a process with a load.
type node struct {
	*harness.Child
	t *testing.T
}

func startNode(t *testing.T, prefix string) *node {
	t.Helper()
	n := &node{harness.Start(t, "node", prefix), t}
	n.Expect("ok")
	return n
}

func (n *node) ask(format string, args ...any) (v vitals) {
	n.t.Helper()
	request := fmt.Sprintf(format, args...)
	n.Send(request)
	answer := n.Expect("ok") // a frozen process never answers
	require.NoError(n.t, json.Unmarshal([]byte(answer), &v), request)
	return v
}

// start starts pollers of a port of this kind, and workers on its pool with these ops.
func (n *node) start(ops, kind string, pollers, procs int) {
	n.t.Helper()
	n.ask("start %s %s %d %d %d", ops, kind, pollers, procs, harness.Size(4, 2))
}

// examine checks that the node's runtime does well.
func (n *node) examine(ms int) vitals {
	n.t.Helper()
	v := n.ask("examine %d", ms)
	assert.Less(n.t, v.Stop, soon, "a collection waited for the process to stop")
	assert.Less(n.t, v.Timer, soon, "a timer was late")
	assert.Less(n.t, v.Signal, soon, "a signal was handled late")
	return v
}

// points are the moments of an operation at which the C program can stop.
var points = []string{"head", "copy", "tail"}

var allOps = []string{"ring_mp_mc", "ring_mt_rts", "ring_mt_hts", "stack", "lf_stack"}

var allPorts = []string{"null", "ring-multi", "ring-single", "ring-rts", "ring-hts"}

// Goroutines of one process poll ports and use the ports' pool while the runtime
// collects, profiles and traces: no goroutine that was stopped makes a burst wait.
func TestCollectorStopsPollersOfOneProcess(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	n := startNode(t, "alone")
	turn, combination := 0, 0
	for i, ops := range allOps {
		for j, kind := range allPorts {
			if testing.Short() && (i+j)%5 > 1 { // each ops and each kind twice
				continue
			}
			combination++
			t.Run(ops+"/"+kind, func(t *testing.T) {
				n := &node{n.Child, t}
				for procs := 1; procs <= 4; procs++ {
					if testing.Short() && procs != 1+combination%4 {
						continue
					}
					pollers := max(1, procs-1+turn%3) // fewer than GOMAXPROCS, as many, more
					turn++
					n.start(ops, kind, pollers, procs)
					t.Logf("GOMAXPROCS %d, %d pollers: %+v", procs, pollers, n.examine(20))
					n.ask("stop")
				}
			})
			if t.Failed() {
				return
			}
		}
	}
	n.Wait()
}

// A C program that shares the pool or the port's ring is stopped or killed in the
// middle of an operation. Goroutines that need that pool or ring wait. The Go
// process around them does not wait, and all goroutines continue when the program continues.
func TestCollectorStopsPollersBehindAStoppedProcess(t *testing.T) {
	harness.Need(t, harness.Hugepages, harness.Compiler)
	inside := harness.CC(t, "testdata/inside.c")
	for i, where := range insides() {
		t.Run(where.String(), func(t *testing.T) {
			prefix := fmt.Sprintf("stops%d", os.Getpid())
			n := startNode(t, prefix)
			n.start(where.ops, where.kind, 2, 3)
			c := where.start(t, inside, prefix, "all", unix.SIGSTOP)
			for range points {
				c.Expect("inside")
				v := n.examine(20)
				if where.ops == "lf_stack" {
					assert.NotZero(t, v.Bursts, "bursts behind a stopped process")
					assert.NotZero(t, v.Allocs, "allocations behind a stopped process")
				}
				c.Signal(unix.SIGCONT)
			}
			c.Expect("done")
			c.Wait()
			n.goesOn()
			n.ask("stop")
			n.kill(where, inside, prefix, where.killed(i)[0])
		})
		for _, point := range where.killed(i)[1:] {
			t.Run(where.String()+" killed at "+point, func(t *testing.T) {
				prefix := fmt.Sprintf("stops%d", os.Getpid())
				startNode(t, prefix).kill(where, inside, prefix, point)
			})
		}
	}
}

// kill starts a load, kills the C program at a point, and ends the node.
func (n *node) kill(where place, inside, prefix, point string) {
	n.t.Helper()
	n.start(where.ops, where.kind, 2, 3)
	c := where.start(n.t, inside, prefix, point, unix.SIGKILL)
	c.Expect("inside")
	c.Killed()
	n.examine(20)
	if where.ops == "lf_stack" {
		n.goesOn()
		n.ask("recover")
	} else {
		n.Send("exit") // its pollers may wait inside C for ever
	}
	n.Wait()
}

// goesOn checks that pollers and workers make progress.
func (n *node) goesOn() {
	n.t.Helper()
	var v vitals
	require.Eventually(n.t, func() bool { v = n.examine(1); return v.Bursts > 0 && v.Allocs > 0 }, 30*time.Second, time.Millisecond,
		"nothing moves")
}

// place is where a process can be inside: a pool with these ops, or the ring of a
// port.
type place struct{ object, name, ops, side, kind string }

// killed returns the points at which the process is killed. In a ring, and behind a lock, the others
// see the same at each of them: the head has moved, the tail has not.
func (p place) killed(i int) []string {
	if p.ops == "lf_stack" {
		return points
	}
	return points[i%len(points):][:1]
}

func (p place) String() string { return p.object + " " + p.ops + " " + p.side }

func insides() (all []place) {
	for _, side := range []string{"put", "get"} {
		for _, ops := range allOps {
			all = append(all, place{"pool", "stops", ops, side, "null"})
		}
	}
	for _, r := range [][2]string{{"ring-multi", "ring_mp_mc"}, {"ring-rts", "ring_mt_rts"}, {"ring-hts", "ring_mt_hts"}} {
		all = append(all, place{"ring", "net_ring_stops-0", r[1], "get", r[0]}, place{"ring", "net_ring_stops-0", r[1], "put", r[0]})
	}
	return all
}

// start runs the C program that stops itself inside.
func (p place) start(t *testing.T, program, prefix, point string, signal unix.Signal) *harness.Child {
	t.Helper()
	return harness.Command(t, program, "--proc-type=secondary", "--file-prefix="+prefix, "--lcores="+harness.Lcore(1), "-m", "32", "--no-pci", "--",
		p.object, p.name, p.ops, p.side, point, strconv.Itoa(int(signal)))
}
