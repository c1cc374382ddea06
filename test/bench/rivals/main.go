// Command rivals compares godpdk with what else moves frames through an interface of the kernel: DPDK's
// testpmd in C, gopacket, an AF_XDP socket in Go, and UDP sockets of the kernel. See README.md.
//
// BENCH_JSON=FILE also writes a Report as JSON.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	rounds = 12  // of alternating measurements
	turns  = 16  // of a measurement
	frames = 256 // of a turn: they fit into the smallest ring, that of veth

	// sendFrames is the number in a turn of sending. testpmd cannot send a few: it sends until it is stopped.
	sendFrames = 2048
)

var sizes = []int{64, 1500} // of frames, in bytes

func main() {
	do := bench
	if os.Getenv(placeEnv) != "" {
		do = run
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "rivals:", err)
		os.Exit(1)
	}
}

// ownMounts gives the calling thread a mount namespace of its own.
func ownMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("mount namespace: %w: run as root", err)
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

func bench() error {
	c, err := chooseCPUs()
	if err != nil {
		return err
	}
	// The processes that this thread starts inherit its CPU and its mounts, which end with them.
	runtime.LockOSThread()
	if err := errors.Join(pin(c.generator), ownMounts()); err != nil {
		return err
	}
	rows, err := contests(c)
	if err != nil {
		return err
	}
	rows = append(rows, symmetrics(c)...)
	rows = append(rows, l3fwds(c)...)
	report := newReport(rows)
	report.show()
	if file := os.Getenv("BENCH_JSON"); file != "" {
		return report.write(file)
	}
	return nil
}

// contests starts and checks all contenders, and measures those that work.
func contests(c cpus) (rows []Row, err error) {
	var running []*rival
	defer func() {
		for _, r := range running {
			err = errors.Join(err, r.close())
		}
	}()
	for i, e := range entries {
		r, err := e.start(i, c)
		if err == nil {
			if err = r.checkAll(); err == nil {
				running = append(running, r)
				continue
			}
			err = errors.Join(err, r.close())
		}
		rows = append(rows, Row{Group: group, Contender: e.name, Error: err.Error()})
	}
	base, err := newNowhere()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, base.close()) }()
	for _, size := range sizes {
		more, err := contest(running, base, size)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
