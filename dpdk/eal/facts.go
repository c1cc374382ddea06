package eal

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// AttachError is a secondary's refusal to attach to a primary that it does not fit:
// DPDK would crash, or corrupt memory of both. errors.Is finds dpdk.ErrMismatch in it.
type AttachError struct {
	What string // what differs: "DPDK", "RTE_MAX_LCORE", "lcores" …
	// Primary is the primary's value; for lcores, which process has them.
	Primary   string
	Secondary string // this process's value
	Fix       string // what to do about it
}

func (e *AttachError) Error() string {
	return fmt.Sprintf("%s: %v: %s: primary has %s, secondary has %s: %s",
		opInit, dpdk.ErrMismatch, e.What, e.Primary, e.Secondary, e.Fix)
}

// Unwrap gives errors.Is its sentinel.
func (e *AttachError) Unwrap() error { return dpdk.ErrMismatch }

// facts are what a process that attaches must know of its primary.
type facts struct {
	Format  int
	Godpdk  string // version of this module
	DPDK    string // that runs
	Headers string // release that it was compiled for
	Build   map[string]uint64
	Ops     []string // of mempools, in the order of their numbers
	Tailqs  []string
	IOVA    string
	Options map[string][]string // of the primary, by long name: those of published
	Mounts  map[string]mount    // the folders of its hugepages, by path
}

// mount tells a mount of hugetlbfs from another one with the same path.
type mount struct{ Dev, Ino uint64 }

// published are EAL's options that matter to processes that attach.
var published = []string{"allow", "base-virtaddr", "block", "driver-path", "force-max-simd-bitwidth", "huge-dir",
	"legacy-mem", "match-allocations", "no-pci", "single-file-segments", "vdev", "vfio-intr", "vfio-vf-token"}

// valid returns an error for options that no primary publishes.
func (f *facts) valid() error {
	for name, values := range f.Options {
		if len(values) == 0 {
			return fmt.Errorf("option %s without a value", name)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) || v == "" && known[name] == required {
				return fmt.Errorf("option %s=%q", name, v)
			}
		}
	}
	return nil
}

// buildFacts are those that are known before EAL starts.
func buildFacts() facts {
	v := cgo.BuildVersion()
	return facts{Format: tableFormat, Godpdk: moduleVersion(), DPDK: cgo.Version(), Build: cgo.Build(),
		Headers: fmt.Sprintf("%d.%02d.%d", v>>24, v>>16&0xff, v>>8&0xff)}
}

// ownFacts are this process's, with EAL started.
func ownFacts(o *options, prefix string) (*facts, error) {
	f := buildFacts()
	f.Ops = cgo.MempoolOps()
	f.IOVA = IOVAVirtual.String()
	if cgo.IOVAMode() == cgo.IOVAPhysical {
		f.IOVA = IOVAPhysical.String()
	}
	f.Tailqs = tailqs()
	f.Options = map[string][]string{}
	for _, name := range published {
		if o.has(name) {
			f.Options[name] = o.values[name]
		}
	}
	pages, err := hugepageFiles(prefix)
	if err != nil {
		return nil, &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: err.Error()}
	}
	f.Mounts = map[string]mount{}
	for _, page := range pages {
		dir := filepath.Dir(page)
		if _, known := f.Mounts[dir]; known {
			continue
		}
		if dev, ino, _, err := linux.FileID(dir); err == nil {
			f.Mounts[dir] = mount{dev, ino}
		}
	}
	return &f, nil
}

// checkMounts compares the primary's hugetlbfs mounts with those of this process. In another
// mount, or an ordinary folder, EAL would create new files and map those.
func (f *facts) checkMounts() error {
	for _, dir := range slices.Sorted(maps.Keys(f.Mounts)) {
		there := f.Mounts[dir]
		dev, ino, fs, err := linux.FileID(dir)
		here := fmt.Sprintf("device %s, inode %d, %s", linux.Device(dev), ino, fs)
		if err != nil {
			here = err.Error()
		}
		if err != nil || there != (mount{dev, ino}) {
			return &AttachError{"hugepages in " + dir, fmt.Sprintf("device %s, inode %d", linux.Device(there.Dev), there.Ino), here,
				"mount the primary's hugetlbfs there too (containers: give both the same volume)"}
		}
	}
	return nil
}

// moduleVersion is this module's version in the program.
func moduleVersion() string {
	const path = "github.com/godpdk/godpdk"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(slices.Clone(info.Deps), &info.Main) {
		if m.Path == path {
			return m.Version
		}
	}
	return "unknown"
}

