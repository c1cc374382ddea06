//go:build !cgo

package shared

// Incomplete is a struct without cgo, where nothing of C's is in memory.
type Incomplete struct{}
