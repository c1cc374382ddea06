package vdev

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/newport"
)

// release is the DPDK that the program was built for. Tests set other releases.
var release = cgo.BuildVersion()

// writer collects a device's arguments and the first error in them.
type writer struct {
	driver, name string
	device       string // the name in errors: that of the device, or else of the driver
	args         []string
	err          error
}

func newWriter(d Device) *writer {
	w := &writer{driver: d.driver(), name: d.name(), device: cmp.Or(d.name(), d.driver())}
	if w.name != "" {
		w.err = newport.Name(op, w.driver, w.name, cgo.EthNameSize)
	}
	return w
}

// devargs returns the first error, or the name and the arguments.
func (w *writer) devargs() (string, error) {
	if w.err != nil {
		return "", w.err
	}
	name := w.name
	if name == "" {
		name = newport.Free(w.driver)
	}
	return strings.Join(append([]string{name}, w.args...), ","), nil
}

// invalid records a dpdk.ErrInvalid.
func (w *writer) invalid(format string, args ...any) {
	if w.err == nil {
		w.err = check.Invalid(op, w.device, format, args...)
	}
}

// fail records an error with another number.
func (w *writer) fail(errno dpdk.Errno, format string, args ...any) {
	if w.err == nil {
		w.err = &dpdk.Error{Op: op, Name: w.device, Errno: errno, Detail: fmt.Sprintf(format, args...)}
	}
}

// unsupported records an error for a field that needs another release.
func (w *writer) unsupported(field, needs string) {
	if w.err == nil {
		w.err = &dpdk.Error{Op: op, Name: w.device, Cause: &dpdk.UnsupportedError{Feature: field, Needs: needs, Running: dpdk.Version()}}
	}
}

// add adds an argument.
func (w *writer) add(key, value string) { w.args = append(w.args, key+"="+value) }

// flag adds an argument with a value if set is true.
func (w *writer) flag(key, value string, set bool) {
	if set {
		w.add(key, value)
	}
}

// text adds a value that is not empty.
func (w *writer) text(key, field, value string) {
	if w.err == nil {
		w.err = newport.Text(op, w.device, field, value)
	}
	w.flag(key, value, value != "")
}

// number adds a number that is not 0.
func (w *writer) number(key, field string, n, least, most int) {
	if n != 0 && (n < least || n > most) {
		w.invalid("%s is %d: use %d to %d, or 0 for the default", field, n, least, most)
	}
	w.flag(key, number(n), n != 0)
}

// choice adds a value that is not empty and must be one of the words.
func (w *writer) choice(key, field, value string, words ...string) {
	if value != "" && !slices.Contains(words, value) {
		w.invalid("%s is %q: use one of %s", field, value, strings.Join(words, ", "))
	}
	w.flag(key, value, value != "")
}

// mac adds the field MAC if it is not nil.
func (w *writer) mac(mac net.HardwareAddr) {
	switch {
	case len(mac) == 0:
		return
	case len(mac) != 6:
		w.invalid("MAC has %d bytes: use an Ethernet address of 6 bytes", len(mac))
	case mac[0]&1 != 0 || mac.String() == "00:00:00:00:00:00":
		w.invalid("MAC is %v: use the address of one interface, not a multicast or zero address", mac)
	}
	w.add("mac", mac.String())
}

// olderThan reports whether the release is an earlier one.
func olderThan(year, month int) bool { return release < uint32(year)<<24|uint32(month)<<16 }

// needs refuses a field that is set but needs a later release.
func (w *writer) needs(year, month int, field string, set bool) {
	if set && olderThan(year, month) {
		w.unsupported(field, fmt.Sprintf("%02d.%02d", year, month))
	}
}

// newNetdev adds the name of a network interface that the driver creates, if it is not empty.
func (w *writer) newNetdev(key, field, name string) {
	if most := linux.IFNAMSIZ - 1; len(name) > most {
		w.invalid("%s %q has %d bytes: use at most %d", field, name, len(name), most)
	}
	w.text(key, field, name)
}

