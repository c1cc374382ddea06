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
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// A primary publishes a file in its runtime directory: a line of JSON (Facts), then a table of the
// processes that use its memory. The table is not a memzone, because it is needed before EAL
// starts, when a mismatch can still be refused, and in programs that start secondaries without an EAL.
//
// Each process holds an OFD lock on the first byte of its slot. The kernel releases the lock when
// the process exits for any reason, and shows it to every process that has opened the
// file, in any pid namespace or container. So the lock distinguishes the living from the dead, and
// cannot be confused by a reused pid. The primary has slot 0.
//
// Each primary makes a new file, so the file that a secondary has open belongs to its own primary.
// A later file of the same name does not concern it.
const (
	tableFormat = 2
	tableHead   = 64 << 10 // for the facts
	tableSlots  = 512
	TableSize   = tableHead + tableSlots*int(unsafe.Sizeof(slot{}))
	claimByte   = 0 // locked while lcores are being assigned to processes
)

// States of a slot. Its owner changes a free slot to Attaching, Attached and Detached. Only the
// primary frees it, after it has reported the owner's exit.
const (
	free uint32 = iota
	Attaching
	Attached
	Detached
	Died      // only in a Process: the slot has another state, but no lock
	Recovered // only in an Event
)

// slot describes one process to all others. Its owner writes state last.
type slot struct {
	state  atomic.Uint32
	round  atomic.Uint32 // the number of owners so far
	pid    int64         // in the pid namespace of the owner
	start  int64         // the start of the process in ns since 1970; 0 is unknown
	lcores lcoreSet
	socket [64]byte      // the name of the socket for messages, in the runtime directory
	inside atomic.Int32  // control calls of the owner that may be inside DPDK's locks
	closed atomic.Uint32 // in slot 0: 1 while no call may go inside
	unused atomic.Uint32 // 1 when the owner no longer uses the arrays that it has noted
}

// table is the open file.
type table struct {
	file  *os.File
	mem   []byte
	slots *[tableSlots]slot
	own   int // the slot of this process; -1 if it has none
}

// createTable publishes this process as the primary of the directory. The caller holds
// rundir.InitLock.
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
	if err := folder.Remove(fresh); err != nil { // a primary died here
		return nil, rundir.Error(err)
	}
	file, err := folder.Open(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	// Write all of it: a page of a sparse file without room in the file system would be a
	// SIGBUS.
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

// findTable opens the table of the directory's primary. It returns nil if the primary is dead, or a C
// program, which publishes nothing.
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

// openTable opens the table of the directory's primary and reads its facts. See findTable.
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

// facts reads the facts of the primary. The table need not be mapped: the table of another build may
// have another size.
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
	return nil, &dpdk.Error{Op: opInit, Detail: err.Error() + ": restart the primary"}
}

// ending reports whether the primary of the directory has begun to end.
func ending(dir string) bool {
	t, err := findTable(dir)
	if t == nil || err != nil {
		return false
	}
	defer t.close()
	return t.ending()
}

// ending reports whether the primary, which is alive, has begun to end.
func (t *table) ending() bool {
	if t.mmap() != nil {
		return false
	}
	left := false
	return t.look(func() { left = t.slots[0].state.Load() == Detached }) == nil && left
}

// look runs f, which reads or writes slots. If another process has truncated the file, access
// to its memory is a SIGBUS; look converts it to an error.
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

// has reports whether an address is in the memory of the table.
func (t *table) has(addr uintptr) bool {
	return len(t.mem) > 0 && addr-uintptr(unsafe.Pointer(&t.mem[0])) < uintptr(len(t.mem))
}

// mmap maps the file. It refuses a short file, which would be a SIGBUS. More calls do nothing.
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

// close releases this process's slot, as exiting would. It keeps the addresses: a control call that
// Close did not wait for may still look, which returns an error then.
func (t *table) close() {
	if t.mem != nil {
		_ = linux.Unmap(t.mem)
	}
	t.file.Close()
}

// place returns the offset of the byte that the owner of a slot locks.
func place(i int) int64 { return int64(tableHead + i*int(unsafe.Sizeof(slot{}))) }

