package control

// EAL is a started EAL, as package eal registers it with Start.
type EAL interface {
	// PrimaryAlive reports whether the primary lives; in a primary it is true. Several
	// goroutines may call it at once.
	PrimaryAlive() bool
	// RunsGo reports whether the process with this socket for messages runs godpdk. socket is the
	// last element of the socket's path. Call it in control calls only.
	RunsGo(socket string) bool
	// EnterLocks and LeaveLocks enclose what may take DPDK's locks in shared memory. EnterLocks may
	// wait.
	EnterLocks()
	LeaveLocks()
	// RunOnMain starts f on the thread of the main lcore. It waits only until f has begun.
	RunOnMain(f func())
}

// Started returns what Start has registered. Call it only while EAL runs, or later.
func Started() EAL { return eal.started }

// Lcores is what runs on lcores, as package lcore registers it: a program need not have that package.
type Lcores interface {
	// Inside reports whether the caller is in a function that Stop would wait for.
	Inside() bool
	// Stop ends what runs on lcores, and names what does not end. Then EAL's
	// clean-up must not run: it would wait for ever, or unmap memory in use.
	Stop() error
}

var lcores Lcores

// RegisterLcores registers package lcore. Call it in an init function.
func RegisterLcores(l Lcores) { lcores = l }

// Inside reports whether the caller is in a function that Stop would wait for.
func Inside() bool { return lcores != nil && lcores.Inside() }
