//go:build linux

// Package hash calls librte_hash. It is not part of package cgo because a DPDK may lack this library,
// and because a secondary that links it cannot attach to a primary without it.
package hash

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_hash -lrte_rcu -lrte_ring -lrte_eal
#include "godpdk_table.h"

// Keys and values are bytes, and tables are numbers: then the runtime does not search them for Go pointers. A struct with pointers to
// Go's memory is refused.
#define T ((struct godpdk_table *)t)

static inline int32_t
table_get(uintptr_t t, const uint8_t *key, uint8_t *value)
{
	return godpdk_table_get(T, key, value);
}

static inline int32_t
table_bulk(uintptr_t t, const uint8_t *keys, uint8_t *values, uint8_t *found, uint32_t n, uint32_t *hits)
{
	struct godpdk_table_bulk b = { T, keys, values, found, n, 0 };
	int32_t done = godpdk_table_get_bulk(&b);

	*hits = b.hits;
	return done;
}

static inline int32_t
table_get_long(uintptr_t t, const uint8_t *key, uint8_t *value)
{
	return godpdk_table_get_long(T, key, value);
}

static inline uint32_t
table_scan(uintptr_t t, uint32_t *next, uint8_t *keys, uint8_t *values, uint32_t n)
{
	return godpdk_table_scan(T, next, keys, values, n);
}

static inline int
table_add(uintptr_t t, const uint8_t *keys, const uint8_t *values, uint32_t n, uint32_t *done)
{
	return godpdk_table_add(T, keys, values, n, done);
}

static inline int
table_get_or_add(uintptr_t t, const uint8_t *key, uint8_t *value, int *loaded)
{
	return godpdk_table_get_or_add(T, key, value, loaded);
}

static inline int
table_delete(uintptr_t t, const uint8_t *keys, uint32_t n, uint32_t *done)
{
	return godpdk_table_delete(T, keys, n, done);
}

static inline int
table_clear(uintptr_t t, uint32_t *next)
{
	return godpdk_table_clear(T, next);
}

#cgo noescape table_get
#cgo nocallback table_get
#cgo noescape table_bulk
#cgo nocallback table_bulk
#cgo noescape table_get_long
#cgo nocallback table_get_long
#cgo noescape table_scan
#cgo nocallback table_scan
#cgo noescape table_add
#cgo nocallback table_add
#cgo noescape table_get_or_add
#cgo nocallback table_get_or_add
#cgo noescape table_delete
#cgo nocallback table_delete
#cgo noescape table_clear
#cgo nocallback table_clear
*/
import "C"

