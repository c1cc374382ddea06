//go:build linux

package places

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// limit is the time in which packets must come again.
const limit = 20 * time.Second

// flow sends numbered packets from one end to another, and counts what comes.
type flow struct {
	from, to peer
	seen     []int // by number
	came     int
}

// run sends packets that are due, and takes those that have come.
func (f *flow) run(due int) {
	for range due {
		if !f.from.send(uint64(len(f.seen))) {
			break
		}
		f.seen = append(f.seen, 0)
	}
	f.to.receive(func(n uint64) {
		if n < uint64(len(f.seen)) {
			f.seen[n]++
			f.came++
		}
	})
}

// sums returns the packets that did not come, and those that came again.
func (f *flow) sums() (lost, twice int) {
	for _, n := range f.seen {
		lost += max(1-n, 0)
		twice += max(n-1, 0)
	}
	return lost, twice
}

// traffic is the packets in both directions.
type traffic struct {
	t      *testing.T
	rx, tx flow
	last   time.Time
}

// until runs the traffic until done, at 5,000 packets a second in each direction.
func (f *traffic) until(what string, done func() bool) {
	f.t.Helper()
	for start := time.Now(); !done(); time.Sleep(time.Millisecond) {
		require.Less(f.t, time.Since(start), limit, "%s: %d of %d packets received, %d of %d sent",
			what, f.rx.came, len(f.rx.seen), f.tx.came, len(f.tx.seen))
		due := min(int(time.Since(f.last)/(200*time.Microsecond)), 64)
		f.last = time.Now()
		f.rx.run(due)
		f.tx.run(due)
	}
}

// flows runs the traffic until new packets have come in both directions.
func (f *traffic) flows(what string) {
	f.t.Helper()
	rx, tx := len(f.rx.seen), len(f.tx.seen)
	newer := func(f *flow, from int) bool {
		for _, n := range f.seen[from:] {
			if n > 0 {
				return true
			}
		}
		return false
	}
	f.until(what, func() bool { return newer(&f.rx, rx) && newer(&f.tx, tx) })
}

// drain takes packets until none have come for a while.
func (f *traffic) drain() {
	for last := time.Now(); time.Since(last) < 300*time.Millisecond; time.Sleep(time.Millisecond) {
		came := f.rx.came + f.tx.came
		f.rx.run(0)
		f.tx.run(0)
		if f.rx.came+f.tx.came > came {
			last = time.Now()
		}
	}
}

// world is what the tests of all drivers share.
type world struct {
	pool             *mbuf.Pool
	received, toSend *ring.Ring[*mbuf.Mbuf]
}

func newWorld(t *testing.T) (w world) {
	t.Helper()
	var err error
	w.pool, err = mbuf.CreatePool("packets", 8191, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.pool.Free()) })
	for name, r := range map[string]**ring.Ring[*mbuf.Mbuf]{"received": &w.received, "to send": &w.toSend} {
		*r, err = ring.Create[*mbuf.Mbuf](name, 1024, ring.Config{})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, (*r).Free()) })
	}
	return w
}

// open opens a port that the test detaches.
func (w world) open(t *testing.T, d vdev.Device) *ethdev.Port {
	t.Helper()
	p, err := vdev.Open(d, ethdev.Config{Pool: w.pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p
}

// drivers make a port and its peer.
var drivers = map[string]func(t *testing.T, w world) (*ethdev.Port, peer){
	// On a Multi side the driver would stop all others if it is killed between head and tail.
	"net_ring": func(t *testing.T, w world) (*ethdev.Port, peer) {
		var wire [2]*ring.Ring[*mbuf.Mbuf]
		for i := range wire {
			r, err := ring.Create[*mbuf.Mbuf](fmt.Sprint("wire", i), 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, r.Free()) })
			wire[i] = r
		}
		p, err := netring.Open(netring.Config{Name: "net_ring_place", Rx: wire[:1], Tx: wire[1:]}, ethdev.Config{Pool: w.pool})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, p.Detach()) })
		return p, rings{w.pool, wire[0], wire[1]}
	},
	"net_tap": func(t *testing.T, w world) (*ethdev.Port, peer) {
		p := w.open(t, vdev.TAP{Name: "net_tap_place", Interface: "place0"})
		require.NoError(t, p.SetPromiscuous(true))
		return p, newSocket(t, "place0")
	},
	"net_memif": func(t *testing.T, w world) (*ethdev.Port, peer) {
		path := filepath.Join(t.TempDir(), "memif")
		p := w.open(t, vdev.Memif{Name: "net_memif_place", Role: vdev.MemifServer, Socket: path, File: true})
		return p, port{w.pool, w.open(t, vdev.Memif{Name: "net_memif_peer", Socket: path, File: true})}
	},
	"net_pcap": func(t *testing.T, w world) (*ethdev.Port, peer) {
		wire := harness.Wire(t)
		p := w.open(t, vdev.PCAP{Name: "net_pcap_place", RxInterfaces: []string{wire.Near.Name}, TxInterfaces: []string{wire.Near.Name}, InboundOnly: true})
		var s socket
		require.NoError(t, wire.Far.Do(func() error { s = newSocket(t, wire.Far.Name); return nil }))
		return p, s
	},
}

