package eal

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// failure returns the error of a failed rte_eal_init. Often only the log shows the reason.
func failure(o *options, errno int, lines []string) *dpdk.Error {
	e := &dpdk.Error{Op: opInit, Errno: dpdk.Errno(errno), Log: lines}
	if syscall.Errno(errno) == syscall.EALREADY { // after the former failed start EAL accepts no other
		e.Cause = dpdk.ErrAlreadyRunning
		return e
	}
	text := strings.Join(lines, "\n")
	for _, reason := range []struct {
		said   string
		cause  error
		detail string
	}{
		{"Is another primary process running?", dpdk.ErrPrimaryRunning, "use another Config.FilePrefix, or eal.Auto to join it"},
		{"refused secondary attachment", dpdk.ErrNotShared, "the primary has registered a thread as an lcore (lcore.Register) or given up messages (ipc.Disable, rte_mp_disable), after which it accepts no secondaries: restart it, with lcore.Pin and without ipc.Disable"},
		{"/config' for rte_mem_config", dpdk.ErrNoPrimary, "start one first, or use eal.Auto"},
		{"please use '--base-virtaddr' option", nil, "other memory is at EAL's address: start again, or set the primary's Config.BaseVirtAddr"},
		{"set_mempolicy: Operation not permitted", nil, "a seccomp filter forbids it: Docker's allows it with --cap-add=SYS_NICE"},
		{"Cannot initialize local memory map", nil, "a C program of this file prefix may have started at the same moment: start again; or another secondary has the same process id, in another pid namespace: run the containers of one group in one (docker run --pid=container:NAME)"},
		{"since physical addresses are not available", nil, "physical addresses need root (CAP_SYS_ADMIN): use Config.IOVAMode IOVAVirtual, or IOVAAuto"},
		{"DMA remapping, error 12", nil, fmt.Sprintf("VFIO locks all of DPDK's memory, and this process may lock %s (ulimit -l): raise the limit (Docker: --ulimit memlock=-1; systemd: LimitMEMLOCK=infinity)", hugepages.Format(linux.LockedMemory()))},
	} {
		if strings.Contains(text, reason.said) {
			e.Cause, e.Detail = reason.cause, reason.detail
			return e
		}
	}
	for _, said := range []string{"Cannot get hugepage information", "No free hugepages reported", "Not enough memory available", "Cannot init memory"} {
		if strings.Contains(text, said) {
			e := hugepages.Explain(hugepages.Asked{Dir: o.last("huge-dir"), Bytes: o.memory()}, text)
			e.Log = lines
			return e
		}
	}
	if len(lines) == 0 {
		e.Detail = `EAL logged nothing: add "*:debug" to Config.LogLevels`
	}
	return e
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
