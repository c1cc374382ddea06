//go:build !purego && !race

package words

import "testing"

func TestPushAndPopWithoutAVX2(t *testing.T) {
	defer func(use bool) { useAVX2 = use }(useAVX2)
	useAVX2 = false
	TestPushKeepsTheOrderAndPopReversesIt(t)
}
