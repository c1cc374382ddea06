package group

import (
	"fmt"
	"os"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

// otherPid refuses to attach if a secondary in another pid namespace has the pid of this process: EAL
// names files by pid, and its lock on them would fail.
func (t *table) otherPid() error {
	pid := int64(os.Getpid())
	for i, s := range t.living {
		if i > 0 && s.pid == pid {
			return &Mismatch{"pid", fmt.Sprintf("a secondary with pid %d", pid), fmt.Sprintf("pid %d in another pid namespace", pid),
				"share the pid namespace, or start another process before it in its container"}
		}
	}
	return nil
}

// choose returns the lcores that EAL will have. The set is empty if only EAL knows them. If the
// options choose none, it takes a free lcore, and list is the value for --lcores.
func (t *table) choose(o Options) (lcores lcoreSet, list string, err error) {
	switch {
	case o.has("remap-lcore-ids") || o.has("coremask"):
		return lcores, "", nil
	case o.has("lcores"):
		all, err := cpulist.Lcores(o["lcores"][len(o["lcores"])-1]) // EAL uses the last value
		for _, l := range all {
			lcores.add(l.ID)
		}
		return lcores, "", err
	case o.has("main-lcore") || o.has("service-corelist") || o.has("service-coremask"):
		return lcores, "", nil
	}
	// The caches of lcores of a process that has just died may still have its objects: others first.
	var taken, unsettled lcoreSet
	for i := range t.slots {
		if s := &t.slots[i]; s.state.Load() != free {
			unsettled = unsettled.or(s.lcores)
		}
	}
	for _, s := range t.living {
		taken = taken.or(s.lcores)
	}
	cpus, err := cpulist.OfThread()
	if err != nil {
		return lcores, "", &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "sched_getaffinity"}
	}
	for _, others := range []lcoreSet{unsettled, taken} {
		for id := range cgo.MaxLcore {
			if !others.has(id) {
				lcores.add(id)
				return lcores, fmt.Sprintf("%d@(%s)", id, cpulist.Spans(cpus)), nil
			}
		}
	}
	return lcores, "", &Mismatch{"lcores", fmt.Sprintf("all of 0-%d are in use by the primary and its secondaries", cgo.MaxLcore-1), "", "end a secondary, or give the processes fewer lcores"}
}

// disjoint refuses lcores that another process has: mempools have a cache for each lcore ID in
// shared memory, without a lock.
func (m *Member) disjoint(lcores lcoreSet) error {
	if m.shared {
		return nil
	}
	for i, s := range m.table.living {
		if both := s.lcores.and(lcores); both != (lcoreSet{}) {
			who := "primary"
			if i > 0 {
				who = "secondary"
			}
			return &Mismatch{"lcores", fmt.Sprintf("%v in the %s with pid %d", both, who, s.pid), lcores.String(),
				"give each process other lcores in Config.Lcores (\"7@0\" is lcore 7 on CPU 0), or leave it empty in the secondary, which then takes a free lcore"}
		}
	}
	return nil
}
