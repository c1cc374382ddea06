//go:build linux

package telemetry

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const greeting = `{"version":"DPDK 99.11.0","pid":7,"max_output_len":16384}`

// fake is a process that answers as the function does; "" closes the connection.
type fake struct {
	t        *testing.T
	path     string
	greeting string
	answer   func(request string) string

	mu       sync.Mutex
	listener *net.UnixListener
	conns    []net.Conn
	requests []string
}

// start makes a fake that listens.
func start(t *testing.T, answer func(request string) string) *fake {
	f := &fake{t: t, path: filepath.Join(t.TempDir(), "dpdk_telemetry.v2"), greeting: greeting, answer: answer}
	f.listen()
	t.Cleanup(f.end)
	return f
}

func (f *fake) listen() {
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: f.path, Net: "unixpacket"})
	require.NoError(f.t, err)
	f.listener = l
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, conn)
			f.mu.Unlock()
			go f.serve(conn)
		}
	}()
}

func (f *fake) serve(conn net.Conn) {
	defer conn.Close()
	f.mu.Lock()
	greeting, answer := f.greeting, f.answer
	f.mu.Unlock()
	if _, err := conn.Write([]byte(greeting)); err != nil || greeting == "" {
		return
	}
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		f.mu.Lock()
		f.requests = append(f.requests, string(buf[:n]))
		f.mu.Unlock()
		reply := answer(string(buf[:n]))
		if reply == "" {
			return
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

// end ends the process: its socket and connections close.
func (f *fake) end() {
	f.listener.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

// become changes what later connections get.
func (f *fake) become(greeting string, answer func(string) string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.greeting, f.answer = greeting, answer
}

func (f *fake) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.conns)
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

// replies answers each command with its value, and others as DPDK does.
func replies(values map[string]string) func(string) string {
	return func(request string) string {
		command, _, _ := strings.Cut(request, ",")
		if command == "/" {
			var all []string
			for c := range values {
				all = append(all, `"`+strings.Split(c, ",")[0]+`"`)
			}
			return `{"/":[` + strings.Join(all, ",") + `]}`
		}
		value, ok := values[request]
		if !ok {
			value = "null"
		}
		return `{"` + command + `":` + value + `}`
	}
}
