package ethdev

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
)

const (
	opLookup = "rte_eth_dev_get_port_by_name"
	opFind   = "rte_eth_find_next"
)

// MaxName is the largest length of a port's name, in bytes.
const MaxName = cgo.EthNameSize - 1

// MaxPorts is the largest number of ports of a process (RTE_MAX_ETHPORTS). Their numbers are 0
// to MaxPorts-1.
const MaxPorts = cgo.EthMaxPorts

// state is the state of a port as far as this process knows.
type state int

const (
	attached state = iota
	configured
	started
	gone // closed or detached: the last state of a handle
)

// Port is a handle to an Ethernet port. A process has one handle to a port: [Open], [Attach],
// [Lookup], [ByID], [ByMAC], [Match] and [List] return the same *Port. It is valid until the port
// is closed or detached. After that its methods return dpdk.ErrNoDevice, even if another port
// has its number.
//
// Any goroutine may call the methods.
type Port struct {
	id    uint16
	name  string
	fast  uint        // the largest burst by fastcall, where that is allowed; 0 if the driver is not in the list
	ended atomic.Bool // state is gone; for code that does not hold mu

	mu    sync.Mutex // held during control calls; guards the fields below
	state state
	cfg   Config // the last configuration
	// generation counts configurations: each may change the extended statistics.
	generation uint64
	// rx and tx are the queues, by number. A queue stays until the port ends, so that
	// RxQueue and TxQueue stay valid over a Configure.
	rx, tx []*queue
}

// ports holds the handles of this process, by port number.
var ports struct {
	sync.Mutex
	byID    map[uint16]*Port
	watched bool // watchEnds was called: cgo.EthHold works
}

// watchEnds makes DPDK's threads wait for calls about a port before they free it. The caller
// is inside control.Call.
func watchEnds() (errno int) {
	ports.Lock()
	defer ports.Unlock()
	if !ports.watched {
		errno = cgo.EthHoldWatch()
		ports.watched = errno == 0
	}
	return errno
}

func init() { control.AtStop(endAll) }

// endAll ends all handles and bursts of the process, when EAL ends.
func endAll() {
	ports.Lock()
	defer ports.Unlock()
	if ports.watched {
		cgo.EthHoldEnd()
		ports.watched = false
	}
	for _, p := range ports.byID {
		p.mu.Lock()
		p.markGone()
		p.mu.Unlock()
	}
	ports.byID = nil
}

// handle returns the handle of port id, made at the first call. The caller is inside
// control.Call and has called watchEnds.
func handle(id uint16) (*Port, int) {
	if !cgo.EthHold(id) {
		return nil, int(syscall.ENODEV)
	}
	defer cgo.EthRelease(id)
	name, errno := cgo.EthName(id)
	if errno != 0 {
		return nil, errno
	}
	info, errno := cgo.EthDevInfo(id)
	if errno != 0 {
		return nil, errno
	}
	ports.Lock()
	defer ports.Unlock()
	if p := ports.byID[id]; p != nil {
		if p.name == name && !p.ended.Load() {
			return p, 0
		}
		p.mu.Lock()
		p.markGone() // its driver or the primary removed it, and another port has its number
		p.mu.Unlock()
	}
	if ports.byID == nil {
		ports.byID = map[uint16]*Port{}
	}
	p := &Port{id: id, name: name}
	if fastcall.Driver(info.Driver) && !fastcall.Waits(name) {
		p.fast = maxFast
	}
	if !primary() {
		p.state = started // a secondary cannot know: see queue.pollable
	}
	ports.byID[id] = p
	return p, 0
}

func primary() bool { return cgo.ProcessType() == cgo.ProcPrimary }

// Lookup finds a port by its name, such as "net_null0" or "0000:03:00.0". It returns
// dpdk.ErrNoDevice if no port has the name.
//
// Implements: rte_eth_dev_get_port_by_name
func Lookup(name string) (*Port, error) {
	if err := check.Name(opLookup, name, cgo.EthNameSize); err != nil {
		return nil, err
	}
	return lookup(opLookup, name, func() (uint16, int) { return cgo.EthByName(name) })
}

// ByID finds a port by its number. It returns dpdk.ErrNoDevice if no port has the number.
//
// Implements: rte_eth_dev_get_name_by_port
func ByID(id int) (*Port, error) {
	name := fmt.Sprint(id)
	if id < 0 || id >= cgo.EthMaxPorts {
		return nil, &dpdk.Error{Op: opFind, Name: name, Errno: dpdk.ErrNoDevice,
			Detail: fmt.Sprintf("ports have numbers from 0 to %d", cgo.EthMaxPorts-1)}
	}
	return lookup(opFind, name, func() (uint16, int) { return uint16(id), 0 })
}

// lookup returns the handle of the port that f finds.
func lookup(op, name string, f func() (uint16, int)) (*Port, error) {
	var p *Port
	err := control.Call(op, name, func() error {
		if errno := watchEnds(); errno != 0 {
			return control.Errno(errno)
		}
		id, errno := f()
		if errno == 0 {
			p, errno = handle(id)
		}
		return control.Errno(errno)
	})
	return p, err
}

