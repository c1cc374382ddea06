package pdump

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"golang.org/x/net/bpf"

	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

const opFilter = "rte_bpf_convert"

// maxFilter is the largest number of instructions that libpcap and Linux accept.
const maxFilter = 4096

// ParseFilter reads a filter in the format of "tcpdump -ddd": the number of instructions, and a line of four decimal
// numbers for each. An expression becomes such a filter with
//
//	tcpdump -ddd -y EN10MB 'udp port 53'
//
// To assemble instructions in Go, use bpf.Assemble of golang.org/x/net/bpf. The error is [dpdk.ErrInvalid].
func ParseFilter(r io.Reader) ([]bpf.RawInstruction, error) {
	var n int
	if _, err := fmt.Fscan(r, &n); err != nil || n < 1 || n > maxFilter {
		return nil, check.Invalid(opFilter, "", "the filter does not start with a number of instructions from 1 to %d: use the output of 'tcpdump -ddd'", maxFilter)
	}
	filter := make([]bpf.RawInstruction, n)
	for i := range filter {
		f := &filter[i]
		if _, err := fmt.Fscan(r, &f.Op, &f.Jt, &f.Jf, &f.K); err != nil {
			return nil, check.Invalid(opFilter, "", "instruction %d of the %d of the filter is not four numbers: %v", i+1, n, err)
		}
	}
	return filter, checkFilter("", filter)
}

// checkFilter refuses a filter that is not a valid program.
func checkFilter(name string, filter []bpf.RawInstruction) error {
	if filter == nil {
		return nil
	}
	program, ok := bpf.Disassemble(filter)
	if !ok {
		return check.Invalid(opFilter, name, "the filter has an instruction that classic BPF does not have")
	}
	if _, err := bpf.NewVM(program); err != nil {
		return check.Invalid(opFilter, name, "the filter is not a valid program: %v", err)
	}
	return nil
}

// The program is in the heap that all processes share. A Go primary takes the heap's lock for its secondaries.
var (
	newFilter = delegate.Func(opFilter, func(_ delegate.Owner, _ string, filter []pdumpcgo.Instruction) (uintptr, error) {
		f, errno := pdumpcgo.Filter(filter)
		return uintptr(f), control.Errno(errno)
	})
	freeFilter = delegate.Func("rte_free", func(_ delegate.Owner, _ string, filter uintptr) (struct{}, error) {
		pdumpcgo.FreeFilter(pointer(filter))
		return struct{}{}, nil
	})
)

// pointer converts an address in shared memory.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// withFilter calls f with the filter for the primary, or nil. The primary copies it.
func withFilter(name string, filter []bpf.RawInstruction, f func(filter unsafe.Pointer) error) error {
	if filter == nil {
		return f(nil)
	}
	program := make([]pdumpcgo.Instruction, len(filter))
	for i, ins := range filter {
		program[i] = pdumpcgo.Instruction{Op: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	var at uintptr
	err := control.Call(opFilter, name, func() (err error) {
		at, err = newFilter(name, program)
		return err
	})
	if err != nil {
		return err
	}
	if err = f(pointer(at)); errors.Is(err, dpdk.ErrTimeout) {
		return err // the primary may still read it
	}
	_ = control.Call("rte_free", name, func() error {
		_, err := freeFilter(name, at)
		return err
	})
	return err
}
