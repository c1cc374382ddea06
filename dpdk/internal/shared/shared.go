// Package shared marks types with values in shared memory, and finds Go pointers, which such
// values must not contain.
package shared

// Mark marks a type, as the first field of its struct, of which all values are in memory that
// every process maps at the same address. A pointer to such a value is valid in all processes,
// so shared memory may contain it.
type Mark struct{}
