package control

import (
	"time"
)

// Longer describes the control calls that have run for longer than a limit, by number. Requests to other
// processes, which wait for an answer, are not among them.
func Longer(limit time.Duration) map[uint64]string {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	var long map[uint64]string
	for n, c := range eal.calls {
		if time.Since(c.since) > limit && takesLocks(c.op) {
			if long == nil {
				long = map[uint64]string{}
			}
			long[n] = c.String()
		}
	}
	return long
}
