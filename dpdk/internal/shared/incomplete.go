//go:build cgo

package shared

import "runtime/cgo"

// Incomplete keeps a struct that has it off Go's heap and stack, and out of write
// barriers.
type Incomplete = cgo.Incomplete
