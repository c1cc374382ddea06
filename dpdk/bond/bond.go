// Package bond is what bonding ports have beside other ports: members that come and
// go, a primary, link monitoring (librte_net_bond). vdev.Bond makes such ports; a
// program that needs no more does not need this package.
//
// All functions may be called from any goroutine of the primary. On what is no
// bonding port they fail with dpdk.ErrInvalid. DPDK says of no failure why: the
// reason is in the log.
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
)

// Members are the ports that p is made of (rte_eth_bond_members_get).
func Members(p *ethdev.Port) ([]*ethdev.Port, error) {
	return members("rte_eth_bond_members_get", p, false)
}

// Active are the members that p may send through, as their links are up
// (rte_eth_bond_active_members_get).
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

// Add makes member one of p's ports (rte_eth_bond_member_add). It must not be
// started; p configures it, and starts it if p is started itself. Errors:
// dpdk.ErrBusy for one that is started, or a member already, dpdk.ErrInvalid for one
// that can do less than the others.
func Add(p, member *ethdev.Port) error {
	const op = "rte_eth_bond_member_add"
	info, err := member.Info()
	if err != nil {
		return err
	}
	if member.Started() || info.Bonded {
		return &dpdk.Error{Op: op, Name: p.Name(), Errno: dpdk.ErrBusy, Detail: fmt.Sprintf("%v is started, or a member already", member)}
	}
	return portcall.Call(p, op, func(id uint16) error { return failed(bondcgo.Add(id, uint16(member.ID()))) })
}

// Remove takes a member out of p, stopped and to be configured anew
// (rte_eth_bond_member_remove). Errors: dpdk.ErrInvalid for what is no member.
func Remove(p, member *ethdev.Port) error {
	if _, err := member.Info(); err != nil { // it takes note that it is one
		return err
	}
	return portcall.Call(p, "rte_eth_bond_member_remove", ofMember(member, func(port, member uint16) int {
		if rc := bondcgo.Remove(port, member); rc != 0 {
			return rc
		}
		return cgo.EthStop(member) // which DPDK leaves running
	}))
}

// Primary is the member that p sends through as long as its link is up
// (rte_eth_bond_primary_get); with ActiveBackup it is the one that it sends through
// now.
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

// SetPrimary makes a member the primary (rte_eth_bond_primary_set). Errors:
// dpdk.ErrInvalid for what is no member.
func SetPrimary(p, member *ethdev.Port) error {
	return portcall.Call(p, "rte_eth_bond_primary_set", ofMember(member, bondcgo.SetPrimary))
}

// SetMonitoring says how often p looks at the links of members that do not tell of
// changes by themselves: every 10 ms, unless it is said
// (rte_eth_bond_link_monitoring_set). It is counted in milliseconds. Errors:
// dpdk.ErrInvalid. The delays before p takes notice of a change cannot be had: shared
// DPDK libraries do not export their functions.
func SetMonitoring(p *ethdev.Port, interval time.Duration) error {
	const op = "rte_eth_bond_link_monitoring_set"
	if interval <= 0 || interval%time.Millisecond != 0 || interval.Milliseconds() > math.MaxInt32/1000 {
		return check.Invalid(op, p.Name(), "the interval is %v: use whole milliseconds, at most %d", interval, math.MaxInt32/1000)
	}
	return portcall.Call(p, op, func(id uint16) error { return failed(bondcgo.SetMonitoring(id, uint32(interval.Milliseconds()))) })
}

// ofMember is f, if the port is a member: DPDK takes any port for a primary.
func ofMember(member *ethdev.Port, f func(port, member uint16) int) func(port uint16) error {
	return func(port uint16) error {
		if all, _ := bondcgo.Members(port, false); !slices.Contains(all, uint16(member.ID())) {
			return dpdk.ErrInvalid
		}
		return failed(f(port, uint16(member.ID())))
	}
}

// failed returns the error of a bonding function, which fails without an error number.
func failed(rc int) error {
	if rc == 0 {
		return nil
	}
	return dpdk.ErrInvalid
}