// netdev adds the name of a network interface that must exist, if it is not empty.
func (w *writer) netdev(key, field, name string) {
	if name == "" {
		return
	}
	w.text(key, field, name)
	if _, err := net.InterfaceByName(name); err != nil {
		w.fail(dpdk.ErrNoDevice, "%s: the network interface %q does not exist in this network namespace: see \"ip link\"", field, name)
	}
}

// present adds a path that must exist, if it is not empty.
func (w *writer) present(key, field, path string) {
	if path == "" {
		return
	}
	w.text(key, field, path)
	if _, err := os.Stat(path); err != nil {
		w.failOS(field, err)
	}
}

// readable adds a file that must exist, if the path is not empty.
func (w *writer) readable(key, field, path string) {
	if path == "" {
		return
	}
	w.text(key, field, path)
	f, err := os.Open(path)
	if err != nil {
		w.failOS(field, err)
		return
	}
	defer f.Close()
	if i, err := f.Stat(); err == nil && i.IsDir() {
		w.invalid("%s: %s is a folder: use a file", field, path)
	}
}

// writable adds a file that the driver creates, if the path is not empty.
func (w *writer) writable(key, field, path string) {
	if path == "" {
		return
	}
	w.text(key, field, path)
	w.checkFolder(field, path)
	if i, err := os.Stat(path); err == nil && i.IsDir() {
		w.invalid("%s: %s is a folder: use a file", field, path)
	}
}

// checkFolder refuses a path where the process cannot create a file.
func (w *writer) checkFolder(field, path string) {
	dir := filepath.Dir(path)
	if i, err := os.Stat(dir); err != nil {
		w.failOS(field, err)
	} else if !i.IsDir() {
		w.invalid("%s: %s is not a folder: use another path", field, dir)
	} else if err := linux.Writable(dir); err != nil {
		w.failOS(field, &os.PathError{Op: "write to", Path: dir, Err: err})
	}
}

// failOS records an error of package os.
func (w *writer) failOS(field string, err error) {
	errno := dpdk.ErrInvalid
	if e, ok := err.(*os.PathError); ok {
		if n, ok := e.Err.(syscall.Errno); ok {
			errno = dpdk.Errno(n)
		}
		err = fmt.Errorf("%s %s", e.Op, e.Path)
	}
	w.fail(errno, "%s: %v", field, err)
}

// socketPath adds the path of a Unix socket that may exist or not.
func (w *writer) socketPath(key, field, path string) {
	if len(path) > linux.MaxSocketPath {
		w.invalid("%s has %d bytes: use at most %d for a socket's path", field, len(path), linux.MaxSocketPath)
	}
	w.checkFolder(field, path)
	w.text(key, field, path)
}

// socket adds the path of a Unix socket. If create is true, the driver creates it, otherwise it
// must exist.
func (w *writer) socket(key, field, path string, create bool) {
	w.text(key, field, path)
	switch {
	case path == "":
		w.invalid("%s is empty: use the path of a socket", field)
		return
	case len(path) > linux.MaxSocketPath:
		w.fail(dpdk.ErrNameTooLong, "%s has %d bytes: use at most %d for a socket's path", field, len(path), linux.MaxSocketPath)
		return
	}
	i, err := os.Stat(path)
	switch {
	case create && err == nil:
		w.fail(dpdk.ErrExist, "%s: %s exists already: remove it, unless another process listens on it", field, path)
	case create:
		w.checkFolder(field, path)
	case os.IsNotExist(err):
		w.fail(dpdk.ErrNotFound, "%s: %s does not exist: start the side that listens first", field, path)
	case err != nil:
		w.failOS(field, err)
	case i.Mode()&(os.ModeSocket|os.ModeCharDevice) == 0:
		w.invalid("%s: %s is not a socket: use the path of a socket", field, path)
	}
}
