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

// MemifRole is the side of a memif that a port takes.
type MemifRole int

const (
	// MemifClient creates the shared memory and connects to the server.
	MemifClient MemifRole = iota
	// MemifServer listens on the socket, for the clients of several devices.
	MemifServer
)

// Memif is a link through shared memory to another process, such as VPP or a process in a
// container (net_memif). The port's link is up while the other side is connected; until then the
// port neither receives nor sends. Start of a client fails without a server. The server can send
// after the client has called Burst of its receive queue.
//
// The two processes must end in this order: stop the bursts of both, then Detach. If the other
// process exits or is killed during a burst of this one, DPDK unmaps the shared memory under the
// burst, and this process can die of SIGSEGV. All releases have this race. Vhost and VirtioUser
// do not: their bursts keep the memory until they return.
//
// Detach of a server leaves its listening socket registered with EAL's interrupt thread
// (DPDK 22.11 to 25.11). With both sides in one process, Close of EAL soon after the Detach of
// both can cause a SIGSEGV in DPDK.
type Memif struct {
	Name string
	Role MemifRole
	// ID identifies one of several links on a socket. Both sides use the same ID.
	ID int
	// Socket is the address of the server: an abstract name in the network namespace, or a
	// path if File is set. "" is /run/memif.sock in both cases.
	Socket string
	File   bool
	// OwnerUID and OwnerGID are the owner of the server's File; 0 does not change it. They
	// need DPDK 23.03.
	OwnerUID, OwnerGID int
	// RingSize is the number of packets in a full queue: a power of two up to 16384; 0 is
	// 1024. BufferSize is the size of a buffer in bytes; 0 is 2048. The values of the client
	// apply. Use a BufferSize above the size of any packet: DPDK before 24.11.6 and 25.11.2
	// wrongly joins packets that need several buffers.
	RingSize, BufferSize int
	MAC                  net.HardwareAddr // of the port; nil is a random one
	// ZeroCopy shares the mbufs of a client with the server. Start EAL with
	// --single-file-segments for it. The driver does not free the mbufs in its queues when
	// the port ends: the pool loses them.
	ZeroCopy bool
	// Secret must be the same on both sides, with at most 23 bytes. The devargs contain it.
	Secret string
}

func (d Memif) driver() string { return "net_memif" }
func (d Memif) name() string   { return d.Name }

// Devargs implements [Device].
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
	w.mac(d.MAC)
	if d.ZeroCopy && d.Role != MemifClient {
		w.invalid("ZeroCopy is set on a server: set it on the client")
	}
	w.flag("zero-copy", "yes", d.ZeroCopy)
	if len(d.Secret) > 23 {
		w.invalid("Secret has %d bytes: the driver compares only 23, use at most 23", len(d.Secret))
	}
	w.text("secret", "Secret", d.Secret)
	return w.devargs()
}

// defaultMemif is the driver's default socket.
const defaultMemif = "/run/memif.sock"

func (d Memif) writeSocket(w *writer) {
	if !d.File {
		if d.OwnerUID != 0 || d.OwnerGID != 0 {
			w.invalid("OwnerUID or OwnerGID is set without File: set File too")
		}
		if len(d.Socket) > linux.MaxSocketPath-1 { // one more byte marks it as abstract
			w.invalid("Socket has %d bytes: use at most %d for an abstract name", len(d.Socket), linux.MaxSocketPath-1)
		}
		w.text("socket", "Socket", d.Socket)
		return
	}
	// The file may be missing or exist: the client may start first, and a second server of a
	// process shares the file.
	w.socketPath("socket", "Socket", cmp.Or(d.Socket, defaultMemif))
	w.add("socket-abstract", "no")
	w.needs(23, 3, "OwnerUID", d.OwnerUID != 0)
	w.needs(23, 3, "OwnerGID", d.OwnerGID != 0)
	w.number("owner-uid", "OwnerUID", d.OwnerUID, 1, math.MaxInt32)
	w.number("owner-gid", "OwnerGID", d.OwnerGID, 1, math.MaxInt32)
}

// check refuses memory that cannot be shared: the driver detects that too late to return an
// error.
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
		err = &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported, Detail: "ZeroCopy needs EAL's memory in few files: " + singleFile}
	}
	return err
}

// attach adds the reason of a client that did not start: DPDK returns only -1.
func (d Memif) attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := attach(devargs, cfg)
	if d.Role != MemifClient || !errors.Is(err, dpdk.ErrPermission) {
		return p, err
	}
	return nil, &dpdk.Error{Op: "rte_eth_dev_start", Name: name, Errno: dpdk.Errno(syscall.ECONNREFUSED),
		Detail: fmt.Sprintf("no memif server listens on %s: start the server first", cmp.Or(d.Socket, defaultMemif))}
}

const singleFile = `add "--single-file-segments" to eal.Config.Extra`
