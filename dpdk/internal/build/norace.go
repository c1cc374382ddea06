//go:build !race

package build

// Race is true in builds with -race.
const Race = false
