package main

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) {
	if os.Getenv(placeEnv) != "" {
		entries = append(entries, damagingEntry, failing)
		main()
		return
	}
	harness.Main(m)
}

// started starts a contender, and ends it with the test.
func started(t *testing.T, e entry) *rival {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages, harness.Testpmd)
	if strings.Contains(strings.ToLower(e.name), "xdp") {
		harness.Need(t, harness.XDP)
	}
	runtime.LockOSThread() // the thread ends with the test: start leaves it on one CPU
	c, err := chooseCPUs()
	require.NoError(t, err)
	r, err := e.start(0, c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.close()) })
	return r
}

func TestEveryContenderMovesAllFramesIntact(t *testing.T) {
	for _, e := range entries {
		t.Run(e.name, func(t *testing.T) {
			r := started(t, e)
			require.NoError(t, r.checkAll())
			for _, work := range r.works {
				var c cost
				r.measure(work, sizes[0], &c)
				require.NoError(t, c.err)
				assert.Len(t, c.own, turns)
			}
		})
	}
}

// damaging is a contender that damages the last byte of the last frame.
type damaging struct{ *udp }

func (d damaging) receive(n int, look func([]byte)) error {
	return d.udp.receive(n, func(data []byte) {
		if n--; n == 0 {
			data[len(data)-1]++
		}
		look(data)
	})
}

func (d damaging) send(n int, data []byte) error {
	if err := d.udp.send(n-1, data); err != nil {
		return err
	}
	data[len(data)-1]++
	return d.udp.send(1, data)
}

func (d damaging) echo(n int) error {
	if err := d.udp.echo(n - 1); err != nil {
		return err
	}
	k, from, err := d.conn.ReadFromUDPAddrPort(d.buf)
	if err != nil {
		return err
	}
	d.buf[k-1]++
	_, err = d.conn.WriteToUDPAddrPort(d.buf[:k], from)
	return err
}

var damagingEntry = entry{name: "damaging", works: every, sockets: true, back: answered, open: func(p place) (contender, error) {
	u, err := openUDP(p)
	return damaging{u}, err
}}

func TestDamagedFramesAreFound(t *testing.T) {
	r := started(t, damagingEntry)
	for _, work := range every {
		assert.Error(t, r.check(work, 8, 64), work)
	}
}

func TestStartReportsTheReason(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages, harness.Testpmd)
	runtime.LockOSThread() // see started
	c, err := chooseCPUs()
	require.NoError(t, err)
	_, err = entry{name: "testpmd", vdev: "net_af_packet0,iface=no"}.start(0, c)
	assert.ErrorContains(t, err, `ioctl failed (SIOCGIFINDEX)`)
	_, err = entry{name: failing.name}.start(0, c)
	assert.ErrorContains(t, err, "out of order")
}

var failing = entry{name: "failing", open: func(place) (contender, error) { return nil, errors.New("out of order") }}

// boasting reports one frame more than it moved.
type boasting struct{ station }

func (b boasting) turn(r request) (outcome, error) {
	o, err := b.station.turn(r)
	o.frames++
	return o, err
}

func TestMissingFramesAreFound(t *testing.T) {
	r := started(t, damagingEntry)
	r.station = boasting{r.station}
	var c cost
	r.measure(send, 64, &c)
	assert.EqualError(t, c.err, "32768 frames came from the contender, not 32784")
}

func TestBothVersionsOfSymmetricMPForward(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages, harness.Samples)
	c, err := chooseCPUs()
	require.NoError(t, err)
	s, err := newSymmetric()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.close()) })
	for _, v := range s.versions() {
		cost, err := s.run(v, 2, c)
		require.NoError(t, err, v.name)
		assert.Positive(t, cost, v.name)
		assert.Less(t, cost, 1e6, v.name)
	}
}
