//go:build linux

package processes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

var (
	_ = verb("port-find", func(a []string) (string, error) {
		p, err := ethdev.Lookup(a[0])
		if err != nil {
			return "", err
		}
		return fmt.Sprint(p.ID()), nil
	})
	_ = verb("port-attach", func(a []string) (string, error) {
		_, err := ethdev.Attach(a[0])
		return "", err
	})
	_ = verb("port-start", startPort)
	_ = verb("port-queue", func(a []string) (string, error) {
		rx, tx, err := portQueue(a[0], a[1])
		if err != nil {
			return "", err
		}
		return "", errors.Join(rx.Err(), tx.Err())
	})
	_ = verb("port-poll", func(a []string) (string, error) {
		rx, _, err := portQueue(a[0], a[1])
		if err != nil {
			return "", err
		}
		return fmt.Sprint(rx.Burst(make([]*mbuf.Mbuf, 32))), nil
	})
	_ = verb("port-control", controlPort)
	_ = verb("port-drive", drivePorts)
	_ = verb("port-work", workPorts)
)

func init() { sentinels["ErrNoDevice"] = dpdk.ErrNoDevice }

// startPort configures a port with queues, which receive into the pool "packets".
func startPort(a []string) (string, error) {
	p, err := ethdev.Lookup(a[0])
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(a[1])
	if err != nil {
		return "", err
	}
	pool, err := mbuf.LookupPool("packets")
	if err != nil {
		return "", err
	}
	if err := p.Configure(ethdev.Config{RxQueues: n, TxQueues: n, Pool: pool}); err != nil {
		return "", err
	}
	return "", p.Start()
}

func portQueue(name, queue string) (rx ethdev.RxQueue, tx ethdev.TxQueue, err error) {
	p, err := ethdev.Lookup(name)
	if err != nil {
		return rx, tx, err
	}
	n, err := strconv.Atoi(queue)
	return p.RxQueue(n), p.TxQueue(n), err
}

// controlPort makes the named control call on a port.
func controlPort(a []string) (string, error) {
	p, err := ethdev.Lookup(a[0])
	if err != nil {
		return "", err
	}
	return "", map[string]func() error{
		"Configure":     func() error { return p.Configure(ethdev.Config{TxQueues: 1, RxQueues: ethdev.NoQueues}) },
		"Start":         p.Start,
		"Stop":          p.Stop,
		"Reset":         p.Reset,
		"Close":         p.Close,
		"Detach":        p.Detach,
		"RxQueue.Stop":  func() error { return p.RxQueue(0).Stop() },
		"TxQueue.Start": func() error { return p.TxQueue(0).Start() },
	}[a[1]]()
}

// stuck ends a verb that waits for packets which do not come.
type stuck time.Time

func (s *stuck) after(moved int) error {
	if moved > 0 || time.Time(*s).IsZero() {
		*s = stuck(time.Now())
	} else if time.Since(time.Time(*s)) > 10*time.Second {
		return errors.New("nothing has come for 10 s")
	}
	if moved == 0 {
		runtime.Gosched()
	}
	return nil
}

// drivePorts sends numbered packets through all queues of one port and takes them
// from those of another: number n by queue n modulo their count, and each by the
// worker of that queue, once.
func drivePorts(a []string) (string, error) {
	queues, err := strconv.Atoi(a[2])
	if err != nil {
		return "", err
	}
	total, err := strconv.Atoi(a[3])
	if err != nil {
		return "", err
	}
	pool, err := mbuf.LookupPool("packets")
	if err != nil {
		return "", err
	}
	seen := make([]bool, total)
	next := make([]int, queues) // number to be sent by each queue
	for q := range next {
		next[q] = q
	}
	var pkts [32]*mbuf.Mbuf
	var idle stuck
	wrong := 0
	for back := 0; back < total; {
		moved := 0
		for q := range queues {
			_, tx, err := portQueue(a[0], fmt.Sprint(q))
			if err != nil {
				return "", err
			}
			rx, _, err := portQueue(a[1], fmt.Sprint(q))
			if err != nil {
				return "", err
			}
			n := numbered(pool, pkts[:], next[q], queues, total)
			sent := tx.Burst(pkts[:n])
			mbuf.FreeBulk(pkts[sent:n])
			next[q] += sent * queues

			n = rx.Burst(pkts[:])
			for _, m := range pkts[:n] {
				number := int(binary.LittleEndian.Uint32(m.Data()))
				if number >= total || seen[number] || number%queues != q || int(m.Data()[4]) != q+1 {
					wrong++
					continue
				}
				seen[number] = true
			}
			mbuf.FreeBulk(pkts[:n])
			back += n
			moved += sent + n
		}
		if err := idle.after(moved); err != nil {
			return "", fmt.Errorf("%d of %d are back: %w", back, total, err)
		}
	}
	return fmt.Sprint(wrong, " wrong"), nil
}

// numbered allocates packets with every step-th number from first up to total, as many as pkts and
// the pool have room for, and returns their count.
func numbered(pool *mbuf.Pool, pkts []*mbuf.Mbuf, first, step, total int) (n int) {
	for number := first; n < len(pkts) && number < total; number += step {
		m, ok := pool.Alloc()
		if !ok {
			break
		}
		frame, _ := m.Append(64)
		binary.LittleEndian.PutUint32(frame, uint32(number))
		frame[4] = 0 // the process that worked on it
		pkts[n] = m
		n++
	}
	return n
}

