package hostcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// young is the age up to which files may belong to a process that is starting and has no lock yet.
const young = 3 * time.Second

const whyLeft = "hugepages stay in use until their files are removed: by hand, or by the next primary that uses the mount"

// Processes returns a finding for each file prefix: whether its processes live, and what dead ones have left in the runtime
// directory and in hugetlbfs.
func (h Host) Processes() (all []Finding) {
	dirs := h.runtimeDirs()
	alive := map[string]bool{}
	for _, d := range dirs {
		alive[d.prefix] = alive[d.prefix] || d.lives()
		all = append(all, d.finding())
	}
	for _, l := range h.leftovers(alive) {
		all = append(all, l.finding(h))
	}
	if len(all) == 0 {
		all = []Finding{{Check: "processes", Source: h.base(), Why: whyLeft, Found: "no DPDK process runs, and none has left files"}}
	}
	return all
}

// runtimeDir is the runtime directory of a file prefix.
type runtimeDir struct {
	path, prefix string
	primary      bool
	secondaries  []string // their pids
	others       bool     // a process that shares no memory
	young        bool
	foreign      bool // it has files of other programs
	err          error
}

// runtimeDirs returns the runtime directories of all users.
func (h Host) runtimeDirs() (all []runtimeDir) {
	bases := append([]string{h.base(), "/var/run/dpdk", "/run/dpdk", "/tmp/dpdk"}, h.root().Glob("/run/user/*/dpdk")...)
	if dir := h.env("XDG_RUNTIME_DIR"); dir != "" {
		bases = append(bases, filepath.Join("/", dir, "dpdk"))
	}
	var seen []os.FileInfo
	for _, base := range bases {
		st, err := os.Lstat(h.root().Path(base))
		if err != nil || !st.IsDir() || slices.ContainsFunc(seen, func(o os.FileInfo) bool { return os.SameFile(o, st) }) {
			continue
		}
		seen = append(seen, st)
		entries, err := os.ReadDir(h.root().Path(base))
		if err != nil {
			all = append(all, runtimeDir{path: base, err: err})
		}
		for _, e := range entries {
			if !e.IsDir() {
				continue
			}
			if d := h.look(filepath.Join(base, e.Name())); !d.foreign {
				all = append(all, d)
			}
		}
	}
	return all
}

// look looks at the locks and sockets in a runtime directory.
func (h Host) look(path string) runtimeDir {
	d := runtimeDir{path: path, prefix: filepath.Base(path)}
	real := h.root().Path(path)
	entries, err := os.ReadDir(real)
	if err != nil {
		d.err = err
		return d
	}
	if st, err := os.Stat(real); err == nil {
		d.young = time.Since(st.ModTime()) < young
	}
	d.primary, d.err = rundir.PrimaryLives(real)
	for _, e := range entries {
		d.foreign = d.foreign || e.IsDir() || !rundir.Made.MatchString(e.Name())
		if e.Type() != fs.ModeSocket || !mpsocket.Answers(filepath.Join(real, e.Name())) {
			continue
		}
		if name, is := strings.CutPrefix(e.Name(), mpsocket.Secondary); is {
			pid, _, _ := strings.Cut(name, "_")
			d.secondaries = append(d.secondaries, pid)
		} else if strings.HasPrefix(e.Name(), "dpdk_telemetry") {
			d.others = true
		}
	}
	return d
}

// lives reports whether a process uses the directory, or may use it.
func (d *runtimeDir) lives() bool {
	return d.primary || d.others || d.young || d.err != nil || len(d.secondaries) > 0
}

func (d *runtimeDir) finding() Finding {
	f := Finding{Check: "processes", Source: d.path, Why: whyLeft}
	name := fmt.Sprintf("file prefix %q (%s)", d.prefix, d.path)
	if d.prefix == "" {
		name = "the file prefixes in " + d.path
	}
	switch {
	case d.err != nil:
		f.Found = fmt.Sprintf("%s: this user cannot see whether processes live (%v)", name, linux.Errno(d.err))
	case d.primary:
		f.Found = fmt.Sprintf("%s: the primary lives, with %d secondaries", name, len(d.secondaries))
	case len(d.secondaries) > 0:
		f.Level = Warning
		f.Found = fmt.Sprintf("%s: the primary is dead, and %d secondaries live: process %s", name, len(d.secondaries), strings.Join(d.secondaries, ", "))
		f.Fixes = []Fix{{Where: "as the user of the processes, in their pid namespace", Commands: []string{"kill " + strings.Join(d.secondaries, " ")}}}
	case d.others:
		f.Found = name + ": a process lives that shares no memory"
	case d.young:
		f.Found = name + ": a process is starting or has just ended"
	default:
		f.Level = Warning
		f.Found = name + ": its processes are dead, and have left files"
		f.Fixes = []Fix{{Where: "as the owner of the folder", Commands: []string{"rm -r " + quote(d.path)}}} // not safe: a process may start meanwhile
	}
	return f
}

