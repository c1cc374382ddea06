// Package mbuftrace remembers who allocated and who freed an mbuf, in this
// process: the debug build of package mbuf and package mbuftest tell it.
package mbuftrace

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// library is what the functions of package mbuf and its helpers begin with.
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

// Alloc notes that the caller's caller has m from its pool.
func Alloc(m unsafe.Pointer) { note(m, allocs, frees) }

// Free notes that the caller's caller gave m back.
func Free(m unsafe.Pointer) { note(m, frees, allocs) }

func note(m unsafe.Pointer, in, out map[unsafe.Pointer]stack) {
	var s stack
	runtime.Callers(3, s[:])
	mu.Lock()
	defer mu.Unlock()
	in[m] = s
	delete(out, m)
}

// AllocatedBy says who allocated m, "" if that is not known.
func AllocatedBy(m unsafe.Pointer) string { return who(allocs, m) }

// FreedBy says who freed m last, "" if that is not known.
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

// Caller is who called into the library.
func Caller() string {
	var s stack
	runtime.Callers(2, s[:])
	return s.String()
}

// String names the frames outside the library, the innermost first.
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
