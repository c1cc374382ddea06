// Package mbuftrace records the places in this process that allocate and free mbufs. The debug
// build of package mbuf and package mbuftest call it.
package mbuftrace

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// library are the prefixes of functions that are not reported: those of package mbuf and its
// helpers.
var library = []string{
	"github.com/godpdk/godpdk/dpdk/mbuf.", "github.com/godpdk/godpdk/dpdk/mbuf/mbuftest.",
	"github.com/godpdk/godpdk/dpdk/internal/mbuftrace.", "runtime.", "testing.",
}

type stack [16]uintptr

var (
	mu     sync.Mutex
	allocs = map[unsafe.Pointer]stack{}
	frees  = map[unsafe.Pointer]stack{}
)

// Alloc records that the caller of the caller took m from its pool.
func Alloc(m unsafe.Pointer) { note(m, allocs, frees) }

// Free records that the caller of the caller returned m to its pool.
func Free(m unsafe.Pointer) { note(m, frees, allocs) }

func note(m unsafe.Pointer, in, out map[unsafe.Pointer]stack) {
	var s stack
	runtime.Callers(3, s[:])
	mu.Lock()
	defer mu.Unlock()
	in[m] = s
	delete(out, m)
}

// AllocatedBy returns the place that allocated m, "" if it is unknown.
func AllocatedBy(m unsafe.Pointer) string { return who(allocs, m) }

// FreedBy returns the place that freed m last, "" if it is unknown.
func FreedBy(m unsafe.Pointer) string { return who(frees, m) }

func who(from map[unsafe.Pointer]stack, m unsafe.Pointer) string {
	mu.Lock()
	s, ok := from[m]
	mu.Unlock()
	if !ok {
		return ""
	}
	return s.String()
}

// Caller returns the place that called into the library.
func Caller() string {
	var s stack
	runtime.Callers(2, s[:])
	return s.String()
}

// String returns up to four frames outside the library, the innermost first.
func (s stack) String() string {
	var names []string
	for frames := runtime.CallersFrames(s[:]); ; {
		f, more := frames.Next()
		ours := slices.ContainsFunc(library, func(p string) bool { return strings.HasPrefix(f.Function, p) })
		if f.Function != "" && !ours {
			names = append(names, fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line))
		}
		if !more || len(names) == 4 {
			break
		}
	}
	if len(names) == 0 {
		return "unknown"
	}
	return strings.Join(names, " < ")
}
