//go:build linux

package ethdev_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// A process with all its memory in one file, which vhost needs, has both ends of a virtio link.
// Their receive interrupts work, and net_vhost reports its link and queues.
var _ = harness.Role("virtio", func(args []string) error {
	cfg := harness.Config(1)
	cfg.Extra = []string{"--single-file-segments"}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	return errors.Join(virtio(args[0]), rt.Close())
})

func virtio(socket string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	pool, err := mbuf.CreatePool("virtio", 2047, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	events, err := ethdev.Subscribe(ethdev.EventLink | ethdev.EventQueueState)
	if err != nil {
		return err
	}
	defer events.Close()
	conf := ethdev.Config{Pool: pool, RxInterrupts: true}
	vhost, err := ethdev.Open("net_vhost0,iface="+socket, conf)
	if err != nil {
		return err
	}
	user, err := ethdev.Open("net_virtio_user0,path="+socket, conf)
	if err != nil {
		return err
	}
	seen := map[ethdev.EventType]bool{}
	for len(seen) < 2 {
		select {
		case e := <-events.C:
			if e.Port == vhost.ID() {
				seen[e.Type] = true
			}
		case <-ctx.Done():
			return fmt.Errorf("net_vhost reported only %v: %w", seen, ctx.Err())
		}
	}
	for _, p := range []*ethdev.Port{vhost, user} {
		if _, err := p.WaitLink(ctx, true); err != nil {
			return fmt.Errorf("%v: %w", p, err)
		}
	}
	for _, way := range [][2]*ethdev.Port{{user, vhost}, {vhost, user}} {
		if err := awake(ctx, pool, way[0].TxQueue(0), way[1].RxQueue(0)); err != nil {
			return fmt.Errorf("%v to %v: %w", way[0], way[1], err)
		}
		sent, err := way[0].TxQueue(0).Stats()
		got, err2 := way[1].RxQueue(0).Stats()
		if want := (ethdev.QueueStats{Packets: count, Bytes: 60 * count}); err != nil || err2 != nil || sent != want || got != want {
			return fmt.Errorf("%v to %v: the queues count %+v and %+v: %w", way[0], way[1], sent, got, errors.Join(err, err2))
		}
	}
	for _, p := range []*ethdev.Port{user, vhost} {
		if err := interrupted(p); err != nil {
			return fmt.Errorf("%v: %w", p, err)
		}
	}
	return errors.Join(user.Detach(), vhost.Detach(), pool.Free())
}

// interrupted stops a port while a goroutine waits for its packets.
func interrupted(p *ethdev.Port) error {
	ended := make(chan error, 1)
	go func() {
		pkts := make([]*mbuf.Mbuf, 8)
		_, err := p.RxQueue(0).WaitBurst(context.Background(), pkts)
		ended <- err
	}()
	if !asleep() {
		return errors.New("no goroutine sleeps")
	}
	if err := p.Stop(); err != nil {
		return err
	}
	select {
	case err := <-ended:
		if !errors.Is(err, unix.ENETDOWN) {
			return fmt.Errorf("it ended with %w", err)
		}
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("it still sleeps")
	}
}

const count = 500 // packets each way

// awake sends packets one by one, each after the receiver has got the packet before: at all
// moments of its way to sleep.
func awake(ctx context.Context, pool *mbuf.Pool, tx ethdev.TxQueue, rx ethdev.RxQueue) error {
	got := make(chan error)
	go func() {
		defer close(got)
		pkts := make([]*mbuf.Mbuf, 8)
		for range count {
			n, err := rx.WaitBurst(ctx, pkts)
			mbuf.FreeBulk(pkts[:n])
			if err == nil && n != 1 {
				err = fmt.Errorf("%d packets at once", n)
			}
			got <- err
			if err != nil {
				return
			}
		}
	}()
	for n := range count {
		m, ok := pool.Alloc()
		if !ok {
			return errors.New("the pool is empty")
		}
		if _, ok := m.Append(60); !ok {
			return errors.New("no room in an mbuf")
		}
		for until := time.Now().Add(time.Duration(n%50) * 2 * time.Microsecond); time.Now().Before(until); {
		}
		for tx.Burst([]*mbuf.Mbuf{m}) == 0 {
			if ctx.Err() != nil {
				return fmt.Errorf("packet %d is not sent: %w", n, ctx.Err())
			}
		}
		if err := <-got; err != nil {
			return fmt.Errorf("packet %d: %w", n, err)
		}
	}
	return nil
}

func TestVirtioInterruptsWakeReceivers(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	harness.Start(t, "virtio", t.TempDir()+"/vhost.sock").Wait()
}
