package acl

import (
	"fmt"

	cacl "github.com/godpdk/godpdk/cgo/acl"
)

// Algorithm is an implementation of classification (enum rte_acl_classify_alg). All give the same results.
type Algorithm int

// Algorithms.
const (
	Best      Algorithm = cacl.Default // the fastest one that the primary supports
	Scalar    Algorithm = cacl.Scalar  // plain C, which every processor runs
	SSE       Algorithm = cacl.SSE     // SSE4.1
	AVX2      Algorithm = cacl.AVX2
	NEON      Algorithm = cacl.NEON
	Altivec   Algorithm = cacl.Altivec
	AVX512x16 Algorithm = cacl.AVX512x16 // AVX512 with registers of 256 bits
	AVX512x32 Algorithm = cacl.AVX512x32 // AVX512 with registers of 512 bits
)

// preferred are the algorithms, the best one first, as in DPDK. A processor supports only those of its architecture.
var preferred = []Algorithm{AVX512x32, AVX512x16, AVX2, SSE, NEON, Altivec, Scalar}

var algorithms = map[Algorithm]string{Best: "best", Scalar: "scalar", SSE: "SSE", AVX2: "AVX2", NEON: "NEON",
	Altivec: "Altivec", AVX512x16: "AVX512x16", AVX512x32: "AVX512x32"}

// String returns the name of the algorithm.
func (a Algorithm) String() string {
	if s, ok := algorithms[a]; ok {
		return s
	}
	return fmt.Sprintf("Algorithm(%d)", int(a))
}
