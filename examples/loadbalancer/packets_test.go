//go:build linux && cgo

package main

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

const tableSize = 64

var (
	clientMAC = header.MAC{2, 0, 0, 0, 0, 1}
	// backendMACs are behind port 1.
	backendMACs = map[string]header.MAC{"10.1.0.1": {2, 0, 0, 1, 0, 1}, "10.1.0.2": {2, 0, 0, 1, 0, 2}, "fd01::1": {2, 0, 0, 1, 0, 1}, "fd01::2": {2, 0, 0, 1, 0, 2}}
	everyone    = `{"backends": [{"address": "10.1.0.1"}, {"address": "10.1.0.2"}, {"address": "fd01::1"}, {"address": "fd01::2"}]}`
	// created is a primary. Its ports receive nothing.
	created = sync.OnceValues(func() (*balancer, error) {
		o := options{ports: []string{"net_null0,no-rx=1", "net_null1,no-rx=1"}, workers: 1, flows: tableSize}
		for i := range vips {
			o.vips[i], o.gateways[i] = netip.MustParseAddr(vips[i]), netip.MustParseAddr(gateways[i])
		}
		b := &balancer{idle: o.idle}
		set, err := readConfig(strings.NewReader(everyone))
		if err == nil {
			err = b.create(&o, set)
		}
		return b, err
	})
)

// start returns the primary, and its worker, with an empty table and all backends.
func start(t *testing.T) (*balancer, *worker) {
	t.Helper()
	b, err := created()
	require.NoError(t, err)
	require.NoError(t, b.flows.Reset())
	require.NoError(t, b.neighbours.Reset())
	use(t, b, everyone)
	b.shared.Now.Store(1)
	w := &worker{tables: b.tables, shared: b.shared, counters: &b.shared.Of[0]}
	for _, c := range []interface{ Store(uint64) }{&w.counters.Forwarded, &w.counters.Flows, &w.counters.Dropped} {
		c.Store(0)
	}
	b.ignored = 0
	return b, w
}

func use(t *testing.T, b *balancer, config string) {
	t.Helper()
	set, err := readConfig(strings.NewReader(config))
	require.NoError(t, err)
	require.NoError(t, b.use(t.Context(), set))
	for _, a := range set.addresses() {
		if mac, ok := backendMACs[a.String()]; ok {
			require.NoError(t, b.neighbours.Add(addrOf(a), Hop{mac, 1}))
		}
	}
}

// packet is a packet of a flow, as gopacket makes it.
type packet struct {
	fromMAC, toMAC header.MAC
	from, to       string
	sport, dport   uint16
	udp            bool
	flags          string // of TCP
	ttl            uint8
	data           string
}

func (p packet) bytes(t testing.TB) []byte {
	t.Helper()
	var ip gopacket.NetworkLayer
	protocol := layers.IPProtocolTCP
	if p.udp {
		protocol = layers.IPProtocolUDP
	}
	src, dst := netip.MustParseAddr(p.from).AsSlice(), netip.MustParseAddr(p.to).AsSlice()
	eth := &layers.Ethernet{SrcMAC: p.fromMAC[:], DstMAC: p.toMAC[:], EthernetType: layers.EthernetTypeIPv4}
	if len(src) == 4 {
		ip = &layers.IPv4{Version: 4, IHL: 5, TTL: p.ttl, Protocol: protocol, SrcIP: src, DstIP: dst, Id: 0xfedc}
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: p.ttl, NextHeader: protocol, SrcIP: src, DstIP: dst, FlowLabel: 0xabcde}
	}
	all := []gopacket.SerializableLayer{eth, ip.(gopacket.SerializableLayer)}
	if p.udp {
		u := &layers.UDP{SrcPort: layers.UDPPort(p.sport), DstPort: layers.UDPPort(p.dport)}
		require.NoError(t, u.SetNetworkLayerForChecksum(ip))
		all = append(all, u)
	} else {
		c := &layers.TCP{SrcPort: layers.TCPPort(p.sport), DstPort: layers.TCPPort(p.dport), Seq: 1, Window: 1000, SYN: strings.Contains(p.flags, "S"), ACK: strings.Contains(p.flags, "A")}
		require.NoError(t, c.SetNetworkLayerForChecksum(ip))
		all = append(all, c)
	}
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(all, gopacket.Payload(p.data))...))
	return b.Bytes()
}

