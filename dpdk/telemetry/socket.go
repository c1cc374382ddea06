package telemetry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Socket is the telemetry socket of a DPDK process.
type Socket struct {
	Path   string
	Prefix string // file prefix of the process
	// Instance is 0 for the first process of a file prefix. Processes that share no memory (--in-memory) can
	// have the same prefix: further ones have the numbers 1, 2 and so on (dpdk-telemetry.py -i).
	Instance int
}

// socketName matches the sockets of the protocol's version 2.
var socketName = regexp.MustCompile(`^dpdk_telemetry\.v2(?::([0-9]{1,5}))?$`)

// Dirs returns the folders in which EAL makes runtime directories: that of this process's environment,
// /run/dpdk, /tmp/dpdk, and those of the users that are logged in. Folders that do not exist are omitted.
func Dirs() []string {
	all := []string{rundir.Path(""), "/run/dpdk", "/var/run/dpdk", "/tmp/dpdk"}
	if xdg := os.Getenv("XDG_RUNTIME_DIR"); xdg != "" {
		all = append(all, filepath.Join(xdg, "dpdk"))
	}
	users, _ := filepath.Glob("/run/user/*/dpdk")
	var dirs []string
	for _, dir := range append(all, users...) {
		real, err := filepath.EvalSymlinks(dir) // /var/run is a link to /run
		if err == nil && !slices.Contains(dirs, real) {
			dirs = append(dirs, real)
		}
	}
	return dirs
}

// List finds the telemetry sockets of all file prefixes, in the given folders or else in [Dirs]. It connects to
// none of them: a process that was killed leaves its socket, and a call to it returns [dpdk.ErrNoPrimary]. A
// secondary, and a process with --no-telemetry, has none.
//
// The error lists the folders that this user cannot read. The sockets of other folders are returned with it.
func List(dirs ...string) ([]Socket, error) {
	if len(dirs) == 0 {
		dirs = Dirs()
	}
	var found []Socket
	var errs []error
	for _, dir := range dirs {
		prefixes, err := os.ReadDir(dir)
		errs = append(errs, unlessMissing(err))
		for _, prefix := range prefixes {
			files, err := os.ReadDir(filepath.Join(dir, prefix.Name()))
			if prefix.IsDir() {
				errs = append(errs, unlessMissing(err))
			}
			for _, f := range files {
				m := socketName.FindStringSubmatch(f.Name())
				if m == nil || f.Type() != fs.ModeSocket {
					continue
				}
				n, _ := strconv.Atoi(m[1]) // 0 without a number
				found = append(found, Socket{filepath.Join(dir, prefix.Name(), f.Name()), prefix.Name(), n})
			}
		}
	}
	return found, errors.Join(errs...)
}

func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
