package ipc

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// ownPrefix begins the names of our sockets in the runtime directory. They must not
// look like DPDK's, which sends its own requests to all of those.
const ownPrefix = "godpdk_mp_"

// endpoint is what this process asks others with.
type endpoint struct {
	mu      sync.Mutex
	dir     string // "" until the first use
	primary bool
	stopped bool
	own     syscall.RawConn // DPDK's own socket: C takes replies from no other
	ownFile *os.File
	sender  *socket // of one-way messages
	all     map[*socket]struct{}
	idle    []*socket
}

var here endpoint

// maxIdle is how many sockets are kept for the next requests.
const maxIdle = 16

// open prepares the endpoint at its first use.
func (e *endpoint) open(op, name string) error {
	var err error
	if refused := guard.Control(op, name, func() int {
		err = e.start(op, name)
		return 0
	}); refused != nil {
		return refused
	}
	return err
}

func (e *endpoint) start(op, name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dir != "" {
		return nil
	}
	e.all = map[*socket]struct{}{}
	e.dir = cgo.RuntimeDir()
	e.primary = cgo.ProcessType() == cgo.ProcPrimary
	path, err := e.probe(op, name)
	if err == nil {
		err = e.borrow(path)
	}
	if err == nil {
		e.sender, err = e.listen()
	}
	if err != nil {
		e.ownFile.Close()
		e.dir = ""
		return err
	}
	// Who takes no answers refuses them at once: nobody waits for room in its queue.
	return control(e.sender.raw, func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RD) })
}

// borrow gets a descriptor of our own for DPDK's socket, which no function of DPDK gives.
func (e *endpoint) borrow(path string) error {
	paths, fds, err := mpsocket.Own(path)
	if err != nil {
		return err
	}
	i := slices.Index(paths, path)
	if i < 0 {
		return fmt.Errorf("%s: no descriptor of this process is bound to it", path)
	}
	// As DPDK does not: for others this process would live as long as any child of it.
	unix.CloseOnExec(fds[i])
	fd, err := unix.FcntlInt(uintptr(fds[i]), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("fcntl: %w", err)
	}
	e.ownFile = os.NewFile(uintptr(fd), path)
	e.own, err = e.ownFile.SyscallConn()
	return err
}

// probe has DPDK send a message to this process itself, and compares it with what we
// would send: what goes over the sockets is in no header of DPDK. It returns the path of
// DPDK's socket.
func (e *endpoint) probe(op, name string) (path string, err error) {
	e.sweep()
	s, err := e.listen()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOENT) {
		return "", notShared(op, name)
	}
	if err != nil {
		return "", &dpdk.Error{Op: op, Name: name, Detail: err.Error()}
	}
	defer e.close(s)
	const text = "godpdk"
	if errno := cgo.MPReply(text, s.path); errno != 0 {
		return "", &dpdk.Error{Op: opReply, Name: name, Errno: dpdk.Errno(errno)}
	}
	came := 0 // it is there by now, or will never come
	_ = control(s.raw, func(fd int) error {
		came, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return err
	})
	if came == 0 { // rte_mp_reply is silent where there is no IPC
		return "", notShared(op, name)
	}
	kind, path, got, err := s.receive()
	if err == nil && kind == cgo.MPRep && got.Name == text && string(got.Param) == text {
		return path, nil
	}
	return "", &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(unix.ENOTSUP),
		Detail: "the messages of " + dpdk.Version() + " have another form than those that this godpdk knows"}
}

func notShared(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(unix.ENOTSUP), Cause: dpdk.ErrNotShared,
		Detail: "--in-memory and --no-shconf leave no way to other processes"}
}

// sweep removes sockets that killed processes left. A young one may be about to be
// bound by a process of another container, with any pid.
func (e *endpoint) sweep() {
	left, _ := filepath.Glob(e.dir + "/" + ownPrefix + "*")
	for _, path := range left {
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > 10*time.Second && !mpsocket.Answers(path) {
			os.Remove(path)
		}
	}
}

