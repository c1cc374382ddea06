package dpdk

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/cgo"
)

// Version is the DPDK release this process runs with, such as "DPDK 22.11.11"
// (rte_version); "" if it was built without DPDK. It may be called before eal.Init.
func Version() string { return cgo.Version() }

// ErrNoDPDK is why a program that was built without DPDK cannot have any. Its
// errors are also ErrUnsupported.
var ErrNoDPDK = errors.New("built without DPDK, which needs Linux and cgo (CGO_ENABLED=1)")

// VersionError is a program that was compiled with the headers of one DPDK and
// runs with the libraries of another, whose structs it would read wrong.
type VersionError struct {
	Built   string // for which DPDK, from its headers: "22.11.11"
	Running string // with which, from its libraries
}

func (e *VersionError) Error() string {
	return "compiled for DPDK " + e.Built + ", but running with DPDK " + e.Running
}

// UnsupportedError is what another release of DPDK can. It is an ErrUnsupported.
type UnsupportedError struct {
	Feature string // the field or function
	Needs   string // the first release with it: "24.11"; or "before 25.07"
	Running string // this one: "DPDK 22.11.11"
}

func (e *UnsupportedError) Error() string {
	return e.Feature + " needs DPDK " + e.Needs + ": this is " + e.Running
}

// Unwrap is ErrUnsupported.
func (e *UnsupportedError) Unwrap() error { return ErrUnsupported }

// CheckVersion compares the DPDK this program was compiled for with the one it
// runs with: a *VersionError if their year or month differ, within which DPDK
// keeps its structs as they are, and ErrNoDPDK if there is none. eal.Init calls it.
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

// release writes what RTE_VERSION_NUM packs.
func release(v uint32) string { return fmt.Sprintf("%d.%02d.%d", v>>24, v>>16&0xFF, v>>8&0xFF) }
