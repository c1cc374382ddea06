package objects

import (
	"bytes"
	"errors"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// OpsZone is the name of the memzone with an [OpsTable].
const OpsZone = "godpdk_mempool_ops"

// OpsTable is the table of mempool ops of the process that published it.
type OpsTable struct {
	Ready atomic.Uint32 // 1 when the rest is written
	count uint32
	names [cgo.MempoolMaxOps][cgo.MempoolOpsNameSize]byte
}

// OpsTableSize is the size of an [OpsTable], in bytes.
const OpsTableSize = uint64(unsafe.Sizeof(OpsTable{}))

// Name returns the published name of ops number i, "" if the publisher had none.
func (t *OpsTable) Name(i int) string {
	if i < 0 || i >= len(t.names) || i >= int(t.count) {
		return ""
	}
	name, _, _ := bytes.Cut(t.names[i][:], []byte{0})
	return string(name)
}

var publishOps = delegate.Func("rte_memzone_reserve", func(delegate.Owner, string, none) (zone, error) {
	z, errno := cgo.MemzoneLookup(OpsZone)
	if errno == 0 {
		return sendZone(z), nil
	}
	defer telserver.Enter()()
	z, errno = cgo.MemzoneReserve(OpsZone, OpsTableSize, -1, 0, 0, 0)
	if err := control.Errno(errno); errors.Is(err, dpdk.ErrExist) { // another process was faster
		z, errno = cgo.MemzoneLookup(OpsZone)
		return sendZone(z), control.Errno(errno)
	} else if err != nil {
		return zone{}, err
	}
	table := (*OpsTable)(z.Addr)
	*table = OpsTable{}
	for _, ops := range cgo.MempoolOps() {
		copy(table.names[table.count][:], ops)
		table.count++
	}
	table.Ready.Store(1)
	return sendZone(z), nil
})

// PublishOps finds the memzone with the table of mempool ops, or makes it.
func PublishOps() (cgo.MemzoneInfo, error) {
	z, err := publishOps(OpsZone, none{})
	return z.info(), err
}
