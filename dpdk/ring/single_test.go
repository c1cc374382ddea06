package ring_test

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/twin"
)

// The accesses of an operation on a single element, in the order of ORDER.md: own head, tail of the other
// side (acquire), slot, own head and tail (release).
var inOrder = map[string]struct{ put, take []string }{
	"amd64": {
		put:  []string{`MOVQ\t\(\w+\), \w+`, `MOVL\t\(\w+\), \w+`, `JEQ`, `MOVQ\t\w+, \(\w+\)\(\w+\*8\)`, `MOVQ\t\w+, \(\w+\)`, `JMP`},
		take: []string{`MOVQ\t\(\w+\), \w+`, `MOVL\t\(\w+\), \w+`, `JEQ`, `MOVQ\t\(\w+\)\(\w+\*8\), \w+`, `MOVQ\t\w+, \(\w+\)`, `JMP`},
	},
	"arm64": {
		put:  []string{`MOVD\t\(\w+\), \w+`, `LDARW\t\(\w+\), \w+`, `BEQ`, `MOVD\t\w+, \(\w+\)\(\w+<<3\)`, `STLR\t\w+, \(\w+\)`, `JMP`},
		take: []string{`MOVD\t\(\w+\), \w+`, `LDARW\t\(\w+\), \w+`, `BEQ`, `MOVD\t\(\w+\)\(\w+<<3\), \w+`, `STLR\t\w+, \(\w+\)`, `JMP`},
	},
}

// interesting is each instruction that accesses a register's address without an offset, each jump but that
// of a check of bounds, and each call.
var interesting = regexp.MustCompile(`^((MOV|LD|ST)\w+\t(\w+, )?\(\w+\)(\(\w+(\*8|<<3)\))?(, \w+)?|JEQ.*|BEQ.*|JMP.*|CALL.*)$`)

// The compiler has inlined the operation and kept its accesses in order.
func TestSingleElementsAreInlinedInOrder(t *testing.T) {
	for arch, want := range inOrder {
		cmd := exec.Command("go", "build", "-gcflags=-S", "./testdata/single")
		cmd.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", text)
		for name, steps := range map[string][]string{"Put": want.put, "Take": want.take} {
			code := instructions(t, string(text), name)
			require.Greater(t, len(code), len(steps), "%s", text)
			for i, step := range steps {
				require.Regexp(t, "^"+step, code[i], "%s %s: %s", arch, name, strings.Join(code, "\n"))
			}
			calls := 0
			for _, c := range code {
				if strings.HasPrefix(c, "CALL") && !strings.Contains(c, "\truntime.") {
					assert.Regexp(t, `ringcore\.(Enqueue|Dequeue)\(SB\)$`, c, "%s %s", arch, name)
					calls++
				}
			}
			assert.Equal(t, 1, calls, "%s %s: %s", arch, name, strings.Join(code, "\n"))
		}
	}
}

// instructions returns the interesting instructions of a function in the output of the compiler.
func instructions(t *testing.T, text, name string) (code []string) {
	_, body, found := strings.Cut(text, "single."+name+" STEXT")
	require.True(t, found, "%s", text)
	for line := range strings.Lines(body) {
		columns := strings.SplitN(strings.TrimRight(line, "\n"), "\t", 3) // "", address and place, instruction
		if !strings.HasPrefix(line, "\t") {
			if code != nil || strings.Contains(line, "STEXT") {
				break
			}
			continue
		}
		if len(columns) == 3 && interesting.MatchString(columns[2]) {
			code = append(code, columns[2])
		}
	}
	return code
}

// One side is Go, which moves single elements, the other one C, which moves bursts.
func TestSingleElementsReachCInOrder(t *testing.T) {
	const count = 50_000
	r := create[uint64](t, 64, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	go func() {
		for i := range uint64(count) {
			for !r.Enqueue(i) {
				runtime.Gosched()
			}
		}
	}()
	var buf [7]uint64
	for next := uint64(0); next < count; {
		n, _ := twin.RingDequeue(cgo.Ring(r.Pointer()), unsafe.Pointer(&buf), 8, uint32(len(buf)), false)
		for _, got := range buf[:n] {
			if got != next {
				require.Equal(t, next, got)
			}
			next++
		}
		if n == 0 {
			runtime.Gosched()
		}
	}
	require.True(t, r.Empty())

	go func() {
		for next := uint64(0); next < count; {
			n := min(uint64(len(buf)), count-next)
			for i := range n {
				buf[i] = next + i
			}
			done, _ := twin.RingEnqueue(cgo.Ring(r.Pointer()), unsafe.Pointer(&buf), 8, uint32(n), false)
			next += uint64(done)
			if done == 0 {
				runtime.Gosched()
			}
		}
	}()
	for next := uint64(0); next < count; {
		got, ok := r.Dequeue()
		if !ok {
			runtime.Gosched()
			continue
		}
		if got != next {
			require.Equal(t, next, got)
		}
		next++
	}
	require.True(t, r.Empty())
}
