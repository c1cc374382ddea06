package mpsocket

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// requests are the names of DPDK's requests for which a primary waits 5 s.
var requests = []string{"mp_malloc_sync", "mp_malloc_rollback", "eal_dev_mp_request"}

// Ignore answers DPDK's requests to a dead process in its place, so that the primary, which is this process,
// does not wait for a reply. dead is the name of its socket in the runtime directory. No living process has
// that name. The socket file stays, because DPDK may have yet to send to it.
func Ignore(dir, dead string) error {
	path := filepath.Join(dir, dead)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fd, err := linux.Datagram(path, false) // DPDK looks at the path of the sender
	if err != nil {
		return err
	}
	defer os.NewFile(uintptr(fd), path).Close()
	answer := func(name string) error {
		b := make([]byte, cgo.MPWire)
		binary.NativeEndian.PutUint32(b, cgo.MPIgn)
		copy(b[cgo.MPName:cgo.MPName+cgo.MPMaxName-1], name)
		return linux.SendTo(fd, filepath.Join(dir, Primary), b, nil)
	}
	for _, name := range requests {
		err = errors.Join(err, answer(name))
	}
	for linux.Readable(fd) { // DPDK has just found the new socket
		b := make([]byte, cgo.MPWire)
		if _, _, _, _, e := linux.Receive(fd, b, nil); e != nil {
			return errors.Join(err, e)
		}
		name, _, _ := strings.Cut(string(b[cgo.MPName:][:cgo.MPMaxName]), "\x00")
		err = errors.Join(err, answer(name))
	}
	return err
}
