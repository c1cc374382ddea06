// Package delegate lets the primary make control calls for its secondaries. A process that is killed
// inside a control call of DPDK keeps the locks in shared memory that the call has taken, and all
// other processes then wait for them without end. A secondary that delegates the call holds no lock:
// if it dies, the primary completes the call.
//
// The primary listens on a socket in the runtime directory. Each secondary has one connection, and
// makes one call at a time on it. A secondary of a C program makes its calls itself.
package delegate

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// Owner identifies a process of the group for as long as the group lives.
type Owner uint64

// Self is the primary itself, or a process without a group.
const Self Owner = 0

// timeout is the time in which the primary must answer, from the call on: a call waits for those before it.
// It is longer than DPDK waits for a process that does not answer when memory grows.
var timeout = 20 * time.Second

// handlers are the functions that Func has registered, by the rte_ function. They are complete when
// main starts.
var handlers = map[string]func(o Owner, r *request) (any, error){}

// Func returns a function that runs f in the primary: there directly, and in a secondary through its
// connection. op is the rte_ function that f calls on the object name. f gets the process that called. A
// and R are encoded as JSON: pass addresses as uintptr. Call Func only to initialize a package variable,
// and call the result in a control call.
func Func[A, R any](op string, f func(o Owner, name string, arg A) (R, error)) func(name string, arg A) (R, error) {
	handlers[op] = func(o Owner, r *request) (any, error) {
		var arg A
		if err := json.Unmarshal(r.Arg, &arg); err != nil {
			return nil, err
		}
		var result R
		err := control.Call(op, r.Name, func() (err error) {
			if r.Until != 0 && time.Now().UnixNano() > r.Until { // the primary was stopped, or waited
				return dpdk.ErrTimeout
			}
			result, err = f(o, r.Name, arg)
			return err
		})
		return result, err
	}
	return func(name string, arg A) (result R, err error) {
		c := connection.Load()
		if c == nil {
			return f(Self, name, arg)
		}
		err = c.call(op, name, arg, &result)
		if err == errNoHandler { // the primary runs another godpdk
			return f(Self, name, arg)
		}
		return result, err
	}
}

// Ops returns the names of all operations that the primary makes for its secondaries.
func Ops() []string { return slices.Sorted(maps.Keys(handlers)) }

// Point is called with the name of each point of a delegated call, and of what the primary does after the end
// of a process, in builds with the tag godpdk_debug. Tests stop there.
var Point = func(name string) {}

// Reach calls Point in such builds.
func Reach(name string) {
	if build.Debug {
		Point(name)
	}
}

// request and reply are the messages of a connection.
type request struct {
	Op, Name string
	Arg      json.RawMessage
	Until    int64 // in ns since 1970: then nobody waits for the reply, and the call must not begin; 0 is never
}

type reply struct {
	Result json.RawMessage `json:",omitempty"`
	Error  *remoteError    `json:",omitempty"`
}

// remoteError is an error on its way from the primary to a secondary.
type remoteError struct {
	Op, Name, Detail string
	Errno            dpdk.Errno
	Log              []string
	NoHandler        bool
	Ending           bool
}

var errNoHandler = errors.New("the primary has no such function")

// encode describes an error of a handler.
func encode(op, name string, err error) *remoteError {
	var e *dpdk.Error
	switch {
	case err == errNoHandler:
		return &remoteError{NoHandler: true}
	case !errors.As(err, &e):
		return &remoteError{Op: op, Name: name, Errno: dpdk.ErrInvalid, Detail: err.Error()}
	case e.Cause != nil:
		return &remoteError{Ending: true, Detail: e.Cause.Error()}
	}
	return &remoteError{Op: e.Op, Name: e.Name, Errno: e.Errno, Detail: e.Detail, Log: e.Log}
}

func (e *remoteError) decode() error {
	if e.NoHandler {
		return errNoHandler
	}
	return &dpdk.Error{Op: e.Op, Name: e.Name, Errno: e.Errno, Detail: e.Detail, Log: append([]string{}, e.Log...)}
}
