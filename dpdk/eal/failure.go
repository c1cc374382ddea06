package eal

import (
	"slices"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hostcheck"
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
		{"DMA remapping, error 12", nil, "VFIO locks all of DPDK's memory: " + limit("memlock").String()},
	} {
		if strings.Contains(text, reason.said) {
			e.Cause, e.Detail = reason.cause, reason.detail
			return e
		}
	}
	for _, said := range []string{"Cannot get hugepage information", "No free hugepages reported", "Not enough memory available", "Cannot init memory"} {
		if strings.Contains(text, said) {
			explain(e, o.need(), text)
			return e
		}
	}
	if len(lines) == 0 {
		e.Detail = `EAL logged nothing: add "*:debug" to Config.LogLevels`
	}
	return e
}

// explain adds what this host lacks. EAL's log often shows only a symptom, and its error number belongs to another call.
func explain(e *dpdk.Error, need hostcheck.Need, log string) {
	if errno, detail := limited(log); errno != 0 { // hugepages are there
		e.Errno, e.Detail = errno, detail
		return
	}
	findings := hostcheck.Host{}.Memory(need)
	e.Cause, e.Errno = dpdk.ErrNoHugepages, dpdk.ErrNoMemory
	for _, f := range findings {
		if f.Level == hostcheck.Error { // it can be the cause of the next ones
			e.Errno, e.Detail = f.Errno, f.String()
			return
		}
	}
	e.Detail = findings[len(findings)-1].Found + ", and this process may use them: the log has more"
}

// limited names the limit of this process that EAL has reached, if the log shows one.
func limited(log string) (errno dpdk.Errno, detail string) {
	switch {
	case strings.Contains(log, "Too many open files"):
		return dpdk.Errno(syscall.EMFILE), limit("open-files").String()
	case strings.Contains(log, "Cannot get a virtual area"), strings.Contains(log, "Cannot allocate VA space"):
		if f := limit("address-space"); f.Level == hostcheck.Error {
			return f.Errno, f.Why + ": " + f.String()
		}
		f := limit("overcommit")
		return dpdk.ErrNoMemory, f.Why + ", and the kernel gives none: " + f.String()
	}
	return 0, ""
}

// limit returns the finding about a limit of this process.
func limit(check string) hostcheck.Finding {
	all := hostcheck.Host{}.Limits()
	return all[slices.IndexFunc(all, func(f hostcheck.Finding) bool { return f.Check == check })]
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
