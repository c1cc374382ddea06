//go:build !purego && !race

package lockops

import (
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// section is data and what guards it, next to each other: the compiler merges stores to neighbours.
type section struct {
	sn, lock uint32
	a, b     uint32
	value    [8]uint64 // at 16
	current  uint16    // at 80
	next     uint16
}

//go:noinline
func inSequence(s *section) {
	s.a = 0
	SeqBegin(&s.sn)
	s.a, s.b = 0, 0
	SeqEnd(&s.sn)
	s.a = 0
}

//go:noinline
func inLock(s *section) (was uint32) {
	was = s.b
	s.a = 0
	Store(&s.lock, 0)
	return was
}

//go:noinline
func inTicket(s *section) (was uint64) {
	s.next = 0
	was = s.value[7]
	Release16(&s.current)
	s.next = 0
	return was
}

//go:noinline
func reading(s *section) (v [8]uint64, ok bool) {
	ok = SeqRead(&s.sn, &v, &s.value)
	return v, ok
}

//go:noinline
func readingOne(s *section) (v uint64, ok bool) {
	ok = SeqRead(&s.sn, &v, &s.value[1])
	return v, ok
}

// The functions of release_amd64.go rely on what the compiler makes of them.
func TestTheCompilerKeepsTheOrder(t *testing.T) {
	program := filepath.Join(t.TempDir(), "lockops.test") // go test links this program without symbols
	out, err := exec.Command("go", "test", "-c", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, c := range []struct {
		sample any
		want   string
	}{
		{inSequence, "store 8, load 0, store 0, load 0, store 8, load 0, store 0, store 8"},
		{inLock, "load 12, store 8, store 4"},
		{inTicket, "store 82, load 72, load 80, store 80, store 82"},
		{reading, "load 0, load 16, load 32, load 48, load 64, load 0"},
		{readingOne, "load 0, load 24, load 0"},
	} {
		name := runtime.FuncForPC(reflect.ValueOf(c.sample).Pointer()).Name()
		t.Run(path.Ext(name)[1:], func(t *testing.T) {
			assert.Equal(t, c.want, strings.Join(accesses(t, program, name), ", "))
		})
	}
}

var instruction = regexp.MustCompile(`^\s+\S+\s+0x[0-9a-f]+\s+[0-9a-f]+\s+([A-Z0-9]+) (.*?)\s*$`)

// accesses returns the accesses of a function of the program to its argument, and its calls.
func accesses(t *testing.T, program, function string) (all []string) {
	out, err := exec.Command("go", "tool", "objdump", "-s", regexp.QuoteMeta(function)+"$", program).CombinedOutput()
	require.NoError(t, err, string(out))
	base := map[string]int{"AX": 0} // registers with an address in the argument
	offset := func(operand string) (int, bool) {
		at, reg, ok := strings.Cut(strings.TrimSuffix(operand, ")"), "(")
		start, known := base[reg]
		var off int
		_, err := fmt.Sscanf(at, "%v", &off)
		return start + off, ok && known && err == nil
	}
	for _, line := range strings.Split(string(out), "\n") {
		m := instruction.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		from, to, both := strings.Cut(m[2], ", ")
		off, reads := offset(from)
		switch {
		case m[1] == "CALL":
			all = append(all, "call "+from)
		case m[1] == "LEAQ":
			if reads {
				base[to] = off
			}
			continue
		case reads && both:
			all = append(all, fmt.Sprint("load ", off))
		case reads:
			all = append(all, fmt.Sprint("load ", off), fmt.Sprint("store ", off))
		}
		if off, writes := offset(to); writes {
			all = append(all, fmt.Sprint("store ", off))
		}
		delete(base, to)
	}
	return all
}
