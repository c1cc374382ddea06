package lcore

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// poller is a function that has had a thread for long, and may poll.
type poller struct {
	name  string
	cpus  CPUSet
	begin time.Time
}

// pollerAge is how long a function must run to count as a poller.
var pollerAge = time.Second

var watching atomic.Bool // checkPollers will run

// warned holds the subjects of earlier warnings.
var warned = struct {
	sync.Mutex
	about map[string]bool
}{about: map[string]bool{}}

// watchPollers checks the pollers some time from now. It logs each problem once.
func watchPollers() {
	if !watching.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(pollerAge+pollerAge/4, checkPollers)
}

func checkPollers() {
	watching.Store(false)
	warned.Lock()
	defer warned.Unlock()
	old, young := pollers()
	for about, text := range findProblems(old, runtime.GOMAXPROCS(0), Isolated()) {
		if !warned.about[about] {
			control.Logger().Warn("godpdk: " + text)
			warned.about[about] = true
		}
	}
	if young > 0 {
		watchPollers()
	}
}

// pollers returns the functions that have run for long. young is the number of the others.
func pollers() (all []poller, young int) {
	lcores, err := List()
	if err != nil {
		lcores = nil
	}
	for _, l := range lcores {
		if t := slots[l.ID].task.Load(); t != nil {
			all = append(all, poller{name(l.ID), l.CPUs, t.begin})
		}
	}
	pinned.Lock()
	for _, p := range pinned.pollers {
		all = append(all, p)
	}
	pinned.Unlock()
	n := len(all)
	all = slices.DeleteFunc(all, func(p poller) bool { return time.Since(p.begin) < pollerAge })
	return all, n - len(all)
}

// findProblems returns the problems of these pollers, with the fix, by subject.
func findProblems(pollers []poller, procs int, isolated CPUSet) map[string]string {
	found := map[string]string{}
	if n := len(pollers); n >= procs {
		found["GOMAXPROCS"] = fmt.Sprintf("%d functions run on threads of their own, and GOMAXPROCS is %d: if they poll, the rest of the program runs only every 10 ms; set GOMAXPROCS to %d or more, or use fewer pollers", n, procs, n+2)
	}
	on := map[int][]string{}
	var outside, wide []string
	for _, p := range pollers {
		if len(p.cpus) == 1 {
			on[p.cpus[0]] = append(on[p.cpus[0]], p.name)
		}
		inside := 0
		for _, cpu := range p.cpus {
			if isolated.Has(cpu) {
				inside++
			}
		}
		switch {
		case len(isolated) == 0 || len(p.cpus) == 0:
		case inside < len(p.cpus):
			outside = append(outside, fmt.Sprintf("%s on CPUs %v", p.name, p.cpus))
		case inside > 1:
			wide = append(wide, fmt.Sprintf("%s on CPUs %v", p.name, p.cpus))
		}
	}
	for cpu, names := range on {
		if len(names) > 1 {
			slices.Sort(names)
			found[fmt.Sprint("CPU ", cpu)] = fmt.Sprintf("%s share CPU %d: if they poll, each waits for milliseconds while another runs; give each of them a CPU (eal.Config.Lcores, Pin), or run their work in one loop", strings.Join(names, " and "), cpu)
		}
	}
	if outside != nil {
		found["isolated"] = fmt.Sprintf("the kernel keeps CPUs %v free (isolcpus), but pollers run elsewhere: %s; name isolated CPUs in eal.Config.Lcores or Pin", isolated, strings.Join(outside, ", "))
	}
	if wide != nil {
		found["balance"] = fmt.Sprintf("%s: the kernel does not move threads between isolated CPUs, so all may stay on the first one; name one CPU for each", strings.Join(wide, ", "))
	}
	return found
}
