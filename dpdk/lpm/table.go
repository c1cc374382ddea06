package lpm

import (
	"net/netip"
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

// MaxName is the maximum length of the name of a new table, in bytes. DPDK cuts the names that it makes
// from longer ones. [Lookup4] and [Lookup6] also find tables of C programs with up to 31 bytes.
const MaxName = clpm.NewNameSize - 1

// The largest next hops.
const (
	MaxNextHop4 = clpm.Hop
	MaxNextHop6 = clpm.MaxHop6
)

// Config configures a new table. The zero value is a table for 1024 routes.
type Config struct {
	// MaxRoutes is the maximum number of routes (max_rules). 0 is 1024.
	MaxRoutes int
	// Groups is the number of groups of 256 entries (number_tbl8s), 1 KiB each. An IPv4 table needs a
	// group for each /24 network with longer prefixes in it. An IPv6 table needs up to one group
	// for each byte of a prefix after the third one, but prefixes with common bytes share groups. 0 is 256
	// for IPv4 and 8192 for IPv6. A table has 64 MiB without its groups.
	Groups int
	// Socket is the NUMA socket of the memory.
	Socket dpdk.SocketID
	// RCU lets changes wait for readers: see the documentation of the package. Readers of the table register with
	// this variable. Free the table before the variable.
	RCU *rcu.QSBR
}

// Route is a prefix and its next hop.
type Route struct {
	Prefix  netip.Prefix
	NextHop uint32
}

// Info describes a table.
type Info struct {
	Name string
	IPv6 bool
}

// List describes all tables of the file prefix.
func List() ([]Info, error) {
	var all []Info
	for _, k := range []kind{kind4, kind6} {
		names, err := k.List()
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			all = append(all, Info{n, k.Six})
		}
	}
	return all, nil
}

// make creates a table.
func (k kind) make(name string, cfg Config) (unsafe.Pointer, error) {
	groups := clpm.MaxGroups4
	if k.Six {
		groups = clpm.MaxGroups6
	}
	at, _, err := k.Create(name, routetable.Config(cfg), groups, none{})
	return at, err
}

// handle is what both types of tables have.
func (k kind) handle(name string, at unsafe.Pointer) routetable.Handle {
	return routetable.NewHandle(name, at, maxHop(k.Six))
}

func (k kind) info(h *routetable.Handle) (Info, error) {
	if _, err := k.Describe(h); err != nil {
		return Info{}, err
	}
	return Info{h.Name(), k.Six}, nil
}

func (k kind) add(h *routetable.Handle, routes []Route) (int, error) {
	return k.Add(h, len(routes), func(i int) routetable.Route {
		return routetable.Route{Prefix: routes[i].Prefix, NextHop: uint64(routes[i].NextHop)}
	})
}

func (k kind) deleteAll(h *routetable.Handle) error {
	return k.Call(h, k.opAll, func(at uintptr) error {
		_, err := k.removeAll(h.Name(), at)
		return err
	})
}

func (k kind) nextHop(h *routetable.Handle, p netip.Prefix) (uint32, error) {
	hop, err := k.NextHop(h, p)
	return uint32(hop), err
}
