package place

import (
	"fmt"
	"slices"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/places"
)

// Parts is what belongs to a place alone: no other place that is claimed has the same part. Objects that
// several processes may use at once, such as pools and Multi sides of rings, are not parts. Batches and
// caches belong to the place that makes them: see [NewBatch].
type Parts struct {
	Rx, Tx   []Queue  // queues of ports
	Produces []string // rings of which only this place enqueues
	Consumes []string // rings of which only this place dequeues
}

// Queue is a queue of a port.
type Queue struct {
	Port  string // its name
	Queue int
}

// list returns the parts for the primary.
func (p Parts) list(name string) (all []places.Part, err error) {
	for _, q := range p.Rx {
		all = append(all, places.Part{Kind: places.Rx, Name: q.Port, Queue: q.Queue})
	}
	for _, q := range p.Tx {
		all = append(all, places.Part{Kind: places.Tx, Name: q.Port, Queue: q.Queue})
	}
	for _, r := range p.Produces {
		all = append(all, places.Part{Kind: places.Producer, Name: r})
	}
	for _, r := range p.Consumes {
		all = append(all, places.Part{Kind: places.Consumer, Name: r})
	}
	for i, part := range all {
		if part.Name == "" || part.Queue < 0 || slices.Contains(all[:i], part) {
			return nil, check.Invalid(places.OpClaim, name, "part %d is %v: use a name, a number from 0 on, and each part once", i, part)
		}
	}
	return all, nil
}

// partsOf undoes list.
func partsOf(all []places.Part) (p Parts) {
	for _, part := range all {
		switch part.Kind {
		case places.Rx:
			p.Rx = append(p.Rx, Queue{part.Name, part.Queue})
		case places.Tx:
			p.Tx = append(p.Tx, Queue{part.Name, part.Queue})
		case places.Producer:
			p.Produces = append(p.Produces, part.Name)
		case places.Consumer:
			p.Consumes = append(p.Consumes, part.Name)
		}
	}
	return p
}

// Declare declares the parts of a place. Workers then claim it without parts. Only a primary can declare,
// once for each place, before a worker has claimed it.
//
// Errors: dpdk.ErrSecondary, dpdk.ErrExist, dpdk.ErrInvalid (the name, or a part that is not one),
// dpdk.ErrNoSpace. Any goroutine may call it.
func Declare(name string, parts Parts) error {
	if err := check.Name(places.OpDeclare, name, MaxName+1); err != nil {
		return err
	}
	all, err := parts.list(name)
	if err != nil {
		return err
	}
	return control.Call(places.OpDeclare, name, func() error { return places.Declare(name, all) })
}

// Info describes a place.
type Info struct {
	Name        string
	Parts       Parts
	Pid         int  // of its owner, in that process's pid namespace; 0 if it is free
	Wanted      bool // a process asks the owner to leave
	Predecessor Predecessor
}

// List describes all places, in the order of their creation. Any process may call it.
func List() (all []Info, err error) {
	err = control.Call(places.OpList, "", func() error {
		found, err := places.List("", struct{}{})
		for _, i := range found {
			all = append(all, Info{i.Name, partsOf(i.Parts), i.Pid, i.Wanted, predecessorOf(i.Predecessor)})
		}
		return err
	})
	return all, err
}

// BusyError is the error of [Claim] and [TakeOver] if another living process has the place. errors.Is finds
// dpdk.ErrBusy and the cause of the end of ctx in it.
type BusyError struct {
	Name string // of the place
	Pid  int    // of the process that has it, in its own pid namespace
	// Part is the part that this process has by another place, Place; both are "" if it has this place.
	Part, Place string

	cause error
}

// Error returns one line.
func (e *BusyError) Error() string {
	what, ask := "the place", "ask it to leave with TakeOver"
	if e.Part != "" {
		what = fmt.Sprintf("%s, which belongs to its place %q", e.Part, e.Place)
		ask = fmt.Sprintf("call TakeOver of the place %q and leave that", e.Place)
	}
	return fmt.Sprintf("%s %q: %v: process %d has %s: wait longer, %s, or end the process: %v",
		places.OpClaim, e.Name, dpdk.ErrBusy, e.Pid, what, ask, e.cause)
}

// Unwrap returns dpdk.ErrBusy and the cause of the end of ctx.
func (e *BusyError) Unwrap() []error { return []error{dpdk.ErrBusy, e.cause} }