// List returns all ports, including those that have an [Owner].
//
// Implements: rte_eth_find_next
func List() ([]*Port, error) {
	var all []*Port
	err := control.Call(opFind, "", func() error {
		if errno := watchEnds(); errno != 0 {
			return control.Errno(errno)
		}
		for id := cgo.EthFindNext(0); id >= 0; id = cgo.EthFindNext(id + 1) {
			if p, errno := handle(uint16(id)); errno == 0 {
				all = append(all, p)
			}
		}
		return nil
	})
	return all, err
}

// ID returns the port's number, or -1 for a nil Port. The method Port of a received
// mbuf returns the same number.
func (p *Port) ID() int {
	if p == nil {
		return -1
	}
	return int(p.id)
}

// Name returns the port's name, or "" for a nil Port.
func (p *Port) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// String returns the port's number and name: "port 0 (net_null0)".
func (p *Port) String() string { return fmt.Sprintf("port %d (%s)", p.ID(), p.Name()) }

// Started reports whether the port is started. In a secondary it reports true until the port
// ends.
func (p *Port) Started() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == started
}

// do runs f as the control call op if EAL runs and the port exists. The port exists until f
// returns, and no other control call of it runs meanwhile. f may return a bare dpdk.Errno.
// Locks are taken in the order control.Hotplug, ports, mu.
func (p *Port) do(op string, f func() error) error {
	return p.locked(op, func() error {
		if !cgo.EthHold(p.id) { // another process detaches it
			return p.errGone(op)
		}
		defer cgo.EthRelease(p.id)
		return p.ifPresent(op, f)
	})
}

// owned is do for calls that only the primary may make.
func (p *Port) owned(op string, f func() error) error {
	return p.do(op, func() error { return p.inPrimary(op, f) })
}

// ending is do for an f that frees the port, which waits for the holders of cgo.EthHold.
func (p *Port) ending(op string, f func() error) error {
	return p.locked(op, func() error { return p.ifPresent(op, f) })
}

// read returns what get returns for the port, as the control call op.
func read[T any](p *Port, op string, get func(id uint16) (T, int)) (T, error) {
	var v T
	err := p.do(op, func() error {
		var errno int
		v, errno = get(p.id)
		return driverError(errno)
	})
	return v, err
}

// locked runs f with mu held if EAL runs.
func (p *Port) locked(op string, f func() error) error {
	if p == nil {
		return errNil(op)
	}
	return control.Call(op, p.name, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		return f()
	})
}

// ifPresent runs f if the port exists. The caller holds mu.
func (p *Port) ifPresent(op string, f func() error) error {
	if !cgo.EthIsNamed(p.id, p.name) {
		p.markGone()
	}
	if p.state == gone {
		return p.errGone(op)
	}
	return f()
}

// inPrimary runs f in the primary and refuses it elsewhere.
func (p *Port) inPrimary(op string, f func() error) error {
	if !primary() {
		return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ESECONDARY, Detail: "only the primary may do this to a port"}
	}
	return f()
}

// errNil is the error of a call on a nil Port.
func errNil(op string) error {
	return check.Invalid(op, "", "the port is nil: use Open, Attach, Lookup or ByID")
}

// errGone is the error of a call on a port that was closed or detached.
func (p *Port) errGone(op string) error {
	return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrNoDevice, Detail: "the port was closed or detached"}
}

// driverError returns the error of a driver's error number. Drivers report operations that
// they do not support as ENOTSUP or ENOSYS.
func driverError(errno int) error {
	if syscall.Errno(errno) == syscall.ENOSYS {
		return dpdk.ErrUnsupported
	}
	return control.Errno(errno)
}

// failed is driverError for op, one of several calls that a method makes.
func (p *Port) failed(op string, errno int) error {
	if err, ok := driverError(errno).(dpdk.Errno); ok {
		return &dpdk.Error{Op: op, Name: p.name, Errno: err}
	}
	return nil
}

// invalid returns an argument error of a call on the port.
func (p *Port) invalid(op, format string, args ...any) error {
	return check.Invalid(op, p.Name(), format, args...)
}

// markGone ends the handle: the port does not exist any more. The caller holds mu.
func (p *Port) markGone() {
	p.state = gone
	p.ended.Store(true)
	_ = p.closeGates()
	forgetMaster(p)
	portcall.ForgetFlows(p)
	inuse.Release(receiver{p})
}

// endMissing ends handles of ports that do not exist any more: their drivers removed them
// with another port of the device. The caller is inside control.Call and holds no
// port's mu.
func endMissing() {
	ports.Lock()
	defer ports.Unlock()
	for id, p := range ports.byID {
		if !cgo.EthIsNamed(id, p.name) {
			p.mu.Lock()
			p.markGone()
			p.mu.Unlock()
			delete(ports.byID, id)
		}
	}
}
