package mbuf

import (
	"math"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const opExternal = "rte_pktmbuf_attach_extbuf"

// AttachExternal makes m refer to buf, empty and without headroom. m must be an mbuf with its
// own buffer and one reference. buf has at most 65,535 bytes and must not move. It is the
// memory of a memzone, or other memory. iova is its address for devices; devices cannot read
// the buffer without one. With an iova of 0 the address is looked up, which works for DPDK's
// memory. [Mbuf.Clone] and [Mbuf.Attach] share buf.
//
// The function free is called once, when nothing refers to buf any more; it may be nil. The
// last reference may be dropped on any thread, C threads included, and in the middle of a
// burst. So the call comes later, on a goroutine of this package that makes all such calls one
// after the other. buf must stay valid until then. free must not block for long. Another
// process must not free an mbuf with an external buffer: the address of the callback is not
// valid there.
//
// Errors: dpdk.ErrInvalid for an empty or too long buf, or for an m that is not such an mbuf;
// dpdk.ErrNoMemory; dpdk.ErrNotRunning. If AttachExternal fails, it changes nothing and never
// calls free.
//
// Implements: rte_pktmbuf_attach_extbuf
func (m *Mbuf) AttachExternal(buf []byte, iova uint64, free func()) error {
	m.alive("AttachExternal")
	if len(buf) == 0 || len(buf) > math.MaxUint16 {
		return check.Invalid(opExternal, "", "the buffer has %d bytes: use 1 to %d", len(buf), math.MaxUint16)
	}
	if err := m.unattached(opExternal); err != nil {
		return err
	}
	err := control.Call(opExternal, "", func() error {
		if err := externals.listen(); err != 0 {
			return control.Errno(err)
		}
		id := externals.add(buf, free)
		errno := cgo.ExtAttach(m.raw(), unsafe.Pointer(unsafe.SliceData(buf)), iova, uint16(len(buf)), id)
		if errno != 0 {
			externals.take(id)
		}
		return control.Errno(errno)
	})
	if err == nil {
		m.pktLen = 0 // C does not change it
	}
	return err
}

// externals are the buffers that some mbuf refers to.
var externals externalTable

type externalTable struct {
	mu   sync.Mutex
	last uint64
	bufs map[uint64]*external
	wake *os.File
}

type external struct {
	pin  runtime.Pinner // no effect on memory outside Go's heap
	free func()
}

func (t *externalTable) add(buf []byte, free func()) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	e := &external{free: free}
	e.pin.Pin(unsafe.SliceData(buf))
	if t.bufs == nil {
		t.bufs = map[uint64]*external{}
	}
	t.bufs[t.last] = e
	return t.last
}

func (t *externalTable) take(id uint64) *external {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.bufs[id]
	delete(t.bufs, id)
	e.pin.Unpin()
	return e
}

// listen starts the goroutine that makes the callbacks, once.
func (t *externalTable) listen() (errno int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wake != nil {
		return 0
	}
	fd, errno := cgo.ExtOpen()
	if errno != 0 {
		return errno
	}
	t.wake = os.NewFile(uintptr(fd), "pipe of external buffers")
	go t.serve()
	return 0
}

// serve makes the callbacks. It sleeps in the network poller of the Go runtime.
func (t *externalTable) serve() {
	var count [8]byte
	for {
		if _, err := t.wake.Read(count[:]); err != nil {
			return
		}
		for _, id := range freedExternals() {
			if e := t.take(id); e.free != nil {
				e.free()
			}
		}
	}
}

// freedExternals takes the list from C. It frees the memory that DPDK allocated for the list
// if EAL is running. Otherwise EAL has freed it.
func freedExternals() (ids []uint64) {
	err := control.Call("rte_free", "", func() error {
		ids = cgo.ExtFreed(true)
		return nil
	})
	if err != nil {
		ids = cgo.ExtFreed(false)
	}
	return ids
}
