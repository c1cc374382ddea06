package devices

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// "load" opens a device, and sends and receives as fast as it can until its input ends.
// It prints "open", and "busy" when packets have come. After the request "busy" it prints "busy"
// again when as many packets have come, and after "idle" when it has made as many bursts.
var _ = harness.Role("load", func(args []string) (err error) {
	lcore, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	cfg := harness.Config(lcore)
	cfg.Extra = append(cfg.Extra, single)
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("packets", 4095, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	// By events of its link virtio-user takes note of a new vhost.
	port, err := vdev.Open(kinds[args[0]](args[1]), ethdev.Config{Pool: pool, LinkEvents: args[0] == "virtio-server"})
	if err != nil {
		return err
	}
	harness.Say("open")
	requests := make(chan string)
	go func() {
		for r := harness.Hear(); r != ""; r = harness.Hear() {
			requests <- r
		}
		close(requests)
	}()
	err = load(port, pool, requests)
	return errors.Join(err, port.Detach(), mbuftest.Missing(pool))
})

// load sends and receives until the requests end.
func load(port *ethdev.Port, pool *mbuf.Pool, requests <-chan string) error {
	rx, tx := port.RxQueue(0), port.TxQueue(0)
	var in, out [32]*mbuf.Mbuf
	var idle lcore.Idle // without a peer nothing moves, and others need the CPU
	wanted, bursts := 10000, -1
	for {
		select {
		case r, ok := <-requests:
			switch {
			case !ok:
				return nil
			case r == "busy":
				wanted = 10000
			case r == "idle":
				bursts = 1000
			}
		default:
		}
		n := rx.Burst(in[:])
		mbuf.FreeBulk(in[:n])
		if wanted > 0 {
			if wanted -= n; wanted <= 0 {
				harness.Say("busy")
			}
		}
		if bursts > 0 {
			if bursts--; bursts == 0 {
				harness.Say("idle")
			}
		}
		if pool.AllocBulk(out[:]) {
			for _, m := range out {
				m.Append(1000)
			}
			sent := tx.Burst(out[:])
			mbuf.FreeBulk(out[sent:])
			n += sent
		}
		idle.After(n)
	}
}

// loaded starts a process in the role "load".
func loaded(t *testing.T, kind, socket string) *harness.Child {
	t.Helper()
	return harness.Start(t, "load", kind, socket, strconv.Itoa(nextLcore()))
}

// listens are the kinds that the other side connects to.
var listens = map[string]bool{"memif-server": true, "vhost": true, "virtio-server": true}

// pair starts both, the one that listens first.
func pair(t *testing.T, survivor, victim, socket string) (s, v *harness.Child) {
	t.Helper()
	if listens[survivor] {
		s = loaded(t, survivor, socket)
		if survivor != "virtio-server" { // which waits for the other
			s.Expect("open")
		}
		v = loaded(t, victim, socket)
	} else {
		v = loaded(t, victim, socket)
		if victim != "virtio-server" {
			v.Expect("open")
		}
		s = loaded(t, survivor, socket)
	}
	v.Expect("busy")
	s.Expect("busy")
	return s, v
}

// end kills a process, or has it detach its port and end.
func end(c *harness.Child, kill bool) {
	if kill {
		c.Kill()
	} else {
		c.Wait()
	}
}

// The other process is killed, or ends, under full load. With vhost and virtio-user this
// one goes on, and takes a new peer if it can.
func TestPortSurvivesDeadPeer(t *testing.T) {
	for _, tc := range []struct {
		survivor, victim string
		again            bool // takes a new peer
	}{
		{"vhost", "virtio", true},
		{"vhost", "virtio-packed", true},
		{"virtio", "vhost", false},
		{"virtio-server", "vhost-client", true},
		{"vhost-client", "virtio-server", true},
	} {
		for _, kill := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s after %s killed %v", tc.survivor, tc.victim, kill), func(t *testing.T) {
				t.Parallel() // they mostly wait: for starts of EAL
				harness.Need(t, harness.Hugepages)
				socket := filepath.Join(t.TempDir(), "s")
				survivor, victim := pair(t, tc.survivor, tc.victim, socket)
				end(victim, kill)
				survivor.Send("idle")
				survivor.Expect("idle")
				if tc.again {
					if listens[tc.victim] {
						_ = os.Remove(socket) // which the killed one has left
					}
					survivor.Send("busy")
					victim = loaded(t, tc.victim, socket)
					victim.Expect("busy")
					survivor.Expect("busy")
					victim.Wait()
				}
				assert.Empty(t, survivor.Wait())
			})
		}
	}
}

// With memif this process can die with the other: DPDK unmaps the shared memory in a
// thread of its own, beside a burst. Nothing else may happen.
func TestMemifSurvivesDeadPeer(t *testing.T) {
	for _, tc := range [][2]string{{"memif-server", "memif-client"}, {"memif-client", "memif-server"}} {
		for _, kill := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s killed %v", tc[0], kill), func(t *testing.T) {
				harness.Need(t, harness.Hugepages)
				survivor, victim := pair(t, tc[0], tc[1], filepath.Join(t.TempDir(), "s"))
				end(victim, kill)
				if !survivor.AskOrFault("idle") {
					t.Log("this process died too, which the documentation of vdev.Memif allows")
					return
				}
				assert.Empty(t, survivor.Wait())
			})
		}
	}
}
