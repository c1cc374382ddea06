//go:build !amd64 || purego

package header

const (
	vectorMin = 0
	useVector = false
)

func rawVector([]byte) uint16 { return 0 } // not called
