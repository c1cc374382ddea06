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

// VirtioUser is the driver's side of virtio, without a guest: the other side is a
// vhost in another process, such as Vhost, or in the kernel (net_virtio_user). The
// vhost maps all of EAL's memory, of at most 8 files: with pages of 2 MiB start EAL
// with "--single-file-segments" in Config.Extra.
type VirtioUser struct {
	Name string
	// Path is the socket of a vhost, which must listen already, unless Server; or
	// /dev/vhost-net, or a device of vDPA.
	Path string
	// Server listens on Path for a vhost that connects. Open waits for the first as
	// long as Patience, 0 is 10 s; the driver itself, and eal.Init for Config.Vdevs,
	// wait for ever. The vhost may go and come again later, also by a kill: the driver
	// notices the new one with ethdev.Config.LinkEvents.
	Server   bool
	Patience time.Duration
	// Queues is how many queues there are each way; 0 is 1, more than 8 need DPDK
	// 23.03. QueueSize is how many descriptors each has, a power of two; 0 is 256.
	Queues, QueueSize int
	// ControlQueue is for MAC filters and VLAN filters; several Queues have it too.
	ControlQueue bool
	MAC          net.HardwareAddr // of the port; nil is a random one
	Interface    string           // for the kernel's vhost to make; "" is "tap" and a number
	Packed       bool             // packed rings instead of split ones
	Vectorized   bool             // use the CPU's vector instructions
	NoMergeable  bool             // do not spread large packets over several buffers
	NoInOrder    bool             // do not promise to use buffers in their order
	// SpeedMbps is the link speed to show, in Mbit/s; 0 is unknown.
	SpeedMbps int
}

func (d VirtioUser) driver() string { return "net_virtio_user" }
func (d VirtioUser) name() string   { return d.Name }

var virtioSpeeds = []int{0, 10000, 20000, 25000, 40000, 50000, 56000, 100000, 200000}

// Devargs implements Device.
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
	w.mac("mac", "MAC", d.MAC)
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

// maxRegions is VHOST_MEMORY_MAX_NREGIONS of the driver.
const maxRegions = 8

// check says why a vhost cannot map the memory: the driver says so in the log only,
// and moves no packets.
func (d VirtioUser) check(name string, _ ethdev.Config) error {
	if i, err := os.Stat(d.Path); err == nil && i.Mode()&os.ModeCharDevice != 0 {
		return nil // the kernel's vhost takes more
	}
	files := 0
	err := control.Call(op, name, func() error {
		files = cgo.MemoryFiles()
		return nil
	})
	if err == nil && files > maxRegions {
		err = &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: fmt.Sprintf("a vhost maps at most %d files of memory, here are %d. It needs %s", maxRegions, files, singleFile)}
	}
	return err
}

// attach ends the driver's wait for a vhost, which is in C, by a connection that says
// nothing.
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
	if err == nil { // it came in the last moment, and our connection after it
		err = p.Detach()
	}
	late := &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrTimeout, Detail: fmt.Sprintf("no vhost connected to %s within %v", d.Path, patience)}
	_ = os.Remove(d.Path) // the driver leaves it
	return nil, errors.Join(late, err)
}
