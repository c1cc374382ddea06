package ethdev

import (
	"fmt"
	"os"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	args "github.com/godpdk/godpdk/dpdk/internal/devargs"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opAttach = "rte_dev_probe"
	opDetach = "rte_dev_remove"
	opMatch  = "rte_eth_iterator_init"
)

// Attach attaches the device that devargs describe, such as "net_null0,size=64" or
// "0000:03:00.0", to this process and to all others of its file prefix. It returns the port of
// the device, or the first of several: [Match] finds the others. eal.Config.NoPCI
// disables PCI devices.
//
// In a secondary, Attach makes the primary attach the device too. Errors: dpdk.ErrExist for a
// device that is attached; dpdk.ErrNoDevice for a device that does not exist, has no driver here
// or is not an Ethernet device; dpdk.ErrInvalid for malformed devargs and for arguments that the
// driver does not accept; syscall.E2BIG for devargs of more than 127 bytes, which DPDK cannot
// pass to other processes; dpdk.ErrTimeout if another process does not answer: the error names it. The Log
// of the error has the driver's reason.
//
// Implements: rte_dev_probe
func Attach(devargs string) (*Port, error) {
	d, err := args.Parse(opAttach, devargs)
	if err == nil {
		err = args.Short(opAttach, devargs)
	}
	if err != nil {
		return nil, err
	}
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	var p *Port
	err = control.Call(opAttach, devargs, func() (err error) {
		p, err = attach(devargs, d)
		return err
	})
	return p, err
}

// attach does the work of Attach. The caller is inside control.Call.
func attach(devargs string, d args.Device) (*Port, error) {
	fail := func(errno dpdk.Errno, detail string) (*Port, error) {
		return nil, &dpdk.Error{Op: opAttach, Name: devargs, Errno: errno, Detail: detail}
	}
	if errno := watchEnds(); errno != 0 {
		return nil, control.Errno(errno)
	}
	endMissing()
	if ids, _ := cgo.EthMatch(d.Whole().Match()); len(ids) > 0 { // for which rte_dev_probe returns 0
		return fail(dpdk.ErrExist, "the device is attached: use Lookup or Match for its ports, or Detach it first")
	}
	probed := cgo.EthProbing()
	errno := telserver.Exclude(func() int { return cgo.DevProbe(devargs) })
	probed()
	switch syscall.Errno(errno) {
	case 0:
	case syscall.EFAULT, syscall.ENODEV: // EFAULT: no bus knows the name
		return fail(dpdk.ErrNoDevice, missingDevice(d.Name))
	default:
		return nil, control.Errno(errno)
	}
	ids, errno := portsOf(d)
	if errno == 0 && len(ids) == 0 {
		return fail(dpdk.ErrNoDevice, "the device is attached but has no port: it was closed without Detach, or it is not an Ethernet device")
	}
	var p *Port
	if errno == 0 {
		p, errno = handle(ids[0])
	}
	return p, control.Errno(errno)
}

// missingDevice returns why no device has the name.
func missingDevice(name string) string {
	if cgo.VdevDriver(name) { // the driver's reason is in the log
		return ""
	}
	if _, err := os.Lstat("/sys/class/net/" + name); err == nil {
		return fmt.Sprintf("this is a kernel interface: open vdev.AFPacket{Interface: %q} or a vdev.AFXDP with vdev.Open", name)
	}
	return "no bus has a device or a driver of this name: use the name of a virtual device, which begins with its driver's name (net_null0), a PCI address (0000:03:00.0), or vdev.AFPacket{…} for a kernel interface"
}

// portsOf returns the ports of a new device that fit its devargs. DPDK compares a driver's
// argument mac=… with the port's present address: if no port fits, all of the device do.
func portsOf(d args.Device) (ids []uint16, errno int) {
	if ids, errno = cgo.EthMatch(d.Match()); errno == 0 && len(ids) > 0 {
		return ids, 0
	}
	return cgo.EthMatch(d.Whole().Match())
}

// Match returns the ports that devargs describe: the ports of a device, "0000:03:00.0", or all
// ports that fit, "class=eth,mac=…". An empty list is not an error. Match waits for an Attach or
// Detach of this process. It must not run while another process attaches or detaches a device:
// DPDK's list of devices has no lock. Match returns dpdk.ErrInvalid for devargs that DPDK cannot
// match.
//
// Implements: rte_eth_iterator_init, rte_eth_iterator_next
func Match(devargs string) ([]*Port, error) {
	d, err := args.ParseFilter(opMatch, devargs)
	if err != nil {
		return nil, err
	}
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	var all []*Port
	err = control.Call(opMatch, devargs, func() error {
		if errno := watchEnds(); errno != 0 {
			return control.Errno(errno)
		}
		ids, errno := cgo.EthMatch(d.Match())
		for _, id := range ids {
			if p, e := handle(id); e == 0 {
				all = append(all, p)
			}
		}
		if syscall.Errno(errno) == syscall.EFAULT { // no bus knows the name: no port fits
			errno = 0
		}
		return control.Errno(errno)
	})
	return all, err
}

// Detach stops the port and detaches its device, with all ports of the device, from this
// process and from all others of its file prefix. Secondaries must have stopped polling the
// port. A secondary can detach a port only if its queues have not been set up: no process polls
// it then. Errors: dpdk.ErrBusy if a burst does not end, dpdk.ErrSecondary in a secondary for a
// port with queues, dpdk.ErrNoDevice for a port that was closed or detached, and if another process
// knows the device and cannot attach it, dpdk.ErrUnsupported for a device that cannot be detached,
// dpdk.ErrTimeout if another process does not answer.
//
// Implements: rte_dev_remove
func (p *Port) Detach() error {
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	siblings, err := p.siblings()
	for _, s := range siblings {
		if err == nil {
			err = s.do(opDetach, s.stopPolling)
		}
	}
	if err != nil {
		return err
	}
	err = p.ending(opDetach, func() error {
		if err := p.unbonded(opDetach); err != nil {
			return err
		}
		if err := p.stopPolling(); err != nil {
			return err
		}
		err := p.failed(opDetach, telserver.Exclude(func() int { return cgo.EthDetach(p.id) }))
		return control.Explain(err, dpdk.ErrNoDevice, "the driver, or a process that could not attach the device, has not removed it: see their logs, and end that process")
	})
	if err != nil {
		return err
	}
	return control.Call(opDetach, p.name, func() error {
		endMissing()
		return nil
	})
}

// stopPolling ensures that no process polls the port: the primary stops it, a secondary refuses
// a port with queues that the primary has set up. The caller holds mu.
func (p *Port) stopPolling() error {
	if primary() {
		err := p.stop()
		if err == nil {
			portcall.ReleaseFlows(p, p.id)
		}
		return err
	}
	i, err := p.info()
	if err != nil {
		return err
	}
	for n := range max(i.RxQueues, i.TxQueues) {
		_, rx := setUp(p.id, uint16(n), false)
		_, tx := setUp(p.id, uint16(n), true)
		if rx || tx {
			return &dpdk.Error{Op: opDetach, Name: p.name, Errno: dpdk.ESECONDARY,
				Detail: "the port has queues, which other processes may poll: detach it in the primary"}
		}
	}
	return p.closeGates()
}

// siblings returns the other ports of the port's device.
func (p *Port) siblings() ([]*Port, error) {
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	all, err := List()
	if err != nil {
		return nil, err
	}
	var siblings []*Port
	for _, s := range all {
		if i, err := s.Info(); err == nil && s != p && i.Device == info.Device {
			siblings = append(siblings, s)
		}
	}
	return siblings, nil
}
