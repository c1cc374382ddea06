//go:build linux

package linux

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Flags of Receive for a datagram, or its descriptors, that did not fit.
const (
	MSG_TRUNC  = unix.MSG_TRUNC
	MSG_CTRUNC = unix.MSG_CTRUNC
)

// MaxSocketPath is the maximal length of the path of a Unix socket, without the final NUL.
const MaxSocketPath = len(unix.RawSockaddrUnix{}.Path) - 1

// Seqpacket makes two connected sockets that keep the bounds of packets: write to in and read from out. The
// buffer has room for so many bytes, or for the limit of the process. out does not block, so that
// an os.File of it parks the goroutine and not a thread.
func Seqpacket(room int) (in, out int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	if unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUF, room)
	}
	_ = unix.SetNonblock(fds[0], true)
	return fds[1], fds[0], nil
}

// Datagram makes a datagram socket with this path.
func Datagram(path string, blocks bool) (fd int, err error) {
	kind := unix.SOCK_DGRAM | unix.SOCK_CLOEXEC
	if !blocks {
		kind |= unix.SOCK_NONBLOCK
	}
	if fd, err = unix.Socket(unix.AF_UNIX, kind, 0); err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return -1, &os.PathError{Op: "bind", Path: path, Err: err} // it may be too long for a socket
	}
	return fd, nil
}

// Connect returns an error if the datagram socket of this path accepts no datagrams.
func Connect(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: path})
}

// SocketPath returns the path that a Unix socket is bound to; "" for other descriptors.
func SocketPath(fd int) string {
	addr, _ := unix.Getsockname(fd)
	return socketPath(addr)
}

func socketPath(addr unix.Sockaddr) string {
	if a, ok := addr.(*unix.SockaddrUnix); ok {
		return a.Name
	}
	return ""
}

// SendTo sends a datagram, and descriptors from Rights, without waiting. The error is EAGAIN if the peer's
// queue is full.
func SendTo(fd int, path string, b, rights []byte) error {
	for {
		_, err := unix.SendmsgN(fd, b, rights, &unix.SockaddrUnix{Name: path}, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return err
		}
	}
}

// Receive receives a datagram, and control data for ParseRights. from is the path of the sender's
// socket, "" if it has none.
func Receive(fd int, b, control []byte) (n, ncontrol, flags int, from string, err error) {
	n, ncontrol, flags, addr, err := unix.Recvmsg(fd, b, control, unix.MSG_CMSG_CLOEXEC)
	return n, ncontrol, flags, socketPath(addr), err
}

// Readable reports whether Receive would return at once.
func Readable(fd int) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0
}

// SetReceiveTimeout sets the time limit of Receive.
func SetReceiveTimeout(fd int, d time.Duration) error {
	t := unix.NsecToTimeval(int64(d))
	return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &t)
}

// Listening reports whether a socket accepts connections.
func Listening(fd int) bool {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && v != 0
}

// ShutdownRead makes the socket refuse datagrams, and ends a waiting Receive.
func ShutdownRead(fd int) error { return unix.Shutdown(fd, unix.SHUT_RD) }

// Rights returns control data that sends descriptors with a datagram.
func Rights(fds []int) []byte { return unix.UnixRights(fds...) }

// RightsSpace returns the size of control data with so many descriptors.
func RightsSpace(fds int) int { return unix.CmsgSpace(4 * fds) }

// ParseRights returns the descriptors that came with a datagram.
func ParseRights(control []byte) (fds []int, err error) {
	all, err := unix.ParseSocketControlMessage(control)
	for _, c := range all {
		if got, err := unix.ParseUnixRights(&c); err == nil {
			fds = append(fds, got...)
		}
	}
	return fds, err
}

// Field is a number in a datagram: 4 bytes, little-endian.
type Field struct {
	At  int
	Max uint16
}

// Filter makes the kernel drop all datagrams to a socket unless they have this size and each field is at
// most its Max. Senders do not notice.
func Filter(fd, size int, fields []Field) error {
	const drop = 0
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_LEN},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: uint32(size)},
		{Code: unix.BPF_RET | unix.BPF_K, K: drop},
	}
	for _, f := range fields {
		at := uint32(f.At)
		program = append(program, []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: at + 2},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: 0},
			{Code: unix.BPF_RET | unix.BPF_K, K: drop},
			{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: at + 1},
			{Code: unix.BPF_ALU | unix.BPF_LSH | unix.BPF_K, K: 8},
			{Code: unix.BPF_MISC | unix.BPF_TAX},
			{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: at},
			{Code: unix.BPF_ALU | unix.BPF_OR | unix.BPF_X},
			{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, Jf: 1, K: uint32(f.Max)},
			{Code: unix.BPF_RET | unix.BPF_K, K: drop},
		}...)
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 30}) // all of it
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}
