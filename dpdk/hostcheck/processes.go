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
	"sync"
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
	mapped := h.mappers()
	dirs := h.runtimeDirs(mapped)
	for _, d := range dirs {
		all = append(all, d.finding())
	}
	for _, l := range h.leftovers(dirs, mapped) {
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
	uid          int
	config       bool // EAL's configuration is there: the prefix shares memory
	primary      bool
	secondaries  int      // of a living primary, or with a socket that answers
	orphans      []string // the processes that have mapped the configuration of a dead primary
	others       bool     // a process that shares no memory
	young        bool
	foreign      bool // it has files of other programs
	err          error
}

// runtimeDirs returns the runtime directories of all users.
func (h Host) runtimeDirs(mapped mappers) (all []runtimeDir) {
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
			if d := h.look(filepath.Join(base, e.Name()), mapped); !d.foreign {
				all = append(all, d)
			}
		}
	}
	return all
}

// look looks at the locks and sockets in a runtime directory.
func (h Host) look(path string, mapped mappers) runtimeDir {
	d := runtimeDir{path: path, prefix: filepath.Base(path)}
	real := h.root().Path(path)
	entries, err := os.ReadDir(real)
	if err != nil {
		d.err = err
		return d
	}
	if st, err := os.Stat(real); err == nil {
		d.uid, _ = linux.Owner(st)
		d.young = time.Since(st.ModTime()) < young
	}
	d.primary, d.err = rundir.PrimaryLives(real)
	for _, e := range entries {
		d.config = d.config || e.Name() == rundir.ConfigFile
		d.foreign = d.foreign || e.IsDir() || !rundir.Made.MatchString(e.Name())
		if e.Type() != fs.ModeSocket || !mpsocket.Answers(filepath.Join(real, e.Name())) {
			continue
		}
		if strings.HasPrefix(e.Name(), mpsocket.Secondary) {
			d.secondaries++
		} else if strings.HasPrefix(e.Name(), "dpdk_telemetry") {
			d.others = true
		}
	}
	if d.config && !d.primary { // godpdk's secondaries remove their sockets then; the pids in others' names are those of their own pid namespaces
		d.orphans = mapped(filepath.Join(path, rundir.ConfigFile))
	}
	return d
}

