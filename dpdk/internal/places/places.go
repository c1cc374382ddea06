// Package places is the primary's book of places (package place): which process has which, and what of a
// port or a ring belongs to it. A place becomes free when its owner leaves it, or when the primary has
// settled everything that an owner has left which ended otherwise.
//
// Package eal imports this package, so each primary has the book.
package places

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// The operations, as errors name them. DPDK has no such functions.
const (
	OpClaim   = "place.Claim"
	OpDeclare = "place.Declare"
	OpList    = "place.List"
	OpLeave   = "place.Leave"
)

// Part is something that only one process at a time may use.
type Part struct {
	Kind  Kind
	Name  string // of the port or ring
	Queue int
}

// Kind is the kind of a part.
type Kind int

const (
	Rx Kind = iota
	Tx
	Producer
	Consumer
)

// String names the part in errors.
func (p Part) String() string {
	switch p.Kind {
	case Rx:
		return fmt.Sprintf("receive queue %d of port %s", p.Queue, p.Name)
	case Tx:
		return fmt.Sprintf("transmit queue %d of port %s", p.Queue, p.Name)
	case Producer:
		return "the producer of ring " + p.Name
	}
	return "the consumer of ring " + p.Name
}

// End is how an owner has given up a place.
type End int

const (
	None   End = iota // the place had no owner yet
	Left              // by Leave
	Closed            // by Close
	Ended             // by the end of its process in order
	Died
)

// Predecessor is the last owner of a place.
type Predecessor struct {
	Pid      int
	End      End
	Recovery delegate.Recovery // of its process, with Ended and Died
}

// Info describes a place.
type Info struct {
	Name        string
	Parts       []Part
	Pid         int // of the owner; 0 if it is free
	Wanted      bool
	Predecessor Predecessor
}

// States of a place, in shared memory.
const (
	free uint32 = iota
	claimed
	wanted
)

// State is the state of a place in shared memory.
type State atomic.Uint32

// Free reports whether the place has no owner.
func (s *State) Free() bool { return (*atomic.Uint32)(s).Load() == free }

// Wanted reports whether a process waits that asks the owner to leave.
func (s *State) Wanted() bool { return (*atomic.Uint32)(s).Load() == wanted }

// StateAt returns the state at an address.
func StateAt(addr uintptr) *State { return *(**State)(unsafe.Pointer(&addr)) }

// Point is called with the name of each step of a process that claims or leaves a place, in builds with the
// tag godpdk_debug. Tests stop there.
var Point = func(name string) {}

// entry is a place.
type entry struct {
	Info
	state    *State
	owner    delegate.Owner
	claim    uint64 // of the owner; 0 if the place is free
	declared bool   // by the primary: the parts are fixed
	asking   map[delegate.Owner]bool
}

// Max is the maximum number of places.
const Max = 1024

// book has all places, in the primary.
var book struct {
	sync.Mutex
	states *[Max]State
	places []*entry // the first has the first state
}

func init() {
	delegate.OnSettled(settled)
	control.AtStop(func() {
		book.Lock()
		defer book.Unlock()
		book.states, book.places = nil, nil
	})
}

// Request asks for a place.
type Request struct {
	Parts []Part
	Pid   int    // of this process; only for people
	Claim uint64 // a number other than 0, which this process uses for no other claim
	Ask   bool   // its owner to leave
}

// Reply answers a Request. The place is claimed if Pid is 0. Otherwise the process with this Pid has the
// place, or a part of it by another place.
type Reply struct {
	State       uintptr // of this place, or of the other one
	Parts       []Part
	Predecessor Predecessor

	Pid         int
	Owner       owner.ID
	Part, Other string // the part, and the place that has it
}

// Claim claims a place.
var Claim = delegate.Func(OpClaim, func(o delegate.Owner, name string, r Request) (Reply, error) {
	if o == delegate.Self && cgo.ProcessType() != cgo.ProcPrimary {
		return Reply{}, &dpdk.Error{Op: OpClaim, Name: name, Errno: dpdk.ErrUnsupported,
			Detail: "the primary has no book of places: it is a C program, or has another godpdk"}
	}
	if r.Pid <= 0 || r.Claim == 0 {
		return Reply{}, check.Invalid(OpClaim, name, "the request has the pid %d and the number %d: use positive ones", r.Pid, r.Claim)
	}
	book.Lock()
	defer book.Unlock()
	e, err := find(OpClaim, name)
	switch {
	case err != nil:
		return Reply{}, err
	case e.claim != 0:
		if r.Ask {
			e.asking[o] = true
			e.update()
		}
		return e.busy(""), nil
	case e.declared && len(r.Parts) > 0 && !slices.Equal(r.Parts, e.Parts):
		return Reply{}, check.Invalid(OpClaim, name, "the primary has declared it with %v, not %v: claim it without parts", e.Parts, r.Parts)
	case len(r.Parts) == 0:
		r.Parts = e.Parts
	}
	for _, other := range book.places {
		for _, part := range r.Parts {
			if other.claim != 0 && slices.Contains(other.Parts, part) {
				return other.busy(part.String()), nil
			}
		}
	}
	e.Parts, e.owner, e.claim, e.Pid = r.Parts, o, r.Claim, r.Pid
	delete(e.asking, o)
	e.update()
	control.Logger().Info("place claimed", "place", name, "pid", e.Pid, "parts", e.Parts, "predecessor", e.Predecessor.Pid)
	return Reply{State: e.address(), Parts: e.Parts, Predecessor: e.Predecessor}, nil
})

