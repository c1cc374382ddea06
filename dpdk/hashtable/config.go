package hashtable

import (
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/rcu"

	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

// MaxName is the maximum length of the name of a table, in bytes. DPDK makes the name of a ring from it.
const MaxName = chash.NameSize - 1

// MaxEntries is the maximum number of keys of a table. Tables with large keys hold fewer, because DPDK computes the offsets of keys in 32 bits:
// the keys with 8 bytes each, rounded up to 16 bytes, must have less than 4 GiB.
const MaxEntries = chash.MaxEntries

// Function is a hash function of a table.
type Function uint8

// Hash functions.
const (
	// ByCRC32C is hash.CRC32C, which processors have an instruction for. Keys with the same CRC are easy to construct, and lookups of
	// many such keys are slow. A seed does not change that.
	ByCRC32C Function = chash.ByCRC
	// ByJenkins is hash.Jenkins. It is slower. With a random seed, such keys are hard to choose for others, because they do not know the seed.
	ByJenkins Function = chash.ByJenkins
)

// Config configures a new table. The zero value is a table with CRC32C and without RCU.
type Config struct {
	// Function computes the place of a key.
	Function Function
	// Seed is the initial value of the function.
	Seed uint32
	// Socket is the NUMA socket of the memory.
	Socket dpdk.SocketID
	// RCU makes Delete keep the place of a key until all readers that are registered with this variable have been quiescent. Lookups of this
	// package do not need it. It is for C programs that look keys up with the functions of rte_hash, and for values that refer to other objects:
	// with it, Synchronize after Delete shows that no reader uses the value. The table has places for some deleted keys more than entries. Free
	// the table before the variable.
	RCU *rcu.QSBR
}

func (c *Config) check(name string, entries int) error {
	if entries < 1 || entries > MaxEntries {
		return check.Invalid(opCreate, name, "%d entries: use 1 to %d", entries, MaxEntries)
	}
	if c.Function > ByJenkins {
		return check.Invalid(opCreate, name, "the hash function %d does not exist: use ByCRC32C or ByJenkins", c.Function)
	}
	if c.RCU != nil && c.RCU.Pointer() == nil {
		return check.Invalid(opCreate, name, "the QSBR %q was freed: create one", c.RCU.Name())
	}
	return check.Socket(opCreate, name, c.Socket)
}

// Info describes a table.
type Info struct {
	Name               string
	Entries            int // the number of keys that it can hold
	Len                int // the number of keys that it has
	Overflow           int // how many of them are not in a bucket of the rte_hash, because their buckets are full
	KeySize, ValueSize int // bytes
	Function           Function
	Seed               uint32
	RCU                string // the name of the QSBR, or ""
	Repairs            int    // how often a change has repaired it, because the process of the change before was killed
}
