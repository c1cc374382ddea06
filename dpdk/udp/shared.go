package udp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

const (
	// MaxHosts is the largest number of hosts that use a [Shared] at a time.
	MaxHosts = 16
	// MaxSharedName is the largest length of the name of a [Shared], in bytes.
	MaxSharedName = memzone.MaxName - len(zonePrefix)

	zonePrefix   = "udp_"
	opShared     = "udp.CreateShared"
	opFreeShared = "udp.Shared.Free"
	lockPatience = 2 * time.Second // for a process that changes the list of hosts
)

// Shared is what several hosts of one port share, in this process and in others: the neighbor cache, the local ports of their sockets,
// and the frames that they hand over to each other. Each host has other queues of the port: see Config.Shared, and "Several processes" in the
// description of the package.
//
// It is memory with a name (package memzone). Dropping the handle frees nothing. Any goroutine may call the methods, in primary and secondary.
type Shared struct{ value *memzone.Value[sharedState] }

// sharedState is the shared memory.
type sharedState struct {
	lock  lock.OwnedSpin // guards ident and the queues of hosts
	life  atomic.Uint32  // unmade, made or retired
	ident identity       // of the hosts; guarded by lock
	hosts [MaxHosts]sharedHost
	// ports has, for each local port, a bit for each host with a socket, and portShared.
	ports      [1 << 16]atomic.Uint32
	neighbours [sharedBuckets]sharedBucket
	frames     [MaxHosts][MaxHosts]frameQueue // by receiver and sender
}

// identity is what all hosts have in common.
type identity struct {
	set  bool
	port uint32 // of ethdev
	mac  header.MAC
	sum  [sha256.Size]byte // of the addresses and the VLAN
}

// sharedHost is a place for a host. The frames to it belong to its process, or, if that has ended, to the holder of lock.
type sharedHost struct {
	owner atomic.Uint32 // the owner.ID of the process; 0 is free
	// calls is what others ask the host to look at: a bit for each host that has handed over frames, and callNeighbours. A free place with
	// calls must be emptied.
	calls         atomic.Uint32
	first, queues uint32 // guarded by lock
	_             [memzone.CacheLine - 16]byte
}

const (
	callNeighbours = 1 << 31
	callEmpty      = 1 << 30 // the place must be emptied again: a process may have died while it did that
)

// The values of sharedState.life. Hosts join if it is made.
const (
	unmade = iota // CreateShared has not completed it
	made
	retired // Free frees it
)

// member is a host in its Shared.
type member struct {
	*sharedState
	host   *Host
	handle *Shared
	slot   int
	bit    uint32 // 1 << slot
	// stuck is, for each bucket, when a process did not release it; 0 is never.
	stuck [sharedBuckets]atomic.Int64

	mu sync.Mutex // held while frames are handed over: each queue of frames has one sender
}

// CreateShared makes the shared memory for the hosts of a port, about 1 MiB. It lives until Free, or until the primary ends: the end of
// hosts and processes leaves it as it is.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid; dpdk.ErrUnsupported if this process shares no
// memory, or its primary is a C program, because nobody would notice the death of a process.
func CreateShared(name string) (*Shared, error) {
	if err := sharable(name); err != nil {
		return nil, err
	}
	v, err := memzone.CreateValue[sharedState](zonePrefix+name, memzone.Config{})
	if err != nil {
		return nil, err
	}
	v.Get().life.Store(made)
	return &Shared{v}, nil
}

// LookupShared finds what CreateShared has made in any process. The error is dpdk.ErrNotFound if there is none of that name, and those of
// CreateShared.
func LookupShared(name string) (*Shared, error) {
	if err := sharable(name); err != nil {
		return nil, err
	}
	v, err := memzone.LookupValue[sharedState](zonePrefix + name)
	if err != nil {
		return nil, err
	}
	return &Shared{v}, nil
}

// ListShared describes all that exist.
//
// Implements: rte_memzone_walk
func ListShared() ([]SharedInfo, error) {
	zones, err := memzone.List()
	if err != nil {
		return nil, err
	}
	var all []*Shared
	for _, z := range zones {
		name, ok := strings.CutPrefix(z.Name, zonePrefix)
		if !ok {
			continue
		}
		if s, err := LookupShared(name); err == nil { // not another zone, or one that was freed meanwhile
			all = append(all, s)
		}
	}
	return describe(all)
}

