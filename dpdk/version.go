package dpdk

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/cgo"
)

// Version returns the DPDK release that this process runs with, such as "DPDK 22.11.11", or
// "" if the program was built without DPDK. It may be called before eal.Init.
//
// Implements: rte_version
func Version() string { return cgo.Version() }

// ErrNoDPDK is the error of a program that was built without DPDK. Errors that contain it
// are also [ErrUnsupported].
var ErrNoDPDK = errors.New("built without DPDK, which needs Linux and cgo (CGO_ENABLED=1)")

// VersionError is the error of a program that was compiled with the headers of one DPDK and
// runs with the libraries of another one, where structs may have other layouts.
type VersionError struct {
	Built   string // release of the headers: "22.11.11"
	Running string // release of the libraries
}

func (e *VersionError) Error() string {
	return "compiled for DPDK " + e.Built + ", but running with DPDK " + e.Running
}

// UnsupportedError is the error for a feature that this release of DPDK lacks. errors.Is
// finds [ErrUnsupported] in it.
type UnsupportedError struct {
	Feature string // the field or function
	Needs   string // the first release that has it: "24.11"; or "before 25.07"
	Running string // this release: "DPDK 22.11.11"
}

func (e *UnsupportedError) Error() string {
	return e.Feature + " needs DPDK " + e.Needs + ": this is " + e.Running
}

// Unwrap returns [ErrUnsupported].
func (e *UnsupportedError) Unwrap() error { return ErrUnsupported }

// CheckVersion compares the DPDK that this program was compiled for with the one that it
// runs with. It returns a [*VersionError] if year or month differ: releases of the same year
// and month have the same structs. It returns [ErrNoDPDK] if the program was built without
// DPDK. eal.Init calls CheckVersion.
func CheckVersion() error { return checkVersion(cgo.BuildVersion(), cgo.RunVersion()) }

func checkVersion(built, running uint32) error {
	if built == 0 {
		return ErrNoDPDK
	}
	if built>>16 != running>>16 {
		return &VersionError{release(built), release(running)}
	}
	return nil
}

// release formats a version that RTE_VERSION_NUM has packed.
func release(v uint32) string { return fmt.Sprintf("%d.%02d.%d", v>>24, v>>16&0xFF, v>>8&0xFF) }
