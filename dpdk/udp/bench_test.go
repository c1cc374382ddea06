//go:build linux

package udp_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// sink opens a port that frees what it sends.
func sink(b *testing.B) (*ethdev.Port, *mbuf.Pool) {
	b.Helper()
	pool := newPool(b, 8191)
	p, err := ethdev.Open(fmt.Sprint("net_null", number()), ethdev.Config{Pool: pool})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, p.Detach()) })
	return p, pool
}

// asleep keeps the poller of a port that only sends off the CPU. net_null receives empty packets all the time.
type asleep struct{}

func (asleep) After(int) { time.Sleep(time.Millisecond) }

// The costs of one datagram of 64 bytes to the port, for a writer alone and for several.
func BenchmarkWrite(b *testing.B) {
	p, _ := sink(b)
	h := newHost(b, p, udp.Config{Addrs: prefixes(a4 + "/24"), Idle: func(int) udp.Idle { return asleep{} }})
	to, data := netip.MustParseAddrPort("10.9.0.255:700"), make([]byte, 64)
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
			write := func(c udp.PacketConn) {
				if _, err := c.WriteToUDPAddrPort(data, to); err != nil {
					b.Error(err)
				}
			}
			c := listen(b, h, "udp4", ":0")
			if writers == 1 {
				for b.Loop() {
					write(c)
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					write(c)
				}
			})
		})
	}
	b.Run("batch=32", func(b *testing.B) {
		c := listen(b, h, "udp4", ":0").(*udp.Conn)
		ms := make([]udp.Message, 32)
		for i := range ms {
			ms[i] = udp.Message{Data: data, To: to}
		}
		for i := 0; i < b.N; {
			n, err := c.WriteBatch(ms[:min(len(ms), b.N-i)])
			require.NoError(b, err)
			i += n
		}
	})
	b.Run("segments=14", func(b *testing.B) { // as quic-go sends
		c := listen(b, h, "udp4", ":0")
		data, size := make([]byte, 14*64), segmentSize(64)
		for i := 0; i < b.N; i += 14 {
			_, _, err := c.WriteMsgUDPAddrPort(data, size, to)
			require.NoError(b, err)
		}
	})
}

// The two ways from a writer to the transmit queue: a lock around the burst, or a ring to a poller.
func BenchmarkHandover(b *testing.B) {
	for _, way := range []string{"lock", "ring"} {
		for _, writers := range []int{1, 4} {
			b.Run(fmt.Sprint(way, "/writers=", writers), func(b *testing.B) {
				p, pool := sink(b)
				cache, err := pool.NewCache(128)
				require.NoError(b, err)
				b.Cleanup(func() { require.NoError(b, cache.Close()) })
				var mu sync.Mutex
				tx := p.TxQueue(0)
				alloc := func() *mbuf.Mbuf {
					for {
						if m, ok := cache.Alloc(); ok {
							m.Append(106)
							return m
						}
						runtime.Gosched()
					}
				}
				send := func() {
					mu.Lock()
					one := [1]*mbuf.Mbuf{alloc()}
					for tx.Burst(one[:]) == 0 {
						runtime.Gosched()
					}
					mu.Unlock()
				}
				if way == "ring" {
					r, err := ring.Create[*mbuf.Mbuf](fmt.Sprint("handover", number()), 1024, ring.Config{})
					require.NoError(b, err)
					var done atomic.Bool
					var poller sync.WaitGroup
					poller.Go(func() {
						var pkts [32]*mbuf.Mbuf
						for !done.Load() || !r.Empty() {
							n := r.DequeueBurst(pkts[:])
							for sent := 0; sent < n; {
								k := tx.Burst(pkts[sent:n])
								if sent += k; k == 0 {
									runtime.Gosched()
								}
							}
							if n == 0 {
								runtime.Gosched()
							}
						}
					})
					b.Cleanup(func() { done.Store(true); poller.Wait(); require.NoError(b, r.Free()) })
					send = func() {
						mu.Lock()
						m := alloc()
						mu.Unlock()
						for !r.Enqueue(m) {
							runtime.Gosched()
						}
					}
				}
				b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
				if writers == 1 {
					for b.Loop() {
						send()
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						send()
					}
				})
			})
		}
	}
}

// A round trip between two hosts of one process.
func BenchmarkEcho(b *testing.B) {
	h1, h2 := pair(b, nil)
	roundTrips(b, h2, h1, b4)
}

// A round trip of a kernel socket over a veth pair: to a kernel socket, and to a host. Both ends are in one process, so a
// poller that never sleeps would keep Go's network poller from the kernel socket.
func BenchmarkVeth(b *testing.B) {
	for name, at := range map[string]func(testing.TB, func(*udp.Config)) station{"AF_PACKET": veth, "AF_XDP": xdp} {
		b.Run(name, func(b *testing.B) {
			s := at(b, nil)
			roundTrips(b, s.host, kernelNet{b, s}, our4)
		})
	}
	b.Run("kernel", func(b *testing.B) {
		w := harness.Wire(b)
		require.NoError(b, w.Far.Address(w.Far.Name, peer4+"/24"))
		require.NoError(b, w.Near.Address(w.Near.Name, our4+"/24"))
		roundTrips(b, system{}, kernelNet{b, station{far: w.Far}}, our4)
	})
}

// roundTrips measures datagrams of 64 bytes from one network to the other and back.
func roundTrips(b *testing.B, to, from udp.Network, ip string) {
	server := listen(b, to, "udp4", ip+":700")
	require.NoError(b, server.SetDeadline(noDeadline))
	var worker sync.WaitGroup
	worker.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if _, err := server.WriteToUDPAddrPort(buf[:n], from); err != nil {
				b.Error(err)
			}
		}
	})
	c := dial(b, from, "udp4", ip+":700")
	require.NoError(b, c.SetDeadline(noDeadline))
	data, buf := make([]byte, 64), make([]byte, 2048)
	for b.Loop() {
		if _, err := c.Write(data); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, server.Close())
	worker.Wait()
}
