//go:build linux

package capture

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/pdump"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// The primary has a port that receives what it sends, and polls it without a pause. On "send first n" it sends n frames from
// that number on, in turn on its queues, and receives them. It prints how many it received. On "uninit" it calls pdump.Uninit,
// on "left" it prints "captured" if a queue has a capture, and the rings and pools of captures, and on "idle" it waits until all rings are empty that are not pools.
var _ = harness.Role("primary", func(args []string) (err error) {
	cfg := harness.Config(0)
	cfg.MemoryMB = 128
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("frames", 4095, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	cable, err := netring.Loopback(netring.CableConfig{Name: portName, Queues: queues, Sync: ring.Single}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	if len(args) == 0 {
		err = errors.Join(pdump.Init(), pdump.Init())
	}
	if err != nil {
		return err
	}
	harness.Say("primary %s", cfg.FilePrefix)
	commands := make(chan string)
	go func() {
		defer close(commands)
		for line := harness.Hear(); line != ""; line = harness.Hear() {
			commands <- line
		}
	}()
	s := station{cable.A, pool}
	for received := 0; ; received += s.poll() {
		select {
		case line, ok := <-commands:
			if !ok {
				return errors.Join(pdump.Uninit(), cable.Close(), full(pool))
			}
			switch line {
			case "uninit":
				harness.Say("uninit %s", describe(pdump.Uninit()))
				continue
			case "left":
				left, err := s.left()
				if err != nil {
					return err
				}
				harness.Say("left %s", left)
				continue
			case "idle":
				if err := idle(); err != nil {
					return err
				}
				harness.Say("idle")
				continue
			}
			var first, n int
			if _, err := fmt.Sscanf(line, "send %d %d", &first, &n); err != nil {
				return fmt.Errorf("%q: %w", line, err)
			}
			received = 0
			for i := first; i < first+n; i++ {
				if err := s.send(i); err != nil {
					return err
				}
				received += s.poll()
			}
			harness.Say("received %d", received)
		default:
		}
	}
})

func idle() error {
	for {
		rings, err := ring.List()
		if err != nil || !slices.ContainsFunc(rings, func(r ring.Info) bool { return r.Len > 0 && !strings.HasPrefix(r.Name, "MP_") }) {
			return err
		}
		runtime.Gosched()
	}
}

// left describes what captures have left in the primary.
func (s station) left() (string, error) {
	var all []string
	if pdumpcgo.Active(uint16(s.port.ID())) {
		all = append(all, "captured")
	}
	rings, err := ring.List()
	for _, r := range rings {
		all = append(all, r.Name)
	}
	pools, e := mempool.List()
	for _, p := range pools {
		all = append(all, p.Name)
	}
	all = slices.DeleteFunc(all, func(name string) bool { return name != "captured" && !strings.Contains(name, "pdump_") })
	return strings.Join(all, " "), errors.Join(err, e)
}

func full(pool *mbuf.Pool) error {
	if !pool.Full() {
		return fmt.Errorf("%d mbufs are missing", pool.InUse())
	}
	return nil
}

// station is the primary's port.
type station struct {
	port *ethdev.Port
	pool *mbuf.Pool
}

func (s station) send(number int) error {
	m, ok := s.pool.Alloc()
	if !ok {
		return errors.New("no mbuf")
	}
	f := frame(number)
	data, ok := m.Append(len(f))
	if !ok {
		return errors.New("no room")
	}
	copy(data, f)
	if s.port.TxQueue(number%queues).Burst([]*mbuf.Mbuf{m}) != 1 {
		return errors.New("the queue is full")
	}
	return nil
}

// poll receives and frees what has come.
func (s station) poll() (received int) {
	var pkts [32]*mbuf.Mbuf
	for q := range queues {
		n := s.port.RxQueue(q).Burst(pkts[:])
		mbuf.FreeBulk(pkts[:n])
		received += n
	}
	return received
}

// describe prints an error in one line.
func describe(err error) string { return strings.ReplaceAll(fmt.Sprint(err), "\n", " ") }
