package eal

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hostcheck"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
	"github.com/godpdk/godpdk/dpdk/internal/devargs"
)

// plan is the meaning of the options for the other processes of the prefix.
type plan struct {
	role   ProcessType
	prefix string
	shared bool // other processes can find this process
}

// check refuses options on which EAL would exit or hang, contradictions, and values that EAL
// would refuse with a worse error.
func (o *options) check() (plan, error) {
	if err := o.checkNames(); err != nil {
		return plan{}, err
	}
	p, err := o.plan()
	if err != nil {
		return plan{}, err
	}
	for _, check := range []func() error{o.checkPairs, o.checkDevargs, o.checkValues, checkDescriptors, o.checkLcores} {
		if err := check(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// checkNames refuses help, unknown options and empty values. EAL 25.11 exits on unknown options.
func (o *options) checkNames() error {
	if o.has("help") {
		return invalid("--help makes EAL print and exit: print your own usage")
	}
	if slices.Contains(o.values["log-level"], "help") {
		return invalid("--log-level=help makes EAL print and exit")
	}
	for name, values := range o.values {
		if _, ok := known[name]; !ok || since[name] > cgo.BuildVersion() {
			return invalid("EAL has no option %s", dashed(name))
		}
		if known[name] == required && slices.Contains(values, "") {
			return invalid("option --%s has an empty value", name)
		}
	}
	return nil
}

// plan returns the role and the file prefix in the options.
func (o *options) plan() (plan, error) {
	p := plan{prefix: "rte", shared: !o.has("in-memory") && !o.has("no-shconf")}
	switch t := o.last("proc-type"); t {
	case "", "primary":
		p.role = Primary
	case "secondary":
		p.role = Secondary
	case "auto":
		p.role = Auto
	default:
		return p, invalid("process type %q: use primary, secondary or auto", t)
	}
	if o.has("file-prefix") {
		p.prefix = o.last("file-prefix")
	}
	if strings.ContainsAny(p.prefix, "/%") || p.prefix == "." || p.prefix == ".." {
		return p, invalid("file prefix %q: it becomes part of file names, leave out / and %%", p.prefix)
	}
	for _, private := range []string{"no-huge", "in-memory", "no-shconf"} {
		if o.has(private) && p.role != Primary {
			return p, &dpdk.Error{Op: opInit, Errno: dpdk.ErrInvalid, Cause: dpdk.ErrNotShared,
				Detail: "--" + private + " excludes --proc-type=" + p.role.String() + ": drop one of them"}
		}
	}
	return p, nil
}

// checkPairs refuses options that exclude each other.
func (o *options) checkPairs() error {
	for _, pair := range [][2]string{
		{"allow", "block"}, {"no-huge", "socket-mem"}, {"no-huge", "numa-mem"}, {"no-huge", "huge-dir"},
		{"no-huge", "huge-worker-stack"}, {"no-huge", "pagesz-mem"},
		{"coremask", "lcores"}, {"memory-size", "socket-mem"}, {"memory-size", "numa-mem"},
	} {
		if o.has(pair[0]) && o.has(pair[1]) {
			return invalid("--%s and --%s exclude each other: drop one of them", pair[0], pair[1])
		}
	}
	return nil
}

// checkDevargs refuses arguments of devices on which EAL would crash, and missing drivers.
func (o *options) checkDevargs() error {
	for _, option := range []string{"allow", "block", "vdev"} {
		for _, v := range o.values[option] {
			if _, err := devargs.Parse(opInit, v); err != nil {
				return err
			}
		}
	}
	for _, path := range o.values["driver-path"] {
		if _, err := os.Stat(path); err != nil && strings.Contains(path, "/") {
			return invalid("driver path: %v", err)
		}
	}
	return nil
}

// checkValues refuses values that EAL would change silently.
func (o *options) checkValues() error {
	for _, v := range o.values["log-level"] {
		if err := checkLogLevel(v); err != nil {
			return err
		}
	}
	for _, name := range []string{"memory-size", "socket-mem", "numa-mem"} {
		if err := o.checkMemory(name); err != nil {
			return err
		}
	}
	if v := o.last("base-virtaddr"); v != "" {
		addr, err := strconv.ParseUint(strings.TrimPrefix(v, "0x"), 16, 64)
		if err == nil && addr >= 1<<56 {
			return invalid("base virtual address %#x: no process can map memory there, use one below %#x", addr, uint64(1)<<47)
		}
	}
	return nil
}

// checkDescriptors refuses to start if EAL would end the process because it cannot open a file of
// the kernel. It does not count descriptors for hugepages.
func checkDescriptors() error {
	if f := limit("open-files"); f.Level == hostcheck.Error {
		return &dpdk.Error{Op: opInit, Errno: f.Errno, Detail: f.String()}
	}
	return nil
}

// checkMemory refuses sizes that atoi and a shift would change: "64G" would be 64 MiB, 4294967297
// would be 1 MiB. EAL itself refuses other wrong sizes.
func (o *options) checkMemory(name string) error {
	if !o.has(name) {
		return nil
	}
	for i, mb := range strings.Split(o.last(name), ",") {
		n, err := strconv.ParseUint(mb, 10, 31)
		if err != nil {
			return invalid("--%s=%s: %q is not a number of MiB from 0 to %d", name, o.last(name), mb, math.MaxInt32)
		}
		node := fmt.Sprintf("/sys/devices/system/node/node%d", i)
		if _, err := os.Stat(node); err != nil && i > 0 && n > 0 {
			return invalid("--%s=%s: this machine has no NUMA socket %d", name, o.last(name), i)
		}
	}
	return nil
}

// dashed returns an option as a user types it.
func dashed(name string) string {
	if strings.HasPrefix(name, "-") {
		return name
	}
	return "--" + name
}

func (o *options) checkLcores() error {
	list := o.last("lcores")
	if list == "" {
		return nil
	}
	lcores, err := cpulist.Lcores(list)
	if err != nil {
		return err
	}
	if err := available(lcores); err != nil {
		return err
	}
	main := o.last("main-lcore")
	if main == "" {
		return nil
	}
	for _, l := range lcores {
		if main == strconv.Itoa(l.ID) {
			return nil
		}
	}
	return invalid("main lcore %s is not among the lcores %s", main, list)
}

// available refuses CPUs that do not exist or that this process may not use (a container's
// cpuset). It accepts CPUs outside of the process's current set, as with isolcpus or taskset,
// if the kernel lets a thread run there.
func available(lcores []cpulist.Lcore) error {
	refused := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread that tries ends with the goroutine
		refused <- tryCPUs(lcores)
	}()
	return <-refused
}

func tryCPUs(lcores []cpulist.Lcore) error {
	mine, err := cpulist.OfThread()
	if err != nil {
		return nil // EAL reports it
	}
	for _, l := range lcores {
		for _, cpu := range l.CPUs {
			if !slices.Contains(mine, cpu) && cpulist.SetThread(cpu) != nil {
				return invalid("CPU %d of lcore %d is not available to this process, which runs on CPUs %s", cpu, l.ID, cpulist.Spans(mine))
			}
		}
	}
	return nil
}