// inject receives frames at a port, and returns the packets that the primary gives to the worker. They are freed at the end of the test.
func inject(t *testing.T, b *balancer, port uint16, frames ...[]byte) []*mbuf.Mbuf {
	t.Helper()
	q := &b.queues[0]
	q.pkts = nil
	for _, f := range frames {
		m, ok := b.pool.Alloc()
		require.True(t, ok)
		require.True(t, m.AppendBytes(f))
		b.receive(m, port)
	}
	pkts := q.pkts
	t.Cleanup(func() { mbuf.FreeBulk(pkts) })
	q.pkts = nil
	return pkts
}

// through passes one frame through primary and worker, and returns its new bytes and its port.
func through(t *testing.T, b *balancer, w *worker, port uint16, frame []byte) ([]byte, uint16) {
	t.Helper()
	pkts := inject(t, b, port, frame)
	require.Len(t, pkts, 1)
	w.handle(pkts)
	return pkts[0].Data(), pkts[0].Port()
}

// kinds are a packet of a client of each kind.
func kinds(b *balancer) (all []packet) {
	for _, udp := range []bool{false, true} {
		for i, client := range []string{"10.0.0.1", "fd00::1"} {
			all = append(all, packet{fromMAC: clientMAC, toMAC: b.shared.MACs[0], from: client, to: vips[i], sport: 4000, dport: 80, udp: udp, flags: "S", ttl: 64, data: "odd"})
		}
	}
	return all
}

// Both directions of a flow become the frames that gopacket makes, with checksums computed from nothing.
func TestPacketsOfAFlowGetItsAddresses(t *testing.T) {
	b, w := start(t)
	for _, p := range kinds(b) {
		got, port := through(t, b, w, 0, p.bytes(t))
		require.EqualValues(t, 1, port)
		key := Key{Client: addrOf(netip.MustParseAddr(p.from)), ClientPort: 4000, Port: 80, Protocol: 6}
		if p.udp {
			key.Protocol = 17
		}
		f, ok := b.flows.Lookup(key)
		require.True(t, ok)
		backend := f.Backend.netip().String()
		want := p
		want.fromMAC, want.toMAC, want.to, want.ttl = b.shared.MACs[1], backendMACs[backend], backend, 63
		assert.Equal(t, want.bytes(t), got)

		reply := packet{fromMAC: backendMACs[backend], toMAC: b.shared.MACs[1], from: backend, to: p.from, sport: 80, dport: 4000, udp: p.udp, flags: "SA", ttl: 64, data: "even"}
		got, port = through(t, b, w, 1, reply.bytes(t))
		require.EqualValues(t, 0, port)
		want = reply
		want.fromMAC, want.toMAC, want.from, want.ttl = b.shared.MACs[0], clientMAC, p.to, 63
		assert.Equal(t, want.bytes(t), got)
	}
	assert.EqualValues(t, 4, w.counters.Flows.Load())
	assert.EqualValues(t, 8, w.counters.Forwarded.Load())
}

// A worker that is killed has written some of the bytes. Its successor writes all of them.
func TestARewriteThatWasInterruptedIsRepeated(t *testing.T) {
	b, w := start(t)
	r := harness.Random(t)
	for _, p := range kinds(b) {
		m := inject(t, b, 0, p.bytes(t))[0]
		came := bytes.Clone(m.Data())
		w.handle([]*mbuf.Mbuf{m})
		done := bytes.Clone(m.Data())
		require.NotEqual(t, came, done)
		for range 100 {
			for i := range came {
				m.Data()[i] = [2]byte{came[i], done[i]}[r.IntN(2)]
			}
			m.SetPort(uint16(r.Uint32()))
			w.handle([]*mbuf.Mbuf{m})
			require.Equal(t, done, m.Data())
			require.EqualValues(t, 1, m.Port())
		}
	}
	assert.EqualValues(t, 4, w.counters.Flows.Load(), "a repeated packet begins no second flow")
}

