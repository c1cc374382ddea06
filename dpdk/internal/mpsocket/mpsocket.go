// Package mpsocket finds the sockets in the runtime directory by which processes hear
// each other's messages (rte_mp), and tells whether their owners live.
package mpsocket

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Names of DPDK's sockets: the primary's, and what a secondary's begins with; its pid
// and the time follow.
const (
	Primary   = "mp_socket"
	Secondary = Primary + "_"
)

// Requests begins the names of the sockets on which package ipc waits for replies; the pid
// and a random number follow. They must not look like DPDK's, which sends its own requests
// to all of those.
const Requests = "godpdk_mp_"

// Answers says whether the owner of a socket is alive, without sending it anything: the
// kernel refuses to connect to a datagram socket that nobody has open. That holds for C
// programs too, and in other pid namespaces.
func Answers(path string) bool {
	return !IsGone(linux.Connect(path))
}

// IsGone says whether an error of connecting or sending means that nobody has the
// socket open.
func IsGone(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
}

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
		if path := linux.SocketPath(fd); strings.HasPrefix(path, prefix) {
			paths, fds = append(paths, path), append(fds, fd)
		}
	}
	return paths, fds, nil
}
