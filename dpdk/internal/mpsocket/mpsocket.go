// Package mpsocket finds the sockets in the runtime directory by which processes hear
// each other's messages (rte_mp), and tells whether their owners live.
package mpsocket

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Names of DPDK's sockets: the primary's, and what a secondary's begins with; its pid
// and the time follow.
const (
	Primary   = "mp_socket"
	Secondary = Primary + "_"
)

// Answers says whether the owner of a socket is alive, without sending it anything: the
// kernel refuses to connect to a datagram socket that nobody has open. That holds for C
// programs too, and in other pid namespaces.
func Answers(path string) bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|linux.SOCK_CLOEXEC, 0)
	if err != nil {
		return true // not known to be dead
	}
	defer unix.Close(fd)
	return !IsGone(unix.Connect(fd, &unix.SockaddrUnix{Name: path}))
}

// IsGone says whether an error of connecting or sending means that nobody has the
// socket open.
func IsGone(err error) bool { return errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.ENOENT) }

// Own are this process's sockets, of whatever kind, whose paths begin so, each with its
// descriptor.
func Own(prefix string) (paths []string, fds []int, err error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		addr, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		if sock, ok := addr.(*unix.SockaddrUnix); ok && strings.HasPrefix(sock.Name, prefix) {
			paths, fds = append(paths, sock.Name), append(fds, fd)
		}
	}
	return paths, fds, nil
}
