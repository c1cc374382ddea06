package mempool

import (
	"errors"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// A pool in shared memory stores the number of its ops: an index into a table that each
// process fills in the order in which it loads drivers. The first godpdk process that
// creates a pool publishes its table in a memzone. The others compare theirs with it.

// Ops returns the names of the ops of this process, in the order of their numbers. They depend
// on the drivers that it loaded. It reads rte_mempool_ops_table.
func Ops() ([]string, error) {
	var names []string
	err := control.Call(opSetOps, "", func() error {
		names = cgo.MempoolOps()
		return nil
	})
	return names, err
}

// publishOps makes sure that all godpdk processes number these ops alike.
func publishOps(op, name, ops string) error {
	index, err := knownOps(op, name, ops)
	if err != nil {
		return err
	}
	table, err := published(op, name, true)
	if err != nil {
		return err
	}
	return checkTable(table, op, name, ops, index)
}

// checkOps refuses a pool if its creator numbers the ops differently.
func checkOps(op string, i *cgo.MempoolInfo) error {
	if i.Ops == "" {
		return check.Invalid(op, i.Name, "the pool's ops have number %d, this process has ops 0 to %d only: load the same drivers in all processes, in the same order",
			i.OpsIndex, len(cgo.MempoolOps())-1)
	}
	table, err := published(op, i.Name, false)
	if err != nil {
		return err
	}
	if table != nil { // else a C program made the pool
		if err := checkTable(table, op, i.Name, i.Ops, int(i.OpsIndex)); err != nil {
			return err
		}
	}
	return checkData(op, i)
}

// checkData compares the ops of a pool with the data that its creator made for them. The
// creator may be a C program that numbers its ops differently, as dpdk-testpmd may.
func checkData(op string, i *cgo.MempoolInfo) error {
	if i.Flags&cgo.MempoolCreated == 0 {
		return nil
	}
	const fix = "its creator numbers its ops differently: load the same drivers in all processes, in the same order, or let a Go program make the first pool"
	if !i.Fits {
		return check.Invalid(op, i.Name, "ops %d are %q here, but the pool does not store its objects that way: %s", i.OpsIndex, i.Ops, fix)
	}
	ops, ok := ringOps[i.Ops]
	if !ok {
		return nil
	}
	put, get := ringcore.Sync(i.Ring.ProducerSync), ringcore.Sync(i.Ring.ConsumerSync)
	if weaker(ops.put, put) || weaker(ops.get, get) {
		return check.Invalid(op, i.Name, "ops %d are %q here, but the pool's ring is made for puts %v and gets %v: "+
			"%s; a C program that means %q sets RTE_MEMPOOL_F_SP_PUT and RTE_MEMPOOL_F_SC_GET too", i.OpsIndex, i.Ops, put, get, fix, i.Ops)
	}
	return nil
}

// weaker reports whether ops with this mode break the promise of a ring made for another. Ops
// for several threads may enter a ring that was made for one.
func weaker(ops, ring ringcore.Sync) bool {
	return ops != ring && !(ops == ringcore.Multi && ring == ringcore.Single)
}

// checkTable compares the ops of this process with the published table.
func checkTable(t *objects.OpsTable, op, name, ops string, index int) error {
	switch there := t.Name(index); there {
	case ops:
		return nil
	case "":
		return check.Invalid(op, name, "ops %d are %q here, and unknown to the process that made the first pool: load the same drivers in all processes", index, ops)
	default:
		return check.Invalid(op, name, "ops %d are %q here, but %q in the process that made the first pool: load the same drivers in all processes, in the same order", index, ops, there)
	}
}

// published finds the table, or publishes that of this process if create is set.
func published(op, name string, create bool) (*objects.OpsTable, error) {
	find := objects.PublishOps
	if !create {
		find = func() (cgo.MemzoneInfo, error) { return objects.MemzoneLookup(objects.OpsZone) }
	}
	zone, err := find()
	switch {
	case !create && errors.Is(err, dpdk.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, &dpdk.Error{Op: op, Name: name, Cause: err, Detail: "cannot find the ops in memzone " + objects.OpsZone}
	case zone.Len < objects.OpsTableSize:
		return nil, check.Invalid(op, name, "memzone %s was not made by godpdk: use another name for it", objects.OpsZone)
	}
	table := (*objects.OpsTable)(zone.Addr)
	for wait := time.Microsecond; table.Ready.Load() != 1; wait *= 2 {
		if wait > time.Second {
			return nil, check.Invalid(op, name, "memzone %s was never initialized because its creator died: restart the primary", objects.OpsZone)
		}
		time.Sleep(wait)
	}
	return table, nil
}
