package vdev

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// BondMode is how a bonding port uses its members.
type BondMode int

const (
	RoundRobin   BondMode = iota // each packet through the next member
	ActiveBackup                 // all through the primary, and through another while its link is down
	Balance                      // by a hash of the packet's headers
	Broadcast                    // each packet through all
	LACP                         // 802.3ad; bursts must be called at least every 100 ms
	TLB                          // by the members' load
	ALB                          // by the members' load, also what is received, with ARP
)

// Bond is one port made of several (net_bonding). Its members must be attached and
// not started: it configures and starts them. From its Configure to its Detach
// they are its own; nobody else may use them, and afterwards they must be configured
// anew. Package bond adds and removes members later. A secondary cannot poll the port;
// see package ethdev.
type Bond struct {
	Name    string
	Mode    BondMode
	Members []string // names of devices, such as "net_ring_a" or "0000:03:00.0"
	Primary string   // one of Members; "" is the first
	MAC     net.HardwareAddr
	// HashPolicy is what Balance and LACP hash: "l2", "l23" or "l34"; "" is l2.
	HashPolicy string
	// Aggregator is what LACP prefers: "stable", "bandwidth" or "count"; "" is stable.
	Aggregator string
	Socket     dpdk.SocketID // of its memory
}

func (d Bond) driver() string { return "net_bonding" }
func (d Bond) name() string   { return d.Name }

// Devargs implements Device.
func (d Bond) Devargs() (string, error) {
	w := newWriter(d)
	if d.Mode < RoundRobin || d.Mode > ALB {
		w.invalid("Mode is %d: use RoundRobin to ALB", d.Mode)
	}
	w.add("mode", number(int(d.Mode)))
	if len(d.Members) == 0 {
		w.invalid("Members is empty")
	}
	key := "member"
	if olderThan(23, 11) {
		key = "slave"
	}
	for i, m := range d.Members {
		if m == "" || slices.Contains(d.Members[:i], m) {
			w.invalid("Members[%d] is %q: give each member once", i, m)
		}
		w.text(key, "Members", m)
	}
	if d.Primary != "" && !slices.Contains(d.Members, d.Primary) {
		w.invalid("Primary %q is none of Members", d.Primary)
	}
	w.text("primary", "Primary", d.Primary)
	w.mac("mac", "MAC", d.MAC)
	w.choice("xmit_policy", "HashPolicy", d.HashPolicy, "l2", "l23", "l34")
	w.choice("agg_mode", "Aggregator", d.Aggregator, "stable", "bandwidth", "count")
	if err := check.Socket(op, w.device, d.Socket); err != nil && w.err == nil {
		w.err = err
	}
	w.flag("socket_id", number(d.Socket.Int()), d.Socket != dpdk.AnySocket)
	return w.devargs()
}

// check refuses members that there are not, or that are in use.
func (d Bond) check(name string, _ ethdev.Config) error {
	for i, m := range d.Members {
		p, err := ethdev.Lookup(m)
		if err != nil {
			return fmt.Errorf("member %d of the bond: %w", i, err)
		}
		info, err := p.Info()
		if err != nil {
			return fmt.Errorf("member %d of the bond: %w", i, err)
		}
		busy := ""
		switch {
		case info.Bonded:
			busy = "is a member of a bonding port already"
		case p.Started():
			busy = "is started: call its Stop first"
		}
		if busy != "" {
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrBusy, Detail: fmt.Sprintf("Members[%d]: %v %s", i, p, busy)}
		}
	}
	return nil
}

// attach says which members the driver left out, of which it says no more than a
// line in the log.
func (d Bond) attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := attach(devargs, cfg)
	if err != nil {
		return nil, err
	}
	if err := d.checkMembers(name); err != nil {
		return nil, errors.Join(err, p.Detach())
	}
	return p, nil
}

func (d Bond) checkMembers(name string) error {
	for i, m := range d.Members {
		p, err := ethdev.Lookup(m)
		if err != nil {
			return fmt.Errorf("member %d of the bond: %w", i, err)
		}
		if info, err := p.Info(); err != nil || !info.Bonded {
			return check.Invalid(op, name, "Members[%d]: the driver did not take %v: see the log", i, p)
		}
	}
	return nil
}
