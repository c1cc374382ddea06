package telemetry

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opRegister   = "rte_telemetry_register_cmd"
	opUnregister = "telemetry.Unregister"
)

// Handler answers one request with a value. params is what follows the command and a comma, "" for nothing.
//
// The value is what encoding/json makes of it, with these limits of DPDK: names of an object have only letters, digits,
// _ and /; texts are ASCII with at most 127 bytes, or 8191 if the value is a text; an object has at most 256 entries, an
// array 512; the elements of an array have one type; an array of objects or arrays must be the value itself, and a number
// must not. Arrays of objects need DPDK 23.11.7, 24.11.5 or 25.11.1. A bool becomes 0 or 1, a fraction a text, and a null in an object is left out.
//
// An error, a panic, a nil value and a value beyond the limits are answered with null. They are logged.
//
// A handler runs on a goroutine, one request at a time. It may wait and use DPDK.
type Handler func(params string) (any, error)

// command is a command of this program.
type command struct {
	turn    chan struct{} // holds a token while the handler runs
	handler Handler
}

// commands are the commands of this process.
var commands struct {
	sync.Mutex
	wake   *os.File
	made   map[string]bool // registered in DPDK, which has no call to undo it
	byName map[string]*command
}

func init() { control.AtStop(cgo.TelStop) }

// Handle makes this primary answer a telemetry command, such as "/app/stats", to dpdk-telemetry.py and to a [Client] in
// other processes. The command hides one of DPDK's with the same name.
//
// DPDK's thread for the connection waits at most a second for the handler, then the answer is null. A request that
// comes while the handler still runs waits for its turn as part of that second.
//
// Errors: [dpdk.ErrExist], [dpdk.ErrInvalid], [dpdk.ErrNameTooLong] (over 55 bytes), [dpdk.ErrSecondary]: a
// secondary has no telemetry socket; [dpdk.ErrNotRunning].
//
// Implements: rte_telemetry_register_cmd, rte_tel_data_start_dict, rte_tel_data_start_array, rte_tel_data_string
func Handle(name string, h Handler) error {
	if err := checkCommand(opRegister, name); err != nil {
		return err
	}
	if h == nil {
		return check.Invalid(opRegister, name, "the handler is nil")
	}
	err := control.Call(opRegister, name, func() error {
		if cgo.ProcessType() != cgo.ProcPrimary {
			return dpdk.ErrSecondary
		}
		commands.Lock()
		defer commands.Unlock()
		if commands.byName[name] != nil {
			return dpdk.ErrExist
		}
		if commands.wake == nil {
			fd, errno := cgo.TelOpen()
			if errno != 0 {
				return control.Errno(errno)
			}
			commands.made, commands.byName = map[string]bool{}, map[string]*command{}
			commands.wake = os.NewFile(uintptr(fd), "pipe of telemetry")
			go serve(commands.wake)
		}
		if !commands.made[name] {
			if errno := cgo.TelRegister(name); errno != 0 {
				return control.Errno(errno)
			}
			commands.made[name] = true
			telserver.Ours(name)
		}
		commands.byName[name] = &command{make(chan struct{}, 1), h}
		return nil
	})
	return control.Explain(err, dpdk.ErrExist, "this process already has a handler of that command: call Unregister first")
}

// Unregister removes the handler of a command, and does not wait for it. DPDK still lists the command, and answers null.
//
// Errors: [dpdk.ErrNotFound].
func Unregister(name string) error {
	commands.Lock()
	defer commands.Unlock()
	if commands.byName[name] == nil {
		return &dpdk.Error{Op: opUnregister, Name: name, Errno: dpdk.ErrNotFound, Detail: "this process has no handler of that command"}
	}
	delete(commands.byName, name)
	return nil
}

// serve waits for requests in the Go runtime's poller.
func serve(wake *os.File) {
	var tokens [64]byte
	for {
		if _, err := wake.Read(tokens[:]); err != nil {
			return
		}
		for _, r := range cgo.TelRequests() {
			commands.Lock()
			c := commands.byName[r.Command]
			commands.Unlock()
			go answer(c, r)
		}
	}
}

// answer answers a request when the handler is free.
func answer(c *command, r cgo.TelRequest) {
	var value []byte
	defer func() { cgo.TelAnswer(r, value) }()
	if c == nil { // unregistered
		return
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-time.After(cgo.TelWait):
		return
	}
	if !cgo.TelWaits(r) {
		return
	}
	v, err := c.call(r.Params)
	if err == nil && v != nil {
		value, err = encode(r.Command, v)
	}
	if err != nil {
		control.Logger().Warn("telemetry: a command failed", "command", r.Command, "params", r.Params, "error", err)
	}
}

// call calls the handler, which may panic or call runtime.Goexit.
func (c *command) call(params string) (v any, err error) {
	err = fmt.Errorf("the handler called runtime.Goexit")
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.handler(params)
}
