//go:build linux

package linux

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands of ethtool that answer with a number (linux/ethtool.h).
var offloads = []struct {
	name string
	get  uint32
	flag uint32
}{
	{"GRO", 0x2b, ^uint32(0)},
	{"LRO", 0x25, 1 << 15},
	{"GSO", 0x23, ^uint32(0)},
	{"TSO", 0x1e, ^uint32(0)},
}

// Offloads returns the enabled ones of GRO, LRO, GSO and TSO of an interface in the network namespace of
// the calling thread. With them, packets in the kernel can be longer than the MTU.
func Offloads(iface string) (names []string, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for _, o := range offloads {
		value := &struct{ cmd, data uint32 }{cmd: o.get}
		request := struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}{data: unsafe.Pointer(value)}
		copy(request.name[:unix.IFNAMSIZ-1], iface)
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
		runtime.KeepAlive(value)
		if e == unix.EOPNOTSUPP {
			continue
		}
		if e != 0 {
			return nil, e
		}
		if value.data&o.flag != 0 {
			names = append(names, o.name)
		}
	}
	return names, nil
}
