package heap

import "github.com/godpdk/godpdk/dpdk"

// LoseAnswer makes the next Free fail as if the primary did not answer in time. It completes the call or not.
func LoseAnswer(completes bool) {
	call := freeCall
	freeCall = func(name string, r Ref) (none, error) {
		freeCall = call
		if completes {
			if _, err := call(name, r); err != nil {
				return none{}, err
			}
		}
		return none{}, dpdk.ErrTimeout
	}
}