// find returns the place of a name, which it makes if there is none. The caller holds the lock of the book.
func find(op, name string) (*entry, error) {
	for _, e := range book.places {
		if e.Name == name {
			return e, nil
		}
	}
	n := len(book.places)
	if n == Max {
		return nil, &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrNoSpace, Detail: fmt.Sprintf("the group has %d places, which exist until the primary ends: use the name of one that is free", Max)}
	}
	if book.states == nil {
		leave := telserver.Enter()
		z, errno := cgo.MemzoneReserve("godpdk_places", uint64(unsafe.Sizeof(*book.states)), -1, 0, 0, 0)
		leave()
		if errno != 0 {
			return nil, dpdk.Errno(errno)
		}
		book.states = (*[Max]State)(z.Addr)
	}
	e := &entry{Info: Info{Name: name}, state: &book.states[n], asking: map[delegate.Owner]bool{}}
	e.update()
	book.places = append(book.places, e)
	return e, nil
}

// busy answers that the place has an owner. If it has ended, the primary looks at once.
func (e *entry) busy(part string) Reply {
	if !delegate.Alive(e.owner) {
		delegate.LookNow()
	}
	r := Reply{State: e.address(), Pid: e.Pid, Owner: owner.Of(e.owner), Part: part}
	if part != "" {
		r.Other = e.Name
	}
	return r
}

func (e *entry) address() uintptr { return uintptr(unsafe.Pointer(e.state)) }

// update writes the state of a place to shared memory.
func (e *entry) update() {
	state := free
	switch e.Wanted = e.claim != 0 && len(e.asking) > 0; {
	case e.Wanted:
		state = wanted
	case e.claim != 0:
		state = claimed
	}
	(*atomic.Uint32)(e.state).Store(state)
}

// release frees a place. None means that its owner did not begin to use it.
func (e *entry) release(how End, r delegate.Recovery) {
	control.Logger().Info("place is free", "place", e.Name, "pid", e.Pid, "died", how == Died)
	if how != None {
		e.Predecessor = Predecessor{e.Pid, how, r}
	}
	e.Pid, e.owner, e.claim = 0, 0, 0
	e.update()
}

// Ending ends a claim.
type Ending struct {
	Claim uint64 // the number of its Request
	How   End
}

// Release ends a claim. None gives up a claim that was perhaps not answered: if another process has the place, that is
// no longer asked to leave. Release does nothing for a claim that has ended, so a process can repeat it.
var Release = delegate.Func(OpLeave, func(o delegate.Owner, name string, a Ending) (struct{}, error) {
	book.Lock()
	defer book.Unlock()
	for _, e := range book.places {
		switch {
		case e.Name != name:
		case e.claim == a.Claim && e.owner == o:
			e.release(a.How, delegate.Recovery{})
		case a.How == None:
			delete(e.asking, o)
			e.update()
		}
	}
	return struct{}{}, nil
})

// settled frees the places of a process that has ended, after everything else.
func settled(o delegate.Owner, died bool, r delegate.Recovery) {
	book.Lock()
	defer book.Unlock()
	how := Ended
	if died {
		how = Died
	}
	for _, e := range book.places {
		delete(e.asking, o)
		e.update()
		if e.claim != 0 && e.owner == o {
			e.release(how, r)
		}
	}
}

// Declare declares a place in the primary.
func Declare(name string, parts []Part) error {
	if cgo.ProcessType() != cgo.ProcPrimary {
		return &dpdk.Error{Op: OpDeclare, Name: name, Errno: dpdk.ErrSecondary}
	}
	book.Lock()
	defer book.Unlock()
	e, err := find(OpDeclare, name)
	switch {
	case err != nil:
		return err
	case e.declared || e.claim != 0:
		return &dpdk.Error{Op: OpDeclare, Name: name, Errno: dpdk.ErrExist, Detail: "declare a place once, before workers claim it"}
	}
	e.Parts, e.declared = parts, true
	return nil
}

// List describes all places.
var List = delegate.Func(OpList, func(delegate.Owner, string, struct{}) (all []Info, _ error) {
	book.Lock()
	defer book.Unlock()
	for _, e := range book.places {
		all = append(all, e.Info)
	}
	return all, nil
})
