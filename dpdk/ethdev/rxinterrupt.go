package ethdev

import (
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// RxInterrupt lets a polling loop sleep until a packet comes. It is an lcore.Waiter:
//
//	interrupt, err := rx.Interrupt()
//	…
//	idle := lcore.Idle{Waiter: interrupt}
//	for ctx.Err() == nil {
//		n := rx.Burst(pkts[:])
//		…
//		idle.After(n)
//	}
//
// An RxInterrupt belongs to the queue's goroutine. [RxQueue.WaitBurst] is the same without a loop.
type RxInterrupt struct {
	q *queue
	s *sleeper // not nil between Arm and Wait
}

// stoppedSleep is the longest sleep of a Wait without an interrupt.
const stoppedSleep = 10 * time.Millisecond

// Interrupt returns the queue's interrupt. The port and its driver need what [RxQueue.WaitBurst] needs, and the errors are the same.
//
// Implements: rte_eth_dev_rx_intr_enable, rte_eth_dev_rx_intr_disable, rte_eth_dev_rx_intr_ctl_q, rte_eth_dev_rx_intr_ctl_q_get_fd
func (q RxQueue) Interrupt() (*RxInterrupt, error) {
	if q.q == nil {
		return nil, q.Err()
	}
	s, err := q.q.arm()
	if err != nil {
		return nil, err
	}
	q.q.disarm(s)
	return &RxInterrupt{q: q.q}, nil
}

// Arm enables the interrupt. Receive once more before Wait: packets that have come before cause no interrupt.
func (i *RxInterrupt) Arm() { i.s, _ = i.q.arm() }

// Wait sleeps until an interrupt has come since Arm, or for the time most, and disables the interrupt. The goroutine sleeps in Go's
// poller and holds no thread. Stop, Close and Detach end the sleep. If the port is stopped, Wait sleeps, but not longer than 10 ms.
func (i *RxInterrupt) Wait(most time.Duration) {
	switch {
	case most <= 0:
	case i.s == nil:
		linux.Sleep(min(most, stoppedSleep))
	default:
		i.s.waitFor(most)
	}
	i.Disarm()
}

// Disarm disables the interrupt.
func (i *RxInterrupt) Disarm() {
	if i.s != nil {
		i.q.disarm(i.s)
		i.s = nil
	}
}
