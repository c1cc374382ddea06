package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/test/wire"
)

// What a contender does with the frames of a turn.
const (
	receive = "receive"
	send    = "send"
	echo    = "echo"    // each frame goes back with new Ethernet addresses
	echoIO  = "echo io" // each frame goes back unchanged: testpmd's io mode
)

// entry describes a contender.
type entry struct {
	name    string
	works   []string
	sockets bool // UDP sockets of the kernel: they see payloads
	open    func(p place) (contender, error)
	vdev    string                              // testpmd: its device, without the interface
	settle  time.Duration                       // until all frames have reached the contender
	back    func(r *rival, frame []byte) []byte // what an echo of the frame is
}

var every = []string{receive, send, echo}

var entries = []entry{
	{name: "testpmd, net_af_packet", works: append(every, echoIO), vdev: "net_af_packet0,iface=", back: testpmdMAC},
	{name: "godpdk, net_af_packet", works: every, open: openGodpdkAFPacket, back: swapped},
	{name: "gopacket/afpacket", works: every, open: openGopacket, settle: 2 * blockTimeout, back: swapped},
	{name: "testpmd, net_af_xdp", works: append(every, echoIO), vdev: "net_af_xdp0,force_copy=1,iface=", back: testpmdMAC},
	{name: "godpdk, net_af_xdp", works: every, open: openGodpdkAFXDP, back: swapped},
	{name: "Go AF_XDP socket", works: every, open: openAFXDP, back: swapped},
	{name: "UDP, package net", works: every, sockets: true, open: func(p place) (contender, error) { return openUDP(p) }, back: answered},
	{name: "UDP, recvmmsg", works: every, sockets: true, open: openUDPBatch, back: answered},
}

// elsewhere is the address that the contenders send to: testpmd's default.
var elsewhere = net.HardwareAddr{2, 0, 0, 0, 0, 0}

func swapped(_ *rival, frame []byte) []byte {
	f := bytes.Clone(frame)
	swapMAC(f)
	return f
}

// testpmdMAC is the frame with the addresses that testpmd writes in its mac mode.
func testpmdMAC(r *rival, frame []byte) []byte {
	return slices.Concat(elsewhere, r.near.mac, frame[12:])
}

// answered is the datagram that the kernel makes of an answer with the same payload.
func answered(r *rival, frame []byte) []byte {
	f := datagram(r.near, r.far, 0, len(frame))
	copy(f[headers:], frame[headers:])
	copy(f[40:], frame[40:42]) // a sum does not depend on the order of its terms
	return f
}

// station is a running contender.
type station interface {
	// turn does the work of r, of which all frames to receive are there.
	turn(r request) (outcome, error)
	close() error
}

// outcome is the result of a turn.
type outcome struct {
	frames int
	nanos  float64 // that passed
	cpu    float64 // ns of CPU time of the process; 0 for testpmd
	sum    uint64  // if it was requested
}

// rival is a contender on a wire of its own, and the generator at the far end.
type rival struct {
	entry
	wire      *wire.Wire
	near, far side
	generator *generator
	station   station
}

// cpus are the CPUs of the contender and of the generator. On a machine with one CPU it is the same.
type cpus struct{ contender, generator int }

func chooseCPUs() (c cpus, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return c, err
	}
	c = cpus{-1, -1}
	for cpu := range 64 * len(set) {
		switch {
		case !set.IsSet(cpu):
		case c.contender < 0:
			c = cpus{cpu, cpu}
		default:
			c.generator = cpu
			return c, nil
		}
	}
	return c, nil
}

// pin binds the calling thread to a CPU. Processes that it starts inherit that.
func pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}

// start starts a contender, and leaves the calling thread on the CPU of the generator. n makes the names of interfaces different.
func (e entry) start(n int, c cpus) (r *rival, err error) {
	r = &rival{entry: e}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.wire, err = wire.New(fmt.Sprint("rival", n)); err != nil {
		return r, err
	}
	r.near = side{r.wire.Near.MAC, netip.MustParseAddrPort("10.9.0.2:7000")}
	// The kernel at the far end drops what comes from the contender early: the address is not its own.
	r.far = side{elsewhere, netip.MustParseAddrPort("10.9.0.1:7001")}
	if e.sockets {
		err = errors.Join(r.wire.Near.Address(r.wire.Near.Name, "10.9.0.2/24"),
			r.wire.Near.Neighbour(r.wire.Near.Name, r.far.addr.Addr().AsSlice(), r.far.mac))
		if err != nil {
			return r, err
		}
	}
	if r.generator, err = newGenerator(r.wire.Far); err != nil {
		return r, err
	}
	err = r.wire.Near.Do(func() (err error) {
		if err := pin(c.contender); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pin(c.generator)) }()
		if e.vdev != "" {
			r.station, err = startTestpmd(e.vdev+r.wire.Near.Name, c)
		} else {
			r.station, err = startProcess(place{Contender: e.name, Interface: r.wire.Near.Name, CPU: c.contender,
				Near: r.near.addr.String(), Far: r.far.addr.String()})
		}
		return err
	})
	return r, err
}

func (r *rival) close() (err error) {
	if r.station != nil {
		err = r.station.close()
	}
	if r.generator != nil {
		err = errors.Join(err, unix.Close(r.generator.fd))
	}
	if r.wire != nil {
		err = errors.Join(err, r.wire.Close())
	}
	return err
}

// checkAll checks all works of the contender.
func (r *rival) checkAll() error {
	for _, work := range r.works {
		for _, size := range []int{64, 65, 777, 1500} {
			if err := r.check(work, frames, size); err != nil {
				return fmt.Errorf("%s, %d bytes: %w", work, size, err)
			}
		}
	}
	return nil
}

// payload is what the contender sees of a frame.
func (r *rival) payload(frame []byte) []byte {
	if r.sockets {
		return frame[headers:]
	}
	return frame
}

// check has the contender do a work with n frames of size bytes, and compares each byte of them.
func (r *rival) check(work string, n, size int) error {
	sink, err := newSink(r.wire.Far)
	if err != nil {
		return err
	}
	defer sink.close()
	outgoing := datagram(r.near, r.far, size, size)
	req := request{Work: work, Frames: n, Data: r.payload(outgoing), Sum: work == receive}
	frames := datagrams(r.far, r.near, n, size)
	if work != send {
		if _, err := r.generator.send(frames); err != nil {
			return err
		}
		time.Sleep(r.settle)
	}
	out, err := r.station.turn(req)
	if err != nil {
		return err
	}
	if work == receive {
		want := uint64(0)
		for _, f := range frames {
			want += uint64(crc32.ChecksumIEEE(r.payload(f)))
		}
		if r.vdev == "" && out.sum != want {
			return fmt.Errorf("received other bytes than were sent: the sum of checksums is %#x, not %#x", out.sum, want)
		}
		return nil
	}
	for i := range n {
		got, err := sink.take()
		if err != nil {
			return fmt.Errorf("%s: frame %d of %d: %w", work, i, n, err)
		}
		want := outgoing
		switch work {
		case echo:
			want = r.back(r, frames[i])
		case echoIO:
			want = frames[i]
		}
		if !isDatagram(got, size) {
			return fmt.Errorf("%s: frame %d is not a datagram of %d bytes: %x", work, i, size, got)
		}
		if work == send && r.vdev != "" {
			continue // testpmd makes its own datagrams
		}
		if r.sockets { // the kernel chooses the identification
			copy(want[18:20], got[18:20])
			copy(want[24:26], got[24:26])
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s: frame %d is %x, not %x", work, i, got, want)
		}
	}
	return nil
}
