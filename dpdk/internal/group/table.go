package group

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// A primary publishes a file in its runtime directory: a line of JSON (facts),
// then a table of the processes that use its memory. It is no memzone, because it
// is wanted before EAL starts: when a mismatch can still be refused, and by those
// who start secondaries and have no EAL at all.
//
// Each process holds a lock on the first byte of its slot. The kernel drops it
// when the process ends, however it ends, and shows it to all who have the file,
// in whatever pid namespace or container: that tells the living from the dead, and
// no number can be taken for another process's. The primary has slot 0.
//
// Each primary makes a file of its own, so the file a secondary has open is its
// primary's generation: what comes later under that name is nothing to it.
const (
	tableFormat = 1
	tableHead   = 64 << 10 // for the facts
	tableSlots  = 512
	TableSize   = tableHead + tableSlots*int(unsafe.Sizeof(slot{}))
	claimByte   = 0 // locked by who changes which lcores are whose
)

// States of a slot. Its owner takes a free one to attaching, attached and left;
// only the primary makes it free again, when it has told of its owner's end.
const (
	free uint32 = iota
	Attaching
	Attached
	Detached
	Died // of a Process only: its slot has another state, and no lock
)

// slot is what all know of one process. Its owner writes the rest before state.
type slot struct {
	state  atomic.Uint32
	round  atomic.Uint32 // counts the owners
	pid    int64         // in the owner's pid namespace
	start  int64         // of the process, in ns since 1970; 0 is unknown
	lcores lcoreSet
	socket [64]byte // of rte_mp, in the runtime directory
}

// table is the file, open in this process.
type table struct {
	file  *os.File
	mem   []byte
	slots *[tableSlots]slot
	own   int // this process's slot; -1 is none
}

// createTable publishes this process as the primary of the directory. The lock of
// starts is held.
func createTable(dir string, f *Facts, lcores lcoreSet) (t *table, err error) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	if len(text) >= tableHead {
		return nil, check.Invalid(opInit, "", "the options for devices are %d bytes long: give EAL fewer", len(text))
	}
	folder, err := rundir.Open(dir, false)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	const fresh = rundir.TableFile + ".new"
	if err := folder.Remove(fresh); err != nil { // of a primary that died here
		return nil, rundir.Error(err)
	}
	file, err := folder.Open(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	// All of it is written, so that none of its pages can turn out to have no room when
	// it is touched, which would be a SIGBUS.
	_, err = file.Write(append(append(text, '\n'), make([]byte, TableSize-len(text)-1)...))
	t = &table{file: file, own: -1}
	if err == nil {
		err = t.mmap()
	}
	if err != nil {
		t.close()
		return nil, errors.Join(rundir.Error(err), folder.Remove(fresh))
	}
	if err = t.enter(0, lcores); err == nil {
		t.slots[0].state.Store(Attached)
		err = folder.Rename(fresh, rundir.TableFile)
	}
	if err != nil {
		t.close()
		return nil, errors.Join(err, folder.Remove(fresh))
	}
	return t, nil
}

// findTable opens what the primary of the directory has published; nil if it has
// published nothing, as C programs do, or is dead.
func findTable(dir string) (*table, error) {
	file, err := rundir.OpenFile(dir, rundir.TableFile, os.O_RDWR)
	if file == nil || err != nil {
		return nil, err
	}
	t := &table{file: file, own: -1}
	if !t.held(0) {
		t.close()
		return nil, nil
	}
	return t, nil
}

// openTable is findTable with the facts.
func openTable(dir string) (*table, *Facts, error) {
	t, err := findTable(dir)
	if t == nil || err != nil {
		return nil, nil, err
	}
	f, err := t.facts()
	if err != nil {
		t.close()
		return nil, nil, err
	}
	return t, f, nil
}

// facts reads what the primary has published. It does not need the table to be mapped:
// another build's may have another size.
func (t *table) facts() (*Facts, error) {
	head := make([]byte, tableHead)
	n, err := t.file.ReadAt(head, 0)
	if err == nil || err == io.EOF {
		line, _, _ := bytes.Cut(head[:n], []byte("\n"))
		var f *Facts
		if f, err = ParseFacts(line); err == nil {
			return f, nil
		}
		err = fmt.Errorf("%s: %w", t.file.Name(), err)
	}
	return nil, &dpdk.Error{Op: opInit, Detail: err.Error() + ": start the primary anew"}
}

// ending says whether the primary of the directory has begun to end.
func ending(dir string) bool {
	t, err := findTable(dir)
	if t == nil || err != nil {
		return false
	}
	defer t.close()
	return t.ending()
}

// ending says whether the primary, which lives, has begun to end.
func (t *table) ending() bool {
	if t.mmap() != nil {
		return false
	}
	left := false
	return t.look(func() { left = t.slots[0].state.Load() == Detached }) == nil && left
}

// look runs f, which reads or writes slots. If another process has truncated the file,
// access to its memory is a SIGBUS, which look turns into an error.
func (t *table) look(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if fault, ok := r.(interface{ Addr() uintptr }); ok && t.has(fault.Addr()) {
			err = &dpdk.Error{Op: opInit, Errno: dpdk.Errno(syscall.EFAULT),
				Detail: t.file.Name() + ": another process has truncated it: restart all processes of this file prefix"}
			return
		}
		if r != nil {
			panic(r)
		}
	}()
	f()
	return nil
}