// captures are the drivers of which each process captures by itself. A successor that was attached receives what its
// predecessor had received too, as far as there was room.
var captures = map[string]bool{"net_pcap": true}

// The successor polls on. Nobody stops or starts the port. A kill can lose the burst inside the driver.
func TestASuccessorPollsOn(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	for name, open := range drivers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			port, peer := open(t, w)
			used := w.pool.InUse() // by the queues
			kills := harness.Kills(20, 1)
			workers := rings{w.pool, w.toSend, w.received}
			f := &traffic{t: t, rx: flow{from: peer, to: workers}, tx: flow{from: workers, to: peer}, last: time.Now()}
			active := w.worker(t, port)
			active.Expect("works none")
			f.flows("the first worker")
			for range kills {
				next := w.worker(t, port)
				next.Expect("attached")
				f.flows("before a kill")
				moment := time.Now().Add(time.Duration(rand.IntN(20)) * time.Millisecond)
				f.until("the moment", func() bool { return time.Now().After(moment) })
				active.Kill()
				active = next
				active.Expect("works died")
				f.flows("the successor")
			}
			f.drain()
			active.Wait()
			f.drain()
			_, err := ealtest.Runtime().Recover(t.Context())
			require.NoError(t, err)
			rxLost, rxTwice := f.rx.sums()
			txLost, txTwice := f.tx.sums()
			missing := w.pool.InUse() - used
			t.Logf("%s: %d kills; receive: %d packets, %d lost, %d came twice; send: %d packets, %d lost, %d came twice; %d mbufs are missing in the pool",
				name, kills, len(f.rx.seen), rxLost, rxTwice, len(f.tx.seen), txLost, txTwice, missing)
			if captures[name] {
				assert.Positive(t, rxTwice)
			} else {
				assert.LessOrEqual(t, rxLost, burst*kills)
				assert.Zero(t, rxTwice)
			}
			assert.LessOrEqual(t, txLost, burst*kills)
			assert.Zero(t, txTwice)
			assert.LessOrEqual(t, missing, 2*burst*kills)
		})
	}
}

// worker starts a worker of a port, which waits for its place.
func (w world) worker(t *testing.T, p *ethdev.Port) *harness.Child {
	t.Helper()
	return harness.Start(t, "worker", ealtest.Runtime().FilePrefix(), p.Name())
}

