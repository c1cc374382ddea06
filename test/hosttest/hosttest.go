// Package hosttest makes folders of recorded trees of /sys and /proc.
package hosttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Unpack makes the files of a recording below root. A line is a file, a link, a folder, or a remark:
//
//	/sys/bus/pci/devices/0000:00:03.0/class = 0x020000
//	/proc/net/route = "Iface Destination\neth0 00000000\n"
//	/sys/bus/pci/devices/0000:00:03.0/driver -> ../../../bus/pci/drivers/virtio-pci
//	/sys/bus/pci/drivers/vfio-pci/
//	# remark
//
// A file gets a newline at its end, as in sysfs, unless its text is quoted.
func Unpack(root, recording string) error {
	text, err := os.ReadFile(recording)
	if err != nil {
		return err
	}
	for n, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := unpack(root, line); err != nil {
			return fmt.Errorf("%s, line %d: %w", recording, n+1, err)
		}
	}
	return nil
}

func unpack(root, line string) error {
	if path, target, ok := strings.Cut(line, " -> "); ok {
		return inFolder(root, path, func(path string) error { return os.Symlink(target, path) })
	}
	if path, text, ok := strings.Cut(line, " = "); ok {
		if quoted, err := strconv.Unquote(text); err == nil {
			text = quoted
		} else {
			text += "\n"
		}
		return inFolder(root, path, func(path string) error { return os.WriteFile(path, []byte(text), 0o644) })
	}
	if !strings.HasSuffix(line, "/") {
		return fmt.Errorf("%q is not a file, a link or a folder", line)
	}
	return os.MkdirAll(filepath.Join(root, line), 0o755)
}

// inFolder makes the folders above a file, and calls f for the file.
func inFolder(root, path string, f func(path string) error) error {
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return f(path)
}
