package pdump

import (
	"sync"

	"github.com/godpdk/godpdk/cgo"
	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opInit   = "rte_pdump_init"
	opUninit = "rte_pdump_uninit"
)

// allowed is whether this process has called Init.
var allowed struct {
	sync.Mutex
	is bool
}

func init() { control.AtStop(uninit) } // behind that of ethdev, which ends the bursts

// Init lets other processes capture the packets of this primary's ports, until [Uninit] or the end of EAL. A second
// Init is a no-op. In a secondary Init is needed since DPDK 25.11, and a no-op before.
//
// Errors: dpdk.ErrNotShared in a process that shares no memory; dpdk.ErrNoMemory; dpdk.ErrExist if a C
// library of this process has called rte_pdump_init; dpdk.ErrNotFound in a secondary if the primary has
// not called Init.
//
// Implements: rte_pdump_init
func Init() error {
	return control.Call(opInit, "", func() error {
		allowed.Lock()
		defer allowed.Unlock()
		if allowed.is || !primary() && pdumpcgo.Secondaries == 0 {
			return nil
		}
		if fastcall.Alone() {
			return &dpdk.Error{Op: opInit, Cause: dpdk.ErrNotShared, Detail: "no other process can attach: start without InMemory and NoHuge"}
		}
		if _, err := objects.MemzoneLookup(statsZone); err == nil && primary() { // DPDK 22.11 would report ENOMEM
			return dpdk.ErrExist
		}
		if errno := telserver.Exclude(pdumpcgo.Init); errno != 0 {
			return control.Errno(errno)
		}
		allowed.is = true
		return nil
	})
}

// Uninit undoes [Init]. EAL's end does the same. The error is dpdk.ErrBusy while a queue has a capture: end it first,
// because the primary's bursts use memory that Uninit frees. It is dpdk.ErrBusy also while a port with queues is stopped.
//
// Implements: rte_pdump_uninit
func Uninit() error {
	ports, err := ethdev.List()
	if err != nil {
		return err
	}
	return control.Call(opUninit, "", func() error {
		for _, p := range ports {
			if !p.Started() && queues(p) > 0 { // DPDK hides the callbacks of a stopped port
				return &dpdk.Error{Op: opUninit, Name: p.Name(), Errno: dpdk.ErrBusy, Detail: "the port is stopped, so that its captures cannot be seen: start or close it first"}
			}
			if pdumpcgo.Active(uint16(p.ID())) {
				return &dpdk.Error{Op: opUninit, Name: p.Name(), Errno: dpdk.ErrBusy, Detail: "a queue of the port has a capture or another callback: end it first"}
			}
		}
		uninit()
		return nil
	})
}

// queues returns the number of configured queues of a port.
func queues(p *ethdev.Port) int {
	i, _ := p.Info()
	return i.RxQueues + i.TxQueues
}

// uninit frees what Init made. No burst runs.
func uninit() {
	allowed.Lock()
	defer allowed.Unlock()
	if allowed.is {
		leave := telserver.Enter()
		pdumpcgo.Uninit()
		leave()
		allowed.is = false
	}
}

func primary() bool { return cgo.ProcessType() == cgo.ProcPrimary }
