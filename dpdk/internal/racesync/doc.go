// Package racesync reports to the race detector how objects in shared memory order the goroutines of
// this process. Without -race its functions do nothing.
package racesync