func TestUDPChecksumsOfZero(t *testing.T) {
	b, _ := start(t)
	p := kinds(b)[2] // UDP over IPv4
	frame := p.bytes(t)
	f := Flow{Backend: addrOf(netip.MustParseAddr("10.1.0.1")), ToBackend: Hop{Port: 1}}
	vip, backend := netip.MustParseAddr(p.to).AsSlice(), f.Backend.netip().AsSlice()
	sums := map[uint16]int{}
	for sum := range 1 << 16 {
		n := Note{L3: 14, L4: 34, ToBackend: true, L4Sum: uint16(sum)}
		n.Key.Client, n.Key.Protocol = addrOf(netip.MustParseAddr(p.from)), 17
		header.UDP(frame[34:]).SetChecksum(uint16(sum))
		b.shared.rewrite(frame, &n, &f)
		got, want := header.UDP(frame[34:]).Checksum(), header.UpdateChecksumBytes(uint16(sum), vip, backend)
		switch {
		case sum == 0:
			require.Zero(t, got, "a datagram without a checksum has none")
		case want == 0:
			require.EqualValues(t, 0xffff, got, "0 would mean none")
		default:
			require.Equal(t, want, got)
		}
		sums[got]++
	}
	assert.Equal(t, 1, sums[0])
}

func TestAFlowKeepsItsBackend(t *testing.T) {
	b, w := start(t)
	use(t, b, `{"backends": [{"address": "10.1.0.1"}]}`)
	for _, p := range []packet{kinds(b)[0], kinds(b)[2]} {
		old, _ := through(t, b, w, 0, p.bytes(t))
		old = bytes.Clone(old)
		use(t, b, `{"backends": [{"address": "10.1.0.2"}]}`)
		p.flags = "A"
		again, _ := through(t, b, w, 0, p.bytes(t))
		assert.Equal(t, old[:34], again[:34], "the old backend")
		p.sport++
		other, _ := through(t, b, w, 0, p.bytes(t))
		assert.Equal(t, []byte{10, 1, 0, 2}, other[30:34], "the new backend")
		if !p.udp {
			p.sport, p.flags = p.sport-1, "S"
			again, _ = through(t, b, w, 0, p.bytes(t))
			assert.Equal(t, []byte{10, 1, 0, 2}, again[30:34], "a SYN begins a new flow")
		}
		use(t, b, `{"backends": [{"address": "10.1.0.1"}]}`)
	}
}

// The older packet is one that comes late, or again. It was looked up before the SYN began the flow.
func TestAnOlderPacketBehindASYNDoesNotRestoreTheOldBackend(t *testing.T) {
	b, w := start(t)
	syn := kinds(b)[0]
	key := Key{Client: addrOf(netip.MustParseAddr(syn.from)), ClientPort: syn.sport, Port: syn.dport, Protocol: 6}
	ack := syn
	ack.flags = "A"
	for name, burst := range map[string][]packet{"behind": {syn, ack}, "behind two": {syn, syn, ack}, "on both sides": {ack, syn, ack}} {
		use(t, b, `{"backends": [{"address": "10.1.0.1"}]}`)
		through(t, b, w, 0, syn.bytes(t))
		b.shared.Now.Add(1) // so that the older packet changes the time of the flow
		use(t, b, `{"backends": [{"address": "10.1.0.2"}]}`)
		w.counters.Flows.Store(0)
		var frames [][]byte
		for _, p := range burst {
			frames = append(frames, p.bytes(t))
		}
		pkts := inject(t, b, 0, frames...)
		w.handle(pkts)
		f, ok := b.flows.Lookup(key)
		require.True(t, ok)
		assert.Equal(t, "10.1.0.2", f.Backend.netip().String(), name)
		assert.Equal(t, []byte{10, 1, 0, 2}, pkts[len(pkts)-1].Data()[30:34], name)
		assert.EqualValues(t, 1, w.counters.Flows.Load(), name)
		require.NoError(t, b.flows.Delete(key))
	}
}

// A SYN that comes again, or is forged, must not end a connection that its backend can serve.
func TestASYNMovesOnlyFlowsOfBackendsWithoutNewFlows(t *testing.T) {
	b, w := start(t)
	p := kinds(b)[0]
	to := func() string {
		got, _ := through(t, b, w, 0, p.bytes(t))
		return netip.AddrFrom4([4]byte(got[30:34])).String()
	}
	use(t, b, `{"backends": [{"address": "10.1.0.1"}]}`)
	require.Equal(t, "10.1.0.1", to())
	use(t, b, `{"backends": [{"address": "10.1.0.1"}, {"address": "10.1.0.2", "weight": 4294967295}]}`)
	require.Equal(t, "10.1.0.1", to(), "a backend was added")
	use(t, b, `{"backends": [{"address": "10.1.0.1", "weight": 0}, {"address": "10.1.0.2"}]}`)
	require.Equal(t, "10.1.0.2", to(), "the backend drains")
}

