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
)

const (
	opByName = "rte_eth_dev_get_port_by_name"
	opFind   = "rte_eth_find_next"
)

// MaxName is the length of the longest name of a port, in bytes.
const MaxName = cgo.EthNameSize - 1

// MaxPorts is how many ports a process can have (RTE_MAX_ETHPORTS): they are numbered
// from 0 to one less.
const MaxPorts = cgo.EthMaxPorts

// state is how far a port has come, in this process's eyes.
type state int

const (
	attached state = iota
	configured
	started
	gone // closed or detached; for good
)

// Port is an Ethernet port. All who ask for the same port in a process get the
// same *Port, which is valid until the port is closed or detached: after that its
// methods fail with dpdk.ErrNoDevice, also if another port has its number.
//
// All methods may be called from any goroutine.
type Port struct {
	id     uint16
	name   string
	direct bool        // the driver's bursts may be fast calls, where those are allowed
	over   atomic.Bool // state is gone, for those who do not hold mu

	mu    sync.Mutex // held by control calls, and for what follows
	state state
	cfg   Config // of the last Configure
	// generation counts configurations, each of which may change what the extended
	// statistics are.
	generation uint64
	// Queues, by number; once made they stay, so that values of RxQueue and
	// TxQueue outlive a Configure.
	rx, tx []*queue
}

// ports are those that were asked for, by id.
var ports struct {
	sync.Mutex
	byID    map[uint16]*Port
	watched bool // cgo.EthHold works
}

// watch has DPDK's threads wait for calls about a port before they free it. The caller is
// inside control.Call.
func watch() (errno int) {
	ports.Lock()
	defer ports.Unlock()
	if !ports.watched {
		errno = cgo.EthHoldWatch()
		ports.watched = errno == 0
	}
	return errno
}

func init() { control.AtStop(closeGates) }

// closeGates ends all bursts of the process, when EAL ends.
func closeGates() {
	ports.Lock()
	defer ports.Unlock()
	if ports.watched {
		cgo.EthHoldEnd()
		ports.watched = false
	}
	for _, p := range ports.byID {
		p.mu.Lock()
		p.end()
		p.mu.Unlock()
	}
	ports.byID = nil
}

// port is the handle of port id, made at the first call. The caller is inside
// control.Call and has called watch.
func port(id uint16) (*Port, int) {
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
		if p.name == name && !p.over.Load() {
			return p, 0
		}
		p.mu.Lock()
		p.end() // its driver, or the primary, took it away and another came
		p.mu.Unlock()
	}
	if ports.byID == nil {
		ports.byID = map[uint16]*Port{}
	}
	p := &Port{id: id, name: name, direct: !long[info.Driver] && !fastcall.Waits(name)}
	if !primary() {
		p.state = started // as far as a secondary can know: see ready
	}
	ports.byID[id] = p
	return p, 0
}

// long are the drivers whose bursts are too long for the short way: they make system
// calls, beside which a cgo call costs nothing and during which the scheduler must
// know, or they are bursts of other drivers, whatever those do. The tables that
// net_bonding has on the stack are of 256 bytes a packet.
var long = map[string]bool{
	"net_af_packet": true, "net_af_xdp": true, "net_pcap": true, "net_tap": true, "net_tun": true, "net_kni": true,
	"net_virtio_user": true, "net_vhost": true, "net_memif": true,
	"net_bonding": true, "net_failsafe": true,
}

func primary() bool { return cgo.ProcessType() == cgo.ProcPrimary }

// ByName finds a port by its name, such as "net_null0" or "0000:03:00.0"
// (rte_eth_dev_get_port_by_name). The error is dpdk.ErrNoDevice if there is none.
func ByName(name string) (*Port, error) {
	if err := check.Name(opByName, name, cgo.EthNameSize); err != nil {
		return nil, err
	}
	return find(opByName, name, func() (uint16, int) { return cgo.EthByName(name) })
}

// ByID finds a port by its number. The error is dpdk.ErrNoDevice if there is none.
func ByID(id int) (*Port, error) {
	name := fmt.Sprint(id)
	if id < 0 || id >= cgo.EthMaxPorts {
		return nil, &dpdk.Error{Op: opFind, Name: name, Errno: dpdk.ErrNoDevice,
			Detail: fmt.Sprintf("ports have numbers from 0 to %d", cgo.EthMaxPorts-1)}
	}
	return find(opFind, name, func() (uint16, int) { return uint16(id), 0 })
}

