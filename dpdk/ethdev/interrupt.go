package ethdev

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const opInterrupt = "rte_eth_dev_rx_intr_enable"

// Wait receives as Burst does, but sleeps until there is a packet
// (rte_eth_dev_rx_intr_enable, rte_eth_dev_rx_intr_ctl_q): it returns at least 1
// without an error. It is for the queue's goroutine, at a port whose
// Config.RxInterrupts is set and whose driver has receive interrupts; the sleep is one
// in the Go runtime's poller and holds no thread. No packet is overlooked: the
// interrupt is armed, then the queue is looked at again, and only then it sleeps.
//
// Receive interrupts have net_tap, net_vhost and net_virtio_user, and most NICs that vfio-pci
// drives. net_af_packet, net_af_xdp, net_memif, net_null, net_pcap, net_ring and net_bonding
// have none: poll them with Burst, and yield or sleep between bursts that were empty. Where
// a wait must not cost CPU time, take vdev.TAP instead of vdev.AFPacket.
//
// Going to sleep and waking up take microseconds: a busy queue never does so. Stop,
// Close and Detach end a sleep. Errors: the context's, dpdk.ErrUnsupported if the
// driver has no receive interrupts, dpdk.ErrInvalid without Config.RxInterrupts or room
// in pkts, dpdk.ErrSecondary, and those of Err.
func (q RxQueue) WaitBurst(ctx context.Context, pkts []*mbuf.Mbuf) (int, error) {
	if q.q == nil {
		return 0, q.Err()
	}
	if len(pkts) == 0 {
		return 0, q.q.port.invalid(opInterrupt, "there is no room for a packet in an empty slice")
	}
	for {
		if n := q.Burst(pkts); n > 0 {
			return n, nil
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s, err := q.q.arm()
		if err != nil {
			return 0, err
		}
		n := q.Burst(pkts)
		if n == 0 {
			err = s.wait(ctx)
		}
		q.q.disarm(s)
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// sleeper is where a queue's goroutine waits for the interrupt.
type sleeper struct {
	epoll *os.File // DPDK's, in which the queue's interrupt is
	conn  syscall.RawConn

	mu        sync.Mutex // held while C is used
	interrupt *cgo.EthInterrupt
	closed    bool
}

// arm has the next packet wake the sleeper, which it makes at the first call.
func (q *queue) arm() (*sleeper, error) {
	p := q.port
	var s *sleeper
	err := p.owned(opInterrupt, func() error {
		if err := q.stateError(); err != nil {
			return err
		}
		if !p.cfg.RxInterrupts {
			return p.invalid(opInterrupt, "the port has no receive interrupts: set Config.RxInterrupts")
		}
		if q.sleeper == nil {
			made, errno := newSleeper(p.id, q.id)
			if errno != 0 {
				return p.interruptError(errno)
			}
			q.sleeper = made
		}
		s = q.sleeper
		return p.interruptError(s.interrupt.Arm(true))
	})
	return s, err
}

// interruptError is driverError with what to do if the driver has no receive interrupts.
func (p *Port) interruptError(errno int) error {
	err := driverError(errno)
	if err == dpdk.ErrUnsupported {
		return &dpdk.Error{Op: opInterrupt, Name: p.name, Errno: dpdk.ErrUnsupported,
			Detail: "the driver has no receive interrupts: poll the queue with Burst, and yield or sleep between bursts that were empty"}
	}
	return err
}

// disarm ends what arm began, unless the port was stopped.
func (q *queue) disarm(s *sleeper) {
	_ = q.port.owned("rte_eth_dev_rx_intr_disable", func() error {
		if q.sleeper == s {
			s.interrupt.Arm(false)
		}
		return nil
	})
}

// closeSleeper ends the sleep of the queue's goroutine and forgets the interrupt: the driver
// is about to close its descriptor. The caller holds the port's mu.
func (q *queue) closeSleeper() {
	if q.sleeper != nil {
		q.sleeper.close()
		q.sleeper = nil
	}
}

func newSleeper(port, queue uint16) (*sleeper, int) {
	interrupt, fd, errno := cgo.EthInterruptOpen(port, queue)
	if errno != 0 {
		return nil, errno
	}
	s := &sleeper{interrupt: interrupt, epoll: os.NewFile(uintptr(fd), "epoll of a receive queue")}
	conn, err := s.epoll.SyscallConn()
	if err != nil { // only of a closed file
		return nil, int(syscall.EBADF)
	}
	s.conn = conn
	return s, 0
}

// wait sleeps until the interrupt comes, the context ends, or close.
func (s *sleeper) wait(ctx context.Context) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.epoll.SetReadDeadline(time.Unix(1, 0)) // which has passed
		close(ended)
	})
	err := s.conn.Read(func(uintptr) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.closed || s.interrupt.Take()
	})
	if !stop() {
		<-ended
		_ = s.epoll.SetReadDeadline(time.Time{})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil // the next arm says why
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ctx.Err()
	}
	return err
}

func (s *sleeper) close() {
	s.mu.Lock()
	s.closed = true
	s.interrupt.Close()
	s.mu.Unlock()
	_ = s.epoll.Close() // wakes wait
}
