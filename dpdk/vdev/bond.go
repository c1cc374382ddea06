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

// BondMode is the mode in which a bonding port uses its members.
type BondMode int

const (
	RoundRobin   BondMode = iota // sends each packet through the next member
	ActiveBackup                 // sends through the primary, or through another member while the primary's link is down
	Balance                      // selects the member by a hash of the packet's headers
	Broadcast                    // sends each packet through all members
	LACP                         // is 802.3ad; bursts must be called at least every 100 ms
	TLB                          // selects the member by load
	ALB                          // selects the member by load, and balances received packets with ARP
)

// Bond is one port made of several ports (net_bonding). Its members must be attached and not
// started: the bonding port configures and starts them. From its Configure to its Detach nothing
// else may use the members. Configure them again before another use. Package bond adds and
// removes members later. A secondary cannot poll the port; see package ethdev.
type Bond struct {
	Name    string
	Mode    BondMode
	Members []string // names of devices, such as "net_ring_a" or "0000:03:00.0"
	Primary string   // one of Members; "" is the first
	MAC     net.HardwareAddr
	// HashPolicy names the headers that Balance and LACP hash: "l2", "l23" or "l34"; "" is
	// "l2".
	HashPolicy string
	// Aggregator is the preference of LACP: "stable", "bandwidth" or "count"; "" is "stable".
	Aggregator string
	Socket     dpdk.SocketID // of the port's memory
}

func (d Bond) driver() string { return "net_bonding" }
func (d Bond) name() string   { return d.Name }

// Devargs implements [Device].
func (d Bond) Devargs() (string, error) {
	w := newWriter(d)
	if d.Mode < RoundRobin || d.Mode > ALB {
		w.invalid("Mode is %d: use RoundRobin to ALB", d.Mode)
	}
	w.add("mode", number(int(d.Mode)))
	if len(d.Members) == 0 {
		w.invalid("Members is empty: name at least one device")
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
		w.invalid("Primary is %q, but Members does not contain it: use a member", d.Primary)
	}
	w.text("primary", "Primary", d.Primary)
	w.mac(d.MAC)
	w.choice("xmit_policy", "HashPolicy", d.HashPolicy, "l2", "l23", "l34")
	w.choice("agg_mode", "Aggregator", d.Aggregator, "stable", "bandwidth", "count")
	if err := check.Socket(op, w.device, d.Socket); err != nil && w.err == nil {
		w.err = err
	}
	w.flag("socket_id", number(d.Socket.Int()), d.Socket != dpdk.AnySocket)
	return w.devargs()
}

// check refuses members that do not exist or are in use.
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
			busy = "is a member of a bonding port already: remove it there first"
		case p.Started():
			busy = "is started: call its Stop first"
		}
		if busy != "" {
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrBusy, Detail: fmt.Sprintf("Members[%d]: %v %s", i, p, busy)}
		}
	}
	return nil
}

// attach detaches the port again if the driver refused a member: the driver only logs that.
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

// checkMembers returns an error for a member that the driver refused.
func (d Bond) checkMembers(name string) error {
	for i, m := range d.Members {
		p, err := ethdev.Lookup(m)
		if err != nil {
			return fmt.Errorf("member %d of the bond: %w", i, err)
		}
		if info, err := p.Info(); err != nil || !info.Bonded {
			return check.Invalid(op, name, "Members[%d]: the driver refused %v: see the log for the reason", i, p)
		}
	}
	return nil
}
