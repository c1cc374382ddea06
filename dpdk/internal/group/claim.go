package group

import (
	"fmt"
	"os"
	"strconv"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

// otherPid refuses to attach beside a secondary of another pid namespace with the
// pid of this process: EAL has files that are named by it, and fails over the lock.
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

// choose returns the lcores that EAL will have; none if its options leave it to EAL in
// a way that only EAL knows. Without options it takes one that is free, and list is for --lcores.
func (t *table) choose(o Options) (lcores lcoreSet, list string, err error) {
	switch {
	case o.has("remap-lcore-ids") || o.has("coremask"):
		return lcores, "", nil
	case o.has("lcores"):
		all, err := cpulist.Lcores(o["lcores"][len(o["lcores"])-1]) // EAL takes the last
		for _, l := range all {
			lcores.add(l.ID)
		}
		return lcores, "", err
	case o.has("main-lcore") || o.has("service-corelist") || o.has("service-coremask"):
		return lcores, "", nil
	}
	var taken lcoreSet
	for _, s := range t.living {
		taken = taken.or(s.lcores)
	}
	cpus, err := cpulist.OfThread()
	if err != nil {
		return lcores, "", &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "sched_getaffinity"}
	}
	for id := range cgo.MaxLcore {
		if !taken.has(id) {
			lcores.add(id)
			return lcores, fmt.Sprintf("%d@(%s)", id, cpulist.Spans(cpus)), nil
		}
	}
	return lcores, "", &Mismatch{"lcores", "and its secondaries have all of 0-" + strconv.Itoa(cgo.MaxLcore-1), "none", "end one of them, or give them fewer"}
}

// disjoint refuses lcores that another process has: what mempools keep for an
// lcore is in shared memory, by the lcore's id, without a lock.
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
				"give each process others in Config.Lcores (\"7@0\" is lcore 7 on CPU 0); a secondary with none takes one that is free"}
		}
	}
	return nil
}
