//go:build linux

package processes

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

var modes = map[string]ring.Sync{"single": ring.Single, "multi": ring.Multi, "rts": ring.RTS, "hts": ring.HTS}

// "create" makes a ring: name, count, element size, mode of both sides.
var _ = verb("create", func(args []string) (string, error) {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	cfg := ring.Config{Producer: modes[args[3]], Consumer: modes[args[3]]}
	if args[2] == "8" {
		_, err = ring.Create[uint64](args[0], count, cfg)
	} else {
		_, err = ring.Create[message](args[0], count, cfg)
	}
	return "", err
})

// "ring" looks a ring up, with elements of a size, and returns its capacity.
var _ = verb("ring", func(args []string) (string, error) {
	switch args[1] {
	case "8":
		return capacity(ring.Lookup[uint64](args[0]))
	case "32":
		return capacity(ring.Lookup[[4]uint64](args[0]))
	}
	return capacity(ring.Lookup[message](args[0]))
})

func capacity[T any](r *ring.Ring[T], err error) (string, error) {
	if err != nil {
		return "", err
	}
	return strconv.Itoa(r.Capacity()), nil
}

// "enqueue" and "dequeue" move one message, named by its sequence number.
var _ = verb("enqueue", func(args []string) (string, error) {
	r, err := ring.Lookup[message](args[0])
	if err != nil {
		return "", err
	}
	seq, err := strconv.ParseUint(args[1], 10, 64)
	return fmt.Sprint(r.Enqueue(newMessage(seq))), err
})

var _ = verb("dequeue", func(args []string) (string, error) {
	r, err := ring.Lookup[message](args[0])
	if err != nil {
		return "", err
	}
	m, ok := r.Dequeue()
	if !ok || m != newMessage(m.Seq) {
		return fmt.Sprint(ok, m), nil
	}
	return strconv.FormatUint(m.Seq, 10), nil
})

var _ = verb("free-ring", func(args []string) (string, error) {
	r, err := ring.Lookup[message](args[0])
	if err != nil {
		return "", err
	}
	return "", r.Free()
})

// "rings" and "zones" list the names of all.
var _ = verb("rings", func([]string) (string, error) {
	infos, err := ring.List()
	var names []string
	for _, i := range infos {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " "), err
})

var _ = verb("zones", func([]string) (string, error) {
	infos, err := memzone.List()
	var names []string
	for _, i := range infos {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " "), err
})

// "reserve" makes a zone of a size and writes a text at its begin and end.
var _ = verb("reserve", func(args []string) (string, error) {
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	z, err := memzone.Reserve(args[0], size, memzone.Config{})
	if err != nil {
		return "", err
	}
	text := args[2] + "\x00"
	copy(z.Bytes(), text)
	copy(z.Bytes()[len(z.Bytes())-len(text):], text)
	return "", nil
})

// "zone" returns a zone's size and the text at its beginning, if its end has the same text.
var _ = verb("zone", func(args []string) (string, error) {
	z, err := memzone.Lookup(args[0])
	if err != nil {
		return "", err
	}
	text, _, _ := strings.Cut(string(z.Bytes()[:64]), "\x00")
	if !strings.HasSuffix(string(z.Bytes()), text+"\x00") {
		return "", fmt.Errorf("the zone's end is not %q", text)
	}
	return fmt.Sprintf("%d %s", len(z.Bytes()), text), nil
})

var _ = verb("free-zone", func(args []string) (string, error) {
	z, err := memzone.Lookup(args[0])
	if err != nil {
		return "", err
	}
	return "", z.Free()
})

// "value" looks up a zone as a type too large for it.
var _ = verb("value", func(args []string) (string, error) {
	_, err := memzone.LookupValue[[1 << 20]uint64](args[0])
	return "", err
})

func TestCFindsObjectsMadeInGo(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("create", "made_by_go", "64", "24", "single")
	p.do("reserve", "zone_by_go", "1024", "hello")
	c := inC(t, "secondary", prefix)
	assert.Equal(t, "63", c.do("ring", "made_by_go"))
	assert.Equal(t, "1024 hello", c.do("zone", "zone_by_go"))
	p.do("free-ring", "made_by_go")
	c.ask("ring", "made_by_go")
	assert.Equal(t, "No such file or directory", c.answer().Err)
	c.quit()
	p.quit()
}

func TestGoFindsObjectsMadeInC(t *testing.T) {
	prefix := newPrefix(t)
	c := inC(t, "primary", prefix)
	c.do("create", "made_by_c", "64", "24", "single")
	c.do("create", "pointers", "64", "8", "multi")
	c.do("board", "board")
	s := started(t, "secondary", prefix)
	assert.Equal(t, "63", s.do("ring", "made_by_c", "24"))
	assert.Equal(t, "63", s.do("ring", "pointers", "8"))
	s.refused("ErrInvalid", "ring", "made_by_c", "8")
	s.refused("ErrInvalid", "ring", "made_by_c", "32")
	s.refused("ErrInvalid", "ring", "pointers", "24")
	s.refused("ErrNotFound", "ring", "nothing", "8")
	line := unsafe.Sizeof(board{}) + 63 // DPDK rounds up to a cache line
	assert.Equal(t, fmt.Sprintf("%d ", line-line%64), s.do("zone", "board"))
	assert.NotEmpty(t, s.do("count"), "a C struct as a memzone.Value")
	s.refused("ErrInvalid", "value", "board")
	s.do("free-ring", "made_by_c")
	c.ask("ring", "made_by_c")
	assert.Equal(t, "No such file or directory", c.answer().Err)
	s.quit()
	c.quit()
}

// "drop" makes objects, forgets their handles and collects garbage.
var _ = verb("drop", func([]string) (string, error) {
	for i := range 16 {
		r, err := ring.Create[message](fmt.Sprintf("ring%d", i), 64, ring.Config{})
		if err != nil {
			return "", err
		}
		r.Enqueue(newMessage(uint64(i)))
		z, err := memzone.Reserve(fmt.Sprintf("zone%d", i), 64, memzone.Config{})
		if err != nil {
			return "", err
		}
		copy(z.Bytes(), "kept\x00")
		copy(z.Bytes()[len(z.Bytes())-5:], "kept\x00")
		runtime.GC()
		runtime.GC() // an object with a finalizer is freed in the second
	}
	return "", nil
})

func TestDroppedHandlesFreeNothing(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("drop")
	s := started(t, "secondary", prefix)
	for i := range 16 {
		assert.Equal(t, strconv.Itoa(i), s.do("dequeue", fmt.Sprintf("ring%d", i)))
		assert.Equal(t, "64 kept", s.do("zone", fmt.Sprintf("zone%d", i)))
	}
	s.quit()
	p.quit()
}

func TestProcInfoListsObjectsMadeInGo(t *testing.T) {
	harness.Need(t, harness.ProcInfo)
	prefix := newPrefix(t)
	// The tool does nothing without a port, so the primary has a virtual one.
	p := started(t, "primary", prefix, "--vdev=net_null0")
	p.do("create", "made_by_go", "64", "24", "hts")
	p.do("reserve", "zone_by_go", "1024", "hello")
	tool := harness.Command(t, "dpdk-proc-info", "--file-prefix="+prefix, "--no-pci", "--", "--show-ring=made_by_go")
	out := strings.Join(tool.Wait(), "\n")
	assert.Contains(t, out, "made_by_go")
	p.quit()
	t.Log(out)
}
