package ipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// ownPrefix begins the names of this package's sockets in the runtime directory.
const ownPrefix = mpsocket.Requests

// endpoint holds the sockets with which this process sends messages.
type endpoint struct {
	mu      sync.Mutex
	dir     string // "" until the first use
	primary bool
	stopped bool
	own     syscall.RawConn // DPDK's own socket: C takes replies from no other one
	ownFile *os.File
	sender  *socket // of one-way messages
	all     map[*socket]struct{}
	idle    []*socket

	paths    []string  // of all secondaries
	listed   time.Time // modification time of the directory that paths was read from
	blocking int       // number of sockets in all that block
}

var here endpoint

const (
	maxIdle     = 16 // sockets kept for later requests
	maxBlocking = 4  // sockets that block a thread; further requests wait in Go's poller
)

// open prepares the endpoint at its first use.
func (e *endpoint) open(op, name string) error {
	err := control.Call(op, name, func() error { return e.start(op, name) })
	if err == nil && mpsocket.Deaf() {
		return &dpdk.Error{Op: op, Name: name, Cause: ErrDeaf}
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
		e.sender, err = e.listen(false)
	}
	if err != nil {
		e.ownFile.Close()
		e.dir = ""
		return err
	}
	// A socket that is shut refuses answers at once, so that no process waits for room in its queue.
	return withFD(e.sender.raw, linux.ShutdownRead)
}

// borrow duplicates the descriptor of DPDK's socket, which no function of DPDK returns.
func (e *endpoint) borrow(path string) error {
	paths, fds, err := mpsocket.Own(path)
	if err != nil {
		return err
	}
	i := slices.Index(paths, path)
	if i < 0 {
		return fmt.Errorf("%s: no descriptor of this process is bound to it", path)
	}
	// DPDK does not set this. Other processes would take this one for alive as long as a child has the socket.
	linux.CloseOnExec(fds[i])
	if err := filter(fds[i]); err != nil {
		control.Logger().Warn("ipc: a malformed message can stop this process from receiving messages", "error", err)
	}
	fd, err := linux.Dup(fds[i])
	if err != nil {
		return fmt.Errorf("fcntl: %w", err)
	}
	e.ownFile = os.NewFile(uintptr(fd), path)
	e.own, err = e.ownFile.SyscallConn()
	return err
}

// filter drops the datagrams that would end DPDK's thread: those of another size, and those
// with numbers that are too large. A datagram with more descriptors than DPDK takes, or than
// this process can open, still ends it.
func filter(fd int) error {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return syscall.ENOTSUP
	}
	return linux.Filter(fd, cgo.MPWire, []linux.Field{{At: cgo.MPLenParam, Max: MaxParam}, {At: cgo.MPNumFDs, Max: MaxFiles}})
}

// probe makes DPDK send a message to this process, and compares its form with the one that
// encode writes, because DPDK's headers do not define it. It returns the path of DPDK's socket.
func (e *endpoint) probe(op, name string) (path string, err error) {
	e.sweep()
	s, err := e.listen(false)
	if errors.Is(err, fs.ErrNotExist) {
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
	came := false // it has arrived by now, or never will
	_ = withFD(s.raw, func(fd int) error {
		came = linux.Readable(fd)
		return nil
	})
	if !came { // without IPC rte_mp_reply does nothing and returns no error
		return "", notShared(op, name)
	}
	kind, path, got, err := s.receive()
	if err == nil && kind == cgo.MPRep && got.Name == text && string(got.Param) == text {
		return path, nil
	}
	return "", &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported,
		Detail: "the messages of " + dpdk.Version() + " have a form that this godpdk does not know: use another release of either"}
}

func notShared(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported, Cause: dpdk.ErrNotShared,
		Detail: "with --in-memory or --no-shconf no other process can be reached: start EAL without them"}
}

// sweep removes the sockets of killed processes. It keeps new ones: a process of another
// container, with any pid, may be about to bind one.
func (e *endpoint) sweep() {
	left, _ := filepath.Glob(e.dir + "/" + ownPrefix + "*")
	for _, path := range left {
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > 10*time.Second && !mpsocket.Answers(path) {
			os.Remove(path)
		}
	}
}

// peers returns the sockets of the processes that this one can send to: the primary, or all
// secondaries. It reads the directory again only if that has changed.
func (e *endpoint) peers() ([]string, error) {
	if !e.primary {
		return []string{e.dir + "/" + mpsocket.Primary}, nil
	}
	// DPDK locks the directory here, so that no secondary starts meanwhile. This is not needed:
	// messages for a secondary wait in its queue until its thread runs. It would also block
	// on a secondary that was stopped while it started, because that one holds the lock.
	st, err := os.Stat(e.dir)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	changed := st.ModTime()
	if changed.Equal(e.listed) {
		return e.paths, nil
	}
	old := time.Since(changed) > 2*time.Second // a later change gets another time
	dir, err := os.Open(e.dir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	e.paths, e.listed = nil, time.Time{}
	for _, n := range names {
		if strings.HasPrefix(n, mpsocket.Secondary) {
			e.paths = append(e.paths, e.dir+"/"+n)
		}
	}
	if old {
		e.listed = changed
	}
	return e.paths, nil
}

// take returns a socket for one request.
func (e *endpoint) take() (*socket, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.idle)
	if n == 0 || e.stopped || !e.idle[n-1].blocks && e.blocking < maxBlocking {
		return e.listen(e.blocking < maxBlocking)
	}
	s := e.idle[n-1]
	e.idle = e.idle[:n-1]
	return s, nil
}

