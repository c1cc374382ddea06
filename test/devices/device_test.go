package devices

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// limit is how long packets may take on a busy machine.
const limit = 40 * time.Second

// frame is packet number seq: its length and each byte follow from that.
func frame(seq int) []byte {
	f := make([]byte, 60+seq*37%1455)
	for i := range f {
		f[i] = byte(seq + i)
	}
	binary.BigEndian.PutUint32(f[14:], uint32(seq))
	return f
}

// kinds are the devices, on a socket.
var kinds = map[string]func(socket string) vdev.Device{
	"memif-server": func(s string) vdev.Device { return vdev.Memif{Role: vdev.MemifServer, Socket: s, File: true} },
	"memif-client": func(s string) vdev.Device { return vdev.Memif{Socket: s, File: true} },
	"memif-abstract-server": func(s string) vdev.Device {
		return vdev.Memif{Role: vdev.MemifServer, Socket: s, ID: 7, Secret: "psst", RingSize: 128}
	},
	"memif-abstract-client": func(s string) vdev.Device {
		return vdev.Memif{Socket: s, ID: 7, Secret: "psst", RingSize: 128}
	},
	"memif-zero-copy-client": func(s string) vdev.Device { return vdev.Memif{Socket: s, File: true, ZeroCopy: true} },
	"virtio":                 func(s string) vdev.Device { return vdev.VirtioUser{Path: s} },
	"virtio-packed":          func(s string) vdev.Device { return vdev.VirtioUser{Path: s, Packed: true} },
	"virtio-server":          func(s string) vdev.Device { return vdev.VirtioUser{Path: s, Server: true, Patience: limit} },
	"virtio-impatient": func(s string) vdev.Device {
		return vdev.VirtioUser{Path: s, Server: true, Patience: 200 * time.Millisecond}
	},
	"vhost":        func(s string) vdev.Device { return vdev.Vhost{Socket: s} },
	"vhost-client": func(s string) vdev.Device { return vdev.Vhost{Socket: s, Client: true} },
}

// A device opens a port, prints "open", and answers requests until its input ends: "send" sends a
// number of packets and receives them again, "echo" returns a number of packets. At its end all
// mbufs must be in their pool.
var _ = harness.Role("device", func(args []string) (err error) {
	kind, socket := args[0], args[1]
	lcore, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	cfg := harness.Config(lcore)
	cfg.Extra = append(cfg.Extra, args[3:]...)
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("packets", 4095, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	port, err := vdev.Open(kinds[kind](socket), ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	harness.Say("open")
	for request := harness.Hear(); request != ""; request = harness.Hear() {
		var total int
		verb, number, _ := strings.Cut(request, " ")
		if total, err = strconv.Atoi(number); err != nil {
			return err
		}
		switch verb {
		case "send":
			err = send(port, pool, total)
		case "echo":
			err = echo(port, total)
		}
		if err != nil {
			return errors.Join(err, port.Detach())
		}
		harness.Say("done %s", request)
	}
	err = port.Detach()
	if kind != "memif-zero-copy-client" { // its driver keeps the packets in its queues
		err = errors.Join(err, mbuftest.Missing(pool))
	}
	return err
})

// under is the largest number of packets under way. Each queue has room for more, so that no peer
// drops packets.
const under = 64

// send sends packets and checks that each comes back, in order.
func send(port *ethdev.Port, pool *mbuf.Pool, total int) error {
	rx, tx := port.RxQueue(0), port.TxQueue(0)
	var in [32]*mbuf.Mbuf
	var idle lcore.Idle // there may be fewer CPUs than pollers
	sent, back := 0, 0
	start := time.Now()
	for back < total {
		for sent < total && sent-back < under {
			m, ok := pool.Alloc()
			if !ok {
				return errors.New("the pool is empty")
			}
			f := frame(sent)
			data, ok := m.Append(len(f))
			if !ok {
				return errors.New("no room")
			}
			copy(data, f)
			if tx.Burst([]*mbuf.Mbuf{m}) == 0 { // not connected yet, or full
				m.Free()
				break
			}
			sent++
		}
		n := rx.Burst(in[:])
		for i, m := range in[:n] {
			var got bytes.Buffer
			_, err := m.Reader().WriteTo(&got)
			if err != nil || !bytes.Equal(got.Bytes(), frame(back+i)) {
				mbuf.FreeBulk(in[i:n])
				return fmt.Errorf("packet %d: %d bytes came back, which are not those that were sent (%v)", back+i, got.Len(), err)
			}
			m.Free()
		}
		back += n
		if n == 0 && time.Since(start) > limit {
			return fmt.Errorf("%d of %d packets sent, %d came back", sent, total, back)
		}
		idle.After(n)
	}
	if n := rx.Burst(in[:]); n != 0 {
		mbuf.FreeBulk(in[:n])
		return fmt.Errorf("%d packets too many", n)
	}
	return nil
}

// echo sends packets back, and checks each on its way.
func echo(port *ethdev.Port, total int) error {
	rx, tx := port.RxQueue(0), port.TxQueue(0)
	var pkts [32]*mbuf.Mbuf
	var idle lcore.Idle
	start := time.Now()
	for seen := 0; seen < total; {
		n := rx.Burst(pkts[:])
		if n == 0 && time.Since(start) > limit {
			return fmt.Errorf("%d of %d packets came", seen, total)
		}
		idle.After(n)
		for i, m := range pkts[:n] {
			if want := frame(seen + i); m.Len() != len(want) || !bytes.HasPrefix(want, m.Data()) {
				mbuf.FreeBulk(pkts[:n])
				return fmt.Errorf("packet %d is another", seen+i)
			}
		}
		seen += n
		for rest := pkts[:n]; len(rest) > 0; {
			rest = rest[tx.Burst(rest):]
		}
	}
	return nil
}
