package eal

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

const opInit = "rte_eal_init"

// ProcessType is the role of a process among the processes of its file prefix.
type ProcessType int

const (
	// Primary creates the shared memory. A file prefix has at most one.
	Primary ProcessType = iota
	// Secondary attaches to the memory of a running primary.
	Secondary
	// Auto becomes Primary if no primary runs with the file prefix, and Secondary otherwise.
	Auto
)

// String returns the value for --proc-type.
func (p ProcessType) String() string {
	switch p {
	case Primary:
		return "primary"
	case Secondary:
		return "secondary"
	case Auto:
		return "auto"
	}
	return "ProcessType(" + strconv.Itoa(int(p)) + ")"
}

// IOVAMode is the kind of addresses that devices get.
type IOVAMode int

const (
	IOVAAuto     IOVAMode = iota // EAL's choice
	IOVAPhysical                 // physical addresses ("pa")
	IOVAVirtual                  // virtual addresses ("va")
)

// String returns the value for --iova-mode, and "auto" for IOVAAuto, which EAL has no value for.
func (m IOVAMode) String() string {
	switch m {
	case IOVAAuto:
		return "auto"
	case IOVAPhysical:
		return "pa"
	case IOVAVirtual:
		return "va"
	}
	return "IOVAMode(" + strconv.Itoa(int(m)) + ")"
}

// VFIOInterrupts is the kind of interrupts of devices that vfio-pci drives.
type VFIOInterrupts int

const (
	VFIOAuto   VFIOInterrupts = iota // EAL's choice: the best kind that the device has, from MSI-X to legacy
	VFIOLegacy                       // INTx ("legacy")
	VFIOMSI                          // "msi"
	VFIOMSIX                         // "msix"
)

// String returns the value for --vfio-intr, and "auto" for VFIOAuto, which EAL has no value for.
func (v VFIOInterrupts) String() string {
	switch v {
	case VFIOAuto:
		return "auto"
	case VFIOLegacy:
		return "legacy"
	case VFIOMSI:
		return "msi"
	case VFIOMSIX:
		return "msix"
	}
	return "VFIOInterrupts(" + strconv.Itoa(int(v)) + ")"
}

// Config is the configuration of EAL. The zero value is EAL's own default: a primary with the
// prefix "rte", an lcore on each CPU, and hugepages that are allocated on demand. The comment of
// each field names its EAL option.
type Config struct {
	ProcessType ProcessType // --proc-type
	// FilePrefix separates groups of processes on one host (--file-prefix).
	FilePrefix string

	// Lcores are EAL's logical cores, in the syntax of --lcores: "0-3,5", or "2@0" for lcore 2
	// on CPU 0. lcore.ParseLcores describes the syntax, and lcore.Lcores has a String method
	// for this field. Init checks that the processes of one prefix have disjoint lcores.
	// The empty string is an lcore on each CPU; in a secondary of a primary in Go it is the lowest
	// lcore that no process has, on any CPU.
	Lcores string
	// SharedLcores lets a secondary have lcores that other processes have. Then it must use
	// mempools and packets only through its own caches (mempool.Cache).
	SharedLcores bool
	// MainLcore is the lcore of the thread that Init starts (--main-lcore). 0 is the lowest of
	// Lcores, as in EAL.
	MainLcore int

	// MemoryMB is the memory to allocate at start, in MiB (-m). Allocate at start what you
	// will need: later growth needs the answer of every secondary, and a page that is no
	// longer available then causes a SIGBUS in C.
	MemoryMB int
	// SocketMemoryMB is the same per NUMA socket (--socket-mem).
	SocketMemoryMB []int
	HugeDir        string // mount of hugetlbfs to use (--huge-dir)
	NoHuge         bool   // ordinary memory, which no secondary can share (--no-huge)
	// InMemory shares nothing: no files, no secondaries, no messages (--in-memory).
	// Bursts on ports bypass cgo then; see package ethdev.
	InMemory bool
	// FastDrivers lets bursts of more drivers bypass cgo, such as a driver of your own, by the name
	// in ethdev.Info. Add a driver only if you know its code. A burst of 512 packets must use less
	// than 48 KiB of stack: it runs on a goroutine's stack without a guard page, and overwrites
	// other memory if it uses more. It must not wait, sleep or make system calls: garbage
	// collections wait for it. Package ethdev has the list of the other drivers.
	FastDrivers  []string
	BaseVirtAddr uintptr  // where to map memory (--base-virtaddr)
	IOVAMode     IOVAMode // --iova-mode

	// VFIOInterrupts is the kind of interrupts of devices on vfio-pci (--vfio-intr). Set VFIOLegacy if
	// ports report no changes of the link and WaitBurst does not wake up, as with some emulated NICs.
	VFIOInterrupts VFIOInterrupts

	Allow       []string // PCI addresses or other devices to use, no others (-a)
	Block       []string // devices not to use (-b); excludes Allow
	NoPCI       bool     // leave all PCI devices alone (--no-pci)
	Vdevs       []string // virtual devices: "net_null0,size=64" (--vdev)
	DriverPaths []string // driver .so files or folders (-d)

	// LogLevels are EAL's log levels: "lib.eal:debug", "*:warning" (--log-level). The levels are
	// emergency, alert, critical, error, warning, notice, info and debug.
	LogLevels []string
	// Logger receives DPDK's log from start to Close; nil is slog.Default().
	Logger *slog.Logger

	// PrimaryTimeout limits two waits: of a secondary for a primary that is still starting, and
	// of any process for earlier starts with the same prefix. 0 is 10 s. A secondary without a
	// primary fails at once: see WaitPrimary.
	PrimaryTimeout time.Duration

	// Prepare runs in a primary that has started, before a process in Go can attach to it. It is the
	// place to make shared objects and to configure ports: a secondary that attaches before a port is
	// configured cannot poll it. It must not call Runtime.Close. If it fails, Init stops EAL and returns
	// its error. Secondaries wait for it as for a primary that is starting: see PrimaryTimeout. A C
	// program does not wait.
	Prepare func(*Runtime) error `json:"-"`

	// Extra are more EAL options. Init checks them like the other options.
	Extra []string
}