// A worker of net_null is inside the driver most of the time.
func TestAKillInsideTheDriverLosesAtMostItsBurst(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	w := newWorld(t)
	p, err := vdev.Open(vdev.Null{Name: "net_null_place"}, ethdev.Config{Pool: w.pool})
	require.NoError(t, err)
	kills := harness.Kills(40, 3)
	came := func() {
		var pkts [burst]*mbuf.Mbuf
		require.Eventually(t, func() bool {
			n := w.received.DequeueBurst(pkts[:])
			mbuf.FreeBulk(pkts[:n])
			return n > 0
		}, limit, time.Millisecond)
	}
	drop := func() {
		receive(w.received.DequeueBurst, func(uint64) {})
		for w.received.Len() > 0 {
			receive(w.received.DequeueBurst, func(uint64) {})
		}
	}
	active := w.worker(t, p)
	active.Expect("works none")
	for range kills {
		next := w.worker(t, p)
		next.Expect("attached")
		for end := time.Now().Add(time.Duration(1000+rand.IntN(4000)) * time.Microsecond); time.Now().Before(end); {
			receive(w.received.DequeueBurst, func(uint64) {}) // so that the worker receives
		}
		active.Kill()
		drop()
		active = next
		active.Expect("works died")
		came()
	}
	active.Wait()
	drop()
	_, err = ealtest.Runtime().Recover(t.Context())
	require.NoError(t, err)
	closeBatches(t, p)
	require.NoError(t, p.Detach())
	t.Logf("net_null: %d kills, %d mbufs are missing in the pool", kills, w.pool.InUse())
	require.LessOrEqual(t, w.pool.InUse(), burst*kills)
	_, err = w.pool.Recover(nil)
	require.NoError(t, err)
	require.Zero(t, w.pool.InUse(), "a sweep finds them")
}

// closeBatches closes the batches of the workers of a port.
func closeBatches(t *testing.T, p *ethdev.Port) {
	t.Helper()
	all, err := place.Claim(t.Context(), "worker of "+p.Name(), place.Parts{})
	require.NoError(t, err)
	for _, name := range []string{"in", "out"} {
		_, err := place.NewBatch[*mbuf.Mbuf](all, name, burst)
		require.NoError(t, err)
	}
	require.NoError(t, all.Close())
}

// Two living processes never poll one queue by their places.
func TestAQueueOfALivingWorkerIsRefused(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	w := newWorld(t)
	p := w.open(t, vdev.Null{Name: "net_null_place"})
	active := w.worker(t, p)
	active.Expect("works")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, parts := range []place.Parts{{Rx: []place.Queue{{Port: p.Name()}}}, {Tx: []place.Queue{{Port: p.Name()}}}} {
		_, err := place.Claim(ctx, "another", parts)
		var busy *place.BusyError
		require.ErrorAs(t, err, &busy)
		require.Equal(t, active.Pid(), busy.Pid)
	}
	active.Kill()
	closeBatches(t, p)
}

func TestAPlaceRefusesDriversThatASecondaryCannotPoll(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	w := newWorld(t)
	for driver, d := range map[string]vdev.Device{
		"net_af_packet": vdev.AFPacket{Interface: harness.Wire(t).Near.Name, Truncate: true},
		"net_vhost":     vdev.Vhost{Socket: filepath.Join(t.TempDir(), "vhost")},
	} {
		c := w.worker(t, w.open(t, d))
		require.Contains(t, c.Expect("refused"), driver+" cannot be polled in a secondary")
		c.Wait()
	}
}

// Only the primary polls net_af_packet. When it is killed, the next primary opens the port again: the packets that
// come meanwhile are lost, and no others.
func TestAPrimaryOpensAFPacketAgain(t *testing.T) {
	harness.LongOnly(t, "it starts several primaries")
	harness.Need(t, harness.Root, harness.Hugepages)
	wire := harness.Wire(t)
	var s socket
	require.NoError(t, wire.Far.Do(func() error { s = newSocket(t, wire.Far.Name); return nil }))
	echo := flow{from: s, to: s}
	var lost, outage int
	for kill := range 5 {
		c := harness.Start(t, "echo", fmt.Sprintf("place%d_%d", os.Getpid(), kill), wire.Near.Name)
		c.Expect("open")
		from := len(echo.seen)
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
			echo.run(5)
		}
		c.Kill()
		before := len(echo.seen)
		for range 100 {
			echo.run(1)
			time.Sleep(time.Millisecond)
		}
		require.Positive(t, slices.Max(echo.seen[from:before]), "it works")
		for _, n := range echo.seen[from:before] {
			lost += max(1-n, 0)
		}
		for _, n := range echo.seen[before:] {
			outage += 1 - n
		}
	}
	_, twice := echo.sums()
	t.Logf("net_af_packet: 5 kills of the primary: %d of %d packets lost that were sent before, and %d of 500 that were sent after", lost, len(echo.seen)-500, outage)
	require.Equal(t, 500, outage, "nobody receives them")
	require.Zero(t, twice)
}
