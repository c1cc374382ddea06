// Package device is what all virtual devices share: their names, and what must
// hold before DPDK is asked to make one.
package device

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

// special are the characters that end or group the values of devargs, and
// control characters.
func special(r rune) bool { return strings.ContainsRune(`,=[]"`, r) || r < ' ' || r == 0x7f }

// Text refuses what cannot stand in devargs.
func Text(op, name, field, value string) error {
	if i := strings.IndexFunc(value, special); i >= 0 {
		return check.Invalid(op, name, "%s is %q: devargs cannot hold the %q in it", field, value, value[i])
	}
	return nil
}

// Name refuses names that are not the driver's: DPDK finds a driver by the start
// of a device's name. size counts the final NUL.
func Name(op, driver, name string, size int) error {
	if err := check.Name(op, name, size); err != nil {
		return err
	}
	if !strings.HasPrefix(name, driver) {
		return check.Invalid(op, name, "the name of such a device starts with %s: %s0", driver, driver)
	}
	return Text(op, name, "the name", name)
}

var numbers struct {
	sync.Mutex
	next map[string]int // by prefix
}

// Free is a name that this call alone has given in this process: prefix and a
// number that no port has.
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

// Ready says why no device of that name can be made here and now.
func Ready(op, driver, name string) error {
	return control.Call(op, name, func() error {
		_, errno := cgo.EthByName(name)
		switch {
		case cgo.ProcessType() != cgo.ProcPrimary:
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ESECONDARY,
				Detail: "the primary makes devices; here ethdev.Lookup finds them"}
		case !cgo.VdevDriver(name):
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
				Detail: fmt.Sprintf("this DPDK has no driver %s: install it, or name its folder in eal.Config.DriverPaths", driver)}
		case errno == 0:
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrExist, Detail: "there is a port of that name"}
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
