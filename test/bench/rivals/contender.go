package main

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// burst is the number of frames that a contender moves with one call, if its interface has bursts.
const burst = 32

// contender moves frames through a network interface. Data is a frame, or for sockets of the
// kernel the payload of a datagram.
type contender interface {
	// receive receives n frames and passes each to look.
	receive(n int, look func(data []byte)) error
	// send sends n frames.
	send(n int, data []byte) error
	// echo receives n frames and sends each back, with its addresses swapped.
	echo(n int) error
	close() error
}

// hosted is a contender that chooses the thread for its calls.
type hosted interface {
	host(f func() error) error
}

// place is where a contender runs: its own interface, its CPU, and the addresses of its sockets.
type place struct {
	Contender string
	Interface string
	CPU       int
	Near, Far string // addresses of UDP sockets
}

// placeEnv holds the place of a process that is a contender.
const placeEnv = "GODPDK_RIVAL"

// request is what a contender has to do in one turn. Without a Work it ends.
type request struct {
	Work   string
	Frames int
	Data   []byte // to send
	Sum    bool   // receive: compute reply.Sum
}

// reply has the outcome of a request.
type reply struct {
	Nanos int64  // that passed
	CPU   int64  // that all threads of the process used
	Sum   uint64 // of the checksums of all frames
	Error string
}

// run is a process that is a contender. It opens its interface, reports that with an empty reply,
// and then answers requests from standard input.
func run() error {
	var p place
	if err := json.Unmarshal([]byte(os.Getenv(placeEnv)), &p); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	fail := func(err error) error { return errors.Join(err, out.Encode(reply{Error: err.Error()})) }
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == p.Contender })
	c, err := entries[i].open(p)
	if err != nil {
		return fail(err)
	}
	serve := func() error {
		in := json.NewDecoder(os.Stdin)
		for answer := (reply{}); ; {
			if err := out.Encode(answer); err != nil {
				return err
			}
			var r request
			if err := in.Decode(&r); err != nil && err != io.EOF {
				return err
			}
			if r.Work == "" {
				return nil
			}
			answer = r.do(c)
		}
	}
	if h, ok := c.(hosted); ok {
		err = h.host(serve)
	} else {
		err = serve()
	}
	return errors.Join(err, c.close())
}

func (r request) do(c contender) (a reply) {
	look := func(data []byte) { a.Sum += uint64(data[0]) }
	if r.Sum {
		look = func(data []byte) { a.Sum += uint64(crc32.ChecksumIEEE(data)) }
	}
	var err error
	cpu, start := cpuTime(), time.Now()
	switch r.Work {
	case receive:
		err = c.receive(r.Frames, look)
	case send:
		err = c.send(r.Frames, r.Data)
	case echo:
		err = c.echo(r.Frames)
	}
	a.Nanos, a.CPU = time.Since(start).Nanoseconds(), cpuTime()-cpu
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// cpuTime returns the CPU time of this process in ns.
func cpuTime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return t.Nano()
}

// swapMAC swaps the Ethernet addresses of a frame.
func swapMAC(frame []byte) {
	var dst [6]byte
	copy(dst[:], frame)
	copy(frame, frame[6:12])
	copy(frame[6:], dst[:])
}
