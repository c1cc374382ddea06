//go:build race

package harness

// Race is true in builds with -race. The race detector moves buffers to the heap, so tests do not count allocations then.
const Race = true
