package harness

import "testing"

// CountsAllocations skips a test that counts allocations if they are not those of the program: see [Race].
func CountsAllocations(t testing.TB) {
	t.Helper()
	if Race {
		t.Skip("the race detector allocates")
	}
}
