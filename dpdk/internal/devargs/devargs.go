// Package devargs parses the arguments of devices before DPDK does. DPDK crashes on some of
// them, such as a class without a bus or a key without a value.
package devargs

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

const (
	// MaxLength is the maximum length of devargs. C has no limit; no device needs more.
	MaxLength = 1<<16 - 1
	// MaxShared is the maximum length, in bytes, of devargs that DPDK sends to other
	// processes (EAL_DEV_MP_DEV_ARGS_MAX_LEN).
	MaxShared = 127

	maxName = 63 // RTE_DEV_NAME_MAX_LEN
	maxArgs = 32 // RTE_KVARGS_MAX
)

// buses are those of DPDK 22.11 to 25.11.
var buses = []string{"auxiliary", "cdx", "dpaa_bus", "fslmc", "ifpga", "pci", "platform", "uacce", "vdev", "vmbus"}

// flags are the arguments that drivers take without a value.
var flags = []string{"persist"} // of net_tap

// Device is the content of devargs.
type Device struct {
	Name  string // name of the device, without its bus
	Bus   string // "" if the devargs leave it to DPDK
	Class string // "eth" if the devargs name a class, else ""
	// Filter contains the arguments that select ports: those of the class, or in DPDK's older
	// syntax all of them.
	Filter string
}

// Whole returns the device without its filter, which matches all of its ports.
func (d Device) Whole() Device {
	d.Filter = ""
	return d
}

// Match returns the device in the syntax of rte_eth_iterator_init.
func (d Device) Match() string {
	if d.Name == "" {
		return "class=eth," + d.Filter
	}
	s := d.Name
	if d.Bus != "" {
		s = d.Bus + ":" + s
	}
	if d.Filter != "" {
		s += "," + d.Filter
	}
	return s
}

// Parse parses devargs of one device, such as "net_null0,size=64", "pci:0000:03:00.0" or
// "bus=pci,addr=0000:03:00.0/class=eth". Errors are those of the call op.
func Parse(op, s string) (Device, error) {
	d, err := ParseFilter(op, s)
	if err == nil && d.Name == "" {
		err = check.Invalid(op, s, "the devargs do not name a device: begin with a name, such as net_null0 or 0000:03:00.0")
	}
	if err != nil {
		return Device{}, err
	}
	return d, nil
}

// ParseFilter parses what Parse accepts, and also "class=eth" with or without arguments, which
// selects all matching ports.
func ParseFilter(op, s string) (Device, error) {
	if err := check.Name(op, s, MaxLength+1); err != nil {
		return Device{}, err
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return Device{}, check.Invalid(op, strings.ToValidUTF8(s[:i], "?"), "the devargs contain the control character %q: remove it", s[i])
	}
	d, why := parse(s)
	if why != "" {
		return Device{}, check.Invalid(op, s, "%s", why)
	}
	return d, nil
}

// Short refuses devargs that are too long for other processes: DPDK truncates or refuses them.
func Short(op, s string) error {
	if len(s) <= MaxShared {
		return nil
	}
	return &dpdk.Error{Op: op, Name: s, Errno: dpdk.Errno(syscall.E2BIG), Detail: fmt.Sprintf(
		"%d bytes: DPDK passes at most %d to other processes: use shorter paths, or name the device in eal.Config.Vdevs", len(s), MaxShared)}
}

// layered contains the keys that begin a layer of DPDK's newer syntax.
var layered = []string{"bus", "class", "driver"}

// parse parses devargs, or returns the reason why not.
func parse(s string) (d Device, why string) {
	key := first(s)
	if key == "bus" || key == "class" {
		return layers(s)
	}
	for _, l := range layered {
		if strings.Contains(s, "/"+l+"=") {
			return d, fmt.Sprintf("DPDK interprets /%s= inside devargs as the start of a layer: use another path", l)
		}
	}
	name, args, _ := strings.Cut(s, ",")
	d.Name, d.Filter = name, args
	for _, bus := range buses {
		if rest, ok := strings.CutPrefix(name, bus+":"); ok {
			d.Bus, d.Name = bus, rest
		}
	}
	if why := badName(d.Name); why != "" {
		return d, why
	}
	if strings.HasPrefix(d.Name, "net_failsafe") { // it has its own syntax
		return d, ""
	}
	_, why = pairs(args)
	return d, why
}

