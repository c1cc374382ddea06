package guard

// Shared marks a struct that lies in memory which all processes map at the same
// address: a struct whose first field is a Shared. A pointer to it means the
// same to all of them, and so it may lie in shared memory itself.
type Shared struct{}
