package devices

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/test/harness"
)

// packets of one test, each way.
const packets = 20000

// single has a vhost map EAL's memory.
const single = "--single-file-segments"

var lcores int

// device starts a process that opens a device.
func device(t *testing.T, kind, socket string, options ...string) *harness.Child {
	t.Helper()
	lcores++
	return harness.Start(t, "device", append([]string{kind, socket, strconv.Itoa(lcores % 64)}, options...)...)
}

func TestTwoProcesses(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second string // the first one listens
		waits         bool   // for the second, so that both start at once
		abstract      bool
	}{
		{"memif", "memif-server", "memif-client", false, false},
		{"memif, abstract, with a secret and small buffers", "memif-abstract-server", "memif-abstract-client", false, true},
		{"memif without copies", "memif-server", "memif-zero-copy-client", false, false},
		{"memif, the client first", "memif-client", "memif-server", false, false},
		{"virtio-user and vhost", "vhost", "virtio", false, false},
		{"virtio-user with packed rings and vhost", "vhost", "virtio-packed", false, false},
		{"virtio-user that listens and vhost", "virtio-server", "vhost-client", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			harness.Need(t, harness.Hugepages)
			socket := filepath.Join(t.TempDir(), "s")
			if tc.abstract {
				socket = fmt.Sprint("godpdk-", t.Name()[:16], lcores)
			}
			a := device(t, tc.first, socket, single)
			if !tc.waits {
				a.Expect("open")
			}
			b := device(t, tc.second, socket, single)
			b.Expect("open")
			if tc.waits {
				a.Expect("open")
			}
			for _, way := range [][2]*harness.Child{{a, b}, {b, a}} {
				way[1].Send(fmt.Sprint("echo ", packets))
				way[0].Send(fmt.Sprint("send ", packets))
				way[0].Expect("done send")
				way[1].Expect("done echo")
			}
			assert.Empty(t, b.Wait())
			assert.Empty(t, a.Wait())
			if !tc.abstract {
				assert.NoFileExists(t, socket)
			}
		})
	}
}
