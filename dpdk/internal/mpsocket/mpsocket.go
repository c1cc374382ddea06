// Package mpsocket finds the sockets in the runtime directory through which processes receive messages
// (rte_mp), and checks whether their owners are alive.
package mpsocket

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Names of DPDK's sockets: the name of the primary's socket, and the prefix of the name of a secondary's
// socket. Its pid and the time follow the prefix.
const (
	Primary   = "mp_socket"
	Secondary = Primary + "_"
)

// Requests is the prefix of the names of the sockets on which package ipc waits for replies. The pid and
// a random number follow. The names must differ from the names of DPDK's sockets, because DPDK sends
// its own requests to all of these.
const Requests = "godpdk_mp_"

// Answers reports whether the owner of a socket is alive. It sends nothing: the kernel refuses to connect
// to a datagram socket that no process has open. That works for C programs too, and across pid
// namespaces.
func Answers(path string) bool {
	return !IsGone(linux.Connect(path))
}

// IsGone reports whether an error of connecting or sending means that no process has the socket
// open.
func IsGone(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
}

// Own returns this process's sockets of any kind with paths that start with prefix, and their
// descriptors.
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
		if path := linux.SocketPath(fd); strings.HasPrefix(path, prefix) {
			paths, fds = append(paths, path), append(fds, fd)
		}
	}
	return paths, fds, nil
}
