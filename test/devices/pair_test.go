package devices

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/test/harness"
)

// packets returns how many packets a test sends, each way.
func packets() int { return harness.Size(20000, 4000) }

// single has a vhost map EAL's memory.
const single = "--single-file-segments"

// lcores is the number of lcores given to processes so far.
var lcores atomic.Int32

func nextLcore() int { return int(lcores.Add(1) % 64) }

// device starts a process that opens a device.
func device(t *testing.T, kind, socket string, options ...string) *harness.Child {
	t.Helper()
	return harness.Start(t, "device", append([]string{kind, socket, strconv.Itoa(nextLcore())}, options...)...)
}

// A listening virtio-user waits in C for ever. Here no peer connects.
func TestVirtioUserFailsAfterItsPatience(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	socket := filepath.Join(t.TempDir(), "s")
	said := device(t, "virtio-impatient", socket, single).Fail()
	assert.Contains(t, said, "no vhost connected to "+socket+" within 200ms")
	assert.NoFileExists(t, socket)
}

// Without few files of memory the vhost would get none of it.
func TestVirtioUserNeedsMemoryThatAVhostCanMap(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	vhost := device(t, "vhost", filepath.Join(t.TempDir(), "s"))
	vhost.Expect("open")
	said := device(t, "virtio-impatient", filepath.Join(t.TempDir(), "s")).Fail()
	assert.Contains(t, said, `add "--single-file-segments" to eal.Config.Extra`)
	assert.Empty(t, vhost.Wait())
	said = device(t, "memif-zero-copy-client", filepath.Join(t.TempDir(), "s")).Fail()
	assert.Contains(t, said, `add "--single-file-segments" to eal.Config.Extra`)
}

func TestPacketsBetweenTwoProcesses(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second string // the first one listens
		waits         bool   // for the second, so that both start at once
		abstract      bool
	}{
		{"memif", "memif-server", "memif-client", false, false},
		{"memif by an abstract name with a secret and short queues", "memif-abstract-server", "memif-abstract-client", false, true},
		{"memif without copies", "memif-server", "memif-zero-copy-client", false, false},
		{"virtio-user and vhost", "vhost", "virtio", false, false},
		{"virtio-user with packed rings and vhost", "vhost", "virtio-packed", false, false},
		{"virtio-user that listens and vhost", "virtio-server", "vhost-client", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			harness.Need(t, harness.Hugepages)
			socket := filepath.Join(t.TempDir(), "s")
			if tc.abstract {
				socket = fmt.Sprint("godpdk-", os.Getpid())
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
				way[1].Send(fmt.Sprint("echo ", packets()))
				way[0].Send(fmt.Sprint("send ", packets()))
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
