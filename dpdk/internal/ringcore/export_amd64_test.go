//go:build !purego

package ringcore

// WithoutAVX runs f as on a processor that has no AVX.
func WithoutAVX(f func()) {
	defer func(was bool) { useAVX = was }(useAVX)
	useAVX = false
	f()
}
