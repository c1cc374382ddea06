package vdev

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// VirtioUser is the driver's side of virtio, without a guest (net_virtio_user). The other side is
// a vhost in the kernel or in another process, such as [Vhost]. The vhost maps all of EAL's
// memory, but at most 8 files. With pages of 2 MiB start EAL with "--single-file-segments" in
// Config.Extra.
type VirtioUser struct {
	Name string
	// Path is the socket of a vhost, or /dev/vhost-net, or a vDPA device. The vhost must
	// listen on the socket already, unless Server is set.
	Path string
	// Server listens on Path for a vhost. [Open] waits for the first connection for at most
	// Patience; 0 is 10 s. The driver itself, and eal.Init for Config.Vdevs, wait without a
	// limit. The vhost may exit or be killed, and connect again later: the driver detects the
	// new connection if ethdev.Config.LinkEvents is set.
	Server   bool
	Patience time.Duration
	// Queues is the number of queues in each direction; 0 is 1. More than 8 need DPDK 23.03.
	// QueueSize is the number of descriptors of a queue, a power of two; 0 is 256.
	Queues, QueueSize int
	// ControlQueue adds the queue for MAC filters and VLAN filters. It is always on with
	// several Queues.
	ControlQueue bool
	MAC          net.HardwareAddr // of the port; nil is a random one
	Interface    string           // that the kernel's vhost creates; "" is "tap" and a number
	Packed       bool             // packed rings instead of split ones
	Vectorized   bool             // use the CPU's vector instructions
	NoMergeable  bool             // do not use several buffers for a large packet
	NoInOrder    bool             // do not use buffers in order
	// SpeedMbps is the reported link speed in Mbit/s; 0 is unknown.
	SpeedMbps int
}

func (d VirtioUser) driver() string { return "net_virtio_user" }
func (d VirtioUser) name() string   { return d.Name }

var virtioSpeeds = []int{0, 10000, 20000, 25000, 40000, 50000, 56000, 100000, 200000}

// Devargs implements [Device].
func (d VirtioUser) Devargs() (string, error) {
	w := newWriter(d)
	w.socket("path", "Path", d.Path, d.Server)
	w.flag("server", "1", d.Server)
	w.needs(23, 3, "more than 8 Queues", d.Queues > 8)
	w.number("queues", "Queues", d.Queues, 1, cgo.EthMaxQueues)
	w.number("queue_size", "QueueSize", d.QueueSize, 1, 1<<15)
	if d.QueueSize&(d.QueueSize-1) != 0 {
		w.invalid("QueueSize is %d: use a power of two", d.QueueSize)
	}
	w.flag("cq", "1", d.ControlQueue || d.Queues > 1)
	w.mac(d.MAC)
	w.newNetdev("iface", "Interface", d.Interface)
	w.flag("packed_vq", "1", d.Packed)
	w.flag("vectorized", "1", d.Vectorized)
	w.flag("mrg_rxbuf", "0", d.NoMergeable)
	w.flag("in_order", "0", d.NoInOrder)
	if !slices.Contains(virtioSpeeds, d.SpeedMbps) {
		w.invalid("SpeedMbps is %d: use one of %v", d.SpeedMbps, virtioSpeeds[1:])
	}
	w.flag("speed", number(d.SpeedMbps), d.SpeedMbps != 0)
	return w.devargs()
}

// maxRegions is the driver's VHOST_MEMORY_MAX_NREGIONS.
const maxRegions = 8

// check refuses memory that a vhost cannot map: the driver only logs that, and the port then
// neither receives nor sends.
func (d VirtioUser) check(name string, _ ethdev.Config) error {
	if i, err := os.Stat(d.Path); err == nil && i.Mode()&os.ModeCharDevice != 0 {
		return nil // the kernel's vhost supports more
	}
	files := 0
	err := control.Call(op, name, func() error {
		files = cgo.MemoryFiles()
		return nil
	})
	if err == nil && files > maxRegions {
		err = &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: fmt.Sprintf("EAL's memory has %d files, but a vhost maps at most %d: %s", files, maxRegions, singleFile)}
	}
	return err
}

// attach limits the time in which the driver waits for a vhost. The wait is in C, and a connection
// that sends nothing ends it.
func (d VirtioUser) attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	if !d.Server {
		return attach(devargs, cfg)
	}
	patience := d.Patience
	if patience <= 0 {
		patience = 10 * time.Second
	}
	over := make(chan struct{})
	timer := time.AfterFunc(patience, func() {
		defer close(over)
		if c, err := net.Dial("unix", d.Path); err == nil {
			c.Close()
		}
	})
	p, err := attach(devargs, cfg)
	if timer.Stop() {
		return p, err
	}
	<-over
	if err == nil { // a vhost connected in the last moment, before our connection
		err = p.Detach()
	}
	late := &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrTimeout, Detail: fmt.Sprintf("no vhost connected to %s within %v: start the vhost, or raise Patience", d.Path, patience)}
	_ = os.Remove(d.Path) // the driver does not remove it
	return nil, errors.Join(late, err)
}
