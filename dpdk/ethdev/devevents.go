package ethdev

import (
	"strconv"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// DeviceEventType is a kind of event of a device (RTE_DEV_EVENT_…).
type DeviceEventType uint32

const (
	// DeviceAdded: the kernel has a new PCI device. It can be attached once it is bound to a driver
	// for DPDK, such as vfio-pci.
	DeviceAdded DeviceEventType = cgo.DevEventAdd
	// DeviceRemoved: a PCI device was removed. For a device of this process on vfio-pci it is a
	// request: the kernel waits until no process has the device open. Stop polling its
	// ports and call [Port.Detach].
	DeviceRemoved DeviceEventType = cgo.DevEventRemove
)

// String returns "added" or "removed".
func (t DeviceEventType) String() string {
	switch t {
	case DeviceAdded:
		return "added"
	case DeviceRemoved:
		return "removed"
	}
	return "DeviceEventType(" + strconv.Itoa(int(t)) + ")"
}

// DeviceEvent is something that happened to a device of the machine.
type DeviceEvent struct {
	Type   DeviceEventType
	Device string // its name, such as "0000:03:00.0": see Match
}

// DeviceSubscription is a stream of events of devices.
type DeviceSubscription struct {
	// C delivers each event once. Close closes C; the end of EAL closes it after the last event.
	C <-chan DeviceEvent

	stream *stream[DeviceEvent]
}

// SubscribeDevices subscribes to the events of all PCI devices of the machine, from now on. [Subscribe]
// does the same for ports. To unplug a device that vfio-pci drives, or to unbind it, takes until this process
// has detached it. The program learns of such a request only here:
//
//	for e := range devices.C {
//		if ports, err := ethdev.Match(e.Device); e.Type == ethdev.DeviceRemoved && err == nil && len(ports) > 0 {
//			… // end the goroutines that poll the ports
//			err = ports[0].Detach() // all ports of the device
//		}
//	}
//
// The request to remove a device on vfio-pci comes only to the primary. It is repeated every few
// seconds until the device is detached, and after that the removal itself is reported. Events are
// queued without a limit until they are received from C: close a DeviceSubscription that is
// not read.
//
// Errors: dpdk.ErrNoMemory, dpdk.ErrNotRunning, and those of a netlink socket for the kernel's events.
//
// Implements: rte_dev_event_callback_register, rte_dev_event_monitor_start
func SubscribeDevices() (*DeviceSubscription, error) {
	var s *DeviceSubscription
	err := control.Call("rte_dev_event_monitor_start", "", func() error {
		stream, c, errno := deviceEvents.subscribe(func(DeviceEvent) bool { return true }, monitorDevices)
		s = &DeviceSubscription{C: c, stream: stream}
		return control.Errno(errno)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the subscription: it discards events that were not received, and C is closed soon
// after. Any goroutine may call it, more than once. On a nil DeviceSubscription or a zero value it
// is a no-op.
func (s *DeviceSubscription) Close() {
	if s != nil && s.stream != nil {
		deviceEvents.unsubscribe(s.stream)
	}
}

// deviceEvents delivers the events of devices.
var deviceEvents = hub[DeviceEvent]{open: cgo.DevEventOpen, take: func() (all []DeviceEvent) {
	for _, e := range cgo.DevEvents() {
		all = append(all, DeviceEvent{DeviceEventType(e.Type), e.Device})
	}
	return all
}}

var monitored bool // C reports the events of devices

func init() {
	control.AtStop(func() {
		deviceEvents.stop(func() {
			if monitored {
				cgo.DevEventStop()
				monitored = false
			}
		})
	})
}

func monitorDevices() (errno int) {
	if !monitored {
		errno = cgo.DevEventStart()
		monitored = errno == 0
	}
	return errno
}
