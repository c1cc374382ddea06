package group

import (
	"encoding/json"
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

// Mismatch is the error of a secondary that does not fit its primary: see eal.AttachError. If Secondary is
// empty, Primary describes the state of both.
type Mismatch struct{ What, Primary, Secondary, Fix string }

func (e *Mismatch) Error() string {
	state := e.Primary
	if e.Secondary != "" {
		state = fmt.Sprintf("primary has %s, secondary has %s", e.Primary, e.Secondary)
	}
	return fmt.Sprintf("%s: %v: %s: %s: %s", opInit, dpdk.ErrMismatch, e.What, state, e.Fix)
}

// Unwrap returns dpdk.ErrMismatch.
func (e *Mismatch) Unwrap() error { return dpdk.ErrMismatch }

// Facts are the facts about a primary that a process needs to attach to it.
type Facts struct {
	Format  int
	Godpdk  string // the version of this module
	DPDK    string // the version that runs
	Headers string // the release that it was compiled for
	Build   map[string]uint64
	Ops     []string // the mempool ops in the order of their numbers
	Tailqs  []string
	IOVA    string
	Options Options          // of the primary: those of Published
	Mounts  map[string]mount // the folders of its hugepages, by path
	Files   map[string]int64 // the sizes of the files that EAL maps in every process
}

// mount identifies a mount of hugetlbfs: two mounts can have the same path.
type mount struct{ Dev, Ino uint64 }

// Published are EAL's options that matter to processes that attach.
var Published = []string{"allow", "base-virtaddr", "block", "driver-path", "force-max-simd-bitwidth", "huge-dir",
	"legacy-mem", "match-allocations", "no-pci", "single-file-segments", "vdev", "vfio-intr", "vfio-vf-token"}

// flags are the published options without a value.
var flags = []string{"legacy-mem", "match-allocations", "no-pci", "single-file-segments"}

// Options are EAL's options by their long names, each with its values in order.
type Options map[string][]string

func (o Options) has(name string) bool { return len(o[name]) > 0 }

// ParseFacts reads the JSON of what a primary has published.
func ParseFacts(text []byte) (*Facts, error) {
	var f Facts
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	return &f, f.valid()
}

// valid returns an error for values that no primary publishes.
func (f *Facts) valid() error {
	for name, values := range f.Options {
		if len(values) == 0 {
			return fmt.Errorf("option %s without a value", name)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) || v == "" && !slices.Contains(flags, name) {
				return fmt.Errorf("option %s=%q", name, v)
			}
		}
	}
	return nil
}

// buildFacts returns the facts that are known before EAL starts.
func buildFacts() Facts {
	v := cgo.BuildVersion()
	return Facts{Format: tableFormat, Godpdk: moduleVersion(), DPDK: cgo.Version(), Build: cgo.Build(),
		Headers: fmt.Sprintf("%d.%02d.%d", v>>24, v>>16&0xff, v>>8&0xff)}
}

