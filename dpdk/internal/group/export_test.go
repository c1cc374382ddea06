//go:build linux

package group

// What tests outside of the package, which can import the harness, have in common with these.
var RuntimeDirs, Mkdir, Ended = runtimeDirs, mkdir, ended
