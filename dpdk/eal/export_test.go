package eal

// FailCleanup has rte_eal_cleanup return an errno when it has done its work.
func FailCleanup(errno int) {
	cleanup := ealCleanup
	ealCleanup = func() int {
		cleanup()
		return errno
	}
}