// held reports whether the owner of a slot is alive. It is true if the kernel returns an error.
func (t *table) held(i int) bool {
	return i == t.own || linux.ByteLocked(t.file, place(i))
}

// owner identifies the process that has slot i.
func (t *table) owner(i int) delegate.Owner {
	return delegate.Owner(t.slots[i].round.Load())<<16 | delegate.Owner(i)
}

// alive reports whether a process lives that had a slot. It is true if the table cannot be read.
func (t *table) alive(o delegate.Owner) bool {
	i, alive := int(o&0xffff), true
	_ = t.look(func() { alive = i < tableSlots && t.owner(i) == o && t.held(i) })
	return alive
}

// IsAlive reports whether the owner of a word in shared memory is alive.
func (t *table) IsAlive(id owner.ID) bool {
	i, alive := id.Slot(), true
	_ = t.look(func() { alive = owner.Of(t.owner(i)) == id && t.held(i) })
	return alive
}

// Process describes the owner of a word in shared memory, if no other process has its slot.
func (t *table) Process(id owner.ID) (p owner.Process) {
	_ = t.look(func() {
		s := &t.slots[id.Slot()]
		pid, start := s.pid, s.start
		if owner.Of(t.owner(id.Slot())) == id {
			p = owner.Process{Pid: int(pid), Start: startTime(start)}
		}
	})
	return p
}

// claiming runs f while no other process assigns lcores.
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
				Detail: "another process with this file prefix is stuck while attaching: kill it"}, err)
		}
	}
}

// enter makes this process the owner of slot i.
func (t *table) enter(i int, lcores lcoreSet) error {
	taken, err := linux.LockByte(t.file, place(i))
	if err != nil || !taken {
		return &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "lock of " + rundir.TableFile}
	}
	s := &t.slots[i]
	t.own = i
	s.round.Add(1)
	s.pid, s.start, s.lcores, s.socket = int64(os.Getpid()), processStart(), lcores, [64]byte{}
	s.inside.Store(0)
	s.unused.Store(0)
	s.state.Store(Attaching)
	return nil
}

// enterAny makes this process the owner of the free slot that had the fewest owners: a slot describes
// its last owner, which may have died with a lock, until it has another one.
func (t *table) enterAny(lcores lcoreSet) error {
	best := 0
	for i := 1; i < tableSlots; i++ {
		if t.slots[i].state.Load() == free && (best == 0 || t.slots[i].round.Load() < t.slots[best].round.Load()) && !t.held(i) {
			best = i
		}
	}
	if best != 0 {
		return t.enter(best, lcores)
	}
	return &dpdk.Error{Op: opInit, Errno: dpdk.ErrNoSpace,
		Detail: fmt.Sprintf("all %d slots for processes are taken: end some, or restart the primary if it is stuck and does not free them", tableSlots)}
}

// living iterates over the slots of other living processes.
func (t *table) living(yield func(i int, s *slot) bool) {
	for i := range t.slots {
		s := &t.slots[i]
		if state := s.state.Load(); i != t.own && (state == Attaching || state == Attached) && t.held(i) && !yield(i, s) {
			return
		}
	}
}

// process describes the owner of a slot that is not free, and returns the state of the slot. same is
// false if the slot changed meanwhile.
func (t *table) process(i int) (p Process, state uint32, same bool) {
	s := &t.slots[i]
	round, state := s.round.Load(), s.state.Load()
	p = Process{Pid: int(s.pid), Start: startTime(s.start), Primary: i == 0, State: state, Lcores: s.lcores.list(), Go: true}
	// An owner that leaves writes Detached before it releases the lock.
	if (state == Attaching || state == Attached) && !t.held(i) {
		p.State = Died
	}
	return p, state, s.round.Load() == round && s.state.Load() == state
}

// processes lists the processes that attach or have attached.
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

// socketName returns the name of the owner's socket; "" until the owner has written it.
func (s *slot) socketName() string {
	name, _, _ := bytes.Cut(s.socket[:], []byte{0})
	return string(name)
}

func startTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
