package dpdk

import "strings"

// Error is the error of a call of DPDK, or of arguments that godpdk refuses before the call.
//
// errors.Is finds the sentinels of this package and values of syscall.Errno in it.
type Error struct {
	Op    string // the function of DPDK, or the C or Go function if DPDK has none
	Name  string // the name of the object, if the call has one
	Errno Errno  // 0 if DPDK returned none
	// Cause is a sentinel for a state that has no error number, or nil.
	Cause error
	// Detail names the value, what is wrong with it, and the fix.
	Detail string
	// Log holds the lines that DPDK logged during the failed call, without debug lines: all
	// of them for eal.Init. For other calls it holds at most the last 4096 bytes that the
	// calling thread logged, and no lines of other threads and processes.
	Log []string
}

// Error returns one line, followed by the lines of Log.
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

// Unwrap returns Cause and Errno, for errors.Is.
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