// describe describes those of all that were not freed meanwhile.
func describe(all []*Shared) (infos []SharedInfo, err error) {
	for _, s := range all {
		i, err := s.Info()
		switch {
		case err == nil:
			infos = append(infos, i)
		case !errors.Is(err, dpdk.ErrNotFound):
			return nil, err
		}
	}
	return infos, nil
}

func sharable(name string) error {
	if err := check.Name(opShared, name, MaxSharedName+1); err != nil {
		return err
	}
	if owner.Self() == 0 {
		return &dpdk.Error{Op: opShared, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "this process has no group of processes: start a primary of godpdk with hugepages, without NoHuge and InMemory"}
	}
	return nil
}

// state returns the shared memory, or nil after Free.
func (s *Shared) state() *sharedState {
	if s == nil || s.value == nil {
		return nil
	}
	return s.value.Get()
}

// Name returns the name, or "" for a zero Shared.
func (s *Shared) Name() string {
	if s == nil || s.value == nil {
		return ""
	}
	return s.value.Name()[len(zonePrefix):]
}

// Free destroys the shared memory for all processes. The error is dpdk.ErrBusy while a living process has or makes a host with it, and
// dpdk.ErrNotFound if it was freed before. Beside a Free in another process, [NewHost] and Info return dpdk.ErrNotFound or come first.
//
// Implements: rte_memzone_free
func (s *Shared) Free() error {
	visits.Lock()
	defer visits.Unlock()
	if err := s.hold(opFreeShared, s.retire); err != nil {
		return err
	}
	for until := time.Now().Add(lockPatience); ; time.Sleep(time.Millisecond) {
		err := s.value.Free()
		if !errors.Is(err, dpdk.ErrBusy) { // beside a short call of another process
			return err
		}
		if time.Now().After(until) {
			return errors.Join(err, s.hold(opFreeShared, (*sharedState).revive))
		}
	}
}

// retire keeps new hosts out, unless there is one.
func (s *Shared) retire(st *sharedState) error {
	if err := st.enter(); err != nil {
		return err
	}
	defer st.leave()
	st.bury(nil)
	for i := range st.hosts {
		if id := owner.ID(st.hosts[i].owner.Load()); id != 0 {
			return &dpdk.Error{Op: opFreeShared, Name: s.Name(), Errno: dpdk.ErrBusy, Detail: fmt.Sprintf("%v has a host with it: close the host first", owner.Describe(id))}
		}
	}
	st.life.Store(retired)
	return nil
}

// revive undoes retire.
func (st *sharedState) revive() error {
	st.life.Store(made)
	return nil
}

func (s *Shared) freed(op string) error {
	return &dpdk.Error{Op: op, Name: s.Name(), Errno: dpdk.ErrNotFound, Detail: "it was freed, or is the zero Shared: use CreateShared or LookupShared"}
}

// visits is held during a visit.
var visits sync.Mutex

// visit runs f with the shared memory, which neither other goroutines nor other processes free meanwhile. The members of a Shared need no visit:
// see Free.
func (s *Shared) visit(op string, f func(st *sharedState) error) error {
	visits.Lock()
	defer visits.Unlock()
	return s.hold(op, f)
}

// hold does visit. The caller holds visits.
func (s *Shared) hold(op string, f func(st *sharedState) error) error {
	st := s.state()
	if st == nil {
		return s.freed(op)
	}
	zone, at := s.value.Name(), unsafe.Pointer(st)
	release := func() error {
		return control.Call(op, s.Name(), func() error { return objects.MemzoneRelease(zone, at) })
	}
	err := control.Call(op, s.Name(), func() error { return objects.MemzoneHold(zone, at) })
	switch {
	case err == nil:
		defer func() {
			if errors.Is(release(), dpdk.ErrTimeout) {
				go releaseLater(release)
			}
		}()
	case errors.Is(err, dpdk.ErrPrimaryGone): // without a primary nobody can free it
	case errors.Is(err, dpdk.ErrNotFound):
		return s.freed(op)
	case errors.Is(err, dpdk.ErrTimeout): // perhaps the primary still does it
		go releaseLater(release)
		return err
	default:
		return err
	}
	return f(st)
}

