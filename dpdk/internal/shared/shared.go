// Package shared marks types whose values are in memory that processes share, and finds Go
// pointers, which such values must not hold.
package shared

// Mark marks a struct that lies in memory which all processes map at the same
// address: a struct whose first field is a Mark. A pointer to it means the
// same to all of them, and so it may lie in shared memory itself.
type Mark struct{}
