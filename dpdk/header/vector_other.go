//go:build !amd64 || purego

package header

const (
	vectorMin = 0
	useVector = false
)

func rawVector(b []byte) uint16 { return rawWords(b) }