// releaseLater repeats a release until the primary answers.
func releaseLater(release func() error) {
	for {
		time.Sleep(time.Second)
		visits.Lock()
		err := release()
		visits.Unlock()
		if !errors.Is(err, dpdk.ErrTimeout) {
			return
		}
	}
}

// SharedInfo describes a [Shared].
type SharedInfo struct {
	Name      string
	Hosts     []SharedHost
	Neighbors int // with a known Ethernet address
}

// SharedHost describes a host of a [Shared]. Queues is 0 if the process has died without closing the host.
type SharedHost struct {
	Pid                int // 0 is unknown
	FirstQueue, Queues int
}

// Info describes the hosts. Errors: dpdk.ErrNotFound after Free; dpdk.ErrTimeout if a process is stopped while it changes the list of hosts.
func (s *Shared) Info() (i SharedInfo, err error) {
	err = s.visit("udp.Shared.Info", func(st *sharedState) error {
		i, err = st.info()
		return err
	})
	i.Name = s.Name()
	return i, err
}

func (st *sharedState) info() (SharedInfo, error) {
	i := SharedInfo{Neighbors: st.countNeighbours()}
	if err := st.enter(); err != nil {
		return i, err
	}
	defer st.leave()
	for k := range st.hosts {
		h := &st.hosts[k]
		id := owner.ID(h.owner.Load())
		if id == 0 {
			continue
		}
		one := SharedHost{Pid: owner.Describe(id).Pid, FirstQueue: int(h.first), Queues: int(h.queues)}
		if owner.Dead(id) {
			one.Queues = 0
		}
		i.Hosts = append(i.Hosts, one)
	}
	return i, nil
}

// enter takes the lock. Under it the list of hosts is consistent at any time, so the death of an owner needs no repair.
func (st *sharedState) enter() error {
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	err := st.lock.LockContext(ctx)
	switch {
	case errors.Is(err, dpdk.ErrOwnerDead):
		return st.lock.Consistent()
	case errors.Is(err, context.DeadlineExceeded):
		who := "another process"
		if o, held := st.lock.Owner(); held && o.Pid != 0 {
			who = fmt.Sprint("process ", o.Pid)
		}
		return &dpdk.Error{Op: opShared, Errno: dpdk.ErrTimeout, Detail: who + " is stopped while it changes the list of hosts: continue or end it"}
	}
	return err
}

// take takes a lock of a Shared if it is free or its owner has died. The data under it needs no repair.
func take(l *lock.OwnedSpin) bool {
	ok, err := l.TryLock()
	if errors.Is(err, dpdk.ErrOwnerDead) {
		err = l.Consistent()
	}
	return ok && err == nil
}

func (st *sharedState) leave() { _ = st.lock.Unlock() }

// join makes h a host of the Shared. The Ethernet address of the first host counts if h has no own.
func (s *Shared) join(h *Host, port *ethdev.Port, random bool) (m *member, err error) {
	if s.state() != nil && owner.Self() == 0 {
		return nil, sharable(s.Name())
	}
	err = s.visit(op, func(st *sharedState) error {
		m, err = st.add(s, h, port, random)
		return err
	})
	return m, err
}