// ownFacts returns the facts of this process, in which EAL has started.
func ownFacts(o Options, dir, prefix, iova string) (*Facts, error) {
	f := buildFacts()
	var err error
	if f.Files, err = fileSizes(dir); err != nil {
		return nil, err
	}
	f.Ops = cgo.MempoolOps()
	f.IOVA = iova
	f.Tailqs = tailqs()
	f.Options = Options{}
	for _, name := range Published {
		if o.has(name) {
			f.Options[name] = o[name]
		}
	}
	pages, err := HugepageFiles(prefix)
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

// checkMounts compares the primary's mounts of hugetlbfs with the mounts of this process. In another
// mount, or in an ordinary folder, EAL would create new files and map those.
func (f *Facts) checkMounts() error {
	for _, dir := range slices.Sorted(maps.Keys(f.Mounts)) {
		there := f.Mounts[dir]
		dev, ino, fs, err := linux.FileID(dir)
		here := fmt.Sprintf("device %s, inode %d, %s", linux.Device(dev), ino, fs)
		if err != nil {
			here = err.Error()
		}
		if err != nil || there != (mount{dev, ino}) {
			return &Mismatch{"hugepages in " + dir, fmt.Sprintf("device %s, inode %d", linux.Device(there.Dev), there.Ino), here,
				"mount the primary's hugetlbfs there too (containers: give both the same volume)"}
		}
	}
	return nil
}

// moduleVersion returns the version of this module in the program.
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

// checkBuild compares a primary's facts with the facts of this process before EAL starts. It warns
// of a difference that is only risky.
func (f *Facts) checkBuild(own *Facts, warn func(text string, args ...any)) error {
	const same = "build both from the same release"
	if f.Format != own.Format {
		return &Mismatch{"godpdk", fmt.Sprintf("%s (format %d)", f.Godpdk, f.Format), fmt.Sprintf("%s (format %d)", own.Godpdk, own.Format), same}
	}
	if f.DPDK != own.DPDK {
		return &Mismatch{"DPDK", f.DPDK, own.DPDK, "run both with the same DPDK"}
	}
	for _, name := range slices.Sorted(maps.Keys(own.Build)) {
		if there, here := f.Build[name], own.Build[name]; there != here {
			return &Mismatch{name, fmt.Sprint(there), fmt.Sprint(here), "use the same build of DPDK in both"}
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

// checkOps compares the tables of mempool ops: a pool holds the number of its ops. The table of this
// process may be shorter than the primary's, or longer.
func (f *Facts) checkOps(own []string) error {
	for i, here := range own[:min(len(own), len(f.Ops))] {
		if there := f.Ops[i]; there != here {
			return &Mismatch{fmt.Sprintf("mempool ops %d", i), there, here,
				fmt.Sprintf("load the same drivers in the same order (primary: %s; secondary: %s)", strings.Join(f.Ops, ", "), strings.Join(own, ", "))}
		}
	}
	return nil
}

// MoreLibraries explains a failed start of a secondary: EAL found no tail queue in the primary's
// memory for a library of this process. It returns nil if log does not show that.
func MoreLibraries(log []string) error { return moreLibraries(log, tailqs) }

func moreLibraries(log []string, there func() []string) error {
	for _, line := range log {
		if _, name, found := strings.Cut(line, "Cannot initialize tailq: "); found {
			return &Mismatch{"tail queues of DPDK's libraries", list(there()), strings.TrimSpace(name) + " too",
				"link that library into the primary as well, or leave it out here"}
		}
	}
	return nil
}

// tailqs returns the names of the tail queues in the memory of the primary, which is mapped.
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

// Option is an option of EAL by its long name.
type Option struct{ Name, Value string }

// checkDevices refuses devices that the primary does not have: if a secondary probes such a device,
// DPDK makes a new device, or aborts. If the options do not choose PCI devices, it returns the
// primary's choice.
func (f *Facts) checkDevices(here Options, warn func(text string, args ...any)) (adopted []Option, err error) {
	there := f.Options
	for _, v := range here["vdev"] {
		name, _, _ := strings.Cut(v, ",")
		i := slices.IndexFunc(there["vdev"], func(v string) bool { return device(v) == name })
		if i < 0 {
			return nil, &Mismatch{"virtual devices", list(there["vdev"]), v,
				"leave it out: the primary makes virtual devices, and a secondary gets all of them by itself"}
		}
		if other := there["vdev"][i]; other != v {
			warn("the primary made this virtual device with other arguments: the secondary uses those", "primary", other, "secondary", v)
		}
	}
	for _, path := range there["driver-path"] {
		if !slices.Contains(here["driver-path"], path) {
			warn("the primary loads drivers that this process does not: it may lack devices or mempool ops", "driver-path", path)
		}
	}
	if !here.has("allow") && !here.has("block") && !here.has("no-pci") {
		for _, name := range []string{"allow", "block", "no-pci"} {
			for _, v := range there[name] {
				adopted = append(adopted, Option{name, v})
			}
		}
		return adopted, nil
	}
	if !here.has("no-pci") && !there.allows(here) {
		return nil, &Mismatch{"devices", chosen(there), chosen(here), "give the secondary the primary's devices or fewer; Config with none of Allow, Block and NoPCI takes the primary's"}
	}
	return nil, nil
}

// allows reports whether the PCI devices of a secondary's options are those of the primary's
// options, or fewer.
func (o Options) allows(secondary Options) bool {
	if o.has("no-pci") {
		return false
	}
	allowed, blocked := devices(o["allow"]), devices(o["block"])
	if own := devices(secondary["allow"]); own != nil {
		for d := range own {
			if allowed != nil && !allowed[d] || blocked[d] {
				return false
			}
		}
		return true
	}
	own := devices(secondary["block"])
	for d := range blocked {
		if !own[d] {
			return false
		}
	}
	return allowed == nil
}

// device returns the name of a device without its arguments. It completes a PCI address.
func device(s string) string {
	s, _, _ = strings.Cut(s, ",")
	if len(s) == len("03:00.0") && s[2] == ':' && s[5] == '.' {
		return "0000:" + s
	}
	return s
}

// devices returns the names of devices in the values of an option; nil without values.
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

// chosen returns the choice of PCI devices as options.
func chosen(values Options) string {
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
