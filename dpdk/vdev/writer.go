package vdev

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/device"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// release is the DPDK that the program was built for; tests say others.
var release = cgo.BuildVersion()

// writer collects a device's arguments, and the first thing that is wrong with
// them.
type writer struct {
	driver, name string
	args         []string
	err          error
}

func write(d Device) *writer {
	w := &writer{driver: d.driver(), name: d.name()}
	if w.name != "" {
		w.err = device.Name(op, w.driver, w.name, cgo.EthNameSize)
	}
	return w
}

// done is the device's devargs.
func (w *writer) done() (string, error) {
	if w.err != nil {
		return "", w.err
	}
	name := w.name
	if name == "" {
		name = device.Free(w.driver)
	}
	return strings.Join(append([]string{name}, w.args...), ","), nil
}

// what names the device in errors.
func (w *writer) what() string {
	if w.name != "" {
		return w.name
	}
	return w.driver
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = check.Invalid(op, w.what(), format, args...)
	}
}

// failed is fail for what the system said.
func (w *writer) failed(errno syscall.Errno, format string, args ...any) {
	if w.err == nil {
		w.err = &dpdk.Error{Op: op, Name: w.what(), Errno: dpdk.Errno(errno), Detail: fmt.Sprintf(format, args...)}
	}
}

// unsupported is fail for what another release can.
func (w *writer) unsupported(field, needs string) {
	if w.err == nil {
		w.err = &dpdk.Error{Op: op, Name: w.what(), Cause: &dpdk.UnsupportedError{Feature: field, Needs: needs, Running: dpdk.Version()}}
	}
}

// add writes an argument.
func (w *writer) add(key, value string) { w.args = append(w.args, key+"="+value) }

// flag writes an argument that is given a value if it is set.
func (w *writer) flag(key, value string, set bool) {
	if set {
		w.add(key, value)
	}
}

// text writes a value that is not empty.
func (w *writer) text(key, field, value string) {
	if w.err == nil {
		w.err = device.Text(op, w.what(), field, value)
	}
	w.flag(key, value, value != "")
}

// number writes a number that is not 0.
func (w *writer) number(key, field string, n, least, most int) {
	if n != 0 && (n < least || n > most) {
		w.fail("%s is %d: use %d to %d, or 0 for the driver's own", field, n, least, most)
	}
	w.flag(key, number(n), n != 0)
}

// word writes one of several words that is not empty.
func (w *writer) word(key, field, value string, words ...string) {
	if value == "" {
		return
	}
	for _, known := range words {
		if value == known {
			w.add(key, value)
			return
		}
	}
	w.fail("%s is %q: use one of %s", field, value, strings.Join(words, ", "))
}

// mac writes an Ethernet address that is not nil.
func (w *writer) mac(key, field string, mac net.HardwareAddr) {
	switch {
	case len(mac) == 0:
		return
	case len(mac) != 6:
		w.fail("%s has %d bytes: Ethernet addresses have 6", field, len(mac))
	case mac[0]&1 != 0 || mac.String() == "00:00:00:00:00:00":
		w.fail("%s is %v: use the address of one interface", field, mac)
	}
	w.add(key, mac.String())
}

// before says whether the release is an earlier one.
func before(year, month int) bool { return release < uint32(year)<<24|uint32(month)<<16 }

// needs refuses a field that is set but came to DPDK with a later release.
func (w *writer) needs(year, month int, field string, set bool) {
	if set && before(year, month) {
		w.unsupported(field, fmt.Sprintf("%02d.%02d", year, month))
	}
}

// maxInterface is the longest name of a network interface.
const maxInterface = linux.IFNAMSIZ - 1

// netdev writes the name of a network interface that must be there.
func (w *writer) netdev(key, field, name string) {
	if name == "" {
		return
	}
	w.text(key, field, name)
	if _, err := net.InterfaceByName(name); err != nil {
		w.failed(syscall.ENODEV, "%s: there is no network interface %q in this network namespace", field, name)
	}
}

// present writes a path of anything that is there.
func (w *writer) present(key, field, path string) {
	if path == "" {
		return
	}
	w.text(key, field, path)
	if _, err := os.Stat(path); err != nil {
		w.file(field, err)
	}
}

// readable writes a file that must be there.
func (w *writer) readable(key, field, path string) {
	if path == "" {
		return
	}
	w.text(key, field, path)
	f, err := os.Open(path)
	if err != nil {
		w.file(field, err)
		return
	}
	defer f.Close()
	if i, err := f.Stat(); err == nil && i.IsDir() {
		w.fail("%s: %s is a folder", field, path)
	}
}

// writable writes a file that the driver makes.
func (w *writer) writable(key, field, path string) {
	if path == "" {
		return
	}
	w.text(key, field, path)
	w.folder(field, path)
	if i, err := os.Stat(path); err == nil && i.IsDir() {
		w.fail("%s: %s is a folder", field, path)
	}
}

// folder checks that a file can be made at path.
func (w *writer) folder(field, path string) {
	dir := filepath.Dir(path)
	if i, err := os.Stat(dir); err != nil {
		w.file(field, err)
	} else if !i.IsDir() {
		w.fail("%s: %s is no folder", field, dir)
	} else if err := linux.Writable(dir); err != nil {
		w.file(field, &os.PathError{Op: "write to", Path: dir, Err: err})
	}
}

// file is fail for an error of package os.
func (w *writer) file(field string, err error) {
	errno := syscall.EINVAL
	if e, ok := err.(*os.PathError); ok {
		if n, ok := e.Err.(syscall.Errno); ok {
			errno = n
		}
		err = fmt.Errorf("%s %s", e.Op, e.Path)
	}
	w.failed(errno, "%s: %v", field, err)
}

// socket writes the path of a Unix socket, which the driver makes, or which must be
// there.
func (w *writer) socket(key, field, path string, make bool) {
	w.text(key, field, path)
	switch {
	case path == "":
		w.fail("%s is empty: it is the path of a socket", field)
		return
	case len(path) > linux.MaxSocketPath:
		w.failed(syscall.ENAMETOOLONG, "%s has %d bytes: a socket's path has at most %d", field, len(path), linux.MaxSocketPath)
		return
	}
	i, err := os.Stat(path)
	switch {
	case make && err == nil:
		w.failed(syscall.EEXIST, "%s: %s is there already: remove it, unless another process listens on it", field, path)
	case make:
		w.folder(field, path)
	case os.IsNotExist(err):
		w.failed(syscall.ENOENT, "%s: nobody has made %s: start the side that listens first", field, path)
	case err != nil:
		w.file(field, err)
	case i.Mode()&(os.ModeSocket|os.ModeCharDevice) == 0:
		w.fail("%s: %s is no socket", field, path)
	}
}
