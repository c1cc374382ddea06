//go:build linux

package processes

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
)

func TestAutoBecomesPrimaryThenSecondary(t *testing.T) {
	prefix := newPrefix(t)
	p, s := goPeer(t), goPeer(t)
	assert.Equal(t, "primary", p.do("init", "auto", prefix))
	assert.Equal(t, "secondary", s.do("init", "auto", prefix))
	p.do("create", "ring", "64", "24", "multi")
	assert.Equal(t, "true", s.do("enqueue", "ring", "7"))
	assert.Equal(t, "7", p.do("dequeue", "ring"))
	s.quit()
	p.quit()
}

func TestAutoBecomesPrimaryAgainAfterThePrimaryHasGone(t *testing.T) {
	prefix := newPrefix(t)
	for range 2 {
		p := goPeer(t)
		assert.Equal(t, "primary", p.do("init", "auto", prefix))
		p.quit()
	}
}

func TestSimultaneousAutoStartsHaveOnePrimary(t *testing.T) {
	prefix := newPrefix(t)
	for range harness.Size(3, 2) {
		var all, secondaries []*peer
		for range 4 {
			all = append(all, goPeer(t))
		}
		for _, p := range all {
			p.ask("init", "auto", prefix)
		}
		var primary *peer
		for _, p := range all {
			if role := p.done(); role == "primary" {
				require.Nil(t, primary, "two primaries")
				primary = p
			} else {
				require.Equal(t, "secondary", role)
				secondaries = append(secondaries, p)
			}
		}
		require.NotNil(t, primary)
		for i, p := range all {
			p.do("reserve", fmt.Sprintf("zone%d", i), "64", fmt.Sprintf("by%d", i))
		}
		for _, p := range all {
			for i := range all {
				assert.Equal(t, fmt.Sprintf("64 by%d", i), p.do("zone", fmt.Sprintf("zone%d", i)))
			}
		}
		for _, s := range secondaries {
			s.quit()
		}
		primary.quit()
	}
}

func TestFilePrefixesSeeNothingOfEachOther(t *testing.T) {
	one, two := newPrefix(t)+"1", newPrefix(t)+"2"
	a, b := started(t, "primary", one), started(t, "primary", two)
	a.do("create", "only_a", "64", "24", "multi")
	a.do("reserve", "only_a", "64", "a")
	for _, p := range []*peer{a, b} {
		p.do("create", "same", "64", "24", "multi")
	}
	b.refused("ErrNotFound", "ring", "only_a", "24")
	b.refused("ErrNotFound", "zone", "only_a")
	assert.Equal(t, "only_a same", a.do("rings"))
	assert.Equal(t, "same", b.do("rings"))
	assert.NotContains(t, b.do("zones"), "only_a")
	a.do("enqueue", "same", "1")
	assert.Contains(t, b.do("dequeue", "same"), "false")
	s := started(t, "secondary", one)
	assert.Equal(t, "only_a same", s.do("rings"))
	s.quit()
	b.quit()
	assert.Empty(t, hugeFiles(t, two))
	assert.Equal(t, "1", a.do("dequeue", "same"), "one prefix's end is nothing to the other")
	a.quit()
	assert.Empty(t, hugeFiles(t, one))
}

func TestASecondarysRingOutlivesIt(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	s := started(t, "secondary", prefix)
	s.do("create", "ring", "64", "24", "multi")
	s.do("enqueue", "ring", "1")
	p.do("enqueue", "ring", "2")
	s.quit()
	assert.Equal(t, "1", p.do("dequeue", "ring"))

	s = started(t, "secondary", prefix)
	assert.Equal(t, "2", s.do("dequeue", "ring"))
	s.do("free-ring", "ring")
	p.refused("ErrNotFound", "ring", "ring", "24")
	p.do("create", "ring", "64", "24", "multi") // its name and memory are free again
	s.quit()
	p.quit()
}

// "plant" puts into a zone its own address.
var _ = verb("plant", func([]string) (string, error) {
	z, err := memzone.Reserve("planted", 4096, memzone.Config{})
	if err != nil {
		return "", err
	}
	p := &z.Bytes()[0]
	*(**byte)(unsafe.Pointer(p)) = p
	copy(z.Bytes()[8:], "planted")
	return "", nil
})

// "harvest" follows that address, in another process. It returns the text
// there, whether the kernel randomizes this process's address space, and the address of its C
// stack.
var _ = verb("harvest", func([]string) (string, error) {
	z, err := memzone.Lookup("planted")
	if err != nil {
		return "", err
	}
	there := *(**[4096]byte)(unsafe.Pointer(&z.Bytes()[0]))
	text := unix.ByteSliceToString(there[8:])
	if &there[0] != &z.Bytes()[0] {
		text = fmt.Sprintf("mapped at %p, not %p", &z.Bytes()[0], there)
	}
	personality, _, errno := unix.Syscall(unix.SYS_PERSONALITY, 0xffffffff, 0, 0)
	if errno != 0 {
		return "", errno
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return "", err
	}
	stack := string(maps[:strings.Index(string(maps), " [stack]")])
	stack = stack[strings.LastIndex(stack, "\n")+1:]
	return fmt.Sprintf("%s randomized=%v stack %.12s", text, personality&addrNoRandomize == 0, stack), nil
})

const addrNoRandomize = 0x0040000 // ADDR_NO_RANDOMIZE of <sys/personality.h>

func TestAddressesAgreeWithASLROn(t *testing.T) {
	mode, err := os.ReadFile("/proc/sys/kernel/randomize_va_space")
	require.NoError(t, err)
	require.NotEqual(t, "0\n", string(mode), "the host has switched ASLR off, which proves nothing")
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("plant")
	layouts, starts := map[string]bool{}, harness.Size(20, 8)
	for range starts {
		s := started(t, "secondary", prefix)
		found, stack, _ := strings.Cut(s.do("harvest"), " stack ")
		require.Equal(t, "planted randomized=true", found)
		layouts[stack] = true
		s.quit()
	}
	assert.Greater(t, len(layouts), starts*3/4, "the kernel did randomize")
	p.quit()
}