// peers are the sockets of the processes that this one can speak to: a secondary's is
// its primary, a primary's are all secondaries.
func (e *endpoint) peers() ([]string, error) {
	if !e.primary {
		return []string{e.dir + "/" + mpsocket.Primary}, nil
	}
	// DPDK locks the directory here, so that no secondary starts meanwhile. We need not:
	// what one of them gets before its thread runs waits in its queue. And a secondary
	// that was stopped in its start has the lock.
	names, err := namesIn(e.dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, n := range names {
		if strings.HasPrefix(n, mpsocket.Secondary) {
			paths = append(paths, e.dir+"/"+n)
		}
	}
	return paths, nil
}

// namesIn are the files of a folder. os.ReadDir would offer the folder to Go's poller
// first and sort the names, in twice as many system calls.
func namesIn(dir string) (names []string, err error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	var buf [4096]byte
	for {
		n, err := unix.ReadDirent(fd, buf[:])
		if err != nil {
			return nil, &fs.PathError{Op: "readdirent", Path: dir, Err: err}
		}
		if n <= 0 {
			return names, nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// take gives a socket for one request.
func (e *endpoint) take() (*socket, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.idle); n > 0 && !e.stopped {
		s := e.idle[n-1]
		e.idle = e.idle[:n-1]
		return s, nil
	}
	return e.listen()
}

// keep takes back a socket on which nothing more will come.
func (e *endpoint) keep(s *socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped || len(e.idle) == maxIdle {
		e.close(s)
		return
	}
	e.idle = append(e.idle, s)
}

// drop closes a socket on which a late answer may come: so it never passes for that of
// a later request of the same name.
func (e *endpoint) drop(s *socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.close(s)
}

// stop closes all sockets, when EAL ends; requests under way end with dpdk.ErrNotRunning.
func (e *endpoint) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	for s := range e.all {
		e.close(s)
	}
	e.idle = nil
	e.ownFile.Close()
}

// socket is one of ours, bound to a path, to which answers come.
type socket struct {
	conn *net.UnixConn
	raw  syscall.RawConn
	path string
	buf  []byte // what was read last
	ctrl []byte
}

// listen makes a socket. The caller holds mu.
func (e *endpoint) listen() (*socket, error) {
	if e.stopped {
		return nil, dpdk.ErrNotRunning
	}
	path := fmt.Sprintf("%s/%s%d_%x", e.dir, ownPrefix, os.Getpid(), rand.Uint32())
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err // with its path, which may be too long for a socket
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{conn, raw, path, make([]byte, cgo.MPWire+1), make([]byte, unix.CmsgSpace(4*MaxFiles))}
	e.all[s] = struct{}{}
	return s, nil
}

// close is the end of a socket. The caller holds mu.
func (e *endpoint) close(s *socket) {
	delete(e.all, s)
	s.conn.Close()
	os.Remove(s.path)
}

// control calls f with the descriptor.
func control(raw syscall.RawConn, f func(fd int) error) (err error) {
	if e := raw.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return e
	}
	return err
}

// send gives a message to a process, without waiting: unix.EAGAIN if its queue is full.
func (s *socket) send(path string, b, rights []byte) error { return sendTo(s.raw, path, b, rights) }

func sendTo(raw syscall.RawConn, path string, b, rights []byte) error {
	return control(raw, func(fd int) error {
		for {
			_, err := unix.SendmsgN(fd, b, rights, &unix.SockaddrUnix{Name: path}, unix.MSG_DONTWAIT)
			if err != unix.EINTR {
				return err
			}
		}
	})
}

// receive waits for an answer until the read deadline; from is "" if none came.
func (s *socket) receive() (kind int, from string, m *Message, err error) {
	n, nctrl, flags, addr, err := s.conn.ReadMsgUnix(s.buf, s.ctrl)
	if err != nil {
		return 0, "", nil, err
	}
	from = "?" // an unbound socket, which nobody asked
	if addr != nil && addr.Name != "" {
		from = addr.Name
	}
	kind, m, err = decode(s.buf[:n], s.ctrl[:nctrl], flags)
	if m != nil {
		m.Peer = filepath.Base(from)
	}
	return kind, from, m, err
}
