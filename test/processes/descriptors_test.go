//go:build linux

package processes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
)

// kid is a program that a node has started.
var kid struct {
	cmd *exec.Cmd
	end io.Closer
}

var (
	// "kid" starts a program and returns the files that it inherits.
	_ = verb("kid", func([]string) (result string, err error) {
		kid.cmd = exec.Command("cat")
		if kid.end, err = kid.cmd.StdinPipe(); err != nil {
			return "", err
		}
		if err = kid.cmd.Start(); err != nil {
			return "", err
		}
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", kid.cmd.Process.Pid))
		for _, l := range links {
			file, err := os.Readlink(l)
			if errors.Is(err, fs.ErrNotExist) { // the program's loader has closed it
				continue
			}
			if err != nil {
				return "", err
			}
			result += file + " "
		}
		return result, err
	})
	_ = verb("kid-end", func([]string) (string, error) {
		kid.end.Close()
		return "", kid.cmd.Wait()
	})
	// "grow" makes and frees zones, so that memory comes and goes.
	_ = verb("grow", func([]string) (string, error) {
		for i := range 4 {
			z, err := memzone.Reserve(fmt.Sprint("grows ", i), 40<<20, memzone.Config{})
			if err != nil {
				return "", err
			}
			if i%2 == 1 {
				if err := z.Free(); err != nil {
					return "", err
				}
			}
		}
		return "", nil
	})
)

// inheritsNothing checks the files that a program has besides its standard files.
func inheritsNothing(t *testing.T, files string) {
	t.Helper()
	for _, f := range strings.Fields(files) {
		if f == "anon_inode:[eventpoll]" { // of DPDK's interrupt thread, which keeps nothing alive
			continue
		}
		for _, kind := range []string{"map_", "socket:", "anon_inode", "/dev/net/", "memfd", "/run/", "/proc/", "/sys/"} {
			assert.NotContains(t, f, kind)
		}
	}
}

func TestChildInheritsNoDescriptorOfDPDK(t *testing.T) {
	harness.Need(t, harness.Root)
	p := started(t, "primary", newPrefix(t))
	p.do("grow")
	p.do("mbuf-pool", "packets", "2047")
	ports := []string{"net_af_packet0,iface=lo", "net_tap0,iface=kidtap", "net_pcap0,rx_iface=lo,tx_iface=lo", "net_memif0,role=server,socket-abstract=no,socket=" + t.TempDir() + "/m"}
	for _, devargs := range ports {
		p.do("port-attach", devargs)
		name, _, _ := strings.Cut(devargs, ",")
		p.do("port-start", name, "1")
	}
	inheritsNothing(t, p.do("kid"))
	for _, devargs := range ports {
		name, _, _ := strings.Cut(devargs, ",")
		p.do("port-control", name, "Detach")
	}
	p.do("close")
	_, err := net.InterfaceByName("kidtap")
	assert.Error(t, err, "the interface lives on in the child")
	p.do("kid-end")
	p.quit()
}

func TestChildInheritsNoMemoryOfAnotherProcess(t *testing.T) {
	for _, option := range []string{"", "--single-file-segments"} {
		t.Run(strings.Trim(option, "-"), func(t *testing.T) {
			prefix := newPrefix(t)
			options := strings.Fields(option)
			primary := started(t, "primary", prefix, options...)
			secondary := started(t, "secondary", prefix)
			primary.do("grow")
			inheritsNothing(t, secondary.do("kid"))
			secondary.do("kid-end")
			secondary.do("reserve", "mine", fmt.Sprint(60<<20), "x")
			inheritsNothing(t, secondary.do("kid"))
			inheritsNothing(t, primary.do("kid"))
			for _, p := range []*peer{secondary, primary} {
				p.do("kid-end")
				p.quit()
			}
		})
	}
}

func TestCloseReturnsEALsSharedHeapMemory(t *testing.T) {
	const atOnce = 5
	lives := harness.Size(100, 15)
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix, "--vdev=net_null0")
	live := func() {
		var all [atOnce]*peer
		for i := range all {
			all[i] = goPeer(t)
			all[i].ask("init", "secondary", prefix)
		}
		for _, p := range all {
			p.done()
			p.do("port-find", "net_null0")
		}
		for _, p := range all {
			p.quit()
		}
		lcores.Add(-atOnce) // for the next ones
	}
	live() // the memory for the first ones stays, for all later ones
	before := primary.do("heap-used")
	for range lives / atOnce {
		live()
	}
	assert.Equal(t, before, primary.do("heap-used"), "bytes of the shared heap after %d lives of secondaries", lives)
	primary.quit()
}

// "heap-used" is how many bytes of the shared heap are taken, when the primary has cleaned up after ended
// processes.
var _ = verb("heap-used", func([]string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := rt.Recover(ctx); err != nil {
		return "", err
	}
	sockets, err := rt.Memory()
	used := uint64(0)
	for _, s := range sockets {
		used += s.Used
	}
	return fmt.Sprint(used), err
})