// has reports whether an address is in the table's memory.
func (t *table) has(addr uintptr) bool {
	return len(t.mem) > 0 && addr-uintptr(unsafe.Pointer(&t.mem[0])) < uintptr(len(t.mem))
}

// mmap maps the file; one that is too short would be a SIGBUS.
func (t *table) mmap() error {
	if t.mem != nil {
		return nil
	}
	st, err := t.file.Stat()
	if err != nil {
		return err
	}
	if st.Size() != int64(TableSize) {
		return fmt.Errorf("%s: has %d bytes, not %d", t.file.Name(), st.Size(), TableSize)
	}
	mem, err := linux.Map(t.file, TableSize)
	if err != nil {
		return fmt.Errorf("mmap of %s: %w", t.file.Name(), err)
	}
	t.mem, t.slots = mem, (*[tableSlots]slot)(unsafe.Pointer(&mem[tableHead]))
	return nil
}

// close gives up this process's slot, as its death would.
func (t *table) close() {
	if t.mem != nil {
		_ = linux.Unmap(t.mem)
		t.mem, t.slots = nil, nil
	}
	t.file.Close()
}

// place is the byte that the owner of a slot locks.
func place(i int) int64 { return int64(tableHead + i*int(unsafe.Sizeof(slot{}))) }

// held says whether the owner of a slot is alive. If the kernel does not say, it is.
func (t *table) held(i int) bool {
	return i == t.own || linux.ByteLocked(t.file, place(i))
}

// claiming runs f while no other process changes which lcores are whose.
func (t *table) claiming(ctx context.Context, f func() error) error {
	for {
		taken, err := linux.LockByte(t.file, claimByte)
		if err != nil {
			return &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "lock of " + rundir.TableFile}
		}
		if taken {
			defer linux.UnlockByte(t.file, claimByte)
			return f()
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return errors.Join(&dpdk.Error{Op: opInit, Errno: dpdk.ErrAgain,
				Detail: "another process of this file prefix stands still while it attaches: end it"}, err)
		}
	}
}

// enter makes slot i this process's.
func (t *table) enter(i int, lcores lcoreSet) error {
	taken, err := linux.LockByte(t.file, place(i))
	if err != nil || !taken {
		return &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "lock of " + rundir.TableFile}
	}
	s := &t.slots[i]
	t.own = i
	s.round.Add(1)
	s.pid, s.start, s.lcores, s.socket = int64(os.Getpid()), processStart(), lcores, [64]byte{}
	s.state.Store(Attaching)
	return nil
}

// enterAny makes the first free slot this process's.
func (t *table) enterAny(lcores lcoreSet) error {
	for i := 1; i < tableSlots; i++ {
		if t.slots[i].state.Load() == free && !t.held(i) {
			return t.enter(i, lcores)
		}
	}
	return &dpdk.Error{Op: opInit, Errno: dpdk.ErrNoSpace,
		Detail: fmt.Sprintf("the primary has %d processes, or stands still and does not notice that they ended", tableSlots)}
}

// living are the slots of other processes that live.
func (t *table) living(yield func(i int, s *slot) bool) {
	for i := range t.slots {
		s := &t.slots[i]
		if state := s.state.Load(); i != t.own && (state == Attaching || state == Attached) && t.held(i) && !yield(i, s) {
			return
		}
	}
}

// process describes the owner of a slot that is not free, and tells the slot's state;
// false if that changed meanwhile.
func (t *table) process(i int) (p Process, state uint32, same bool) {
	s := &t.slots[i]
	round, state := s.round.Load(), s.state.Load()
	p = Process{Pid: int(s.pid), Start: startTime(s.start), Primary: i == 0, State: state, Lcores: s.lcores.list(), Go: true}
	// An owner that leaves says so before it lets go of the lock.
	if (state == Attaching || state == Attached) && !t.held(i) {
		p.State = Died
	}
	return p, state, s.round.Load() == round && s.state.Load() == state
}

// processes lists those that attach or have attached.
func (t *table) processes() (all []Process) {
	for i := range t.slots {
		p, state, same := t.process(i)
		for try := 0; !same && try < 100; try++ { // another process may write without end
			p, state, same = t.process(i)
		}
		if state == Attaching || state == Attached {
			all = append(all, p)
		}
	}
	return all
}

// socketName is the file of the owner's socket; "" before it has told.
func (s *slot) socketName() string {
	name, _, _ := bytes.Cut(s.socket[:], []byte{0})
	return string(name)
}

// processStart is when this process began, in ns since 1970: field 22 of its stat
// counts ticks of 10 ms since the boot.
func processStart() int64 {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var boot int64
	all, _ := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(all)) {
		if _, err := fmt.Sscanf(line, "btime %d", &boot); err == nil {
			break
		}
	}
	if len(f) < 20 || boot == 0 {
		return 0
	}
	ticks, err := strconv.ParseInt(f[19], 10, 64)
	if err != nil {
		return 0
	}
	return boot*int64(time.Second) + ticks*int64(10*time.Millisecond)
}

func startTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
