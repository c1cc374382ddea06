// Package hostcheck checks whether a host, and this process on it, can run DPDK: hugepages and their mounts, limits, CPUs,
// privileges, devices, the container, and what other DPDK processes have left behind. Each finding names the command that
// mends it. The package changes nothing, needs no running EAL, and works in programs that are built without cgo.
//
// The errors of eal.Init for missing memory are findings of this package. The program examples/doctor prints all findings;
// a service can report them, as in its health endpoint.
//
// The functions may be called by any goroutine, in any process role, before, during and after the life of EAL.
package hostcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/hostfs"
)

// Level is the severity of a finding.
type Level int

const (
	OK      Level = iota // nothing to do
	Warning              // DPDK works, but slower than it could, or not with all devices
	Error                // eal.Init fails, or DPDK does not work as configured
)

var levels = []string{"ok", "warning", "error"}

// String returns "ok", "warning" or "error".
func (l Level) String() string {
	if l < OK || l > Error {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levels[l]
}

// MarshalText returns the text of String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText parses the text of String.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levels, string(text))
	if i < 0 {
		return fmt.Errorf("hostcheck: level %q: use ok, warning or error", text)
	}
	*l = Level(i)
	return nil
}

// Finding is the result of one check.
type Finding struct {
	Check  string `json:"check"` // the subject: "hugepages", "hugetlbfs", "memlock" …
	Level  Level  `json:"level"`
	Source string `json:"source"` // the file, or the call, with the fact
	Found  string `json:"found"`  // the fact
	Why    string `json:"why"`    // why it matters to DPDK
	// Fixes are the ways to mend it: one of them is enough. A finding that is OK has none.
	Fixes []Fix `json:"fixes,omitempty"`
	// Errno is the error with which eal.Init fails because of this; 0 if it does not.
	Errno dpdk.Errno `json:"errno,omitempty"`
}

// Fix is a way to mend a finding.
type Fix struct {
	// Where is where the commands belong: "as root", "on the host, as root", "in the shell that starts the program",
	// "docker run" …
	Where    string   `json:"where"`
	Commands []string `json:"commands"`
	Undo     []string `json:"undo,omitempty"` // the commands that undo Commands, if that is possible
	// Safe is set if Commands, run by a shell of this user now, lose no data and disturb no running process.
	Safe bool `json:"safe"`
}

// String returns the fix in one line.
func (f Fix) String() string { return f.Where + ": " + strings.Join(f.Commands, "; ") }

// String returns what was found and its fixes in one line.
func (f Finding) String() string {
	fixes := make([]string, len(f.Fixes))
	for i, fix := range f.Fixes {
		fixes[i] = fix.String()
	}
	if len(fixes) == 0 {
		return f.Found
	}
	return f.Found + ": " + strings.Join(fixes, "; or ")
}

// Worst returns the highest level of the findings, and the first finding with it. Without findings it returns the zero
// value.
func Worst(findings []Finding) (worst Finding) {
	for _, f := range findings {
		if f.Level > worst.Level || worst.Check == "" {
			worst = f
		}
	}
	return worst
}

// Host is the host to check. The zero value is this host, as this process sees it.
type Host struct {
	// Root is a folder with copies of /proc, /sys, /dev and /run of another host, in which /proc/self describes the
	// process to check. The empty string is this host. In a copy a mount of hugetlbfs is an ordinary folder.
	Root string
}

// Need is what a program asks of the host. The zero value asks for one hugepage. The fields are those of eal.Config.
type Need struct {
	HugeDir        string
	InMemory       bool // no mount of hugetlbfs is needed
	MemoryMB       int
	SocketMemoryMB []int
}

// Check returns the findings of all checks.
func (h Host) Check(n Need) (all []Finding) {
	all = append(all, h.Version())
	all = append(all, h.Container()...)
	all = append(all, h.Memory(n)...)
	all = append(all, h.Limits()...)
	all = append(all, h.Processes()...)
	all = append(all, h.CPUs()...)
	all = append(all, h.Privileges()...)
	return append(all, h.Devices()...)
}

func (h Host) root() hostfs.Root { return hostfs.Root(h.Root) }

// Version returns the finding about DPDK's libraries: their version, and whether it is the one that this program was
// compiled for.
func (h Host) Version() Finding {
	f := Finding{Check: "dpdk", Source: "rte_version", Found: "this program runs with " + dpdk.Version(),
		Why: "a program runs only with the release of DPDK that it was compiled for"}
	switch err := dpdk.CheckVersion(); {
	case err == dpdk.ErrNoDPDK:
		f.Found = "this program is built without DPDK"
	case err != nil:
		f.Level, f.Found = Error, err.Error()
		f.Fixes = []Fix{{Where: "where the program is built", Commands: []string{"go build -a"}}}
	}
	return f
}