// lives reports whether a process uses the directory, or may use it.
func (d *runtimeDir) lives() bool {
	return d.primary || d.others || d.young || d.err != nil || d.secondaries > 0 || len(d.orphans) > 0
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
		f.Found = fmt.Sprintf("%s: the primary lives, with %d secondaries", name, d.secondaries)
	case d.secondaries > 0 || len(d.orphans) > 0:
		f.Level = Warning
		f.Found = fmt.Sprintf("%s: the primary is dead, and %d secondaries live", name, max(d.secondaries, len(d.orphans)))
		if len(d.orphans) > 0 {
			f.Found += ": process " + strings.Join(d.orphans, ", ")
			f.Fixes = []Fix{{Where: "as the user of the processes, or root", Commands: []string{"kill " + strings.Join(d.orphans, " ")}}}
		}
		if hidden := d.secondaries - len(d.orphans); hidden > 0 {
			f.Found += fmt.Sprintf("; this process does not see %d of them, which are another user's or in another pid namespace", hidden)
			f.Fixes = append(f.Fixes, Fix{Where: "on the host, as root, to see them", Commands: []string{"grep -l " + quote("/"+d.prefix+"/"+rundir.ConfigFile) + " /proc/[0-9]*/maps"}})
		}
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

// mappers returns the processes that have mapped a file, as far as this process sees them.
type mappers func(file string) (pids []string)

// mappers reads the mappings of all processes when its result is first called.
func (h Host) mappers() mappers {
	read := sync.OnceValue(func() map[string][]string {
		all := map[string][]string{}
		mounts := h.root().Link("/proc/self/ns/mnt")
		for _, dir := range h.root().Glob("/proc/[0-9]*") {
			pid := strings.TrimPrefix(dir, "/proc/")
			// In another mount namespace the path is that of another file.
			sees := !h.root().Live() || h.root().Link(dir, "ns/mnt") == mounts
			for line := range strings.Lines(h.root().Text(dir, "maps")) { // addresses, mode, offset, device, inode, path
				f := strings.Fields(line)
				if len(f) < 6 {
					continue
				}
				var keys []string
				if h.root().Live() { // a copy of the file is another inode
					keys = append(keys, f[3]+" "+f[4])
				}
				if sees { // overlayfs: the mapping has the device of a layer
					keys = append(keys, strings.Join(f[5:], " "))
				}
				for _, key := range keys {
					if !slices.Contains(all[key], pid) {
						all[key] = append(all[key], pid)
					}
				}
			}
		}
		return all
	})
	return func(file string) []string {
		if !h.root().Live() {
			return read()[file]
		}
		var pids []string
		if path, err := filepath.EvalSymlinks(file); err == nil { // /var/run is a link
			pids = append(pids, read()[path]...)
		}
		if dev, ino, _, err := linux.FileID(file); err == nil {
			pids = append(pids, read()[linux.MapsID(dev, ino)]...)
		}
		slices.Sort(pids)
		return slices.Compact(pids)
	}
}

// leftover is the files in hugepages of a file prefix without a living primary.
type leftover struct {
	prefix, dir string
	uid         int
	certain     bool     // their owner has a runtime directory for the prefix. Other programs can have files with such names too
	dead        int      // files that no process has locked
	bytes       uint64   // in them
	used        int      // files that a process has locked: of another container, for example
	mapped      []string // the processes of the files that are mapped and not locked
	unknown     int      // files that this user cannot open
}

// leftovers looks for files in hugepages of prefixes that are not alive.
func (h Host) leftovers(dirs []runtimeDir, mapped mappers) (all []*leftover) {
	alive := map[string]bool{}
	for _, d := range dirs {
		alive[d.prefix] = alive[d.prefix] || d.lives()
	}
	certain := func(f hugepages.File) bool {
		return slices.ContainsFunc(dirs, func(d runtimeDir) bool { return d.prefix == f.Prefix && d.uid == f.UID && d.config })
	}
	for _, m := range hugepages.Mounts(h.root()) {
		files, _ := hugepages.Files(h.root(), m)
		of := map[string]*leftover{}
		for _, file := range files {
			if alive[file.Prefix] {
				continue
			}
			l := of[file.Prefix]
			if l == nil {
				l = &leftover{prefix: file.Prefix, dir: m.Dir, uid: file.UID, certain: certain(file)}
				of[file.Prefix] = l
			}
			if time.Since(file.Made) < young {
				l.used++
				continue
			}
			locked, err := locked(h.root().Path(file.Path))
			if err != nil {
				l.unknown++
			} else if locked {
				l.used++
			} else if pids := mapped(file.Path); len(pids) > 0 {
				l.mapped = append(l.mapped, pids...)
			} else {
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
	if !l.certain {
		f.Found = fmt.Sprintf("files in %s, owner uid %d, have the names of file prefix %q, and this owner has no runtime directory for it here: they are of DPDK processes of another container, or of another program", l.dir, l.uid, l.prefix)
	}
	if l.used > 0 {
		f.Found += fmt.Sprintf("; %d in use by processes without a runtime directory here, such as those of another container", l.used)
	}
	if len(l.mapped) > 0 {
		slices.Sort(l.mapped)
		f.Found += "; process " + strings.Join(slices.Compact(l.mapped), ", ") + " has mapped some files without a lock; DPDK always locks its files"
	}
	if l.unknown > 0 {
		f.Found += fmt.Sprintf("; this user cannot see whether %d are in use", l.unknown)
	}
	if l.dead > 0 {
		f.Level = Warning
		f.Found += fmt.Sprintf("; %d files hold %s, and no process uses them", l.dead, hugepages.Format(l.bytes))
	}
	f.Fixes = l.remove(h)
	return f
}

// remove returns the fix that removes the files of dead processes, if there are any. It leaves files that a process has
// locked, also if the process starts meanwhile.
func (l *leftover) remove(h Host) []Fix {
	if l.dead == 0 || len(l.mapped) > 0 {
		return nil
	}
	where := "as root"
	if l.uid != 0 {
		where = fmt.Sprintf("as uid %d or root", l.uid)
	}
	if !l.certain {
		where += ", if they are DPDK's"
	}
	return []Fix{{Where: where, Safe: l.certain && h.root().Live() && (h.uid() == 0 || h.uid() == l.uid),
		Commands: []string{fmt.Sprintf(`for f in %s[0-9]*; do flock -n "$f" rm "$f" || :; done`, quote(filepath.Join(l.dir, l.prefix+"map_")))}}}
}

// removeDead returns the fixes that free the hugepages of dead processes.
func (h Host) removeDead() (fixes []Fix) {
	mapped := h.mappers()
	for _, l := range h.leftovers(h.runtimeDirs(mapped), mapped) {
		fixes = append(fixes, l.remove(h)...)
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
