package lcore

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// Max is how many lcores DPDK was built for (RTE_MAX_LCORE): ids are below it.
const Max = cgo.MaxLcore

// Role is what an lcore is for (enum rte_lcore_role_t).
type Role int

// Roles of lcores.
const (
	RoleEAL        Role = cgo.RoleRTE     // a thread of EAL's that takes functions
	RoleOff        Role = cgo.RoleOff     // no lcore has this id
	RoleService    Role = cgo.RoleService // a service core
	RoleRegistered Role = cgo.RoleNonEAL  // a thread that called Register, or rte_thread_register
)

// String is a word for the role.
func (r Role) String() string {
	switch r {
	case RoleEAL:
		return "EAL"
	case RoleOff:
		return "off"
	case RoleService:
		return "service"
	case RoleRegistered:
		return "registered"
	}
	return "Role(" + strconv.Itoa(int(r)) + ")"
}

// Info describes an lcore.
type Info struct {
	ID     int
	Role   Role
	Main   bool
	Socket dpdk.SocketID // of its first CPU
	// CPUs are those its thread may run on, as EAL set it up (rte_lcore_cpuset);
	// of a registered thread EAL keeps none.
	CPUs  CPUSet
	Index int // from 0, without gaps (rte_lcore_index)
}

// List describes all lcores of this process, by id: EAL's, service cores and
// registered threads (rte_lcore_iterate). Any goroutine may call it, between
// eal.Init and Close; the error is dpdk.ErrNotRunning outside of that.
func List() ([]Info, error) {
	var lcores []Info
	if inCallback() {
		return nil, errInCallback("rte_lcore_iterate")
	}
	err := control.Call("rte_lcore_iterate", "", func() error {
		main := cgo.MainLcore()
		for _, l := range cgo.Lcores() {
			i := Info{ID: l.ID, Role: Role(l.Role), Main: l.ID == main, Socket: dpdk.Socket(l.Socket), Index: l.Index}
			for cpu := range cgo.MaxCPU {
				if l.CPUs[cpu/64]>>(cpu%64)&1 != 0 {
					i.CPUs = append(i.CPUs, cpu)
				}
			}
			lcores = append(lcores, i)
		}
		return nil
	})
	return lcores, err
}

// Get describes one lcore; the error is dpdk.ErrInvalid for an id that none has.
func Get(id int) (Info, error) {
	lcores, err := List()
	if err != nil {
		return Info{}, err
	}
	i := slices.IndexFunc(lcores, func(l Info) bool { return l.ID == id })
	if i < 0 {
		return Info{}, check.Invalid("rte_eal_lcore_role", name(id), "no lcore has this id: there are %v", ids(lcores))
	}
	return lcores[i], nil
}

// Workers are the ids of EAL's lcores without the main one, which is where
// LaunchWorkers launches (RTE_LCORE_FOREACH_WORKER). It is empty unless EAL runs.
func Workers() []int {
	lcores, err := List()
	if err != nil {
		return nil
	}
	return ids(slices.DeleteFunc(lcores, func(l Info) bool { return l.Main || l.Role != RoleEAL }))
}

// WorkersOn are the Workers whose CPUs are on a NUMA socket.
func WorkersOn(socket dpdk.SocketID) []int {
	lcores, err := List()
	if err != nil {
		return nil
	}
	return ids(slices.DeleteFunc(lcores, func(l Info) bool {
		return l.Main || l.Role != RoleEAL || socket != dpdk.AnySocket && l.Socket != socket
	}))
}

// Main is the id of the main lcore, whose thread eal.Init has started
// (rte_get_main_lcore); -1 unless EAL runs.
func Main() int {
	id := -1
	_ = control.Call("rte_get_main_lcore", "", func() error {
		id = cgo.MainLcore()
		return nil
	})
	return id
}

// Current is the id of the lcore that the calling thread is, and false on any
// other thread (rte_lcore_id). It is an lcore in functions that Launch runs, in
// services, in timers, and after Register.
func Current() (id int, ok bool) {
	n := cgo.LcoreID()
	if n == cgo.LcoreIDAny {
		return -1, false
	}
	return int(n), true
}

func ids(lcores []Info) []int {
	all := make([]int, len(lcores))
	for i, l := range lcores {
		all[i] = l.ID
	}
	return all
}

// name is an lcore in an error.
func name(id int) string { return fmt.Sprintf("lcore %d", id) }
