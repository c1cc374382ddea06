// Package racesync tells the race detector how objects in shared memory order the
// goroutines of this process. It does nothing in a build without -race.
package racesync
