package ethdev

import (
	"fmt"
	"os"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	args "github.com/godpdk/godpdk/dpdk/internal/devargs"
)

const (
	opAttach = "rte_dev_probe"
	opDetach = "rte_dev_remove"
	opMatch  = "rte_eth_iterator_init"
)

// Attach makes the device that devargs describe available to this process and all
// others of its prefix (rte_dev_probe), such as "net_null0,size=64" or
// "0000:03:00.0", and returns its port, the first if it has several: Match finds the
// others. With Config.NoPCI of package eal there are no PCI devices to attach.
//
// In a secondary the primary is asked, and attaches the device too. Errors:
// dpdk.ErrExist for a device that is attached, dpdk.ErrNoDevice for one that does not
// exist, that has no driver here or that is not an Ethernet device, dpdk.ErrInvalid for
// devargs that are refused before DPDK sees them and for arguments that the driver does
// not take, syscall.E2BIG for devargs of more than 127 bytes, which DPDK cannot pass to
// other processes. The driver's reason is in the error's Log.
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

// attach is Attach, inside control.Call.
func attach(devargs string, d args.Device) (*Port, error) {
	fail := func(errno int, detail string) (*Port, error) {
		return nil, &dpdk.Error{Op: opAttach, Name: devargs, Errno: dpdk.Errno(errno), Detail: detail}
	}
	if errno := watch(); errno != 0 {
		return fail(errno, "")
	}
	forget()
	if ids, _ := matching(d); len(ids) > 0 { // to rte_dev_probe that is no error
		return fail(int(syscall.EEXIST), "the device is attached: ByName and Match find its ports, and Detach takes it away")
	}
	switch errno := cgo.DevProbe(devargs); syscall.Errno(errno) {
	case 0:
	case syscall.EFAULT, syscall.ENODEV: // the first is that no bus knows the name
		return fail(int(syscall.ENODEV), missing(d.Name))
	default:
		return fail(errno, "")
	}
	ids, errno := matching(d)
	if errno == 0 && len(ids) == 0 {
		return fail(int(syscall.ENODEV), "the device is there without a port: it was closed and not detached, or is no Ethernet device")
	}
	var p *Port
	if errno == 0 {
		p, errno = port(ids[0])
	}
	if errno != 0 {
		return fail(errno, "")
	}
	return p, nil
}

// missing says why there is no device of that name.
func missing(name string) string {
	if cgo.VdevDriver(name) { // the driver says so, and why in the log
		return ""
	}
	if _, err := os.Lstat("/sys/class/net/" + name); err == nil {
		return fmt.Sprintf("a kernel interface is vdev.AFPacket{Interface: %q}, or vdev.AFXDP: open it with vdev.Open", name)
	}
	return "no bus has a device, or a driver, of that name: a virtual device begins with its driver's name (net_null0), a PCI device is 0000:03:00.0, and a kernel interface is vdev.AFPacket{…}"
}

// matching are the ports of a device. DPDK's match takes mac=… among a driver's
// arguments for the address that the port has already: then the name has to do.
func matching(d args.Device) (ids []uint16, errno int) {
	if ids, errno = cgo.EthMatch(d.Match()); errno == 0 && len(ids) > 0 {
		return ids, 0
	}
	d.Filter = ""
	return cgo.EthMatch(d.Match())
}

// Match finds the ports that devargs describe (rte_eth_iterator_init): those of a
// device, "0000:03:00.0", or all ports that fit, "class=eth,mac=…". An empty list is not
// an error. Match waits for an Attach or Detach of this process; it must not run while
// another process attaches or detaches a device, as DPDK's list of devices has no lock.
// The error is dpdk.ErrInvalid for devargs that DPDK cannot match.
func Match(devargs string) ([]*Port, error) {
	d, err := args.ParseFilter(opMatch, devargs)
	if err != nil {
		return nil, err
	}
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	var all []*Port
	err = control.Call(opMatch, devargs, func() error {
		if errno := watch(); errno != 0 {
			return control.Errno(errno)
		}
		ids, errno := cgo.EthMatch(d.Match())
		for _, id := range ids {
			if p, e := port(id); e == 0 {
				all = append(all, p)
			}
		}
		if syscall.Errno(errno) == syscall.EFAULT { // no bus knows the name
			errno = 0
		}
		return control.Errno(errno)
	})
	return all, err
}

// Detach stops the port and takes its device away from this process and all others
// of its prefix (rte_dev_remove), and with it the device's other ports. Secondaries
// must have stopped polling it. A secondary can detach a port whose queues have
// not been set up, which nobody polls. Errors: dpdk.ErrBusy if a burst does not end,
// dpdk.ErrSecondary in a secondary for a port with queues, dpdk.ErrNoDevice for
// a port that was closed or detached, dpdk.ErrUnsupported for a device that cannot be
// taken away.
func (p *Port) Detach() error {
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	siblings, err := p.siblings()
	for _, s := range siblings {
		if err == nil {
			err = s.do(opDetach, s.leave)
		}
	}
	if err != nil {
		return err
	}
	err = p.leaving(opDetach, func() error {
		if err := p.unbonded(opDetach); err != nil {
			return err
		}
		if err := p.leave(); err != nil {
			return err
		}
		return p.result(opDetach, cgo.EthDetach(p.id))
	})
	if err != nil {
		return err
	}
	return control.Call(opDetach, p.name, func() error {
		forget()
		return nil
	})
}

// leave sees to it that nobody polls the port: the primary stops it, a secondary must
// find no queue that the primary has set up. The caller holds mu.
func (p *Port) leave() error {
	if primary() {
		return p.stop()
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
				Detail: "the port has queues, which other processes may poll: only the primary may take it away"}
		}
	}
	return p.shut()
}

// siblings are the other ports of the port's device. It asks all ports for their Info.
func (p *Port) siblings() ([]*Port, error) {
	own, err := p.Info()
	if err != nil {
		return nil, err
	}
	all, err := Ports()
	if err != nil {
		return nil, err
	}
	var siblings []*Port
	for _, s := range all {
		if i, err := s.Info(); err == nil && s != p && i.Device == own.Device {
			siblings = append(siblings, s)
		}
	}
	return siblings, nil
}
