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

// AttachExternal makes m, an mbuf with a buffer of its own and one holder, refer
// to buf, empty and without headroom (rte_pktmbuf_attach_extbuf). buf is memory
// of at most 65,535 bytes that stays where it is: a memzone's, or other memory,
// which devices cannot read unless iova says where they find it. iova 0 is
// looked up, which works for DPDK's own memory. Clone and Attach share buf.
//
// When nobody refers to buf any more free is called, once. The last reference may
// go on any thread, C threads included, and in the middle of a burst, so the call
// comes later, on a goroutine of this package that makes all such calls, one
// after the other: until then buf must stay. free must not block for long; it may
// be nil. An mbuf with an external buffer must not be freed by another process,
// where the address of the callback means something else.
//
// Errors: dpdk.ErrInvalid for an empty or too long buf, or an m that is not such
// an mbuf; dpdk.ErrNoMemory, dpdk.ErrNotRunning. Nothing has changed then, and
// free is not called.
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
		m.pktLen = 0 // C leaves it as it was
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
	pin  runtime.Pinner // of no effect on memory that is not Go's
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

// serve makes the callbacks. It sleeps in the Go runtime's poller.
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

// freedExternals takes the list from C. What DPDK allocated for it is freed if
// EAL still runs; otherwise it went with EAL.
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
