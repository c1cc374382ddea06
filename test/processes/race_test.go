//go:build race

package processes

const race = true // the race detector moves buffers to the heap
