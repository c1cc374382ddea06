package eal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/dpdk/hostcheck"
)

// value is whether an EAL option takes a value.
type value int

const (
	none value = iota
	required
	optional
)

// known are the options of EAL in DPDK 22.11 to 25.11 by their long names.
var known = map[string]value{
	"allow": required, "auto-probing": none, "base-virtaddr": required, "block": required,
	"coremask": required, "create-uio-dev": none, "driver-path": required, "file-prefix": required,
	"force-max-simd-bitwidth": required, "help": none, "huge-dir": required, "huge-unlink": optional,
	"huge-worker-stack": optional, "in-memory": none, "iova-mode": required, "lcores": required,
	"legacy-mem": none, "log-color": optional, "log-level": required, "log-timestamp": optional,
	"main-lcore": required, "match-allocations": none, "mbuf-pool-ops-name": required,
	"memory-channels": required, "memory-ranks": required, "memory-size": required,
	"no-auto-probing": none, "no-hpet": none, "no-huge": none, "no-pci": none, "no-shconf": none,
	"no-telemetry": none, "numa-limit": required, "numa-mem": required, "pagesz-mem": required,
	"proc-type": required, "remap-lcore-ids": optional, "service-corelist": required,
	"service-coremask": required, "single-file-segments": none, "socket-limit": required,
	"socket-mem": required, "syslog": optional, "telemetry": none, "trace": required,
	"trace-bufsz": required, "trace-dir": required, "trace-mode": required, "vdev": required,
	"version": none, "vfio-intr": required, "vfio-vf-token": required, "vmware-tsc-map": none,
}

// since has the first release of options that older releases lack, as RTE_VERSION_NUM.
var since = map[string]uint32{"auto-probing": 26<<24 | 3<<16, "no-auto-probing": 26<<24 | 3<<16, "pagesz-mem": 26<<24 | 3<<16}

// repeatable are the options of which EAL uses all values, not only the last.
var repeatable = map[string]bool{"allow": true, "block": true, "driver-path": true, "log-level": true,
	"trace": true, "vdev": true}

// short are the one-letter options.
var short = map[byte]string{
	'a': "allow", 'b': "block", 'c': "coremask", 'd': "driver-path", 'h': "help", 'l': "lcores",
	'm': "memory-size", 'n': "memory-channels", 'r': "memory-ranks", 's': "service-coremask",
	'A': "no-auto-probing", 'R': "remap-lcore-ids", 'S': "service-corelist", 'v': "version",
}

// options is a parsed command line of EAL options.
type options struct {
	given  []option            // in order, without --proc-type
	values map[string][]string // by long name; "" for an option without a value
}

// option is one option as EAL gets it, with its value. It has no abbreviations of getopt_long and no
// letters in a row ("-vl0"), on which EAL 25.11 exits.
type option struct {
	name string
	args []string
}

// argv returns the arguments for EAL. Of a repeated option it has only the last, because EAL 25.11
// exits on repetition. The options for lcores come last: if an older EAL fails at an option after
// them, it remembers them, and refuses them in the next start.
func (o *options) argv() []string {
	last := map[string]int{}
	for i, g := range o.given {
		last[g.name] = i
	}
	var argv, lcores []string
	for i, g := range o.given {
		switch {
		case last[g.name] > i && !repeatable[g.name]:
		case g.name == "lcores" || g.name == "coremask":
			lcores = append(lcores, g.args...)
		default:
			argv = append(argv, g.args...)
		}
	}
	return append(argv, lcores...)
}

func (o *options) has(name string) bool { return len(o.values[name]) > 0 }

// add appends an option to the command line.
func (o *options) add(name, value string) {
	o.values[name] = append(o.values[name], value)
	if known[name] == none {
		o.given = append(o.given, option{name, []string{"--" + name}})
		return
	}
	o.given = append(o.given, option{name, []string{"--" + name + "=" + value}})
}

// last returns the last value of an option, which is the one that EAL uses.
func (o *options) last(name string) string {
	v := o.values[name]
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

// need returns the memory that the options ask for.
func (o *options) need() hostcheck.Need {
	n := hostcheck.Need{HugeDir: o.last("huge-dir"), InMemory: o.has("in-memory")}
	n.MemoryMB, _ = strconv.Atoi(o.last("memory-size"))
	for _, mb := range strings.Split(o.last("socket-mem")+o.last("numa-mem"), ",") { // one option by two names
		on, _ := strconv.Atoi(mb)
		n.SocketMemoryMB = append(n.SocketMemoryMB, on)
	}
	return n
}

// parseOptions parses EAL options as getopt_long does, up to "--". rest has the arguments after
// it. It refuses options on which EAL would exit, or print and continue.
func parseOptions(args []string) (o *options, rest []string, err error) {
	o = &options{values: map[string][]string{}}
	for i := 0; i < len(args); {
		arg := args[i]
		if strings.IndexByte(arg, 0) >= 0 {
			return nil, nil, invalid("argument %q holds a NUL byte", arg)
		}
		if arg == "--" {
			return o, args[i+1:], nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			return nil, nil, invalid("argument %q is not an EAL option: put arguments of the application after --", arg)
		}
		parts, val, wants, err := split(arg)
		if err != nil {
			return nil, nil, err
		}
		used := 1
		if wants && i+1 < len(args) {
			val, used = args[i+1], 2
		} else if wants {
			return nil, nil, invalid("option %s needs a value", arg)
		}
		if strings.IndexByte(val, 0) >= 0 {
			return nil, nil, invalid("the value of %s holds a NUL byte: %q", arg, val)
		}
		for k, g := range parts {
			v := ""
			if k == len(parts)-1 {
				v = val
				g.args = append(g.args, args[i+1:i+used]...)
			}
			o.values[g.name] = append(o.values[g.name], v)
			if g.name != "proc-type" {
				o.given = append(o.given, g)
			}
		}
		i += used
	}
	return o, nil, nil
}

// split parses one argument. It returns the options in it (several for "-vh"), the value of the
// last, and whether that value is the next argument.
func split(arg string) (parts []option, val string, wants bool, err error) {
	if strings.HasPrefix(arg, "--") {
		name, val, has := strings.Cut(arg[2:], "=")
		if name, err = complete(name); err != nil {
			return nil, "", false, err
		}
		if kind, ok := known[name]; ok && kind == none && has && name != "help" {
			return nil, "", false, invalid("option --%s takes no value", name)
		}
		full := "--" + name
		if has {
			full += "=" + val
		}
		return []option{{name, []string{full}}}, val, known[name] == required && !has, nil
	}
	for i := 1; i < len(arg); i++ {
		name, ok := short[arg[i]]
		if !ok {
			name = "-" + arg[i:i+1]
		}
		if known[name] != none {
			val = strings.TrimPrefix(arg[i+1:], "=")
			return append(parts, option{name, []string{"-" + arg[i:]}}), val, known[name] == required && i+1 == len(arg), nil
		}
		parts = append(parts, option{name, []string{"-" + arg[i:i+1]}})
	}
	return parts, "", false, nil
}

// complete returns the full name of an abbreviated option. It refuses an abbreviation of several
// options even if this DPDK has only one of them: "--lo=help" is --log-level=help in 22.11, which
// exits on it.
func complete(name string) (string, error) {
	if _, ok := known[name]; ok || name == "" {
		return name, nil
	}
	var found []string
	for k := range known {
		if strings.HasPrefix(k, name) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return name, nil // EAL may know it
	case 1:
		return found[0], nil
	}
	slices.Sort(found)
	return "", invalid("option --%s may mean --%s: write it out", name, strings.Join(found, " or --"))
}
