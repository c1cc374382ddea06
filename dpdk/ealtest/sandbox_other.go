//go:build !linux

package ealtest

import (
	"os"

	"github.com/godpdk/godpdk/dpdk"
)

const sigstop = noSignal("stop")

type noSignal string

func (s noSignal) String() string { return string(s) }
func (noSignal) Signal()          {}

var _ os.Signal = sigstop

// sandboxed runs no tests: no EAL runs here.
func sandboxed(Options, func() int) (int, error) { return 1, dpdk.ErrUnsupported }