import (
	"sync/atomic"
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// Limits.
const (
	NameSize   = C.GODPDK_TABLE_NAMESIZE // of a name with the final NUL
	MaxEntries = C.GODPDK_TABLE_MAX_ENTRIES
	MaxSize    = C.GODPDK_TABLE_MAX_SIZE // of a key and of a value
	MaxBulk    = C.GODPDK_TABLE_BULK
	MaxChanges = C.GODPDK_TABLE_CHANGES

	// Magic is the magic of a table of this release.
	Magic uint64 = C.GODPDK_TABLE_MAGIC
)

// Hash functions.
const (
	ByCRC     = C.GODPDK_TABLE_CRC
	ByJenkins = C.GODPDK_TABLE_JENKINS
)

// Again is a result of [Get]. ScanEnd is the position after the last one (GODPDK_TABLE_END).
const (
	Again   = C.GODPDK_TABLE_AGAIN
	ScanEnd = 1<<32 - 1
)

// Table points to a struct godpdk_table.
type Table = unsafe.Pointer

func table(at Table) *C.struct_godpdk_table { return (*C.struct_godpdk_table)(at) }

func number(at Table) C.uintptr_t { return C.uintptr_t(uintptr(at)) }

func bytes(p unsafe.Pointer) *C.uint8_t { return (*C.uint8_t)(p) }

// Shape describes the types of a table. The numbers of types are for their layouts, 0 if unknown.
type Shape struct {
	KeyType, ValueType uint64
	KeySize, ValueSize uint32
}

// Config describes a new table.
type Config struct {
	Shape
	Entries        uint32
	Function, Seed uint32
	Socket         int
	RCU            unsafe.Pointer // a struct rte_rcu_qsbr, or nil
	RCUName        string
}

// MaxEntriesOf returns the maximum number of entries with keys of this size, so that C can compute offsets in 32 bits. Create makes
// up to 9/8 * 8/7 times as many places, and 147 more.
func MaxEntriesOf(keySize uint32) int {
	places := uint64(1) << 32 / ((uint64(keySize) + 8 + 15) &^ 15)
	return int(min(MaxEntries, (places-160)*7/9))
}

// Valid reports whether C can make the table.
func (c *Config) Valid() bool {
	return c.KeySize >= 1 && c.KeySize <= MaxSize && c.ValueSize <= MaxSize && c.Entries >= 1 && int(c.Entries) <= MaxEntriesOf(c.KeySize) && c.Function <= ByJenkins
}

// Create creates a table.
//
// Implements: rte_hash_create
func Create(name string, c *Config) (Table, int) {
	s, rcu := C.CString(name), C.CString(c.RCUName)
	defer C.free(unsafe.Pointer(s))
	defer C.free(unsafe.Pointer(rcu))
	r := C.godpdk_table_create(s, &C.struct_godpdk_table_config{
		key_type: C.uint64_t(c.KeyType), value_type: C.uint64_t(c.ValueType), key_size: C.uint32_t(c.KeySize), value_size: C.uint32_t(c.ValueSize),
		entries: C.uint32_t(c.Entries), function: C.uint32_t(c.Function), seed: C.uint32_t(c.Seed), socket: C.int(c.Socket),
		rcu: (*C.struct_rte_rcu_qsbr)(c.RCU), rcu_name: rcu,
	})
	return r.ptr, int(r.err)
}

// Info describes a table.
type Info struct {
	Shape
	Capacity, Len  int
	Overflow       int // keys of Len that only functions of this package find
	Function, Seed uint32
	Repairs        int
	RCUName        string // or ""
}

// Find finds and describes the table of that name. Other threads may free it meanwhile.
func Find(name string) (at Table, i Info, errno int) {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	var c C.struct_godpdk_table_info
	if errno = int(C.godpdk_table_describe(s, &c)); errno != 0 {
		return nil, i, errno
	}
	i = Info{Shape{uint64(c.key_type), uint64(c.value_type), uint32(c.key_size), uint32(c.value_size)},
		int(c.capacity), int(c.len), int(c.overflow), uint32(c.function), uint32(c.seed), int(c.repairs), C.GoString(&c.rcu_name[0])}
	return unsafe.Pointer(c.table), i, 0
}

// Free frees the table of that name if it is still at the address. It returns EBUSY while a change is under way.
//
// Implements: rte_hash_free
func Free(name string, at Table) int {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return int(C.godpdk_table_free(s, table(at)))
}

// Names returns the names of all tables.
func Names() (all []string) {
	names := make([][C.RTE_MEMZONE_NAMESIZE]C.char, 16)
	for {
		n := int(C.godpdk_table_names(&names[0], C.uint32_t(len(names))))
		if n <= len(names) {
			names = names[:n]
			break
		}
		names = make([][C.RTE_MEMZONE_NAMESIZE]C.char, n)
	}
	for i := range names {
		all = append(all, C.GoString(&names[i][0]))
	}
	return all
}

// Hash returns the struct rte_hash of a table.
func Hash(at Table) unsafe.Pointer { return unsafe.Pointer(table(at).hash) }

// RCUName returns the name of the variable, or "".
func RCUName(at Table) string { return C.GoString(&table(at).rcu_name[0]) }

// Capacity returns the number of keys for which a table has room.
func Capacity(at Table) int { return int(table(at).capacity) }

// Len returns the number of keys.
func Len(at Table) int { return int(atomic.LoadUint32((*uint32)(&table(at).len))) }

// Owner returns the thread that owns the lock, or 0.
func Owner(at Table) int { return int(C.godpdk_table_owner(table(at))) }

// GetArg is struct godpdk_table_one.
type GetArg struct {
	Table      Table
	Key, Value unsafe.Pointer
}

// BulkArg is struct godpdk_table_bulk.
type BulkArg struct {
	Table        Table
	Keys, Values unsafe.Pointer
	Found        unsafe.Pointer // N bytes
	N, Hits      uint32
}

type (
	_ [unsafe.Sizeof(GetArg{}) - C.sizeof_struct_godpdk_table_one]struct{}
	_ [C.sizeof_struct_godpdk_table_one - unsafe.Sizeof(GetArg{})]struct{}
	_ [unsafe.Sizeof(BulkArg{}) - C.sizeof_struct_godpdk_table_bulk]struct{}
	_ [C.sizeof_struct_godpdk_table_bulk - unsafe.Sizeof(BulkArg{})]struct{}
)

// C functions int32_t f(void *) of a [GetArg], with the result of [Get], and of a [BulkArg], which returns the number of lookups and sets Hits.
var (
	GetAddress  = unsafe.Pointer(C.godpdk_table_get_one)
	BulkAddress = unsafe.Pointer(C.godpdk_table_get_bulk)
)

// Get looks up a key: 1 and its value, 0 and a zero value, or [Again]: then use [GetLong].
//
// Implements: rte_hash_lookup_with_hash_data
func Get(at Table, key, value unsafe.Pointer) int32 {
	return int32(C.table_get(number(at), bytes(key), bytes(value)))
}

// GetLong looks up a key as [Get] does, also in a long list and beside writers. It may take much time. If it returns [Again], call it again after a
// pause.
//
// Implements: rte_hash_lookup_with_hash_data
func GetLong(at Table, key, value unsafe.Pointer) int32 {
	return int32(C.table_get_long(number(at), bytes(key), bytes(value)))
}

// Bulk looks up n keys, at most [MaxBulk]. done of them were looked up. If it is 0, use [GetLong] for the first one.
//
// Implements: rte_hash_lookup_with_hash_bulk_data
func Bulk(at Table, keys, values, found unsafe.Pointer, n uint32) (done, hits int) {
	var h C.uint32_t
	d := C.table_bulk(number(at), bytes(keys), bytes(values), bytes(found), C.uint32_t(n), &h)
	return int(d), int(h)
}

// Scan copies up to n keys and values from a position on, which becomes the next one or [ScanEnd]. It may copy none before the end. If the
// position remains the same, call it again after a pause.
func Scan(at Table, next *uint32, keys, values unsafe.Pointer, n int) int {
	return int(C.table_scan(number(at), (*C.uint32_t)(next), bytes(keys), bytes(values), C.uint32_t(n)))
}

// Add adds n keys, at most [MaxChanges], or replaces their values. done of them were added, at least one without an error.
//
// Implements: rte_hash_add_key_with_hash_data
func Add(at Table, keys, values unsafe.Pointer, n int) (done, errno int) {
	var d C.uint32_t
	errno = int(C.table_add(number(at), bytes(keys), bytes(values), C.uint32_t(n), &d))
	return int(d), errno
}

// GetOrAdd adds a key, or stores the value that it has.
func GetOrAdd(at Table, key, value unsafe.Pointer) (loaded bool, errno int) {
	var l C.int
	errno = int(C.table_get_or_add(number(at), bytes(key), bytes(value), &l))
	return l != 0, errno
}

// Delete deletes n keys, at most [MaxChanges]. done of them were deleted, at least one without an error.
//
// Implements: rte_hash_del_key_with_hash, rte_hash_free_key_with_position
func Delete(at Table, keys unsafe.Pointer, n int) (done, errno int) {
	var d C.uint32_t
	errno = int(C.table_delete(number(at), bytes(keys), C.uint32_t(n), &d))
	return int(d), errno
}

// Clear deletes the keys at some positions from a position on, which becomes the next one or [ScanEnd].
func Clear(at Table, next *uint32) int {
	return int(C.table_clear(number(at), (*C.uint32_t)(next)))
}
