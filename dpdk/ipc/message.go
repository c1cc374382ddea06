package ipc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Limits of a message, from DPDK's headers.
const (
	MaxName  = cgo.MPMaxName - 1 // bytes of a name
	MaxParam = cgo.MPMaxParam    // bytes of a Param
	MaxFiles = cgo.MPMaxFD       // descriptors: 8, and from DPDK 24.11 on 253
)

// Message is a message from one process to another (struct rte_mp_msg).
type Message struct {
	Name  string // the action it is for
	Param []byte
	// Files are sent as descriptors (SCM_RIGHTS). The sender keeps its files. The receiver
	// must close the files that it gets; they are close-on-exec.
	Files []*os.File
	// Peer names the sender, for logs. It is a socket in the runtime directory. Its name
	// holds the process's pid, except for the primary's socket.
	Peer string
}

// Close closes the message's Files.
func (m *Message) Close() error {
	var errs []error
	for _, f := range m.Files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// check refuses a message that DPDK would not send.
func (m *Message) check(op string) error {
	if m == nil {
		return check.Invalid(op, "", "the message is nil")
	}
	if err := check.Name(op, m.Name, cgo.MPMaxName); err != nil {
		return err
	}
	if len(m.Param) > MaxParam {
		return tooBig(op, m.Name, "Param is %d bytes: use at most %d, or put larger data into a memzone or ring", len(m.Param), MaxParam)
	}
	if len(m.Files) > MaxFiles {
		return tooBig(op, m.Name, "%d Files: this DPDK sends at most %d in a message", len(m.Files), MaxFiles)
	}
	return nil
}

func tooBig(op, name, format string, args ...any) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf(format, args...)}
}

// errorMark begins the text of an error, behind the end of an empty Param, so that a C
// program sees an empty reply.
const errorMark = "\x00godpdk\x01"

// errorParam returns the bytes of a Param of length 0 that carries an error.
func errorParam(text string) []byte {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if room := MaxParam - len(errorMark); len(text) > room {
		for !utf8.RuneStart(text[room]) {
			room--
		}
		text = text[:room]
	}
	return []byte(errorMark + text)
}

// encode returns the message in the form of DPDK's datagrams.
func (m *Message) encode(kind int) []byte {
	b := make([]byte, cgo.MPWire)
	binary.NativeEndian.PutUint32(b, uint32(kind))
	copy(b[cgo.MPName:], m.Name)
	binary.NativeEndian.PutUint32(b[cgo.MPLenParam:], uint32(len(m.Param)))
	binary.NativeEndian.PutUint32(b[cgo.MPNumFDs:], uint32(len(m.Files)))
	copy(b[cgo.MPParam:], m.Param)
	return b
}

// decode reads a datagram. An error that it carries becomes a *RemoteError. If the datagram
// cannot be read, its descriptors are closed.
func decode(b, control []byte, flags int) (kind int, m *Message, err error) {
	fds, err := linux.ParseRights(control)
	defer func() {
		if m == nil {
			newMessage("", "", nil, fds).Close()
		}
	}()
	if err != nil {
		return 0, nil, err
	}
	if len(b) != cgo.MPWire || flags&linux.MSG_TRUNC != 0 {
		return 0, nil, fmt.Errorf("a message of %d bytes, not %d: the process runs another release of DPDK", len(b), cgo.MPWire)
	}
	kind = int(binary.NativeEndian.Uint32(b))
	name, _, _ := strings.Cut(string(b[cgo.MPName:][:cgo.MPMaxName]), "\x00")
	n, nfds := binary.NativeEndian.Uint32(b[cgo.MPLenParam:]), binary.NativeEndian.Uint32(b[cgo.MPNumFDs:])
	if flags&linux.MSG_CTRUNC != 0 || int64(nfds) != int64(len(fds)) {
		return 0, nil, fmt.Errorf("%d of %d descriptors arrived: this process cannot open more", len(fds), nfds)
	}
	if n > MaxParam {
		return 0, nil, fmt.Errorf("the message's Param has %d bytes", n)
	}
	param := b[cgo.MPParam:][:MaxParam]
	m = newMessage(name, "", param[:n], fds)
	if text, found := strings.CutPrefix(string(param), errorMark); found && n == 0 {
		return kind, m, &RemoteError{strings.TrimRight(text, "\x00")}
	}
	return kind, m, nil
}

// newMessage returns a received message, which owns fds from now on.
func newMessage(name, peer string, param []byte, fds []int) *Message {
	m := &Message{Name: name, Param: append([]byte(nil), param...), Peer: peer}
	for _, fd := range fds {
		m.Files = append(m.Files, os.NewFile(uintptr(fd), "from "+name))
	}
	return m
}

// withRights calls f with the control data that sends files. They stay open until f returns.
func withRights(files []*os.File, f func(rights []byte) error) error {
	if len(files) == 0 {
		return f(nil)
	}
	return withFDs(make([]int, 0, len(files)), files, func(fds []int) error { return f(linux.Rights(fds)) })
}

// withFDs appends the descriptors of files to fds and calls f with them.
func withFDs(fds []int, files []*os.File, f func([]int) error) error {
	if len(files) == 0 {
		return f(fds)
	}
	raw, err := files[0].SyscallConn()
	if err != nil {
		return fmt.Errorf("in Files[%d]: %w", len(fds), err)
	}
	var inner error
	if raw.Control(func(fd uintptr) { inner = withFDs(append(fds, int(fd)), files[1:], f) }) != nil {
		return fmt.Errorf("in Files[%d]: %w", len(fds), os.ErrClosed)
	}
	return inner
}
