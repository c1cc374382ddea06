//go:build linux

package places

import (
	"encoding/binary"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// etherType is the type of the numbered frames.
const etherType = 0x88b5

// frame is frame number n.
func frame(n uint64) []byte {
	f := make([]byte, 60)
	for i := range 6 {
		f[i] = 0xff
	}
	f[6] = 2
	binary.BigEndian.PutUint16(f[12:], etherType)
	binary.LittleEndian.PutUint64(f[14:], n)
	return f
}

// number returns the number of a frame. It is false for frames of others, such as the kernel's.
func number(f []byte) (n uint64, ok bool) {
	if len(f) < 22 || binary.BigEndian.Uint16(f[12:]) != etherType {
		return 0, false
	}
	return binary.LittleEndian.Uint64(f[14:]), true
}

// numbered allocates frame number n.
func numbered(pool *mbuf.Pool, n uint64) (*mbuf.Mbuf, bool) {
	m, ok := pool.Alloc()
	if ok {
		m.AppendBytes(frame(n))
	}
	return m, ok
}

// peer is the other end of a port.
type peer interface {
	send(n uint64) bool
	receive(each func(n uint64))
}

// rings is a peer that uses rings: the rings of a net_ring port, or those of the workers.
type rings struct {
	pool    *mbuf.Pool
	in, out *ring.Ring[*mbuf.Mbuf] // to send to, and to receive from
}

func (r rings) send(n uint64) bool {
	m, ok := numbered(r.pool, n)
	if ok && !r.in.Enqueue(m) {
		m.Free()
		ok = false
	}
	return ok
}

func (r rings) receive(each func(n uint64)) { receive(r.out.DequeueBurst, each) }

func receive(from func([]*mbuf.Mbuf) int, each func(n uint64)) {
	var pkts [burst]*mbuf.Mbuf
	for _, m := range pkts[:from(pkts[:])] {
		if n, ok := number(m.Data()); ok {
			each(n)
		}
		m.Free()
	}
}

// port is a peer that is a port of this process.
type port struct {
	pool *mbuf.Pool
	*ethdev.Port
}

func (p port) send(n uint64) bool {
	m, ok := numbered(p.pool, n)
	if ok && p.TxQueue(0).Burst([]*mbuf.Mbuf{m}) == 0 {
		m.Free()
		ok = false
	}
	return ok
}

func (p port) receive(each func(n uint64)) { receive(p.RxQueue(0).Burst, each) }

// socket is a peer that is a packet socket of the kernel on an interface.
type socket int

func newSocket(t *testing.T, name string) socket {
	t.Helper()
	i, err := net.InterfaceByName(name)
	require.NoError(t, err)
	const proto = etherType>>8 | etherType&0xff<<8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: i.Index}))
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20))
	return socket(fd)
}

func (s socket) send(n uint64) bool {
	_, err := unix.Write(int(s), frame(n))
	return err == nil
}

func (s socket) receive(each func(n uint64)) {
	buf := make([]byte, 2048)
	for range burst {
		size, err := unix.Read(int(s), buf)
		if err != nil {
			return
		}
		if n, ok := number(buf[:size]); ok {
			each(n)
		}
	}
}
