// Package bond manages the members, the primary and the link monitoring of bonding ports
// (librte_net_bond). vdev.Bond makes such ports. This package is only needed to change them
// later.
//
// All functions may be called from any goroutine of the primary process. They return
// dpdk.ErrInvalid for a port that is not a bonding port. DPDK does not return a reason for a
// failure: see the log lines in the error.
package bond

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/godpdk/godpdk/cgo"
	bondcgo "github.com/godpdk/godpdk/cgo/bond"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// Members returns the member ports of p.
//
// Implements: rte_eth_bond_members_get, rte_eth_bond_slaves_get
func Members(p *ethdev.Port) ([]*ethdev.Port, error) {
	return members("rte_eth_bond_members_get", p, false)
}

// Active returns the members with a link that is up, which p may use to send.
//
// Implements: rte_eth_bond_active_members_get, rte_eth_bond_active_slaves_get
func Active(p *ethdev.Port) ([]*ethdev.Port, error) {
	return members("rte_eth_bond_active_members_get", p, true)
}

func members(op string, p *ethdev.Port, active bool) ([]*ethdev.Port, error) {
	var ids []uint16
	err := portcall.Call(p, op, func(id uint16) error {
		var ok bool
		if ids, ok = bondcgo.Members(id, active); !ok {
			return dpdk.ErrInvalid
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ports := make([]*ethdev.Port, len(ids))
	for i, id := range ids {
		if ports[i], err = ethdev.ByID(int(id)); err != nil {
			return nil, err
		}
	}
	return ports, nil
}

// Add makes a port a member of p. The port must not be started. p configures it, and starts it
// if p is started.
//
// Errors: dpdk.ErrBusy if the port is started or is a member already; dpdk.ErrInvalid if it
// lacks a capability of the other members.
//
// Implements: rte_eth_bond_member_add, rte_eth_bond_slave_add
func Add(p, member *ethdev.Port) error {
	const op = "rte_eth_bond_member_add"
	info, err := member.Info()
	if err != nil {
		return err
	}
	if member.Started() || info.Bonded {
		return &dpdk.Error{Op: op, Name: p.Name(), Errno: dpdk.ErrBusy, Detail: fmt.Sprintf("%v is started, or a member already: stop it, or remove it from its bonding port", member)}
	}
	return portcall.Call(p, op, func(id uint16) error {
		return failed(telserver.Exclude(func() int { return bondcgo.Add(id, uint16(member.ID())) }))
	})
}

// Remove removes a member from p and stops it. Configure the port before its next use. The
// error is dpdk.ErrInvalid if the port is not a member.
//
// Implements: rte_eth_bond_member_remove, rte_eth_bond_slave_remove
func Remove(p, member *ethdev.Port) error {
	if _, err := member.Info(); err != nil { // the call records that the port is a member
		return err
	}
	return portcall.Call(p, "rte_eth_bond_member_remove", ofMember(member, func(port, member uint16) int {
		defer telserver.Enter()()
		if rc := bondcgo.Remove(port, member); rc != 0 {
			return rc
		}
		return cgo.EthStop(member) // DPDK leaves it running
	}))
}

// Primary returns the member through which p sends while the member's link is up. With
// ActiveBackup it is the member in use.
//
// Implements: rte_eth_bond_primary_get
func Primary(p *ethdev.Port) (*ethdev.Port, error) {
	primary := -1
	err := portcall.Call(p, "rte_eth_bond_primary_get", func(id uint16) error {
		if primary = bondcgo.Primary(id); primary < 0 {
			return dpdk.ErrInvalid
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ethdev.ByID(primary)
}

// SetPrimary makes a member the primary. The error is dpdk.ErrInvalid if the port is not a
// member.
//
// Implements: rte_eth_bond_primary_set
func SetPrimary(p, member *ethdev.Port) error {
	return portcall.Call(p, "rte_eth_bond_primary_set", ofMember(member, bondcgo.SetPrimary))
}

// SetMonitoring sets the interval at which p polls the links of members without link
// interrupts. It is a whole number of milliseconds; the default is 10 ms. The error is
// dpdk.ErrInvalid. The delays after a link change cannot be set, because shared DPDK libraries
// do not export these functions.
//
// Implements: rte_eth_bond_link_monitoring_set
func SetMonitoring(p *ethdev.Port, interval time.Duration) error {
	const op = "rte_eth_bond_link_monitoring_set"
	if interval <= 0 || interval%time.Millisecond != 0 || interval.Milliseconds() > math.MaxInt32/1000 {
		return check.Invalid(op, p.Name(), "the interval is %v: use whole milliseconds, at most %d", interval, math.MaxInt32/1000)
	}
	return portcall.Call(p, op, func(id uint16) error { return failed(bondcgo.SetMonitoring(id, uint32(interval.Milliseconds()))) })
}

// ofMember returns f for a member only: DPDK accepts any port as primary.
func ofMember(member *ethdev.Port, f func(port, member uint16) int) func(port uint16) error {
	return func(port uint16) error {
		if all, _ := bondcgo.Members(port, false); !slices.Contains(all, uint16(member.ID())) {
			return dpdk.ErrInvalid
		}
		return failed(f(port, uint16(member.ID())))
	}
}

// failed returns the error of a bonding function: these fail without an error number.
func failed(rc int) error {
	if rc == 0 {
		return nil
	}
	return dpdk.ErrInvalid
}