// keep stores a socket on which nothing more arrives, for later requests.
func (e *endpoint) keep(s *socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopped {
		e.close(s)
		return
	}
	if s.blocks {
		e.idle = append(e.idle, s) // taken first
	} else {
		e.idle = slices.Insert(e.idle, 0, s)
	}
	if len(e.idle) > maxIdle {
		e.close(e.idle[0])
		e.idle = e.idle[1:]
	}
}

// drop closes a socket on which a late answer may arrive, so that it is not taken for the answer
// to a later request of the same name.
func (e *endpoint) drop(s *socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.close(s)
}

// stop closes all sockets when EAL stops. Requests in progress end with dpdk.ErrNotRunning.
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

// socket is a socket of this package, bound to a path, which receives answers.
type socket struct {
	file   *os.File
	raw    syscall.RawConn
	path   string
	blocks bool
	limit  time.Duration // that wait has set, if it blocks
	waits  int
	buf    []byte // the last datagram
	ctrl   []byte
}

// listen creates a socket of this endpoint. The caller holds mu.
func (e *endpoint) listen(blocks bool) (*socket, error) {
	if e.stopped {
		return nil, dpdk.ErrNotRunning
	}
	path := fmt.Sprintf("%s/%s%d_%x", e.dir, ownPrefix, os.Getpid(), rand.Uint32())
	s, err := newSocket(path, blocks)
	if err != nil {
		return nil, err
	}
	if s.blocks {
		e.blocking++
	}
	e.all[s] = struct{}{}
	return s, nil
}

// newSocket creates a socket with this path. One that blocks uses a thread while it waits. The
// other one waits in Go's poller, which is slower: it wakes up, and Go's monitor with it, each
// time the peer has read a request.
func newSocket(path string, blocks bool) (*socket, error) {
	fd, err := linux.Datagram(path, blocks)
	if err != nil {
		return nil, err
	}
	s := &socket{file: os.NewFile(uintptr(fd), path), path: path, blocks: blocks,
		buf: make([]byte, cgo.MPWire+1), ctrl: make([]byte, linux.RightsSpace(MaxFiles))}
	s.raw, err = s.file.SyscallConn()
	return s, err
}

// close closes a socket and ends a wait for it. The caller holds mu.
func (e *endpoint) close(s *socket) {
	if _, open := e.all[s]; !open {
		return
	}
	delete(e.all, s)
	if s.blocks {
		e.blocking--
	}
	s.shut()
	s.file.Close()
	os.Remove(s.path)
}

// shut ends the wait for a socket. One that blocks cannot be used again, because the kernel
// cannot interrupt a single receive.
func (s *socket) shut() {
	if !s.blocks {
		_ = s.file.SetReadDeadline(time.Unix(1, 0)) // wait may undo this
		return
	}
	_ = withFD(s.raw, linux.ShutdownRead)
}

// wait sets the time limit of the next receive.
func (s *socket) wait(limit time.Duration) {
	switch {
	case !s.blocks:
		_ = s.file.SetReadDeadline(time.Now().Add(limit))
	case s.limit != limit:
		s.limit = limit
		_ = withFD(s.raw, func(fd int) error { return linux.SetReceiveTimeout(fd, limit) })
	}
}

// withFD calls f with the descriptor, or returns os.ErrClosed.
func withFD(raw syscall.RawConn, f func(fd int) error) (err error) {
	if raw.Control(func(fd uintptr) { err = f(int(fd)) }) != nil {
		return os.ErrClosed
	}
	return err
}

// send sends a message to a process. It does not wait: it returns syscall.EAGAIN if the queue is full.
func (s *socket) send(path string, b, rights []byte) error { return sendTo(s.raw, path, b, rights) }

func sendTo(raw syscall.RawConn, path string, b, rights []byte) error {
	return withFD(raw, func(fd int) error { return linux.SendTo(fd, path, b, rights) })
}

// receive waits for an answer. from is "" if none arrived: the error is os.ErrClosed, or
// os.ErrDeadlineExceeded at the time limit and if the socket was shut.
func (s *socket) receive() (kind int, from string, m *Message, err error) {
	if s.waits++; s.blocks && s.waits%oneSlice == 0 {
		runtime.Gosched()
	}
	var n, nctrl, flags int
	closed := s.raw.Read(func(fd uintptr) bool {
		n, nctrl, flags, from, err = linux.Receive(int(fd), s.buf, s.ctrl)
		return s.blocks || err != syscall.EAGAIN
	})
	switch {
	case errors.Is(closed, os.ErrDeadlineExceeded), closed == nil && (err == syscall.EAGAIN || err == syscall.EINTR):
		return 0, "", nil, os.ErrDeadlineExceeded
	case closed != nil:
		return 0, "", nil, os.ErrClosed
	case err != nil:
		return 0, "", nil, os.NewSyscallError("recvmsg", err)
	case n == 0 && nctrl == 0 && from == "":
		return 0, "", nil, os.ErrDeadlineExceeded
	}
	if from == "" {
		from = "?" // an unbound socket, which is not a target
	}
	kind, m, err = decode(s.buf[:n], s.ctrl[:nctrl], flags)
	if m != nil {
		m.Peer = filepath.Base(from)
	}
	return kind, from, m, err
}
