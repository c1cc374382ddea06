//go:build linux

package values_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/dpdk/doorbell"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/heap"
	"github.com/godpdk/godpdk/dpdk/holder"
	"github.com/godpdk/godpdk/dpdk/hostcheck"
	"github.com/godpdk/godpdk/dpdk/ipc"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/lpm"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/packet"
	"github.com/godpdk/godpdk/dpdk/pdump"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/hosttest"
)

// subject is a type with methods.
type subject struct {
	name    string
	made    []state
	without map[string]bool // methods that are not called; a comment has the reason
}

// state is a state of a receiver. make makes a receiver, and done releases it.
type state struct {
	name string
	make func() (v any, done func())
}

func (s subject) states() []state { return s.made }

// plain returns the subject of a type with values that own no resources.
func plain[T any](name string) subject {
	return subject{name: name, made: []state{
		{"nil", func() (any, func()) { return (*T)(nil), func() {} }},
		{"zero", func() (any, func()) { return new(T), func() {} }},
	}}
}

// view returns the subject of a header over bytes. Without bytes its methods panic.
func view[T ~[]byte](name string) subject {
	return subject{name: name, made: []state{{"live", func() (any, func()) {
		b := make([]byte, 80)
		b[0], b[12] = 0x45, 0x50 // the lengths of IPv4 and TCP
		return T(b), func() {}
	}}}}
}

// handle returns the subject of a type with live values, which free releases.
func handle[T any](name string, live func() *T, free func(*T)) subject {
	s := plain[T](name)
	s.made = append(s.made,
		state{"live", func() (any, func()) { v := live(); return v, func() { free(v) } }},
		state{"freed", func() (any, func()) { v := live(); free(v); return v, func() {} }})
	return s
}

// large is handle for objects that take long to make: all calls have the same live one until they free it, and the same freed one.
func large[T any](name string, live func() *T, lives func(*T) bool, free func(*T)) subject {
	var one, freed *T
	s := plain[T](name)
	s.made = append(s.made,
		state{"live", func() (any, func()) {
			if one == nil || !lives(one) {
				one = live()
			}
			return one, func() {}
		}},
		state{"freed", func() (any, func()) {
			if freed == nil {
				freed = live()
				free(freed)
			}
			return freed, func() {}
		}})
	return s
}

// but excludes methods.
func (s subject) but(methods ...string) subject {
	s.without = map[string]bool{}
	for _, m := range methods {
		s.without[m] = true
	}
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var serial atomic.Int64

func name() string { return fmt.Sprint("v", serial.Add(1)) }

var common *mbuf.Pool

// recordedHost returns a host of files. The zero value of device.Host is this host, and the tests must not change its devices.
func recordedHost() *device.Host {
	root := must(os.MkdirTemp("", "host"))
	if err := hosttest.Unpack(root, "../../dpdk/device/testdata/server.tree"); err != nil {
		panic(err)
	}
	return &device.Host{Root: root}
}

// pool returns the pool of all packets. They are never freed: the pool is large.
func pool() *mbuf.Pool {
	if common == nil {
		common = must(mbuf.CreatePool("packets", 8191, mbuf.PoolConfig{}))
	}
	return common
}

func aPacket() *mbuf.Mbuf {
	m, _ := pool().Alloc()
	m.AppendBytes([]byte("sixteen bytes..."))
	return m
}

func mempools() *mempool.Pool {
	return must(mempool.Create(name(), 31, 64, mempool.Config{CacheSize: 4}))
}

func cables() *netring.Cable {
	return must(netring.Loopback(netring.CableConfig{}, ethdev.Config{Pool: pool()}))
}

var onePort *ethdev.Port

// port returns the port for all objects that need one.
func port() *ethdev.Port {
	if onePort == nil {
		onePort = cables().A
	}
	return onePort
}

// flowPort returns a port with a driver that has flow rules.
func flowPort() *ethdev.Port {
	p, err := ethdev.Lookup("net_bonding_flow")
	if err != nil {
		p = must(ethdev.Attach("net_bonding_flow,mode=0"))
	}
	return p
}

func kernel() *udp.Kernel { return must(udp.NewKernel(udp.KernelConfig{})) }

var udpHost *udp.Host

// hosts returns a new host at a port that all have one after the other.
func hosts() *udp.Host {
	if udpHost != nil {
		_ = udpHost.Close()
	}
	udpHost = must(udp.NewHost(port(), udp.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}}))
	return udpHost
}

