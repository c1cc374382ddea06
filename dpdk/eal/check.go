package eal

import (
	"os"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/devargs"
)

// plan is what the options mean for the other processes of the prefix.
type plan struct {
	role   ProcessType
	prefix string
	shared bool // other processes can find this one
}

// check refuses what EAL would exit or hang on, contradictions, and values
// that EAL would refuse with less to say.
func (o *options) check() (plan, error) {
	p := plan{prefix: "rte", shared: !o.has("in-memory") && !o.has("no-shconf")}

	if o.has("help") {
		return p, invalid("--help makes EAL print and exit: print your own usage")
	}
	for _, v := range o.values["log-level"] {
		if v == "help" {
			return p, invalid("--log-level=help makes EAL print and exit")
		}
	}
	for name, values := range o.values {
		// EAL 25.11 exits on them.
		if _, ok := known[name]; !ok || since[name] > cgo.BuildVersion() {
			return p, invalid("EAL has no option %s", dashed(name))
		}
		for _, v := range values {
			if v == "" && known[name] == required {
				return p, invalid("option --%s has an empty value", name)
			}
		}
	}
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
			return p, &dpdk.Error{Op: opInit, Errno: dpdk.ErrInvalid.(dpdk.Errno), Cause: dpdk.ErrNotShared,
				Detail: "--" + private + " excludes --proc-type=" + p.role.String() + ": drop one of them"}
		}
	}
	for _, pair := range [][2]string{
		{"allow", "block"}, {"no-huge", "socket-mem"}, {"no-huge", "numa-mem"}, {"no-huge", "huge-dir"},
		{"no-huge", "huge-worker-stack"}, {"no-huge", "pagesz-mem"},
		{"coremask", "lcores"},
	} {
		if o.has(pair[0]) && o.has(pair[1]) {
			return p, invalid("--%s and --%s exclude each other: drop one of them", pair[0], pair[1])
		}
	}
	for _, option := range []string{"allow", "block", "vdev"} {
		for _, v := range o.values[option] {
			if _, err := devargs.Parse(opInit, v); err != nil {
				return p, err
			}
		}
	}
	for _, path := range o.values["driver-path"] {
		if _, err := os.Stat(path); err != nil && strings.Contains(path, "/") {
			return p, invalid("driver path: %v", err)
		}
	}
	return p, o.checkLcores()
}

// dashed is an option as it is typed.
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
	lcores, err := ParseLcores(list)
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