// leftover is the files in hugepages of a file prefix without a living primary.
type leftover struct {
	prefix, dir string
	uid         int
	dead        int    // files that no process has locked
	bytes       uint64 // in them
	used        int    // files that a process has locked: of another container, for example
	unknown     int    // files that this user cannot open
}

// leftovers looks for files in hugepages of prefixes that are not alive.
func (h Host) leftovers(alive map[string]bool) (all []*leftover) {
	for _, m := range hugepages.Mounts(h.root()) {
		files, _ := hugepages.Files(h.root(), m)
		of := map[string]*leftover{}
		for _, file := range files {
			if alive[file.Prefix] {
				continue
			}
			l := of[file.Prefix]
			if l == nil {
				l = &leftover{prefix: file.Prefix, dir: m.Dir, uid: file.UID}
				of[file.Prefix] = l
			}
			if time.Since(file.Made) < young {
				l.used++
				continue
			}
			switch locked, err := locked(h.root().Path(file.Path)); {
			case err != nil:
				l.unknown++
			case locked:
				l.used++
			default:
				l.dead++
				l.bytes += file.Bytes
			}
		}
		for _, prefix := range slices.Sorted(maps.Keys(of)) {
			all = append(all, of[prefix])
		}
	}
	return all
}

// locked reports whether a process has a lock (flock) on a file. EAL keeps one on each file that it has mapped.
func locked(path string) (bool, error) {
	dir, _, err := linux.OpenDir(nil, filepath.Dir(path))
	if err != nil {
		return false, err
	}
	defer dir.Close()
	f, err := linux.OpenAt(dir, filepath.Base(path), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // its process has removed it
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	return linux.Flock(f) != nil, nil
}

func (l *leftover) finding(h Host) Finding {
	f := Finding{Check: "leftovers", Source: l.dir, Why: whyLeft}
	f.Found = fmt.Sprintf("file prefix %q has files in %s, owner uid %d", l.prefix, l.dir, l.uid)
	if l.used > 0 {
		f.Found += fmt.Sprintf("; %d in use by processes without a runtime directory here, such as those of another container", l.used)
	}
	if l.unknown > 0 {
		f.Found += fmt.Sprintf("; this user cannot see whether %d are in use", l.unknown)
	}
	if l.dead > 0 {
		f.Level = Warning
		f.Found += fmt.Sprintf("; %d that no process uses hold %s", l.dead, hugepages.Format(l.bytes))
		f.Fixes = []Fix{l.remove(h)}
	}
	return f
}

// remove returns the fix that removes the files of dead processes. It leaves files that a process has locked, also if the
// process starts meanwhile.
func (l *leftover) remove(h Host) Fix {
	where := "as root"
	if l.uid != 0 {
		where = fmt.Sprintf("as uid %d or root", l.uid)
	}
	return Fix{Where: where, Safe: h.root().Live() && (h.uid() == 0 || h.uid() == l.uid),
		Commands: []string{fmt.Sprintf(`for f in %s[0-9]*; do flock -n "$f" rm "$f" || :; done`, quote(filepath.Join(l.dir, l.prefix+"map_")))}}
}

// removeDead returns the fixes that free the hugepages of dead processes.
func (h Host) removeDead() (fixes []Fix) {
	alive := map[string]bool{}
	for _, d := range h.runtimeDirs() {
		alive[d.prefix] = alive[d.prefix] || d.lives()
	}
	for _, l := range h.leftovers(alive) {
		if l.dead > 0 {
			fixes = append(fixes, l.remove(h))
		}
	}
	return fixes
}

// quote quotes a word for the shell if it needs that. Any user can choose the names of folders and files.
func quote(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
