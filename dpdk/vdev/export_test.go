package vdev

// SetRelease sets the release of DPDK for which Devargs writes. The returned function restores it.
func SetRelease(year, month uint32) (restore func()) {
	before := release
	release = year<<24 | month<<16
	return func() { release = before }
}