func closeCable(c *netring.Cable) { _ = c.Close() }

// A pool accepts a nil object. It then has too many objects, and Free waits for the right number:
// Put and PutBulk are excluded until they refuse nil.
var subjects = map[string][]subject{
	"device": {
		plain[device.Info]("Info"), plain[device.Group]("Group"),
		{name: "Host", made: []state{{"live", func() (any, func()) { h := recordedHost(); return h, func() { os.RemoveAll(h.Root) } }}}},
	},
	"hostcheck": {plain[hostcheck.Level]("Level"), plain[hostcheck.Finding]("Finding"), plain[hostcheck.Fix]("Fix"), plain[hostcheck.Host]("Host")},
	"holder":    {plain[holder.Config]("Config"), plain[holder.Holder]("Holder"), plain[holder.Lock]("Lock")},
	"place": {
		plain[place.End]("End"), plain[place.BusyError]("BusyError"),
		handle("Place", func() *place.Place { return must(place.Claim(context.Background(), name(), place.Parts{})) },
			func(p *place.Place) { _ = p.Close() }).but("NewCache"), // it is a call of a pool, which is nil or a zero value here
	},
	"ring": {
		plain[ring.Sync]("Sync"), plain[ring.Untyped]("Untyped"),
		handle("Batch[uint64]", func() *ring.Batch[uint64] { return must(ring.NewBatch[uint64]("", 16)) },
			func(b *ring.Batch[uint64]) { _ = b.Close() }),
		handle("Ring[uint64]", func() *ring.Ring[uint64] {
			return must(ring.Create[uint64](name(), 16, ring.Config{Producer: ring.Single, Consumer: ring.HTS}))
		},
			func(r *ring.Ring[uint64]) { _ = r.Free() }),
		plain[ring.Span[uint64]]("Span[uint64]"),
	},
	"mempool": {
		handle("Pool", mempools, func(p *mempool.Pool) { _ = p.Free() }).but("Put", "PutBulk"),
		handle("Cache", func() *mempool.Cache { return must(mempools().NewCache(4)) },
			func(c *mempool.Cache) { _ = c.Close(); _ = c.Pool().Free() }).but("Put", "PutBulk"),
		plain[mempool.Object]("Object"), plain[mempool.Flags]("Flags"),
	},
	"mbuf": {
		{name: "Mbuf", made: []state{ // Go code cannot make others
			{"nil", func() (any, func()) { return (*mbuf.Mbuf)(nil), func() {} }},
			{"live", func() (any, func()) { return aPacket(), func() {} }},
		}},
		handle("Pool", func() *mbuf.Pool { return must(mbuf.CreatePool(name(), 31, mbuf.PoolConfig{CacheSize: 4})) },
			func(p *mbuf.Pool) { _ = p.Free() }),
		handle("Cache", func() *mbuf.Cache { return must(pool().NewCache(4)) }, func(c *mbuf.Cache) { _ = c.Close() }),
		plain[mbuf.Reader]("Reader"), plain[mbuf.Writer]("Writer"), plain[mbuf.Field[uint32]]("Field[uint32]"),
		plain[mbuf.OffloadFlags]("OffloadFlags"), plain[mbuf.Timestamp]("Timestamp"),
	},
	"header": {
		plain[header.MAC]("MAC"), plain[header.PacketType]("PacketType"), plain[header.ChecksumState]("ChecksumState"), plain[header.Headers]("Headers"), plain[header.Digest]("Digest"),
		view[header.Ethernet]("Ethernet"), view[header.VLAN]("VLAN"), view[header.ARP]("ARP"), view[header.IPv4]("IPv4"), view[header.IPv6]("IPv6"), view[header.Fragment]("Fragment"),
		view[header.UDP]("UDP"), view[header.TCP]("TCP"), view[header.SCTP]("SCTP"), view[header.ICMP]("ICMP"), view[header.GRE]("GRE"), view[header.VXLAN]("VXLAN"),
		view[header.Geneve]("Geneve"), view[header.MPLS]("MPLS"),
	},
	"rcu": {
		handle("QSBR", func() *rcu.QSBR { return must(rcu.Create(name(), 8, rcu.Config{})) }, func(q *rcu.QSBR) { _ = q.Free() }),
		handle("Reader", func() *rcu.Reader { return must(must(rcu.Create(name(), 8, rcu.Config{})).RegisterAny()) },
			func(r *rcu.Reader) { _ = r.Unregister() }),
		handle("DeferQueue[uint64]", func() *rcu.DeferQueue[uint64] {
			q := must(rcu.Create(name(), 8, rcu.Config{}))
			return must(rcu.NewDeferQueue(q, name(), rcu.DeferConfig{Size: 7}, func(uint64) {}))
		}, func(d *rcu.DeferQueue[uint64]) { _ = d.Close() }),
	},
	"lock": {
		plain[lock.MCS]("MCS"), plain[lock.MCSLocker]("MCSLocker"), plain[lock.PhaseFair]("PhaseFair"), plain[lock.RW]("RW"),
		plain[lock.Seq]("Seq"), plain[lock.SeqCount]("SeqCount"), plain[lock.SeqValue[uint64]]("SeqValue[uint64]"),
		plain[lock.Spin]("Spin"), plain[lock.Ticket]("Ticket"), plain[lock.OwnedSpin]("OwnedSpin"), plain[lock.OwnedTicket]("OwnedTicket"),
		plain[lock.OwnedRW]("OwnedRW"), plain[lock.OwnedRWReader]("OwnedRWReader"), plain[lock.OwnedSeq]("OwnedSeq"),
		handle("Mutex", func() *lock.Mutex {
			v := must(memzone.CreateValue[lock.Mutex](name(), memzone.Config{}))
			if err := v.Get().Init(); err != nil {
				panic(err)
			}
			return v.Get()
		}, func(*lock.Mutex) {}),
	},
	"memzone": {
		handle("Zone", func() *memzone.Zone { return must(memzone.Reserve(name(), 64, memzone.Config{})) }, func(z *memzone.Zone) { _ = z.Free() }),
		handle("Value[uint64]", func() *memzone.Value[uint64] { return must(memzone.CreateValue[uint64](name(), memzone.Config{})) },
			func(v *memzone.Value[uint64]) { _ = v.Free() }),
	},
	"netring": {handle("Cable", cables, closeCable), plain[netring.CableConfig]("CableConfig")},
	"udp": {
		plain[udp.Drop]("Drop"), plain[udp.Drops]("Drops"), plain[udp.Datagram]("Datagram"),
		handle("Host", hosts, func(h *udp.Host) { _ = h.Close() }),
		handle("Conn", func() *udp.Conn {
			c := must(hosts().ListenUDP("udp", nil))
			if err := c.SetDeadline(time.Now()); err != nil { // no call waits for a datagram
				panic(err)
			}
			return c
		}, func(c *udp.Conn) { _ = c.Close() }),
		handle("Kernel", kernel, func(k *udp.Kernel) { _ = k.Close() }),
		handle("KernelConn", func() *udp.KernelConn {
			c := must(kernel().ListenUDP("udp", nil))
			if err := c.SetDeadline(time.Now()); err != nil {
				panic(err)
			}
			return c
		}, func(c *udp.KernelConn) { _ = c.Close() }),
	},
	"acl": {
		large("Table[Key4]", func() *acl.Table4 { return must(acl.Create4(name(), []acl.Tuple{{Value: 1}}, acl.Config{})) }, func(t *acl.Table4) bool { return t.Pointer() != nil },
			func(t *acl.Table4) { _ = t.Free() }),
		plain[acl.Key4]("Key4"), plain[acl.Key6]("Key6"), plain[acl.Ports]("Ports"), plain[acl.Algorithm]("Algorithm"),
	},
	"heap": {handle("Block", func() *heap.Block { return must(heap.Alloc(64, heap.Config{})) }, func(b *heap.Block) { _ = b.Free() })},
	"fib": {
		plain[fib.Type]("Type"),
		large("Table4", func() *fib.Table4 { return must(fib.Create4(name(), fib.Config{})) }, func(t *fib.Table4) bool { return t.Pointer() != nil },
			func(t *fib.Table4) { _ = t.Free() }),
		large("Table6", func() *fib.Table6 { return must(fib.Create6(name(), fib.Config{})) }, func(t *fib.Table6) bool { return t.Pointer() != nil },
			func(t *fib.Table6) { _ = t.Free() }),
	},
	"lpm": {
		plain[lpm.Result]("Result"),
		large("Table4", func() *lpm.Table4 { return must(lpm.Create4(name(), lpm.Config{})) }, func(t *lpm.Table4) bool { return t.Pointer() != nil },
			func(t *lpm.Table4) { _ = t.Free() }),
		large("Table6", func() *lpm.Table6 { return must(lpm.Create6(name(), lpm.Config{})) }, func(t *lpm.Table6) bool { return t.Pointer() != nil },
			func(t *lpm.Table6) { _ = t.Free() }),
	},
	"pdump": {
		plain[pdump.Capture]("Capture"), plain[pdump.Direction]("Direction"), plain[pdump.Packet]("Packet"), plain[pdump.Writer]("Writer"), // only a secondary has others
	},
	"packet": {
		handle("Buffer", func() *packet.Buffer { return must(packet.NewBuffer(aPacket())) }, func(*packet.Buffer) {}),
		handle("Source", func() *packet.Source {
			ctx, cancel := context.WithTimeout(context.Background(), 5e6)
			context.AfterFunc(ctx, cancel)
			return must(packet.NewSource(ctx, packet.BurstFunc(func([]*mbuf.Mbuf) int { return 0 }), packet.SourceConfig{}))
		}, func(s *packet.Source) { s.Close() }),
		handle("Sink", func() *packet.Sink {
			return must(packet.NewSink(packet.BurstFunc(func(p []*mbuf.Mbuf) int { mbuf.FreeBulk(p); return len(p) }), pool(), packet.SinkConfig{}))
		}, func(s *packet.Sink) { _ = s.Close() }),
		plain[packet.BurstFunc]("BurstFunc"),
	},
	"telemetry": {
		handle("Client", func() *telemetry.Client { return telemetry.NewClient("/nowhere", telemetry.Config{}) }, func(c *telemetry.Client) { _ = c.Close() }),
		plain[telemetry.Flag]("Flag"), plain[telemetry.Number]("Number"), plain[telemetry.Link]("Link"), plain[telemetry.Mempool]("Mempool"),
	},
	"doorbell": {plain[doorbell.Doorbell]("Doorbell"), plain[doorbell.Waiter]("Waiter")},
	"hash":     {plain[hash.Toeplitz]("Toeplitz")},
	"hashtable": {
		handle("Table[int,[2]int]", func() *hashtable.Table[int, [2]int] {
			return must(hashtable.Create[int, [2]int](name(), 8, hashtable.Config{}))
		},
			func(t *hashtable.Table[int, [2]int]) { _ = t.Free() }),
	},
	"ipc": {
		plain[ipc.Message]("Message"), plain[ipc.PeerError]("PeerError"), plain[ipc.RemoteError]("RemoteError"), plain[ipc.RequestError]("RequestError"),
	},
	"lcore": {
		plain[lcore.Registration]("Registration"), plain[lcore.Role]("Role"), plain[lcore.PanicError]("PanicError"), plain[lcore.Task]("Task"),
		plain[lcore.Tasks]("Tasks"), plain[lcore.Idle]("Idle"), plain[lcore.CPUSet]("CPUSet"), plain[lcore.Lcores]("Lcores"), plain[lcore.Lcore]("Lcore"),
		handle("Var[uint64]", func() *lcore.Var[uint64] { return lcore.NewVar[uint64]() }, func(*lcore.Var[uint64]) {}),
		handle("Meter", func() *lcore.Meter { return must(lcore.NewMeter(lcore.Main())) }, func(*lcore.Meter) {}),
		handle("Timer", func() *lcore.Timer { return must(lcore.NewTimer(func() {})) }, func(t *lcore.Timer) { _ = t.Close() }),
		handle("Alarm", func() *lcore.Alarm { return must(lcore.NewAlarm(1e6, func() {})) }, func(a *lcore.Alarm) { _ = a.Stop() }),
		handle("Callback", func() *lcore.Callback {
			return must(lcore.RegisterCallback(name(), func(int) error { return nil }, func(int) {}))
		},
			func(c *lcore.Callback) { _ = c.Unregister() }),
		handle("Service", func() *lcore.Service {
			return must(lcore.RegisterService(name(), lcore.ServiceConfig{}, func(int) bool { return false }))
		},
			func(s *lcore.Service) { _ = s.Unregister() }),
	},
	"eal": {
		plain[eal.Runtime]("Runtime"), // the test uses the live one
		plain[eal.AttachError]("AttachError"), plain[eal.Subscription]("Subscription"),
		plain[eal.IOVAMode]("IOVAMode"), plain[eal.ProcessState]("ProcessState"), plain[eal.ProcessType]("ProcessType"),
		plain[eal.VFIOInterrupts]("VFIOInterrupts"),
	},
	"ethdev": {
		handle("Port", func() *ethdev.Port { return cables().A }, func(p *ethdev.Port) { _ = p.Detach() }),
		{name: "RxQueue", made: queues(func(c *netring.Cable) any { return c.A.RxQueue(0) }, ethdev.RxQueue{})},
		{name: "TxQueue", made: queues(func(c *netring.Cable) any { return c.A.TxQueue(0) }, ethdev.TxQueue{})},
		handle("TxBuffer", func() *ethdev.TxBuffer {
			return must(ethdev.NewTxBuffer(port().TxQueue(0), ethdev.TxBufferConfig{}))
		}, func(*ethdev.TxBuffer) {}),
		handle("Subscription", func() *ethdev.Subscription { return must(ethdev.Subscribe(ethdev.EventLink)) }, func(s *ethdev.Subscription) { s.Close() }),
		handle("DeviceSubscription", func() *ethdev.DeviceSubscription { return must(ethdev.SubscribeDevices()) }, func(s *ethdev.DeviceSubscription) { s.Close() }),
		handle("Owner", func() *ethdev.Owner { o := must(ethdev.NewOwner("owner")); return &o }, func(o *ethdev.Owner) { _ = o.Close() }),
		handle("XStats", func() *ethdev.XStats { return must(port().XStats()) }, func(*ethdev.XStats) {}),
		plain[ethdev.Config]("Config"), plain[ethdev.Clamped]("Clamped"), plain[ethdev.DeviceEventType]("DeviceEventType"), plain[ethdev.EventType]("EventType"), plain[ethdev.FlowMode]("FlowMode"), plain[ethdev.Link]("Link"),
		plain[ethdev.LinkSpeeds]("LinkSpeeds"), plain[ethdev.QueueState]("QueueState"), plain[ethdev.RSSType]("RSSType"),
		plain[ethdev.RxInterrupt]("RxInterrupt"), plain[ethdev.RxOffload]("RxOffload"), plain[ethdev.TxOffload]("TxOffload"),
	},
	"ethdev/flow": {
		handle("Flow", func() *flow.Flow {
			return must(flow.Create(flowPort(), must(flow.Parse("pattern eth / end actions count / drop / end"))))
		}, func(f *flow.Flow) { _ = f.Destroy() }),
		plain[flow.Error]("Error"), plain[flow.Indirect]("Indirect"), plain[flow.IndirectConfig]("IndirectConfig"), plain[flow.HashFunc]("HashFunc"), plain[flow.Match[int]]("Match[int]"), plain[flow.Match[netip.Addr]]("Match[netip.Addr]"),
		plain[flow.Metadata]("Metadata"), plain[flow.Part]("Part"), plain[flow.Rule]("Rule"),
	},
	"bond": {},
	"vdev": {
		plain[vdev.AFPacket]("AFPacket"), plain[vdev.AFXDP]("AFXDP"), plain[vdev.Bond]("Bond"), plain[vdev.Memif]("Memif"), plain[vdev.Null]("Null"),
		plain[vdev.PCAP]("PCAP"), plain[vdev.TAP]("TAP"), plain[vdev.Vhost]("Vhost"), plain[vdev.VirtioUser]("VirtioUser"),
	},
}