// layers parses bus=…/class=…/driver=…, where each layer is optional.
func layers(s string) (d Device, why string) {
	seen := map[string]bool{}
	for _, layer := range split(s) {
		kind := first(layer)
		if seen[kind] {
			return d, fmt.Sprintf("the layer %s= occurs twice: keep one", kind)
		}
		seen[kind] = true
		args, why := pairs(layer)
		if why != "" {
			return d, why
		}
		if len(args) == 0 || args[0].value == "" {
			return d, fmt.Sprintf("%s has no value: write %[1]s=…", kind)
		}
		value := args[0].value
		switch kind {
		case "bus":
			if !slices.Contains(buses, value) {
				return d, fmt.Sprintf("the bus %q does not exist: use one of %s", value, strings.Join(buses, ", "))
			}
			d.Bus = value
			if d.Name, why = busName(value, args); why != "" {
				return d, why
			}
		case "class":
			if value != "eth" {
				return d, fmt.Sprintf("the class is %q: ports are of the class eth", value)
			}
			for _, a := range args[1:] {
				if a.key != "mac" && a.key != "representor" {
					return d, fmt.Sprintf("ports cannot be found by %s: use mac=… or representor=…", a.key)
				}
			}
			d.Class = value
			_, d.Filter, _ = strings.Cut(layer, ",")
		}
	}
	if d.Name == "" && seen["driver"] {
		return d, "a layer driver= needs a layer bus= that names the device"
	}
	return d, ""
}

// busName returns the device name in a bus layer.
func busName(bus string, args []pair) (name, why string) {
	key := "name"
	if bus == "pci" {
		key = "addr"
	}
	for _, a := range args {
		if a.key == key {
			return a.value, badName(a.value)
		}
	}
	return "", fmt.Sprintf("the layer bus=%s needs %s=…, which names the device", bus, key)
}

func badName(name string) string {
	switch {
	case name == "":
		return "the device's name is empty"
	case len(name) > maxName:
		return fmt.Sprintf("the device's name has %d bytes: use at most %d", len(name), maxName)
	case slices.Contains(buses, name):
		return fmt.Sprintf("%s is a bus: name a device on it, %[1]s:…", name)
	case strings.ContainsAny(name, "=/"):
		return fmt.Sprintf("the device's name is %q: a name cannot contain = or /", name)
	}
	return ""
}

// split splits devargs where a layer begins.
func split(s string) []string {
	var all []string
	for start, i := 0, 1; ; i++ {
		if i >= len(s) {
			return append(all, s[start:])
		}
		for _, l := range layered {
			if strings.HasPrefix(s[i:], "/"+l+"=") {
				all = append(all, s[start:i])
				start = i + 1
			}
		}
	}
}

// first returns the first key of a list of arguments.
func first(s string) string {
	if i := strings.IndexAny(s, ",=/"); i >= 0 {
		return s[:i]
	}
	return s
}

type pair struct{ key, value string }

// pairs parses "k=v,k=[v,v]" as rte_kvargs_parse does.
func pairs(s string) (all []pair, why string) {
	for s != "" {
		end, list := 0, false
		for ; end < len(s) && (s[end] != ',' || list); end++ {
			switch s[end] {
			case '[':
				list = true
			case ']':
				list = false
			}
		}
		if list {
			return nil, fmt.Sprintf("the list in %q does not end: add ]", s)
		}
		arg := s[:end]
		s = strings.TrimPrefix(s[end:], ",")
		if arg == "" { // DPDK skips it
			continue
		}
		key, value, has := strings.Cut(arg, "=")
		switch {
		case !has && !slices.Contains(flags, key):
			return nil, fmt.Sprintf("the argument %s has no value: write %[1]s=…", arg)
		case key == "":
			return nil, fmt.Sprintf("the argument %s has no key: write KEY=VALUE", arg)
		case strings.Contains(value, "="):
			return nil, fmt.Sprintf("the argument %s: DPDK does not support a second =: remove it", arg)
		}
		if all = append(all, pair{key, value}); len(all) > maxArgs {
			return nil, fmt.Sprintf("the devargs have more than the %d arguments that DPDK supports: use fewer", maxArgs)
		}
	}
	return all, ""
}
