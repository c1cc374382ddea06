package ipc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
)

// Errors of requests, for errors.Is.
var (
	// ErrNoPeer is that of a primary without secondaries, or whose secondaries are all
	// still starting.
	ErrNoPeer = errors.New("there is no other process to ask")
	// ErrPeerGone is that of a process which ended before it answered.
	ErrPeerGone = errors.New("the process ended before it answered")
	// ErrNoHandler is that of a process in Go which has no handler of the name. A C
	// program does not tell.
	ErrNoHandler = errors.New("the process has no handler of this name: call ipc.Register there first")
	// ErrDeaf is that of a process in which DPDK's thread for messages has ended.
	ErrDeaf = errors.New("the process receives no messages any more, because DPDK's thread for them ended at one that it could not read: end the process and start it again")
)

// errTimeout is dpdk.ErrTimeout, and also context.DeadlineExceeded.
var errTimeout error = timeoutError{}

type timeoutError struct{}

func (timeoutError) Error() string { return "no answer in time" }
func (timeoutError) Timeout() bool { return true }
func (timeoutError) Is(target error) bool {
	return target == context.DeadlineExceeded || target == dpdk.ErrTimeout || dpdk.ErrTimeout.Is(target)
}

// RemoteError is the error of a handler in the process that was asked.
type RemoteError struct {
	Text string // at most MaxParam - 8 bytes
}

// Error is the handler's text.
func (e *RemoteError) Error() string { return "the other process says: " + e.Text }

// PeerError is why one process gave no reply.
type PeerError struct {
	Peer string // as in Message
	Err  error  // ErrTimeout, ErrPeerGone, a *RemoteError, the context's cause …
}

// Error names the process.
func (e *PeerError) Error() string { return e.Peer + ": " + e.Err.Error() }

// Unwrap gives Err.
func (e *PeerError) Unwrap() error { return e.Err }

// RequestError is that of a request, or Send, which not all processes answered, or
// took. errors.Is and errors.As find the error of each in it.
type RequestError struct {
	Name  string
	Asked int // processes (nb_sent)
	Peers []*PeerError
}

// Error says how many answered, and what is with the others.
func (e *RequestError) Error() string {
	all := make([]string, len(e.Peers))
	for i, p := range e.Peers {
		all[i] = p.Error()
	}
	return fmt.Sprintf("ipc %q: %d of %d processes answered: %s", e.Name, e.Asked-len(e.Peers), e.Asked, strings.Join(all, "; "))
}

// Unwrap gives the errors of the processes.
func (e *RequestError) Unwrap() []error {
	errs := make([]error, len(e.Peers))
	for i, p := range e.Peers {
		errs[i] = p
	}
	return errs
}
