package vdev

import (
	"net"
	"strings"
	"unicode"
)

// TAP is a port connected to a network interface that the driver creates in the kernel (net_tap).
// The port receives the packets that the kernel sends through the interface, and the kernel
// receives the packets that the port sends. The device needs CAP_NET_ADMIN and /dev/net/tun.
type TAP struct {
	Name      string
	Interface string // to create; "" is "dtap" and a number
	// MAC is the interface's Ethernet address; nil is a random one. FixedMAC sets it to
	// 02:64:74:61:70:30 ("dtap0") for the first such device, and to the next address for
	// each further one.
	MAC      net.HardwareAddr
	FixedMAC bool
	// Remote is an existing interface. The kernel's traffic control redirects the packets
	// that it receives to the port, and the packets that the port sends to it.
	Remote  string
	Persist bool // keep the interface after the port's end
}

func (d TAP) driver() string { return "net_tap" }
func (d TAP) name() string   { return d.Name }

// Devargs implements [Device].
func (d TAP) Devargs() (string, error) {
	w := newWriter(d)
	if strings.ContainsAny(d.Interface, "/:") || strings.ContainsFunc(d.Interface, unicode.IsSpace) {
		w.invalid("Interface is %q: use a name without \"/\", \":\" and spaces", d.Interface)
	}
	w.newNetdev("iface", "Interface", d.Interface)
	w.netdev("remote", "Remote", d.Remote)
	if d.FixedMAC && d.MAC != nil {
		w.invalid("MAC and FixedMAC exclude each other: set one of them")
	}
	w.mac(d.MAC)
	w.flag("mac", "fixed", d.FixedMAC)
	if d.Persist {
		w.args = append(w.args, "persist")
	}
	return w.devargs()
}