// A client that gets no answer sends nothing but SYNs.
func TestASYNThatComesAgainLearnsWhereStationsHaveMoved(t *testing.T) {
	b, w := start(t)
	p := kinds(b)[0]
	use(t, b, `{"backends": [{"address": "10.1.0.1"}]}`)
	through(t, b, w, 0, p.bytes(t))
	moved := header.MAC{2, 0, 0, 1, 0, 9}
	require.NoError(t, b.neighbours.Add(addrOf(netip.MustParseAddr("10.1.0.1")), Hop{moved, 1}))
	b.shared.Now.Add(1)
	p.fromMAC[5]++
	got, _ := through(t, b, w, 0, p.bytes(t))
	assert.Equal(t, moved, header.Ethernet(got).Destination())
	for _, f := range b.flows.All() {
		assert.Equal(t, p.fromMAC, f.ToClient.MAC)
		assert.Equal(t, b.shared.Now.Load(), f.Seen)
	}
}

// A removed backend may come back with another network card.
func TestAReloadForgetsWhereRemovedBackendsWere(t *testing.T) {
	b, _ := start(t)
	use(t, b, `{"backends": [{"address": "10.1.0.1"}, {"address": "fd01::2"}]}`)
	known := map[string]bool{}
	for a := range b.neighbours.All() {
		known[a.netip().String()] = true
	}
	assert.Equal(t, map[string]bool{"10.1.0.1": true, "fd01::2": true}, known)
}

func TestABackendNeedsAnAddressOfTheServiceInItsFamily(t *testing.T) {
	b, _ := start(t)
	before, active := b.shared.VIPs, b.shared.Active.Load()
	defer func() { b.shared.VIPs = before }()
	b.shared.VIPs[1] = Addr{}
	set, err := readConfig(strings.NewReader(everyone))
	require.NoError(t, err)
	assert.ErrorContains(t, b.use(t.Context(), set), "backend fd01::1: the service has no address of this family: remove it")
	assert.Equal(t, active, b.shared.Active.Load())
}

func TestPacketsOfABurstBeginOneFlow(t *testing.T) {
	b, w := start(t)
	frame := kinds(b)[3].bytes(t)
	pkts := inject(t, b, 0, frame, frame, frame)
	w.handle(pkts)
	assert.Equal(t, pkts[0].Data(), pkts[2].Data())
	assert.EqualValues(t, 1, w.counters.Flows.Load())
	assert.EqualValues(t, 3, w.counters.Forwarded.Load())
}

func TestAWorkerDropsPacketsOfNoFlow(t *testing.T) {
	b, w := start(t)
	p := kinds(b)[0]
	reply := packet{fromMAC: backendMACs["10.1.0.1"], toMAC: b.shared.MACs[1], from: "10.1.0.1", to: p.from, sport: 80, dport: 4000, flags: "SA", ttl: 64}
	dropped := func(port uint16, p packet, why string) {
		t.Helper()
		_, out := through(t, b, w, port, p.bytes(t))
		assert.EqualValues(t, mbuf.InvalidPort, out, why)
	}
	dropped(1, reply, "nothing has begun the flow")
	use(t, b, `{"backends": [{"address": "10.1.0.2"}]}`)
	through(t, b, w, 0, p.bytes(t))
	dropped(1, reply, "the flow has another backend")
	use(t, b, `{"backends": [{"address": "10.1.0.3"}]}`)
	p.sport++
	dropped(0, p, "the backend has not been found")
	use(t, b, `{"backends": [{"address": "fd01::1"}]}`)
	dropped(0, p, "no backend has IPv4")

	use(t, b, everyone)
	for ; b.flows.Len() < tableSize; p.sport++ {
		_, out := through(t, b, w, 0, p.bytes(t))
		require.EqualValues(t, 1, out)
	}
	dropped(0, p, "the table is full")
	assert.EqualValues(t, 5, w.counters.Dropped.Load())
}

