package lpm

import (
	"net/netip"
	"unsafe"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/routetable"
)

type none = routetable.None

// kind is one kind of tables. A process needs only the address of a table for lookups.
type kind struct {
	*routetable.Kind[none, none]
	removeAll func(name string, at uintptr) (none, error)
	opAll     string
}

var (
	kind4 = newKind(false, "rte_lpm_delete_all", routetable.Ops{Create: "rte_lpm_create", Find: "rte_lpm_find_existing", Free: "rte_lpm_free",
		Add: "rte_lpm_add", Delete: "rte_lpm_delete", NextHop: "rte_lpm_is_rule_present", RCU: "rte_lpm_rcu_qsbr_add"})
	kind6 = newKind(true, "rte_lpm6_delete_all", routetable.Ops{Create: "rte_lpm6_create", Find: "rte_lpm6_find_existing", Free: "rte_lpm6_free",
		Add: "rte_lpm6_add", Delete: "rte_lpm6_delete", NextHop: "rte_lpm6_is_rule_present"})
)

func newKind(six bool, opAll string, ops routetable.Ops) kind {
	k := routetable.New(&routetable.Kind[none, none]{
		C: library{six}, Op: ops, Six: six, NameSize: clpm.NameSize, NewSize: clpm.NewNameSize, MaxRoutes: clpm.MaxRoutes, NoDefault: true,
		Secondary: "only the primary can change tables, and this one is a C program: make the change there",
		Adopt:     func(at unsafe.Pointer) routetable.Table[none] { return &table{six, at, new(routetable.Readers)} },
		Names:     func() []string { return clpm.Names(six) },
	})
	return kind{k, delegate.Func(opAll, func(_ delegate.Owner, name string, at uintptr) (none, error) {
		return none{}, routetable.On(k, name, at, func(t *table) error { return t.removeAll(opAll, name) })
	}), opAll}
}

// library is rte_lpm, or rte_lpm6.
type library struct{ six bool }

func (l library) Find(name string) unsafe.Pointer         { return clpm.Find(l.six, name) }
func (l library) Free(name string, at unsafe.Pointer) int { return clpm.Free(l.six, name, at) }

func (l library) Create(_ delegate.Owner, name string, s *routetable.Size, _ none, r *routetable.Readers) (at unsafe.Pointer, t routetable.Table[none], err error) {
	if s.Groups > clpm.MaxGroups4 {
		return nil, nil, dpdk.ErrInvalid
	}
	at, errno := clpm.Create(l.six, name, s.Socket, s.Routes, s.Groups)
	if errno == 0 && r.QSBR() != nil && !l.six {
		if errno := clpm.AddRCU(at, r.QSBR()); errno != 0 {
			return at, nil, &dpdk.Error{Op: kind4.Op.RCU, Name: name, Errno: dpdk.Errno(errno)}
		}
	}
	return at, &table{l.six, at, r}, control.Errno(errno)
}

// table is a table in the primary.
type table struct {
	six     bool
	at      clpm.LPM
	readers *routetable.Readers
}

func (t *table) Describe() none { return none{} }

func (t *table) MaxHop() uint64 { return maxHop(t.six) }

func maxHop(six bool) uint64 {
	if six {
		return MaxNextHop6
	}
	return MaxNextHop4
}

// Add waits for readers in groups of an IPv6 table that are free: rte_lpm6 knows no RCU.
func (t *table) Add(p netip.Prefix, hop uint64) int {
	if t.six && !t.readers.Settle() {
		return int(dpdk.ErrAgain)
	}
	addr, bits := routetable.Bytes(p)
	return clpm.Add(t.six, t.at, &addr, bits, uint32(hop))
}

func (t *table) Delete(p netip.Prefix) int {
	addr, bits := routetable.Bytes(p)
	// C's error for a route that does not exist depends on the release.
	if _, ok := clpm.Route(t.six, t.at, &addr, bits); !ok {
		return int(dpdk.ErrNotFound)
	}
	errno := clpm.Delete(t.six, t.at, &addr, bits)
	if errno == 0 && t.six {
		t.readers.Freed()
	}
	return errno
}

func (t *table) NextHop(p netip.Prefix) (uint64, bool) {
	addr, bits := routetable.Bytes(p)
	hop, ok := clpm.Route(t.six, t.at, &addr, bits)
	return uint64(hop), ok
}

func (t *table) removeAll(op, name string) error {
	if t.readers.QSBR() != nil {
		return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "DPDK does not wait for readers here: delete the routes one by one, or create the table without Config.RCU"}
	}
	clpm.DeleteAll(t.six, t.at)
	return nil
}
