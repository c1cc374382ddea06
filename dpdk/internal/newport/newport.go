// Package newport provides the names of virtual devices and the checks before DPDK makes one.
package newport

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// special reports characters that end or group values in devargs, and control characters.
func special(r rune) bool { return strings.ContainsRune(`,=[]"`, r) || r < ' ' || r == 0x7f }

// Text refuses a value that devargs cannot contain.
func Text(op, name, field, value string) error {
	if i := strings.IndexFunc(value, special); i >= 0 {
		return check.Invalid(op, name, "%s is %q, but devargs cannot contain %q: use another value", field, value, value[i])
	}
	return nil
}

// Name refuses a name that does not start with the driver's: DPDK finds the driver by the start
// of a device's name. The size counts the final NUL.
func Name(op, driver, name string, size int) error {
	if err := check.Name(op, name, size); err != nil {
		return err
	}
	if !strings.HasPrefix(name, driver) {
		return check.Invalid(op, name, "the name of such a device must start with %s: use %s0", driver, driver)
	}
	return Text(op, name, "the name", name)
}

var numbers struct {
	sync.Mutex
	next map[string]int // by prefix
}

// Free returns an unused name: prefix and a number. No two calls of a process return the same
// name.
func Free(prefix string) string {
	numbers.Lock()
	defer numbers.Unlock()
	if numbers.next == nil {
		numbers.next = map[string]int{}
	}
	for {
		name := fmt.Sprint(prefix, numbers.next[prefix])
		numbers.next[prefix]++
		if _, err := ethdev.Lookup(name); err != nil {
			return name
		}
	}
}

// Ready refuses a device that cannot be made in this process now.
func Ready(op, driver, name string) error {
	return control.Call(op, name, func() error {
		_, errno := cgo.EthByName(name)
		switch {
		case cgo.ProcessType() != cgo.ProcPrimary:
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ESECONDARY,
				Detail: "only the primary makes devices: make it there, and find it here with ethdev.Lookup"}
		case !cgo.VdevDriver(name):
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
				Detail: fmt.Sprintf("this DPDK does not have the driver %s: install it, or name its folder in eal.Config.DriverPaths", driver)}
		case errno == 0:
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrExist, Detail: "a port has that name: use another name"}
		}
		return nil
	})
}

// Start configures and starts a port that was just attached, and detaches it if that fails.
func Start(p *ethdev.Port, cfg ethdev.Config) (*ethdev.Port, error) {
	err := p.Configure(cfg)
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		return nil, errors.Join(err, p.Detach())
	}
	return p, nil
}