func find(op, name string, f func() (uint16, int)) (*Port, error) {
	var p *Port
	err := control.Call(op, name, func() error {
		if errno := watch(); errno != 0 {
			return control.Errno(errno)
		}
		id, errno := f()
		if errno == 0 {
			p, errno = port(id)
		}
		return control.Errno(errno)
	})
	return p, err
}

// Ports are all ports that there are, whoever owns them (rte_eth_find_next).
func Ports() ([]*Port, error) {
	var all []*Port
	err := control.Call(opFind, "", func() error {
		if errno := watch(); errno != 0 {
			return control.Errno(errno)
		}
		for id := cgo.EthFindNext(0); id >= 0; id = cgo.EthFindNext(id + 1) {
			if p, errno := port(uint16(id)); errno == 0 {
				all = append(all, p)
			}
		}
		return nil
	})
	return all, err
}

// ID is the port's number: what Mbuf.Port says of packets that it received; -1 for nil.
func (p *Port) ID() int {
	if p == nil {
		return -1
	}
	return int(p.id)
}

// Name is the port's name; "" for nil.
func (p *Port) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// String names the port.
func (p *Port) String() string { return fmt.Sprintf("port %d (%s)", p.ID(), p.Name()) }

// Started says whether the port is started. A secondary takes it for started.
func (p *Port) Started() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == started
}

// do runs f for op if EAL runs and the port is still there, which stays until f has
// returned; one control call of a port at a time. Locks are taken in the order guard,
// ports, mu.
func (p *Port) do(op string, f func() error) error {
	return p.locked(op, func() error {
		if !cgo.EthHold(p.id) { // another process detaches it
			return p.absent(op)
		}
		defer cgo.EthRelease(p.id)
		return p.present(op, f)
	})
}

// leaving is do for an f that frees the port, or waits for that.
func (p *Port) leaving(op string, f func() error) error {
	return p.locked(op, func() error { return p.present(op, f) })
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

// errNil is the error of a call on a nil Port.
func errNil(op string) error {
	return check.Invalid(op, "", "the port is nil: use Open, Attach, ByName or ByID")
}

// present runs f if the port is still there. The caller holds mu.
func (p *Port) present(op string, f func() error) error {
	if !cgo.EthIsNamed(p.id, p.name) {
		p.end()
	}
	if p.state == gone {
		return p.absent(op)
	}
	return f()
}

// absent is the error of a call on a port that is gone.
func (p *Port) absent(op string) error {
	return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ErrNoDevice, Detail: "the port was closed or detached"}
}

// control is do for a call of the rte_ function op.
func (p *Port) control(op string, f func() (errno int)) error {
	return p.do(op, func() error { return p.result(op, f()) })
}

// owned is do for what only the primary may do.
func (p *Port) owned(op string, f func() error) error {
	return p.do(op, func() error { return p.ours(op, f) })
}

// ours runs f in the primary.
func (p *Port) ours(op string, f func() error) error {
	if !primary() {
		return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.ESECONDARY, Detail: "only the primary may do this to a port"}
	}
	return f()
}

// result is the error of an errno. What a driver cannot it calls ENOTSUP, or ENOSYS.
func (p *Port) result(op string, errno int) error {
	switch syscall.Errno(errno) {
	case 0:
		return nil
	case syscall.ENOSYS:
		errno = int(syscall.ENOTSUP)
	}
	return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.Errno(errno)}
}

// invalid is an argument error of a call on the port.
func (p *Port) invalid(op, format string, args ...any) error {
	return check.Invalid(op, p.Name(), format, args...)
}

// end makes the handle one of a port that is no more. The caller holds mu.
func (p *Port) end() {
	p.state = gone
	p.over.Store(true)
	_ = p.shut()
	inuse.Release(receiver{p})
}

// forget ends handles of ports that are no more: their drivers took them away
// with another port of the device. The caller is inside control.Call and holds no
// port's mu.
func forget() {
	ports.Lock()
	defer ports.Unlock()
	for id, p := range ports.byID {
		if !cgo.EthIsNamed(id, p.name) {
			p.mu.Lock()
			p.end()
			p.mu.Unlock()
			delete(ports.byID, id)
		}
	}
}
