// Package hostfs reads the files of a host below /proc, /sys, /dev and /run, or a copy of these folders.
package hostfs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Root is the folder above /proc, /sys, /dev and /run; "" is this host. A file that cannot be read is empty, and
// its number is 0.
type Root string

// Live reports whether the files are those of this host, and not a copy.
func (r Root) Live() bool { return r == "" || r == "/" }

// Path returns the path of a file of the host.
func (r Root) Path(elements ...string) string {
	return filepath.Join(string(r), filepath.Join(elements...))
}

// Text returns the text of a file without white space around it.
func (r Root) Text(elements ...string) string {
	text, _ := os.ReadFile(r.Path(elements...))
	return strings.TrimSpace(string(text))
}

// Number returns the decimal number in a file.
func (r Root) Number(elements ...string) uint64 {
	n, _ := strconv.ParseUint(r.Text(elements...), 10, 64)
	return n
}

// Exists reports whether a file exists.
func (r Root) Exists(elements ...string) bool {
	_, err := os.Stat(r.Path(elements...))
	return err == nil
}

// Link returns the destination of a symbolic link.
func (r Root) Link(elements ...string) string {
	to, _ := os.Readlink(r.Path(elements...))
	return to
}

// Glob returns the matching files, as paths of the host.
func (r Root) Glob(pattern string) []string {
	found, _ := filepath.Glob(r.Path(pattern))
	for i := range found {
		found[i] = "/" + strings.TrimPrefix(strings.TrimPrefix(found[i], strings.TrimSuffix(string(r), "/")), "/")
	}
	return found
}

// Fields returns the words after the name in a file of lines "name: words", such as /proc/self/status.
func (r Root) Fields(file, name string) []string {
	for line := range strings.Lines(r.Text(file)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.Fields(value)
		}
	}
	return nil
}

// Unescape decodes white space in a path of /proc/self/mounts and mountinfo.
func Unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}