// add does join for a Shared that exists.
func (st *sharedState) add(s *Shared, h *Host, port *ethdev.Port, random bool) (*member, error) {
	if err := st.enter(); err != nil {
		return nil, err
	}
	defer st.leave()
	switch st.life.Load() {
	case unmade:
		return nil, &dpdk.Error{Op: op, Name: s.Name(), Errno: dpdk.ErrAgain, Detail: "another process is in CreateShared: try again; if it was killed there, free the Shared"}
	case retired:
		return nil, &dpdk.Error{Op: op, Name: s.Name(), Errno: dpdk.ErrNotFound, Detail: "another process is in Free; if it was killed there, free the Shared"}
	}
	st.bury(nil)
	free, used := -1, false
	for i := range st.hosts {
		o := &st.hosts[i]
		id := owner.ID(o.owner.Load())
		switch {
		case id == 0:
			if free < 0 {
				free = i
			}
			continue
		case int(o.first) < h.cfg.FirstQueue+h.cfg.Queues && h.cfg.FirstQueue < int(o.first+o.queues):
			return nil, &dpdk.Error{Op: op, Name: s.Name(), Errno: dpdk.ErrBusy,
				Detail: fmt.Sprintf("%v has a host with the queues %d to %d: set Config.FirstQueue and Queues to others", owner.Describe(id), o.first, o.first+o.queues-1)}
		}
		used = true
	}
	if free < 0 {
		return nil, &dpdk.Error{Op: op, Name: s.Name(), Errno: dpdk.ErrNoSpace, Detail: fmt.Sprintf("it has %d hosts already", MaxHosts)}
	}
	mine := identity{true, uint32(port.ID()), h.mac, h.cfg.sum()}
	if random && st.ident.set {
		mine.mac = st.ident.mac
	}
	if used && mine != st.ident {
		return nil, invalid("the host differs from the others of Shared %q: use the same port, Addrs, VLAN and MAC (%v)", s.Name(), st.ident.mac)
	}
	if !used && mine != st.ident { // perhaps another link, where an address is another station's
		st.forgetNeighbours()
	}
	st.ident, h.mac = mine, mine.mac
	o := &st.hosts[free]
	o.first, o.queues = uint32(h.cfg.FirstQueue), uint32(h.cfg.Queues)
	o.calls.Store(1<<MaxHosts - 1) // look for frames that the last host here has left
	o.owner.Store(uint32(owner.Self()))
	return &member{sharedState: st, host: h, handle: s, slot: free, bit: 1 << free}, nil
}

// sum identifies what the hosts of a Shared must have in common.
func (c *Config) sum() [sha256.Size]byte {
	return sha256.Sum256(fmt.Append(nil, c.Addrs, c.VLAN, c.NoLinkLocal))
}

// end takes the host out of the Shared, and frees the frames that were handed over to it. It needs no lock, which a stopped process may have:
// the place belongs to this process until the last step of empty.
func (s *member) end() {
	if q := s.host.self; q != nil { // a frame to this host itself may be on its way to another one
		q.loop.Lock()
		defer q.loop.Unlock()
	}
	s.empty(s.slot, s.host)
}

// bury takes out the hosts of processes that have ended, and frees the frames that were handed over to them. The caller holds lock. h frees
// the mbufs; nil is their pools.
func (st *sharedState) bury(h *Host) {
	for i := range st.hosts {
		id := owner.ID(st.hosts[i].owner.Load())
		if id == 0 && st.hosts[i].calls.Load() == 0 || id != 0 && !owner.Dead(id) {
			continue
		}
		st.empty(i, h)
	}
}

// empty frees a place. The caller holds lock, or has the place. If a process is killed in the middle, or a frame arrives meanwhile, the place
// keeps its owner or calls, and the next one does it again.
func (st *sharedState) empty(slot int, h *Host) {
	for port := range st.ports {
		st.unclaim(uint16(port), 1<<slot)
	}
	calls := &st.hosts[slot].calls
	calls.Store(callEmpty)
	for from := range st.frames[slot] {
		st.frames[slot][from].drain(h)
	}
	for to := range st.hosts { // the host may have died before it has called for its last frame
		if to != slot && st.hosts[to].owner.Load() != 0 {
			st.hosts[to].calls.Or(1 << slot)
		}
	}
	calls.CompareAndSwap(callEmpty, 0)
	st.hosts[slot].owner.Store(0)
}

// tick looks for processes that have ended.
func (s *member) tick() {
	for i := range s.hosts {
		o := &s.hosts[i]
		id := owner.ID(o.owner.Load())
		if id == 0 && o.calls.Load() == 0 || id != 0 && !owner.Dead(id) {
			continue
		}
		if take(&s.lock) {
			s.bury(s.host)
			s.leave()
		}
		return
	}
}

// call asks other hosts to look at something.
func (s *member) call(hosts, what uint32) {
	for ; hosts != 0; hosts &= hosts - 1 {
		calls := &s.hosts[bits.TrailingZeros32(hosts)].calls
		if calls.Load()&what == 0 {
			calls.Or(what)
		}
	}
}

// others returns the bits of the other hosts.
func (s *member) others() (hosts uint32) {
	for i := range s.hosts {
		if i != s.slot && s.hosts[i].owner.Load() != 0 {
			hosts |= 1 << i
		}
	}
	return hosts
}
