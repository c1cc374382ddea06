package mempool

import (
	"bytes"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
)

// A pool in shared memory holds the number of its ops in a table that each
// process fills in the order in which it loads drivers. The first godpdk process
// that creates a pool publishes its table in a memzone; the others compare.

// opsZone is the memzone's name.
const opsZone = "godpdk_mempool_ops"

// opsTable is what the memzone holds.
type opsTable struct {
	ready atomic.Uint32 // 1 when the rest is written
	count uint32
	names [cgo.MempoolMaxOps][cgo.MempoolOpsNameSize]byte
}

// name is the published name of ops number i; "" if the publisher had none.
func (t *opsTable) name(i int) string {
	if i < 0 || i >= len(t.names) || i >= int(t.count) {
		return ""
	}
	name, _, _ := bytes.Cut(t.names[i][:], []byte{0})
	return string(name)
}

// Ops lists the ops that this process has, in the order of their numbers; which
// they are depends on the drivers it loaded (rte_mempool_ops_table).
func Ops() ([]string, error) {
	var names []string
	err := guard.Control(opSetOps, "", func() int {
		names = cgo.MempoolOps()
		return 0
	})
	return names, err
}

// publishOps sees to it that a pool of these ops means the same in all godpdk
// processes.
func publishOps(op, name, ops string) error {
	index, err := knownOps(op, name, ops)
	if err != nil {
		return err
	}
	table, err := published(op, name, true)
	if err != nil {
		return err
	}
	return table.check(op, name, ops, index)
}

// checkOps refuses a pool whose ops are others here than where it was made.
func checkOps(op string, i *cgo.MempoolInfo) error {
	if i.Ops == "" {
		return guard.Invalid(op, i.Name, "the pool's ops have number %d, this process has ops 0 to %d only: load the drivers its maker loads",
			i.OpsIndex, len(cgo.MempoolOps())-1)
	}
	table, err := published(op, i.Name, false)
	if table == nil || err != nil { // nobody published: C made the pool
		return err
	}
	return table.check(op, i.Name, i.Ops, int(i.OpsIndex))
}

func (t *opsTable) check(op, name, ops string, index int) error {
	switch there := t.name(index); there {
	case ops:
		return nil
	case "":
		return guard.Invalid(op, name, "ops %d are %q here, and unknown to the process that made the first pool: load the same drivers in all processes", index, ops)
	default:
		return guard.Invalid(op, name, "ops %d are %q here, but %q in the process that made the first pool: load the same drivers in all processes, in the same order", index, ops, there)
	}
}

// published finds the table, or publishes this process's if create is set.
func published(op, name string, create bool) (*opsTable, error) {
	zone, errno := cgo.MemzoneLookup(opsZone)
	if errno != 0 && !create {
		return nil, nil
	}
	if errno != 0 {
		zone, errno = cgo.MemzoneReserve(opsZone, uint64(unsafe.Sizeof(opsTable{})), -1, 0, 0, 0)
		if errno == 0 {
			table := (*opsTable)(zone.Addr)
			*table = opsTable{}
			for _, ops := range cgo.MempoolOps() {
				copy(table.names[table.count][:], ops)
				table.count++
			}
			table.ready.Store(1)
			return table, nil
		}
		if dpdk.Errno(errno) == dpdk.ErrExist.(dpdk.Errno) { // another process was faster
			zone, errno = cgo.MemzoneLookup(opsZone)
		}
		if errno != 0 {
			return nil, &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(errno), Detail: "cannot publish the ops in memzone " + opsZone}
		}
	}
	if zone.Len < uint64(unsafe.Sizeof(opsTable{})) {
		return nil, guard.Invalid(op, name, "memzone %s is not godpdk's", opsZone)
	}
	table := (*opsTable)(zone.Addr)
	for wait := time.Microsecond; table.ready.Load() != 1; wait *= 2 {
		if wait > time.Second {
			return nil, guard.Invalid(op, name, "memzone %s was never filled: its maker has died: restart the primary", opsZone)
		}
		time.Sleep(wait)
	}
	return table, nil
}
