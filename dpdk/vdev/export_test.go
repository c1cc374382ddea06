package vdev

// SetRelease has Devargs write for another release of DPDK, and returns the way
// back.
func SetRelease(year, month uint32) (restore func()) {
	before := release
	release = year<<24 | month<<16
	return func() { release = before }
}