// queues returns the states of queues: zero, of an existing port, and of a detached port.
func queues(of func(*netring.Cable) any, zero any) []state {
	return []state{
		{"zero", func() (any, func()) { return zero, func() {} }},
		{"live", func() (any, func()) { c := cables(); return of(c), func() { closeCable(c) } }},
		{"freed", func() (any, func()) { c := cables(); q := of(c); closeCable(c); return q, func() {} }},
	}
}

// documented lists the panics that the documentation describes, by the start of the call's name.
var documented = map[string]string{
	"header.ARP, live: Set":           "an address that is not IPv4",
	"header.Digest, zero: Put":        "a field that is too short",
	"header.IPv4, live: SetDestinat":  "an address that is not IPv4",
	"header.IPv4, live: SetSource":    "an address that is not IPv4",
	"ethdev/flow.Metadata, zero: Set": "a Metadata that was not registered",
	"mbuf.Field[uint32], zero: Of":    "a Field that was not registered",
	"mbuf.Timestamp, zero: Set":       "the same",
	"ring.Span[uint64], zero: At":     "an index as of a slice",
	"ethdev.XStats, zero: Name":       "an index as of a slice",
	"ethdev.XStats, live: Name":       "an index as of a slice",
	"ethdev.XStats, freed: Name":      "an index as of a slice",
	"ethdev.Port, live: Call":         "a nil function",
}
