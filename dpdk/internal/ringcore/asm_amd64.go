//go:build !purego

package ringcore

import "golang.org/x/sys/cpu"

var useAVX = cpu.X86.HasAVX
