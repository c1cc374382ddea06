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

// Max is the number of lcores that DPDK was built for (RTE_MAX_LCORE). All IDs are below it.
const Max = cgo.MaxLcore

// Role is the purpose of an lcore (enum rte_lcore_role_t).
type Role int

// Roles of lcores.
const (
	RoleEAL        Role = cgo.RoleRTE     // a thread of EAL that takes functions
	RoleOff        Role = cgo.RoleOff     // no lcore has this ID
	RoleService    Role = cgo.RoleService // a service core
	RoleRegistered Role = cgo.RoleNonEAL  // a thread that called Register, or rte_thread_register
)

// String returns a word for the role.
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
//
// Implements: rte_lcore_index
type Info struct {
	ID     int
	Role   Role
	Main   bool
	Socket dpdk.SocketID // of its first CPU
	// CPUs are the CPUs that EAL has allowed to its thread. It is empty for a registered thread.
	CPUs  CPUSet
	Index int // from 0, without gaps
}

// List describes all lcores of this process, sorted by ID: EAL's, service cores and registered
// threads. Any goroutine may call it, between eal.Init and Close. Otherwise the error is
// dpdk.ErrNotRunning.
//
// Implements: rte_lcore_iterate
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

// Lookup describes one lcore. The error is dpdk.ErrInvalid if no lcore has this ID.
//
// Implements: rte_eal_lcore_role
func Lookup(id int) (Info, error) {
	lcores, err := List()
	if err != nil {
		return Info{}, err
	}
	i := slices.IndexFunc(lcores, func(l Info) bool { return l.ID == id })
	if i < 0 {
		return Info{}, check.Invalid("rte_eal_lcore_role", name(id), "no lcore has this ID: use one of %v", ids(lcores))
	}
	return lcores[i], nil
}

// Workers returns the IDs of EAL's lcores without the main one. [LaunchWorkers] launches functions on
// them. The list is empty unless EAL runs.
//
// Implements: RTE_LCORE_FOREACH_WORKER
func Workers() []int {
	lcores, err := List()
	if err != nil {
		return nil
	}
	return ids(slices.DeleteFunc(lcores, func(l Info) bool { return l.Main || l.Role != RoleEAL }))
}

// WorkersOn returns the IDs of the [Workers] with CPUs on a NUMA socket.
func WorkersOn(socket dpdk.SocketID) []int {
	lcores, err := List()
	if err != nil {
		return nil
	}
	return ids(slices.DeleteFunc(lcores, func(l Info) bool {
		return l.Main || l.Role != RoleEAL || socket != dpdk.AnySocket && l.Socket != socket
	}))
}

// Main returns the ID of the main lcore. eal.Init has started its thread. Main returns -1 unless EAL
// runs.
//
// Implements: rte_get_main_lcore
func Main() int {
	id := -1
	_ = control.Call("rte_get_main_lcore", "", func() error {
		id = cgo.MainLcore()
		return nil
	})
	return id
}

// Current returns the ID of the lcore that the calling thread is, and false on any other thread. The
// thread is an lcore in functions of [Launch], in services, in timers, and after [Register].
//
// Implements: rte_lcore_id
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

// name returns the name of an lcore in errors.
func name(id int) string { return fmt.Sprintf("lcore %d", id) }
