package main

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	xskFrames    = 4096 // half of them wait in the fill ring, the others are for sending
	xskFrameSize = 2048
	xskRing      = xskFrames / 2
)

// xsk is an AF_XDP socket in copy mode, which every driver with native XDP has. One goroutine uses it.
type xsk struct {
	fd       int
	umem     []byte
	rx, tx   ring[unix.XDPDesc]
	fill, cq ring[uint64]
	free     []uint64 // addresses of frames for sending
	frames   [burst]unix.XDPDesc
	mapped   [][]byte
}

// ring is a ring that the kernel shares: one side produces, the other consumes.
type ring[T any] struct {
	producer, consumer, flags *uint32
	slots                     []T
}

func (r *ring[T]) slot(i uint32) *T { return &r.slots[i&uint32(len(r.slots)-1)] }

func newXSK(ifindex, queue int) (x *xsk, err error) {
	x = &xsk{}
	if x.fd, err = unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("socket(AF_XDP): %w", err)
	}
	if err = x.open(ifindex, queue); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

func (x *xsk) open(ifindex, queue int) (err error) {
	x.umem, err = unix.Mmap(-1, 0, xskFrames*xskFrameSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return fmt.Errorf("mmap of the UMEM: %w", err)
	}
	x.mapped = append(x.mapped, x.umem)
	reg := unix.XDPUmemReg{Addr: uint64(uintptr(unsafe.Pointer(&x.umem[0]))), Len: uint64(len(x.umem)), Size: xskFrameSize}
	if err := unix.SetsockoptString(x.fd, unix.SOL_XDP, unix.XDP_UMEM_REG, string(unsafe.Slice((*byte)(unsafe.Pointer(&reg)), unsafe.Sizeof(reg)))); err != nil {
		return fmt.Errorf("XDP_UMEM_REG: %w", err)
	}
	for _, option := range []int{unix.XDP_UMEM_FILL_RING, unix.XDP_UMEM_COMPLETION_RING, unix.XDP_RX_RING, unix.XDP_TX_RING} {
		if err := unix.SetsockoptInt(x.fd, unix.SOL_XDP, option, xskRing); err != nil {
			return fmt.Errorf("size of ring %d: %w", option, err)
		}
	}
	var at unix.XDPMmapOffsets
	size := uint32(unsafe.Sizeof(at))
	if _, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(x.fd), unix.SOL_XDP, unix.XDP_MMAP_OFFSETS, uintptr(unsafe.Pointer(&at)), uintptr(unsafe.Pointer(&size)), 0); e != 0 {
		return fmt.Errorf("XDP_MMAP_OFFSETS: %w", e)
	}
	if err := mapRing(x, &x.rx, at.Rx, unix.XDP_PGOFF_RX_RING); err != nil {
		return err
	}
	if err := mapRing(x, &x.tx, at.Tx, unix.XDP_PGOFF_TX_RING); err != nil {
		return err
	}
	if err := mapRing(x, &x.fill, at.Fr, unix.XDP_UMEM_PGOFF_FILL_RING); err != nil {
		return err
	}
	if err := mapRing(x, &x.cq, at.Cr, unix.XDP_UMEM_PGOFF_COMPLETION_RING); err != nil {
		return err
	}
	for i := range uint64(xskRing) {
		*x.fill.slot(uint32(i)) = i * xskFrameSize
		x.free = append(x.free, (xskRing+i)*xskFrameSize)
	}
	atomic.StoreUint32(x.fill.producer, xskRing)
	if err := unix.Bind(x.fd, &unix.SockaddrXDP{Flags: unix.XDP_COPY | unix.XDP_USE_NEED_WAKEUP, Ifindex: uint32(ifindex), QueueID: uint32(queue)}); err != nil {
		return fmt.Errorf("bind of the AF_XDP socket: %w", err)
	}
	return nil
}

func mapRing[T any](x *xsk, r *ring[T], at unix.XDPRingOffset, offset int64) error {
	var t T
	mem, err := unix.Mmap(x.fd, offset, int(at.Desc)+xskRing*int(unsafe.Sizeof(t)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return fmt.Errorf("mmap of a ring: %w", err)
	}
	x.mapped = append(x.mapped, mem)
	r.producer = (*uint32)(unsafe.Pointer(&mem[at.Producer]))
	r.consumer = (*uint32)(unsafe.Pointer(&mem[at.Consumer]))
	r.flags = (*uint32)(unsafe.Pointer(&mem[at.Flags]))
	r.slots = unsafe.Slice((*T)(unsafe.Pointer(&mem[at.Desc])), xskRing)
	return nil
}

// frame returns the bytes of a frame.
func (x *xsk) frame(d unix.XDPDesc) []byte { return x.umem[d.Addr : d.Addr+uint64(d.Len)] }

// receive returns up to a burst of received frames. Each must go to refill or to send before the next
// call.
func (x *xsk) receive() []unix.XDPDesc {
	at := *x.rx.consumer
	n := min(atomic.LoadUint32(x.rx.producer)-at, burst)
	for i := range n {
		x.frames[i] = *x.rx.slot(at + i)
	}
	atomic.StoreUint32(x.rx.consumer, at+n)
	return x.frames[:n]
}

// refill gives frames to the kernel, to receive into.
func (x *xsk) refill(frames []unix.XDPDesc) {
	at := *x.fill.producer
	for i, d := range frames {
		*x.fill.slot(at + uint32(i)) = d.Addr &^ (xskFrameSize - 1)
	}
	atomic.StoreUint32(x.fill.producer, at+uint32(len(frames)))
}

// alloc returns n frames to send. It waits for the kernel to complete earlier ones if there are too few.
func (x *xsk) alloc(n int) []unix.XDPDesc {
	for len(x.free) < n {
		x.complete()
	}
	for i := range n {
		last := len(x.free) - 1
		x.frames[i] = unix.XDPDesc{Addr: x.free[last]}
		x.free = x.free[:last]
	}
	return x.frames[:n]
}

// send sends frames, and takes back as many that the kernel has sent: some for sending, the others for
// receiving.
func (x *xsk) send(frames []unix.XDPDesc) error {
	at := *x.tx.producer
	for i, d := range frames {
		*x.tx.slot(at + uint32(i)) = d
	}
	at += uint32(len(frames))
	atomic.StoreUint32(x.tx.producer, at)
	// The kernel sends at most 32 frames with one call.
	for atomic.LoadUint32(x.tx.consumer) != at {
		err := unix.Sendto(x.fd, nil, unix.MSG_DONTWAIT, nil)
		if err != nil && err != unix.EAGAIN && err != unix.EBUSY && err != unix.ENOBUFS {
			return fmt.Errorf("sendto of the AF_XDP socket: %w", err)
		}
	}
	x.complete()
	return nil
}

// complete takes back the frames that the kernel has sent.
func (x *xsk) complete() {
	at, end := *x.cq.consumer, atomic.LoadUint32(x.cq.producer)
	for ; at != end; at++ {
		addr := *x.cq.slot(at) &^ (xskFrameSize - 1)
		if len(x.free) < xskRing {
			x.free = append(x.free, addr)
		} else {
			x.refill([]unix.XDPDesc{{Addr: addr}})
		}
	}
	atomic.StoreUint32(x.cq.consumer, at)
}

func (x *xsk) close() error {
	err := unix.Close(x.fd)
	for _, mem := range x.mapped {
		unix.Munmap(mem)
	}
	return err
}
