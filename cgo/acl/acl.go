//go:build linux

// Package acl calls librte_acl. It is not part of package cgo because a DPDK may lack this library,
// and because a secondary that links it cannot attach to a primary without it.
package acl

/*
#cgo !godpdk_static pkg-config: --fragment-filter=ILl libdpdk
#cgo godpdk_static,!godpdk_debug pkg-config: libdpdk-static
#cgo godpdk_static,godpdk_debug pkg-config: libdpdk-static-debug
#cgo CFLAGS: -I${SRCDIR}/../../include -include rte_config.h -D_GNU_SOURCE -O2
#cgo amd64 CFLAGS: -march=corei7
#cgo arm64 CFLAGS: -march=armv8-a+crc
#cgo !godpdk_static LDFLAGS: -Wl,--as-needed -lrte_acl
#include "godpdk_acl.h"

// Through cgo Go passes the parts: a struct with pointers to Go's memory is refused.
static inline int
classify(const void *ctx, const uint8_t *keys, uint32_t *results, uint64_t n, uint32_t stride, uint32_t categories)
{
	struct godpdk_acl_bulk b = { ctx, keys, results, n, stride, categories };

	return godpdk_acl_classify(&b);
}

#cgo noescape classify
#cgo nocallback classify
*/
import "C"

import (
	"unsafe"

	_ "github.com/godpdk/godpdk/include" // keeps the headers with the package
)

// NameSize is the size of names with the final NUL.
const NameSize = C.GODPDK_ACL_NAMESIZE

// Limits.
const (
	MaxCategories = C.GODPDK_ACL_MAX_CATEGORIES
	Multiplier    = C.GODPDK_ACL_MULTIPLIER // of the number of categories, unless it is 1
	MaxFields     = C.GODPDK_ACL_MAX_FIELDS
	MaxPriority   = C.GODPDK_ACL_MAX_PRIORITY
)

// Layout of struct rte_acl_rule, and of the fields behind it. A value is at the beginning of its field.
const (
	Categories = C.GODPDK_ACL_CATEGORIES
	Priority   = C.GODPDK_ACL_PRIORITY
	Userdata   = C.GODPDK_ACL_USERDATA
	RuleSize   = C.GODPDK_ACL_RULE
	FieldSize  = C.GODPDK_ACL_FIELD
	MaskRange  = C.GODPDK_ACL_MASK_RANGE
)

// Types of fields.
const (
	Mask    = C.GODPDK_ACL_MASK
	Range   = C.GODPDK_ACL_RANGE
	Bitmask = C.GODPDK_ACL_BITMASK
)

// Algorithms.
const (
	Default   = C.GODPDK_ACL_DEFAULT
	Scalar    = C.GODPDK_ACL_SCALAR
	SSE       = C.GODPDK_ACL_SSE
	AVX2      = C.GODPDK_ACL_AVX2
	NEON      = C.GODPDK_ACL_NEON
	Altivec   = C.GODPDK_ACL_ALTIVEC
	AVX512x16 = C.GODPDK_ACL_AVX512X16
	AVX512x32 = C.GODPDK_ACL_AVX512X32
)

// Context points to a struct rte_acl_ctx.
type Context = unsafe.Pointer

// Field is struct rte_acl_field_def.
type Field struct {
	Type, Size, Index, Input uint8
	Offset                   uint32
}

// Bulk is struct godpdk_acl_bulk.
type Bulk struct {
	Context Context
	Keys    unsafe.Pointer // N structs of Stride bytes
	Results unsafe.Pointer // N * Categories words
	N       uint64
	Stride  uint32

	Categories uint32
}

type (
	_ [unsafe.Sizeof(Field{}) - C.sizeof_struct_rte_acl_field_def]struct{}
	_ [C.sizeof_struct_rte_acl_field_def - unsafe.Sizeof(Field{})]struct{}
	_ [unsafe.Sizeof(Bulk{}) - C.sizeof_struct_godpdk_acl_bulk]struct{}
	_ [C.sizeof_struct_godpdk_acl_bulk - unsafe.Sizeof(Bulk{})]struct{}
)

// Create creates a context for rules of that many fields.
//
// Implements: rte_acl_create
func Create(name string, socket, fields int, rules uint32) (Context, int) {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	r := C.godpdk_acl_create(s, C.int(socket), C.uint32_t(fields), C.uint32_t(rules))
	return r.ptr, int(r.err)
}

// Add adds n rules, which are not empty.
//
// Implements: rte_acl_add_rules
func Add(ctx Context, rules []byte, n uint32) int {
	return int(C.godpdk_acl_add(ctx, unsafe.Pointer(&rules[0]), C.uint32_t(n)))
}

// Build builds a context of rules with these fields.
//
// Implements: rte_acl_build
func Build(ctx Context, fields []Field, categories uint32, maxSize uint64) int {
	return int(C.godpdk_acl_build(ctx, unsafe.Pointer(&fields[0]), C.uint32_t(len(fields)), C.uint32_t(categories), C.size_t(maxSize)))
}

// SetAlgorithm selects the algorithm of a context.
//
// Implements: rte_acl_set_ctx_classify
func SetAlgorithm(ctx Context, algorithm int) int {
	return int(C.godpdk_acl_algorithm(ctx, C.int(algorithm)))
}

// Find returns the context of that name, or nil.
//
// Implements: rte_acl_find_existing
func Find(name string) Context {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return Context(C.rte_acl_find_existing(s))
}

// Free frees the context of that name if it is still at the address.
//
// Implements: rte_acl_free
func Free(name string, ctx Context) int {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return int(C.godpdk_acl_free(s, ctx))
}

// Names returns the names of all contexts.
func Names() (names []string) {
	var all []C.struct_godpdk_acl_entry
	for n := C.uint32_t(16); int(n) > len(all); {
		all = make([]C.struct_godpdk_acl_entry, n)
		if n = C.godpdk_acl_list(&all[0], n); int(n) <= len(all) {
			all = all[:n]
			break
		}
	}
	for _, e := range all {
		e.name[len(e.name)-1] = 0
		if name := C.GoString(&e.name[0]); Find(name) == e.at {
			names = append(names, name)
		}
	}
	return names
}

// ClassifyAddress is the C function int32_t f(void *) that classifies a [Bulk].
var ClassifyAddress = unsafe.Pointer(C.godpdk_acl_classify)

// Classify classifies n keys: see [Bulk].
//
// Implements: rte_acl_classify
func Classify(ctx Context, keys, results unsafe.Pointer, n int, stride, categories uint32) int {
	return int(C.classify(ctx, (*C.uint8_t)(keys), (*C.uint32_t)(results), C.uint64_t(n), C.uint32_t(stride), C.uint32_t(categories)))
}
