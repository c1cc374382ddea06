package dpdk

import "strings"

// Error is the error of a DPDK call, or of arguments refused before one.
//
// errors.Is finds the sentinels of this package and syscall.Errno values in it.
type Error struct {
	Op    string // the rte_ function; the C or Go function where DPDK has none
	Name  string // the object, if the call is about one
	Errno Errno  // 0 if DPDK gave none
	// Cause is a sentinel for what has no error number, or nil.
	Cause error
	// Detail says what is wrong with which value and what to do about it.
	Detail string
	// Log holds DPDK's log of the failed call, without debug lines: all of it for
	// eal.Init, and for other calls what the calling thread logged, at most the last 4096
	// bytes. Lines that another thread or process logs for the call are not in it.
	Log []string
}

// Error is one line, but for the lines of Log.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Name != "" {
		b.WriteString(" \"" + e.Name + "\"")
	}
	for _, err := range e.Unwrap() {
		b.WriteString(": " + err.Error())
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, line := range e.Log {
		b.WriteString("\n\t" + line)
	}
	return b.String()
}

// Unwrap gives errors.Is the cause and the error number.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	if e.Errno != 0 {
		errs = append(errs, e.Errno)
	}
	return errs
}
