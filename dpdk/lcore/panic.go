package lcore

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// PanicError is a panic in a function that DPDK called. If the value of the panic is an error,
// errors.Is and errors.As find it.
type PanicError struct {
	Lcore int    // -1 if the thread was not an lcore
	Value any    // of the panic
	Stack []byte // of the goroutine, as debug.Stack writes it
}

// Error returns one line for the panic, and the stack below it.
func (e *PanicError) Error() string {
	where := ""
	if e.Lcore >= 0 {
		where = fmt.Sprintf(" on lcore %d", e.Lcore)
	}
	return fmt.Sprintf("panic%s: %v\n\t%s", where, e.Value, strings.ReplaceAll(strings.TrimSpace(string(e.Stack)), "\n", "\n\t"))
}

// Unwrap returns the value of the panic if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ErrGoexit is the error of a function that called runtime.Goexit, directly or by a function such as
// FailNow of testing.T.
var ErrGoexit = errors.New("the function called runtime.Goexit")

// try runs f and turns a panic into an error.
func try(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			id, _ := Current()
			err = &PanicError{Lcore: id, Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}
