package control

import (
	"strings"
	"time"
)

// Quiet reports whether no control call runs, and returns the number of calls so far.
func Quiet() (number uint64, quiet bool) {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	return eal.number, len(eal.calls) == 0
}

// Longer describes the control calls that have run for longer than a limit, by number. Requests to other
// processes, which wait for an answer, are not among them.
func Longer(limit time.Duration) map[uint64]string {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	var long map[uint64]string
	for n, c := range eal.calls {
		if time.Since(c.since) > limit && !strings.HasPrefix(c.op, "rte_mp_") {
			if long == nil {
				long = map[uint64]string{}
			}
			long[n] = c.String()
		}
	}
	return long
}