// workPorts takes packets from one port's queue, marks them, and sends them by the
// same queue of another.
func workPorts(a []string) (string, error) {
	rx, _, err := portQueue(a[0], a[2])
	if err != nil {
		return "", err
	}
	_, tx, err := portQueue(a[1], a[2])
	if err != nil {
		return "", err
	}
	total, err := strconv.Atoi(a[3])
	if err != nil {
		return "", err
	}
	var pkts [32]*mbuf.Mbuf
	var idle stuck
	done := 0
	for done < total {
		n := rx.Burst(pkts[:])
		for _, m := range pkts[:n] {
			m.Data()[4] += byte(rx.ID() + 1)
		}
		for rest := pkts[:n]; len(rest) > 0; {
			sent := tx.Burst(rest)
			rest = rest[sent:]
			if err := idle.after(sent); err != nil {
				return "", err
			}
		}
		if err := idle.after(n); err != nil {
			return "", fmt.Errorf("%d of %d: %w", done, total, errors.Join(err, rx.Err(), tx.Err()))
		}
		done += n
	}
	return fmt.Sprint(done), nil
}

// A port has a queue for each of three processes. Each process receives all packets of its queue
// and no others, and sends them on by its own queue of another port. The secondaries find the
// primary's virtual devices by themselves, and its PCI devices by its options, here --no-pci.
func TestProcessesShareAPort(t *testing.T) {
	const queues, each = 3, 20000
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix, "--vdev=net_ring0", "--vdev=net_ring1")
	primary.do("mbuf-pool", "packets", "2047")
	for _, port := range []string{"net_ring0", "net_ring1"} {
		primary.do("port-start", port, fmt.Sprint(queues))
	}
	var workers []*peer
	for q := range queues {
		w := started(t, "secondary", prefix)
		w.do("port-queue", "net_ring0", fmt.Sprint(q))
		w.ask("port-work", "net_ring0", "net_ring1", fmt.Sprint(q), fmt.Sprint(each))
		workers = append(workers, w)
	}
	assert.Equal(t, "0 wrong", primary.do("port-drive", "net_ring0", "net_ring1", fmt.Sprint(queues), fmt.Sprint(queues*each)))
	for _, w := range workers {
		assert.Equal(t, fmt.Sprint(each), w.done())
		w.quit()
	}
	assert.Equal(t, "2047 of 2047", primary.do("mbuf-available", "packets"))
	primary.quit()
}

// Trap 14: DPDK copies the addresses of a port's queues when a process attaches. A process that
// attached before the queues existed gets an error, polls nothing, and can start again. (A
// net_ring port has its queues from the beginning.)
func TestASecondaryBeforeThePrimaryConfiguredThePort(t *testing.T) {
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix, "--vdev=net_null0")
	early := started(t, "secondary", prefix)
	a := early.refused("ErrInvalid", "port-queue", "net_null0", "0")
	assert.Contains(t, a.Err, "queue 0 has not been set up by the primary")

	primary.do("mbuf-pool", "packets", "511")
	primary.do("port-start", "net_null0", "2")
	a = early.refused("ErrNoDevice", "port-queue", "net_null0", "0")
	assert.Contains(t, a.Err, "attached before the primary had configured the port: start it again")
	assert.Equal(t, "0", early.do("port-poll", "net_null0", "0"))
	early.quit()

	again := started(t, "secondary", prefix)
	again.do("port-queue", "net_null0", "1")
	assert.Equal(t, "32", again.do("port-poll", "net_null0", "1"))
	a = again.refused("ErrInvalid", "port-queue", "net_null0", "2")
	assert.Contains(t, a.Err, "queue 2 has not been set up by the primary")
	assert.Equal(t, "0", again.do("port-poll", "net_null0", "2"))
	again.quit()
	primary.quit()
}

// Only the primary changes a port. A secondary that tries gets an error, and the port goes on.
func TestASecondaryDoesNotControlAPort(t *testing.T) {
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix, "--vdev=net_ring0", "--vdev=net_ring1")
	primary.do("mbuf-pool", "packets", "511")
	primary.do("port-start", "net_ring0", "1")
	primary.do("port-start", "net_ring1", "1")
	secondary := started(t, "secondary", prefix)
	for _, call := range []string{"Configure", "Start", "Stop", "Reset", "RxQueue.Stop", "TxQueue.Start", "Close", "Detach"} {
		a := secondary.refused("ErrSecondary", "port-control", "net_ring0", call)
		assert.Contains(t, a.Err, "primary", call)
	}
	secondary.ask("port-work", "net_ring0", "net_ring1", "0", "1000")
	assert.Equal(t, "0 wrong", primary.do("port-drive", "net_ring0", "net_ring1", "1", "1000"))
	assert.Equal(t, "1000", secondary.done())
	secondary.quit()
	primary.quit()
}

// A device that the primary attaches while secondaries run is theirs too, under the
// same number, and one that a secondary attaches is the primary's; detached by either,
// it is gone for all.
func TestDevicesComeAndGoInAllProcesses(t *testing.T) {
	prefix := newPrefix(t)
	primary := started(t, "primary", prefix)
	secondary := started(t, "secondary", prefix)
	primary.do("port-attach", "net_null3")
	id := primary.do("port-find", "net_null3")
	assert.Equal(t, id, secondary.do("port-find", "net_null3"))
	secondary.do("port-attach", "net_null4")
	assert.Equal(t, secondary.do("port-find", "net_null4"), primary.do("port-find", "net_null4"))
	for port, by := range map[string]*peer{"net_null3": secondary, "net_null4": primary} {
		by.do("port-control", port, "Detach")
		secondary.refused("ErrNoDevice", "port-find", port)
		primary.refused("ErrNoDevice", "port-find", port)
	}
	secondary.quit()
	primary.quit()
}
