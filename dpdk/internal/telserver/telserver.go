// Package telserver passes requests of telemetry clients to DPDK. DPDK answers a request in a thread of its own, and takes
// no lock that the end of a port or of a memzone takes. Here a request to DPDK and such an end exclude each other.
package telserver

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
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

// patience is the time that one waits for another. A request that takes longer waits for a lock itself, so that it reads
// nothing.
const patience = 5 * time.Second

// turn has a token while DPDK answers a request, or between Enter and leave.
var turn = make(chan struct{}, 1)

// Enter waits until DPDK answers no request, and lets it answer none before leave. Call it around each change or end of an
// object that requests read. Calls do not nest.
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

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil: stopped
	all   sync.WaitGroup
}

// Start takes the name of the socket that DPDK has made in the runtime directory. It ends connections of clients that had
// connected before. After an error clients stay connected with DPDK. Stop is needed in any case.
func Start(dir string) (*Server, error) {
	s := &Server{dir: dir, conns: map[net.Conn]struct{}{}}
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
	if c, err := s.connect(); err == nil {
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = c.Read(make([]byte, 1)) // DPDK has accepted it, and all before it
		c.Close()
	}
	s.endDirect()
	s.all.Go(s.accept)
	return nil
}

// connect connects with DPDK. It waits while DPDK's queue of connections is full.
func (s *Server) connect() (c net.Conn, err error) {
	for began := time.Now(); time.Since(began) < patience; time.Sleep(time.Millisecond) {
		if c, err = net.Dial("unixpacket", s.dpdk); !errors.Is(err, syscall.EAGAIN) {
			break
		}
	}
	return c, err
}

// endDirect ends the connections with DPDK. A thread that does not end within a second is left.
func (s *Server) endDirect() {
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		_, fds, err := mpsocket.Own(filepath.Join(s.dir, socket))
		connected := false
		for _, fd := range fds {
			if !linux.Listening(fd) {
				connected = true
				_ = linux.ShutdownRead(fd)
			}
		}
		if err != nil || !connected || time.Since(began) > time.Second {
			return
		}
	}
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
		n, err = ask(dpdk, message, n)
	}
}

// ask sends a request of n bytes, and returns the length of the reply in the same buffer.
func ask(dpdk net.Conn, message []byte, n int) (int, error) {
	command, _, _ := bytes.Cut(message[:n], []byte(","))
	if _, is := ours.Load(string(command)); !is {
		defer Enter()()
	}
	if _, err := dpdk.Write(message[:n]); err != nil {
		return 0, err
	}
	return dpdk.Read(message)
}

// Stop ends all connections, and removes the sockets. rte_eal_cleanup leaves DPDK's threads, which would then
// read memory that it has unmapped. A nil Server has none.
func (s *Server) Stop() {
	if s == nil {
		return
	}
	for _, file := range s.files { // no client connects any more. Later the path may be that of a successor
		_ = os.Remove(file)
	}
	s.files = nil
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	if s.listener != nil {
		s.listener.Close()
	}
	s.endDirect()
	s.all.Wait()
}
