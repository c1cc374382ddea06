//go:build !cgo

package guard

// Incomplete is a struct without cgo, where nothing of C's is in memory.
type Incomplete struct{}
