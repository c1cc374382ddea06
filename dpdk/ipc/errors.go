package ipc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
)

// Errors of requests, for errors.Is. A process that does not answer in time has the error
// [dpdk.ErrTimeout], which is also context.DeadlineExceeded here.
var (
	// ErrNoPeer means that a primary has no secondaries, or that all of them are still starting.
	ErrNoPeer = errors.New("no other process to ask: start one first")
	// ErrPeerGone means that the process ended before it answered.
	ErrPeerGone = errors.New("the process ended before it answered")
	// ErrNoHandler means that the process, a Go program, has no handler of this name. A C
	// program does not report that.
	ErrNoHandler = errors.New("the process has no handler of this name: call ipc.Register there first")
	// ErrDeaf means that DPDK's thread for messages has ended in the process.
	ErrDeaf = errors.New("the process can no longer receive messages, because DPDK's thread for them ended at one that it could not read: end the process and start it again")
)

// errTimeout is dpdk.ErrTimeout and context.DeadlineExceeded.
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

// Error returns the handler's text.
func (e *RemoteError) Error() string { return "the other process reported: " + e.Text }

// PeerError is the reason why one process gave no reply.
type PeerError struct {
	Peer string // as in Message
	Err  error  // dpdk.ErrTimeout, ErrPeerGone, a *RemoteError, the context's cause …
}

// Error names the process and the reason.
func (e *PeerError) Error() string { return e.Peer + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *PeerError) Unwrap() error { return e.Err }

// RequestError is the error of a [Request] that some processes did not answer, or of a [Send]
// that some processes did not take. errors.Is and errors.As find the error of each process in it.
type RequestError struct {
	Name  string
	Asked int // processes (nb_sent)
	Peers []*PeerError
}

// Error counts the processes that answered, and lists the others with their errors.
func (e *RequestError) Error() string {
	all := make([]string, len(e.Peers))
	for i, p := range e.Peers {
		all[i] = p.Error()
	}
	return fmt.Sprintf("ipc %q: %d of %d processes answered: %s", e.Name, e.Asked-len(e.Peers), e.Asked, strings.Join(all, "; "))
}

// Unwrap returns the errors of the processes.
func (e *RequestError) Unwrap() []error {
	errs := make([]error, len(e.Peers))
	for i, p := range e.Peers {
		errs[i] = p
	}
	return errs
}
