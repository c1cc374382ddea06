package guard

import "log/slog"

// Lcores is what the packages eal and lcore tell each other: eal stands below
// lcore, which a program need not have.
var Lcores struct {
	// Main gives f to the thread of the main lcore. EAL sets it.
	Main func(f func())
	// Logger is where warnings go. EAL sets it.
	Logger *slog.Logger
	// Own says whether the caller runs on an lcore that Stop would wait for.
	Own func() bool
	// Stop ends what runs on lcores, and names what does not end. Then EAL's
	// clean-up must not run: it would wait for ever, or unmap memory in use.
	Stop func() error
}
