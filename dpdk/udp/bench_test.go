//go:build linux

package udp_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
)

// drain frees what comes to a port, until the benchmark ends.
func drain(b *testing.B, port *ethdev.Port) {
	var done atomic.Bool
	var worker sync.WaitGroup
	worker.Go(func() {
		var pkts [32]*mbuf.Mbuf
		for rx := port.RxQueue(0); !done.Load(); {
			n := rx.Burst(pkts[:])
			mbuf.FreeBulk(pkts[:n])
			if n == 0 {
				runtime.Gosched()
			}
		}
	})
	b.Cleanup(func() { done.Store(true); worker.Wait() })
}

// The costs of one datagram of 64 bytes to the port, for a writer alone and for several.
func BenchmarkWrite(b *testing.B) {
	cable, pool := cables(b, 1)
	h := newHost(b, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool})
	drain(b, cable.B)
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
}

// The two ways from a writer to the transmit queue: a lock around the burst, or a ring to a poller.
func BenchmarkHandover(b *testing.B) {
	for _, way := range []string{"lock", "ring"} {
		for _, writers := range []int{1, 4} {
			b.Run(fmt.Sprint(way, "/writers=", writers), func(b *testing.B) {
				cable, pool := cables(b, 1)
				drain(b, cable.B)
				cache, err := pool.NewCache(128)
				require.NoError(b, err)
				b.Cleanup(func() { require.NoError(b, cache.Close()) })
				var mu sync.Mutex
				tx := cable.A.TxQueue(0)
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
	server := listen(b, h2, "udp4", ":700")
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
	c := dial(b, h1, "udp4", b4+":700")
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