func TestThePrimaryIgnoresOtherPackets(t *testing.T) {
	b, _ := start(t)
	change := func(i int, f func(b []byte)) []byte {
		frame := kinds(b)[i].bytes(t)
		f(frame)
		if i%2 == 0 {
			header.IPv4(frame[14:34]).UpdateHeaderChecksum()
		}
		return frame
	}
	frames := map[string][]byte{
		"nothing":                 {},
		"half an Ethernet header": make([]byte, 13),
		"another one's MAC":       change(0, func(b []byte) { b[5] ^= 1 }),
		"a fragment":              change(0, func(b []byte) { b[20] = 0x20 }),
		"the last hop, IPv4":      change(0, func(b []byte) { b[22] = 1 }),
		"the last hop, IPv6":      change(1, func(b []byte) { b[21] = 1 }),
		"another protocol":        change(0, func(b []byte) { b[23] = 1 }),
		"IPv4 in IPv6": change(1, func(b []byte) {
			a := netip.MustParseAddr("::ffff:10.0.0.1").As16()
			copy(b[22:], a[:])
			copy(b[38:], a[:])
		}),
		"a VLAN tag":              func() []byte { f := kinds(b)[0].bytes(t); return slices.Insert(f, 12, 0x81, 0, 0, 1) }(),
		"from a group's MAC":      change(0, func(b []byte) { b[6] |= 1 }),
		"from 0.0.0.0":            change(0, func(b []byte) { clear(b[26:30]) }),
		"from a group":            change(0, func(b []byte) { b[26] = 224 }),
		"from this host":          change(0, func(b []byte) { b[26] = 127 }),
		"from the service":        change(0, func(b []byte) { copy(b[26:30], b[30:34]) }),
		"from fe80::/10":          change(1, func(b []byte) { b[22], b[23] = 0xfe, 0x80 }),
		"to ::":                   change(1, func(b []byte) { clear(b[38:54]) }),
		"half a TCP header":       change(0, func([]byte) {})[:14+20+19],
		"a wrong header checksum": func() []byte { f := kinds(b)[0].bytes(t); f[24] ^= 1; return f }(),
	}
	for name, f := range frames {
		assert.Empty(t, inject(t, b, 0, f), name)
	}
	assert.EqualValues(t, len(frames), b.ignored)
}

// A frame from veth has the sum of the pseudo header in place of its checksum.
func TestUnfinishedChecksumsAreCompleted(t *testing.T) {
	b, w := start(t)
	for _, p := range kinds(b) {
		p.data = "enough for a frame without padding"
		whole, _ := through(t, b, w, 0, p.bytes(t))
		frame := p.bytes(t)
		var h header.Headers
		h.Parse(frame)
		l4 := frame[h.L4():]
		protocol, field := header.ProtocolTCP, 16
		if p.udp {
			protocol, field = header.ProtocolUDP, 6
		}
		sum := header.PseudoChecksum(netip.MustParseAddr(p.from), netip.MustParseAddr(p.to), protocol, len(l4))
		l4[field], l4[field+1] = byte(sum>>8), byte(sum)
		got, _ := through(t, b, w, 0, frame)
		assert.Equal(t, whole, got)
	}
}

func TestIdleFlowsEnd(t *testing.T) {
	b, w := start(t)
	b.idle = 10e9
	idle, busy := kinds(b)[0], kinds(b)[2]
	for _, p := range []packet{idle, busy} {
		through(t, b, w, 0, p.bytes(t))
	}
	b.shared.Now.Store(8)
	through(t, b, w, 0, busy.bytes(t))
	b.shared.Now.Store(11)
	b.expire()
	require.Equal(t, 2, b.flows.Len())
	b.shared.Now.Store(12)
	b.expire()
	require.Equal(t, 1, b.flows.Len())
	for key := range b.flows.All() {
		assert.EqualValues(t, 17, key.Protocol)
	}
}

func TestAPacketIsHandledWithoutAllocations(t *testing.T) {
	b, w := start(t)
	frame := kinds(b)[1].bytes(t)
	m := inject(t, b, 0, frame)[0]
	pkts := []*mbuf.Mbuf{m}
	b.queues[0].pkts = make([]*mbuf.Mbuf, 0, burst)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		copy(m.Data(), frame)
		b.queues[0].pkts = b.queues[0].pkts[:0]
		b.receive(m, 0)
		w.handle(pkts)
	}))
	b.queues[0].pkts = nil
}

// Workers that are stopped must not make a reload wait for ever.
func TestAReloadDoesNotWaitForAStoppedWorker(t *testing.T) {
	b, _ := start(t)
	r, err := b.readers.RegisterAny()
	require.NoError(t, err)
	r.Online()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	set, err := readConfig(strings.NewReader(everyone))
	require.NoError(t, err)
	active := b.shared.Active.Load()
	err = b.use(ctx, set)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "the backends were not changed")
	assert.Equal(t, active, b.shared.Active.Load())
	r.Offline()
	require.NoError(t, b.use(t.Context(), set))
	require.NoError(t, r.Unregister())
}
