package mpsocket

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Ask sends the primary of a runtime directory, which may be this process, a request as a secondary does, and returns the
// parameter of its reply. The error is dpdk.ErrTimeout if it does not answer in time.
func Ask(dir, name string, param []byte, timeout time.Duration) ([]byte, error) {
	path := filepath.Join(dir, fmt.Sprintf("%s%d_%x", Requests, os.Getpid(), time.Now().UnixNano()))
	fd, err := linux.Datagram(path, false)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() {
		f.Close()
		_ = os.Remove(path)
	}()
	b := make([]byte, cgo.MPWire)
	binary.NativeEndian.PutUint32(b, cgo.MPReq)
	copy(b[cgo.MPName:cgo.MPName+cgo.MPMaxName-1], name)
	binary.NativeEndian.PutUint32(b[cgo.MPLenParam:], uint32(len(param)))
	copy(b[cgo.MPParam:cgo.MPParam+cgo.MPMaxParam], param)
	sent := false
	for end := time.Now().Add(timeout); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if !sent {
			err := linux.SendTo(fd, filepath.Join(dir, Primary), b, nil)
			if err != nil && err != syscall.EAGAIN { // the queue is full
				return nil, err
			}
			sent = err == nil
		}
		if !linux.Readable(fd) {
			continue
		}
		r := make([]byte, cgo.MPWire)
		n, _, _, _, err := linux.Receive(fd, r, nil)
		if err != nil {
			return nil, err
		}
		of, _, _ := strings.Cut(string(r[cgo.MPName:cgo.MPName+cgo.MPMaxName]), "\x00")
		size := binary.NativeEndian.Uint32(r[cgo.MPLenParam:])
		if n == len(r) && binary.NativeEndian.Uint32(r) == cgo.MPRep && of == name && size <= cgo.MPMaxParam {
			return r[cgo.MPParam:][:size], nil
		}
	}
	return nil, dpdk.ErrTimeout
}
