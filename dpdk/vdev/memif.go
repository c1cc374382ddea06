package vdev

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"net"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// MemifRole is which side of a memif a port is.
type MemifRole int

const (
	// MemifClient makes the shared memory and connects to the server.
	MemifClient MemifRole = iota
	// MemifServer listens on the socket, for clients of several devices.
	MemifServer
)

// Memif is a link to another process by shared memory, such as VPP, or a container's
// (net_memif). The port's link is up while the other side is there; until then
// it receives and sends nothing. Start of a client fails if there is no server; the
// server can send once the client has called Burst of its receive queue.
//
// The two processes must end in order: stop the bursts of both, then Detach. If the other
// process ends, or is killed, during a burst of this one, DPDK unmaps the shared memory
// beside the burst, and this process can die of SIGSEGV: some in a hundred do under full
// load. No release has a remedy. Where that matters use Vhost and VirtioUser: their
// bursts keep the memory until they have ended.
//
// Detach of a server leaves its listening socket registered with EAL's interrupt thread
// (DPDK 22.11 to 25.11): with both sides in one process, a Close of EAL soon after both
// were detached can be a SIGSEGV in DPDK.
type Memif struct {
	Name string
	Role MemifRole
	// ID tells links that use one socket apart; both sides have the same.
	ID int
	// Socket is where both sides meet: an abstract name, which belongs to the network
	// namespace, or, with File, a path. "" is /run/memif.sock, which an abstract name
	// can be too.
	Socket string
	File   bool
	// OwnerUID and OwnerGID own the server's File; 0 leaves it. Needs DPDK 23.03.
	OwnerUID, OwnerGID int
	// RingSize is how many packets a queue holds: a power of two up to 16384; 0 is
	// 1024. BufferSize is how many bytes its buffers have; 0 is 2048. What the client
	// has holds. Let it be more than any packet has: those that need several buffers
	// are joined with others wrongly by DPDK before 24.11.6 and 25.11.2.
	RingSize, BufferSize int
	MAC                  net.HardwareAddr // of the port; nil is a random one
	// ZeroCopy lets a client's mbufs be shared with the server. EAL must have been
	// started with --single-file-segments. The driver does not free what is in its queues
	// at the port's end: the pool lacks those mbufs then.
	ZeroCopy bool
	// Secret must be the same on both sides; at most 23 bytes. It stands in the
	// devargs.
	Secret string
}

func (d Memif) driver() string { return "net_memif" }
func (d Memif) name() string   { return d.Name }

// Devargs implements Device.
func (d Memif) Devargs() (string, error) {
	w := newWriter(d)
	switch d.Role {
	case MemifClient:
	case MemifServer:
		w.add("role", "server")
	default:
		w.invalid("Role is %d: use MemifClient or MemifServer", d.Role)
	}
	w.number("id", "ID", d.ID, 1, math.MaxUint32)
	d.writeSocket(w)
	if d.RingSize&(d.RingSize-1) != 0 {
		w.invalid("RingSize is %d: use a power of two", d.RingSize)
	}
	if d.RingSize != 0 && (d.RingSize < 2 || d.RingSize > 1<<14) {
		w.invalid("RingSize is %d: use 2 to %d", d.RingSize, 1<<14)
	}
	w.flag("rsize", number(bits.Len(uint(d.RingSize))-1), d.RingSize != 0)
	w.number("bsize", "BufferSize", d.BufferSize, 1, math.MaxUint16)
	w.mac("mac", "MAC", d.MAC)
	if d.ZeroCopy && d.Role != MemifClient {
		w.invalid("ZeroCopy is for the client")
	}
	w.flag("zero-copy", "yes", d.ZeroCopy)
	if len(d.Secret) > 23 {
		w.invalid("Secret has %d bytes: the driver compares 23", len(d.Secret))
	}
	w.text("secret", "Secret", d.Secret)
	return w.devargs()
}

// defaultMemif is the driver's own socket.
const defaultMemif = "/run/memif.sock"

func (d Memif) writeSocket(w *writer) {
	if !d.File {
		if d.OwnerUID != 0 || d.OwnerGID != 0 {
			w.invalid("OwnerUID and OwnerGID are for a File")
		}
		if len(d.Socket) > linux.MaxSocketPath-1 { // one byte says that it is abstract
			w.invalid("Socket has %d bytes: an abstract name has at most %d", len(d.Socket), linux.MaxSocketPath-1)
		}
		w.text("socket", "Socket", d.Socket)
		return
	}
	// The client may start first; and a second server of one process shares the file.
	w.socketPath("socket", "Socket", cmp.Or(d.Socket, defaultMemif))
	w.add("socket-abstract", "no")
	w.needs(23, 3, "OwnerUID", d.OwnerUID != 0)
	w.needs(23, 3, "OwnerGID", d.OwnerGID != 0)
	w.number("owner-uid", "OwnerUID", d.OwnerUID, 1, math.MaxInt32)
	w.number("owner-gid", "OwnerGID", d.OwnerGID, 1, math.MaxInt32)
}

// check says why memory cannot be shared, which the driver finds out when it
// is too late to say so.
func (d Memif) check(name string, _ ethdev.Config) error {
	if !d.ZeroCopy {
		return nil
	}
	single := false
	err := control.Call(op, name, func() error {
		single = cgo.SingleFileSegments()
		return nil
	})
	if err == nil && !single {
		err = &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported, Detail: "ZeroCopy needs " + singleFile}
	}
	return err
}

// attach says why a client did not start, of which DPDK says -1 only.
func (d Memif) attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := attach(devargs, cfg)
	if d.Role != MemifClient || !errors.Is(err, dpdk.ErrPermission) {
		return p, err
	}
	return nil, &dpdk.Error{Op: "rte_eth_dev_start", Name: name, Errno: dpdk.Errno(syscall.ECONNREFUSED),
		Detail: fmt.Sprintf("no memif server listens on %s: start it first", cmp.Or(d.Socket, defaultMemif))}
}

const singleFile = `EAL's memory in few files: add "--single-file-segments" to eal.Config.Extra`