// check refuses values that no option can express.
func (c *Config) check() error {
	switch {
	case c.ProcessType < Primary || c.ProcessType > Auto:
		return invalid("ProcessType %d: use Primary, Secondary or Auto", c.ProcessType)
	case c.MainLcore < 0:
		return invalid("MainLcore %d is negative", c.MainLcore)
	case c.MainLcore >= cgo.MaxLcore:
		return invalid("MainLcore %d: lcores are 0 to %d in this DPDK", c.MainLcore, cgo.MaxLcore-1)
	case c.MemoryMB < 0:
		return invalid("MemoryMB %d is negative", c.MemoryMB)
	case c.PrimaryTimeout < 0:
		return invalid("PrimaryTimeout %v is negative: 0 is 10 s", c.PrimaryTimeout)
	case c.VFIOInterrupts < VFIOAuto || c.VFIOInterrupts > VFIOMSIX:
		return invalid("VFIOInterrupts %d: use VFIOAuto, VFIOLegacy, VFIOMSI or VFIOMSIX", c.VFIOInterrupts)
	case c.IOVAMode < IOVAAuto || c.IOVAMode > IOVAVirtual:
		return invalid("IOVAMode %d: use IOVAAuto, IOVAPhysical or IOVAVirtual", c.IOVAMode)
	}
	for i, mb := range c.SocketMemoryMB {
		if mb < 0 {
			return invalid("SocketMemoryMB[%d] is %d, which is negative", i, mb)
		}
	}
	return nil
}

// args returns the configuration as EAL options.
func (c *Config) args() ([]string, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	args := []string{"--proc-type=" + c.ProcessType.String()}
	add := func(option, value string) {
		if value != "" {
			args = append(args, option+"="+value)
		}
	}
	flag := func(option string, set bool) {
		if set {
			args = append(args, option)
		}
	}
	add("--file-prefix", c.FilePrefix)
	add("--lcores", c.Lcores)
	if c.MainLcore > 0 {
		add("--main-lcore", strconv.Itoa(c.MainLcore))
	}
	if c.MemoryMB > 0 {
		args = append(args, "-m", strconv.Itoa(c.MemoryMB))
	}
	sockets := make([]string, len(c.SocketMemoryMB))
	for i, mb := range c.SocketMemoryMB {
		sockets[i] = strconv.Itoa(mb)
	}
	add("--socket-mem", strings.Join(sockets, ","))
	add("--huge-dir", c.HugeDir)
	flag("--no-huge", c.NoHuge)
	flag("--in-memory", c.InMemory)
	if c.BaseVirtAddr != 0 {
		add("--base-virtaddr", fmt.Sprintf("%#x", c.BaseVirtAddr))
	}
	if c.IOVAMode != IOVAAuto {
		add("--iova-mode", c.IOVAMode.String())
	}
	if c.VFIOInterrupts != VFIOAuto {
		add("--vfio-intr", c.VFIOInterrupts.String())
	}
	flag("--no-pci", c.NoPCI)

	for _, list := range []struct {
		field, option string
		values        []string
	}{
		{"Allow", "-a", c.Allow},
		{"Block", "-b", c.Block},
		{"Vdevs", "--vdev", c.Vdevs},
		{"DriverPaths", "-d", c.DriverPaths},
		{"LogLevels", "--log-level", c.LogLevels},
	} {
		for i, v := range list.values {
			if v == "" {
				return nil, invalid("%s[%d] is empty", list.field, i)
			}
			args = append(args, list.option, v)
		}
	}
	return append(args, c.Extra...), nil
}

// invalid returns an argument error of Init.
func invalid(format string, args ...any) error {
	return check.Invalid(opInit, "", format, args...)
}