// checkBuild compares a primary's facts with this process's before EAL starts.
// What is only risky is warned of.
func (f *facts) checkBuild(own *facts, warn func(text string, args ...any)) error {
	const same = "build both from the same release"
	if f.Format != own.Format {
		return &AttachError{"godpdk", fmt.Sprintf("%s (format %d)", f.Godpdk, f.Format), fmt.Sprintf("%s (format %d)", own.Godpdk, own.Format), same}
	}
	if f.DPDK != own.DPDK {
		return &AttachError{"DPDK", f.DPDK, own.DPDK, "run both with the same DPDK"}
	}
	for _, name := range slices.Sorted(maps.Keys(own.Build)) {
		if there, here := f.Build[name], own.Build[name]; there != here {
			return &AttachError{name, fmt.Sprint(there), fmt.Sprint(here), "use the same build of DPDK in both"}
		}
	}
	if f.Headers != own.Headers {
		warn("the primary was compiled for another DPDK: "+same, "primary", f.Headers, "secondary", own.Headers)
	}
	if f.Godpdk != own.Godpdk {
		warn("the primary has another godpdk: "+same, "primary", f.Godpdk, "secondary", own.Godpdk)
	}
	return nil
}

// checkOps compares the tables of mempool ops: a pool holds the number of its
// ops. This process may have fewer than the primary, or more at the end.
func (f *facts) checkOps(own []string) error {
	for i, here := range own[:min(len(own), len(f.Ops))] {
		if there := f.Ops[i]; there != here {
			return &AttachError{fmt.Sprintf("mempool ops %d", i), there, here,
				fmt.Sprintf("load the same drivers in the same order (primary: %s; secondary: %s)", strings.Join(f.Ops, ", "), strings.Join(own, ", "))}
		}
	}
	return nil
}

// moreLibraries explains a failed start of a secondary: EAL found no tail queue in the
// primary's memory for a library of this process. there lists those that it has.
func moreLibraries(log []string, there func() []string) *AttachError {
	for _, line := range log {
		if _, name, found := strings.Cut(line, "Cannot initialize tailq: "); found {
			return &AttachError{"tail queues of DPDK's libraries", list(there()), strings.TrimSpace(name) + " too",
				"link that library into the primary as well, or leave it out here"}
		}
	}
	return nil
}

// tailqs are the tail queues in the memory of the primary, which is mapped.
func tailqs() (names []string) {
	dump, _ := cgo.Tailqs()
	for line := range strings.Lines(dump) {
		_, name, _ := strings.Cut(line, "qname:<")
		if name, _, _ = strings.Cut(name, ">"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// checkDevices refuses devices that the primary does not have: from a secondary
// that probes one by itself DPDK makes a device of its own, or aborts. One that
// says nothing of PCI devices takes the primary's choice.
func (f *facts) checkDevices(o *options, warn func(text string, args ...any)) error {
	for _, v := range o.values["vdev"] {
		name, _, _ := strings.Cut(v, ",")
		i := slices.IndexFunc(f.Options["vdev"], func(there string) bool { return device(there) == name })
		if i < 0 {
			return &AttachError{"virtual devices", list(f.Options["vdev"]), v,
				"leave it out: the primary makes virtual devices, and a secondary gets all of them by itself"}
		}
		if there := f.Options["vdev"][i]; there != v {
			warn("the primary made this virtual device with other arguments, which count", "primary", there, "secondary", v)
		}
	}
	for _, path := range f.Options["driver-path"] {
		if !slices.Contains(o.values["driver-path"], path) {
			warn("the primary loads drivers that this process does not: it may lack devices or mempool ops", "driver-path", path)
		}
	}
	if !o.has("allow") && !o.has("block") && !o.has("no-pci") {
		for _, name := range []string{"allow", "block", "no-pci"} {
			for _, v := range f.Options[name] {
				o.add(name, v)
			}
		}
		return nil
	}
	there, here := f.Options, o.values
	_, closed := there["no-pci"]
	allowed, blocked := devices(there["allow"]), devices(there["block"])
	bad := closed
	if own := devices(here["allow"]); own != nil {
		for d := range own {
			bad = bad || allowed != nil && !allowed[d] || blocked[d]
		}
	} else {
		bad = bad || allowed != nil
		for d := range blocked {
			bad = bad || !devices(here["block"])[d]
		}
	}
	if bad && !o.has("no-pci") {
		return &AttachError{"devices", chosen(there), chosen(here), "give the secondary the primary's devices or fewer; Config with none of Allow, Block and NoPCI takes the primary's"}
	}
	return nil
}

// device is a device's name without its arguments, PCI addresses in full.
func device(s string) string {
	s, _, _ = strings.Cut(s, ",")
	if len(s) == len("03:00.0") && s[2] == ':' && s[5] == '.' {
		return "0000:" + s
	}
	return s
}

// devices are the names in a list of options; nil if there is none.
func devices(values []string) map[string]bool {
	if len(values) == 0 {
		return nil
	}
	set := map[string]bool{}
	for _, v := range values {
		set[device(v)] = true
	}
	return set
}

// chosen writes the choice of PCI devices as options.
func chosen(values map[string][]string) string {
	if _, ok := values["no-pci"]; ok {
		return "--no-pci"
	}
	for option, name := range map[string]string{"-a ": "allow", "-b ": "block"} {
		if v := values[name]; len(v) > 0 {
			return option + strings.Join(v, " "+option)
		}
	}
	return "all PCI devices"
}

func list(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	return strings.Join(values, " ")
}
