package vdev

import (
	"net"
	"strings"
	"unicode"
)

// TAP is a network interface that the driver makes in the kernel, with the port as
// its other end: what the kernel sends there is received here, and the reverse
// (net_tap). It needs CAP_NET_ADMIN and /dev/net/tun.
type TAP struct {
	Name      string
	Interface string // to make, or "" for "dtap" and a number
	// MAC is the interface's Ethernet address; nil is a random one. FixedMAC makes
	// it 02:64:74:61:70:30 ("dtap0"), counted up with each such device.
	MAC      net.HardwareAddr
	FixedMAC bool
	// Remote is an interface that is there: the driver redirects what it receives to
	// the port, and what the port sends to it, with the kernel's traffic control.
	Remote  string
	Persist bool // leave the interface after the port's end
}

func (d TAP) driver() string { return "net_tap" }
func (d TAP) name() string   { return d.Name }

// Devargs implements Device.
func (d TAP) Devargs() (string, error) {
	w := newWriter(d)
	if strings.ContainsAny(d.Interface, "/:") || strings.ContainsFunc(d.Interface, unicode.IsSpace) {
		w.invalid("Interface is %q: leave out / and : and spaces", d.Interface)
	}
	w.newNetdev("iface", "Interface", d.Interface)
	w.netdev("remote", "Remote", d.Remote)
	if d.FixedMAC && d.MAC != nil {
		w.invalid("MAC and FixedMAC exclude each other")
	}
	w.mac("mac", "MAC", d.MAC)
	w.flag("mac", "fixed", d.FixedMAC)
	if d.Persist {
		w.args = append(w.args, "persist")
	}
	return w.devargs()
}
