// Package telserver passes requests of telemetry clients to DPDK. DPDK answers a request in a thread of its own, and takes
// no lock that the end of a port or of a memzone takes. The server runs no request while a port or a memzone ends.
package telserver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

const (
	socket = "dpdk_telemetry" // the name of DPDK's socket starts with it
	hidden = "go"             // in front of that name, while the server has the name itself

	maxRequest = 1023     // DPDK's handler reads so many bytes
	maxMessage = 64 << 10 // more than DPDK ever sends
)

// patience is the longest time that Enter waits for the turn. A request that takes longer waits for a lock itself, so that
// it reads nothing.
var patience = 5 * time.Second

// limit is the longest time that the server waits for DPDK to accept a connection.
const limit = 5 * time.Second

// turn has a token while DPDK answers a request, or between Enter and leave.
var turn = make(chan struct{}, 1)

// Enter waits until DPDK answers no request, at most patience. DPDK gets no request before leave. Call it around each change
// or end of an object that requests read. Calls do not nest.
func Enter() (leave func()) {
	select {
	case turn <- struct{}{}:
		return func() { <-turn }
	default:
	}
	select {
	case turn <- struct{}{}:
		return func() { <-turn }
	case <-time.After(patience):
		return func() {}
	}
}

// Exclude calls f behind [Enter].
func Exclude[T any](f func() T) T {
	defer Enter()()
	return f()
}

// ours are the commands that Go answers. They may end objects, and wait.
var ours sync.Map

// Ours notes that Go answers a command.
func Ours(command string) { ours.Store(command, true) }

// Server is the server of a process.
type Server struct {
	dir      string
	listener *net.UnixListener // nil: clients are connected with DPDK
	dpdk     string            // the path of DPDK's socket
	files    []string

	mu      sync.Mutex
	conns   map[net.Conn]struct{} // nil: stopped
	stopped chan struct{}         // Stop closes it
	all     sync.WaitGroup
}

// Start takes the name of the socket that DPDK has made in the runtime directory. It ends connections of clients that had
// connected before. After an error some clients may be connected with DPDK. Stop is needed in any case.
func Start(dir string) (*Server, error) {
	s := &Server{dir: dir, conns: map[net.Conn]struct{}{}, stopped: make(chan struct{})}
	paths, fds, err := mpsocket.Own(filepath.Join(dir, socket))
	if err != nil {
		return s, err
	}
	for i, fd := range fds {
		if linux.Listening(fd) {
			return s, s.replace(paths[i])
		}
	}
	return s, nil // --no-telemetry
}

// replace exchanges the names of the socket at path and of a new one.
func (s *Server) replace(path string) error {
	s.files = []string{path}
	s.dpdk = filepath.Join(filepath.Dir(path), hidden+filepath.Base(path))
	if len(s.dpdk) > linux.MaxSocketPath {
		return fmt.Errorf("the path %s has %d bytes, and the path of a socket at most %d", s.dpdk, len(s.dpdk), linux.MaxSocketPath)
	}
	if err := os.Remove(s.dpdk); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a process that was killed
		return err
	}
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: s.dpdk, Net: "unixpacket"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	s.files = append(s.files, s.dpdk)
	if err := linux.Exchange(s.dpdk, path); err != nil {
		l.Close()
		return errors.Join(err, os.Remove(s.dpdk))
	}
	s.listener = l
	s.all.Go(s.accept)
	c, err := s.connect()
	if err != nil {
		return errors.Join(err, s.endDirect())
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	if _, err = c.Read(make([]byte, 1)); err == io.EOF { // DPDK has enough connections
		err = nil
	}
	return errors.Join(err, s.endDirect()) // DPDK has accepted c, and all before it
}

// connect connects with DPDK. It waits while DPDK's queue of connections is full.
func (s *Server) connect() (c net.Conn, err error) {
	for began := time.Now(); time.Since(began) < limit; time.Sleep(time.Millisecond) {
		if c, err = net.Dial("unixpacket", s.dpdk); !errors.Is(err, syscall.EAGAIN) {
			break
		}
	}
	return c, err
}

// endDirect ends the connections with DPDK. It leaves a thread that does not end within a second.
func (s *Server) endDirect() error {
	prefix := filepath.Join(s.dir, socket)
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		_, fds, err := mpsocket.Own(prefix)
		if err != nil {
			return err
		}
		connected := 0
		for _, fd := range fds {
			if end(fd, prefix) {
				connected++
			}
		}
		if connected == 0 {
			return nil
		}
		if time.Since(began) > time.Second {
			return fmt.Errorf("DPDK has not closed %d connections of telemetry clients within a second", connected)
		}
	}
}

// end shuts a connection down, if fd is one of a socket with a path that starts with prefix.
func end(fd int, prefix string) bool {
	fd, err := linux.Dup(fd) // DPDK may close it, and another thread get the number
	if err != nil {
		return false
	}
	defer linux.Close(fd)
	if !strings.HasPrefix(linux.SocketPath(fd), prefix) || linux.Listening(fd) {
		return false
	}
	_ = linux.ShutdownRead(fd)
	return true
}

// accept serves each client until Stop. Another error, such as too many open files, passes.
func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if s.add(c) {
			s.all.Go(func() { s.serve(c) })
		}
	}
}

// add notes a connection, which Stop closes. It closes it if that has been called.
func (s *Server) add(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// serve passes messages between a client and DPDK, one at a time, until one of them closes its connection.
func (s *Server) serve(client net.Conn) {
	defer s.remove(client)
	dpdk, err := s.connect()
	if err != nil || !s.add(dpdk) {
		return
	}
	defer s.remove(dpdk)
	message := make([]byte, maxMessage)
	n, err := dpdk.Read(message) // the greeting
	for err == nil {
		if _, err = client.Write(message[:n]); err != nil {
			return
		}
		if n, err = client.Read(message[:maxRequest]); err != nil {
			return
		}
		n, err = s.ask(dpdk, message, n)
	}
}

// ask sends a request of n bytes, and returns the length of the reply in the same buffer. Unlike Enter it waits for the turn
// without a limit: no request runs beside a change, however long that takes.
func (s *Server) ask(dpdk net.Conn, message []byte, n int) (int, error) {
	if _, is := ours.Load(command(message[:n])); !is {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-s.stopped:
			return 0, net.ErrClosed
		}
	}
	if _, err := dpdk.Write(message[:n]); err != nil {
		return 0, err
	}
	return dpdk.Read(message)
}

// command returns the command of a request, as DPDK's strtok does.
func command(request []byte) string {
	text, _, _ := strings.Cut(string(request), "\x00")
	text, _, _ = strings.Cut(strings.TrimLeft(text, ","), ",")
	return text
}

// Stop ends all connections, and removes the sockets. rte_eal_cleanup leaves DPDK's threads, which would then
// read memory that it has unmapped. A nil Server has none.
func (s *Server) Stop() {
	if s == nil {
		return
	}
	// No client connects any more. Without the name of DPDK's socket a successor can start: it is the last one.
	for _, file := range slices.Backward(s.files) {
		_ = os.Remove(file)
	}
	s.files = nil
	s.mu.Lock()
	if s.conns != nil {
		close(s.stopped)
	}
	for c := range s.conns {
		c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	if s.listener != nil {
		s.listener.Close()
	}
	_ = s.endDirect()
	s.all.Wait()
}
