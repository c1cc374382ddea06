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

// WaitBurst receives like [RxQueue.Burst] but sleeps until a packet comes. Without an error it
// returns at least 1. Only the queue's goroutine may call it. The port needs Config.RxInterrupts
// and a driver with receive interrupts. The goroutine sleeps in the Go runtime's poller and holds
// no thread. No packet is missed: WaitBurst arms the interrupt, checks the queue again, and only
// then sleeps.
//
// net_tap, net_vhost, net_virtio_user and most NICs that vfio-pci drives have receive interrupts.
// net_af_packet, net_af_xdp, net_memif, net_null, net_pcap, net_ring and net_bonding have none:
// poll them with Burst, and yield or sleep after empty bursts. If waiting must not use CPU time,
// use vdev.TAP instead of vdev.AFPacket. A loop that has more to do than to receive uses [RxQueue.Interrupt].
//
// Going to sleep and waking up take microseconds. WaitBurst does not sleep while packets wait.
// Stop, Close and Detach end a sleep. Errors: the context's, dpdk.ErrUnsupported if the driver
// has no receive interrupts, dpdk.ErrInvalid without Config.RxInterrupts or for an empty pkts,
// dpdk.ErrSecondary, and those of [RxQueue.Err].
//
// Implements: rte_eth_dev_rx_intr_enable, rte_eth_dev_rx_intr_disable, rte_eth_dev_rx_intr_ctl_q, rte_eth_dev_rx_intr_ctl_q_get_fd
func (q RxQueue) WaitBurst(ctx context.Context, pkts []*mbuf.Mbuf) (int, error) {
	if q.q == nil {
		return 0, q.Err()
	}
	if len(pkts) == 0 {
		return 0, q.q.port.invalid(opInterrupt, "pkts is empty: use a slice with room for a packet")
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

// sleeper lets a queue's goroutine wait for the interrupt.
type sleeper struct {
	epoll *os.File // an epoll instance with the queue's interrupt
	conn  syscall.RawConn
	woken func(uintptr) bool // whether a wait is over

	mu        sync.Mutex // held during calls of C
	interrupt *cgo.EthInterrupt
	closed    bool
}

// arm enables the interrupt: the next packet wakes the sleeper. The first call makes the sleeper.
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

// disarm disables the interrupt, unless the port was stopped.
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
	if err != nil { // the file is closed
		return nil, int(syscall.EBADF)
	}
	s.conn = conn
	s.woken = func(uintptr) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.closed || s.interrupt.Take()
	}
	return s, 0
}

// waitFor sleeps until the interrupt comes, the time is over, or close is called.
func (s *sleeper) waitFor(most time.Duration) {
	_ = s.epoll.SetReadDeadline(time.Now().Add(most))
	_ = s.conn.Read(s.woken)
	_ = s.epoll.SetReadDeadline(time.Time{})
}

// wait sleeps until the interrupt comes, the context ends, or close is called.
func (s *sleeper) wait(ctx context.Context) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.epoll.SetReadDeadline(time.Unix(1, 0)) // in the past: it ends the read
		close(ended)
	})
	err := s.conn.Read(s.woken)
	if !stop() {
		<-ended
		_ = s.epoll.SetReadDeadline(time.Time{})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil // the next arm returns the reason
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
