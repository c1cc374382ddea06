package udp

import (
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is struct mmsghdr.
type message struct {
	header unix.Msghdr
	n      uint32
}

// rxBatch is a call of recvmmsg. A datagram goes to a buffer that can be lent, and what does not fit there to over.
type rxBatch struct {
	messages [burst]message
	iovecs   [burst][2]unix.Iovec
	names    [burst]unix.RawSockaddrInet6
	control  [burst]controlSpace
	buffers  [burst]*lent
	over     []byte
}

const overflow = 1<<16 - small

var rxBatches = sync.Pool{New: func() any {
	b := &rxBatch{over: make([]byte, burst*overflow)} // few pages of it are ever touched
	for i := range b.messages {
		h, v := &b.messages[i].header, &b.iovecs[i]
		v[1].Base = &b.over[i*overflow]
		v[0].SetLen(small)
		v[1].SetLen(overflow)
		h.Iov, h.Name, h.Control = &v[0], (*byte)(unsafe.Pointer(&b.names[i])), &b.control[i].bytes()[0]
		h.SetIovlen(len(v))
	}
	return b
}}

// receive receives up to most datagrams. It does not wait.
func (b *rxBatch) receive(fd uintptr, most int) (n int, errno unix.Errno) {
	for i := range most {
		if b.buffers[i] == nil {
			b.buffers[i] = lents.Get().(*lent)
			b.iovecs[i][0].Base = &b.buffers[i].data[0]
		}
		h := &b.messages[i].header
		h.Namelen = uint32(unsafe.Sizeof(b.names[i]))
		h.SetControllen(int(unsafe.Sizeof(b.control[i])))
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.messages)), uintptr(most), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// datagram returns datagram i, and the buffer in which it is.
func (b *rxBatch) datagram(i int) Datagram {
	h, n := &b.messages[i].header, int(b.messages[i].n)
	from := source(&b.names[i])
	d := datagram{from: from.Addr().Unmap()}
	d.readControl(b.control[i].bytes()[:h.Controllen])
	lent := Datagram{From: from, To: d.to, TOS: d.tos, TTL: d.ttl}
	if n <= small {
		lent.lent, b.buffers[i] = b.buffers[i], nil
		lent.data = lent.lent.data[:n:n]
		return lent
	}
	lent.data = make([]byte, n)
	copy(lent.data, b.buffers[i].data[:])
	copy(lent.data[small:], b.over[i*overflow:])
	return lent
}

// batchRead is a call of ReadBatch. It has no buffers while it waits: an rxBatch has 2 MiB.
type batchRead struct {
	ds    []Datagram
	n     int
	errno unix.Errno
	call  func(fd uintptr) bool
}

var batchReads = sync.Pool{New: func() any {
	r := new(batchRead)
	r.call = r.try
	return r
}}

// try receives the datagrams that are there. It reports false if none is.
func (r *batchRead) try(fd uintptr) bool {
	b := rxBatches.Get().(*rxBatch)
	defer rxBatches.Put(b)
	n, errno := b.receive(fd, min(len(r.ds), burst))
	switch errno {
	case 0:
	case unix.EAGAIN:
		return false
	default:
		r.errno = errno
		return true
	}
	for i := range n {
		r.ds[i] = b.datagram(i)
	}
	r.n = n
	return true
}

// readBatch is ReadBatch.
func (c *KernelConn) readBatch(ds []Datagram) (int, error) {
	r := batchReads.Get().(*batchRead)
	defer batchReads.Put(r)
	r.ds, r.n, r.errno = ds, 0, 0
	err := c.raw.Read(r.call)
	r.ds = nil
	switch {
	case err != nil:
		return 0, c.readError("recvmmsg", innerError(err))
	case r.errno != 0:
		return 0, c.readError("recvmmsg", r.errno)
	}
	return r.n, nil
}

// source returns the address of a sender as package net does.
func source(a *unix.RawSockaddrInet6) netip.AddrPort {
	if a.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(a))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), swap(four.Port))
	}
	addr := netip.AddrFrom16(a.Addr)
	if a.Scope_id != 0 {
		addr = addr.WithZone(zoneName(a.Scope_id))
	}
	return netip.AddrPortFrom(addr, swap(a.Port))
}

// swap converts a port between the network's and the processor's order.
func swap(port uint16) uint16 {
	var b [2]byte
	native.PutUint16(b[:], port)
	return be.Uint16(b[:])
}

// txBatch is a call of sendmmsg.
type txBatch struct {
	messages [burst]message
	iovecs   [burst]unix.Iovec
	names    [burst]unix.RawSockaddrInet6
	control  [burst]controlSpace

	asked, n int
	errno    unix.Errno
	call     func(fd uintptr) bool
}

var txBatches = sync.Pool{New: func() any {
	b := new(txBatch)
	b.call = b.send
	for i := range b.messages {
		h := &b.messages[i].header
		h.Iov = &b.iovecs[i]
		h.SetIovlen(1)
	}
	return b
}}

// send sends what the socket has room for. It reports false if that is nothing.
func (b *txBatch) send(fd uintptr) bool {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.messages)), uintptr(b.asked), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		}
		b.n, b.errno = int(n), errno
		return true
	}
}

// writeSome sends up to 32 messages. If it returns an error, it is that of the message after those that it has sent.
func (c *KernelConn) writeSome(ms []Message) (int, error) {
	b := txBatches.Get().(*txBatch)
	defer txBatches.Put(b)
	b.asked, b.n, b.errno = 0, 0, 0
	defaults := c.options.Load()
	for i := range ms[:min(len(ms), burst)] {
		to, err := target(c.remote, ms[i].To, c.v4, c.v6)
		o := *defaults
		o.of(&ms[i])
		if err == nil {
			err = o.fits(to.Addr())
		}
		if err != nil && i > 0 {
			break // the next call returns it
		}
		if err != nil {
			return 0, c.first(err)
		}
		h := &b.messages[i].header
		h.Name, h.Namelen, h.Control = nil, 0, nil
		if !c.remote.IsValid() {
			h.Name, h.Namelen = (*byte)(unsafe.Pointer(&b.names[i])), c.name(&b.names[i], to)
		}
		oob := b.control[i].bytes()
		n := o.putControl(oob, to.Addr(), defaults)
		if n > 0 {
			h.Control = &oob[0]
		}
		h.SetControllen(n)
		b.iovecs[i].Base = unsafe.SliceData(ms[i].Data)
		b.iovecs[i].SetLen(len(ms[i].Data))
		b.asked++
	}
	err := c.raw.Write(b.call)
	for i := range b.iovecs[:b.asked] {
		b.iovecs[i].Base = nil // the payload is the caller's
	}
	switch {
	case err != nil:
		return 0, innerError(err)
	case b.errno != 0:
		to, _ := target(c.remote, ms[0].To, c.v4, c.v6) // of the message that was not sent
		o := *defaults
		o.of(&ms[0])
		return 0, c.meaning(b.errno, to, &o, defaults)
	}
	return b.n, nil
}

// name writes an address, and returns its length.
func (c *KernelConn) name(a *unix.RawSockaddrInet6, to netip.AddrPort) uint32 {
	if !c.six {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(a))
		*four = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: swap(to.Port()), Addr: to.Addr().As4()}
		return uint32(unsafe.Sizeof(*four))
	}
	*a = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: swap(to.Port()), Addr: to.Addr().As16(), Scope_id: zoneIndex(to.Addr().Zone())}
	return uint32(unsafe.Sizeof(*a))
}
