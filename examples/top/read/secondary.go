//go:build linux

package read

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// answer is a line of Serve.
type answer struct {
	Error  string         `json:"error,omitempty"`
	Target *sample.Target `json:"target,omitempty"`
}

// Serve attaches this process to the primary of a file prefix as a secondary, and answers each line of in with a line of
// out that has the ports, rings and pools. It returns at the end of in, and when the primary has gone.
//
// It reads no heaps: for these a secondary takes a spinlock in shared memory that the primary allocates under. Its lcore
// is the highest that DPDK has: it uses neither caches nor CPUs of others. It allocates in shared memory only while it
// attaches.
func Serve(prefix, primaryArgs string, in io.Reader, out io.Writer) error {
	say := func(a answer) error {
		text, err := json.Marshal(a)
		if err == nil {
			_, err = out.Write(append(text, '\n'))
		}
		return err
	}
	rt, err := attach(prefix, primaryArgs)
	if err != nil {
		return errors.Join(err, say(answer{Error: err.Error()}))
	}
	defer rt.Close()
	if err := say(answer{}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		t, err := shared()
		a := answer{Target: t}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := errors.Join(say(a), context.Cause(rt.Context())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func attach(prefix, primaryArgs string) (*eal.Runtime, error) {
	cfg, err := eal.SecondaryConfig(prefix)
	if err != nil {
		return nil, err
	}
	devices(&cfg, primaryArgs)
	cpus, err := lcore.ThreadCPUs()
	if err != nil {
		return nil, err
	}
	if len(cpus) == 0 {
		return nil, errors.New("the kernel lists no CPU for this thread: check the cpuset of the container")
	}
	cfg.Lcores = fmt.Sprintf("%d@%d", lcore.Max-1, cpus[0])
	cfg.SharedLcores = true // with another top
	cfg.Logger = slog.New(slog.DiscardHandler)
	rt, err := eal.Init(cfg)
	if err != nil {
		return nil, err
	}
	if _, err := ethdev.List(); err != nil { // the first call allocates callbacks in shared memory
		return nil, errors.Join(err, rt.Close())
	}
	return rt, nil
}

// devices takes the options for devices and memory of a primary in C from its command line: a secondary must probe the
// same devices. A primary in Go has published them.
func devices(cfg *eal.Config, cmdline string) {
	if cfg.NoPCI || len(cfg.Allow) > 0 || len(cfg.Block) > 0 {
		return
	}
	args := strings.Split(strings.TrimRight(cmdline, "\x00"), "\x00")
	for i := 1; i < len(args) && args[i] != "--"; i++ {
		name, value, joined := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") {
			continue
		}
		if !strings.HasPrefix(name, "--") && len(name) > 2 { // -a0000:03:00.0
			name, value, joined = args[i][:2], args[i][2:], true
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		switch strings.TrimLeft(name, "-") {
		case "no-pci":
			cfg.NoPCI = true
		case "a", "allow":
			cfg.Allow = append(cfg.Allow, value)
		case "b", "block":
			cfg.Block = append(cfg.Block, value)
		case "d":
			cfg.DriverPaths = append(cfg.DriverPaths, value)
		case "huge-dir":
			cfg.HugeDir = value
		}
	}
}

// shared reads the objects in shared memory.
func shared() (*sample.Target, error) {
	t := &sample.Target{Version: dpdk.Version()}
	rings, err := ring.List()
	if err != nil {
		return nil, err
	}
	for _, r := range rings {
		t.Rings = append(t.Rings, sample.Ring{Name: r.Name, Used: uint64(r.Len), Capacity: uint64(r.Capacity), Sync: side(r.Producer, "P") + "/" + side(r.Consumer, "C")})
	}
	pools, err := mempool.List()
	if err != nil {
		return nil, err
	}
	for _, m := range pools {
		used := uint64(max(m.Populated-m.Available, 0))
		t.Pools = append(t.Pools, sample.Pool{Name: m.Name, Size: uint64(m.Populated), Bytes: uint64(m.ElemSize + m.HeaderSize + m.TrailerSize), InUse: &used})
	}
	ports, err := ethdev.List()
	if err != nil {
		return nil, err
	}
	for _, p := range ports {
		v, err := port(p)
		if errors.Is(err, dpdk.ErrNoDevice) { // closed just now
			continue
		}
		if err != nil {
			return nil, err
		}
		t.Ports = append(t.Ports, v)
	}
	return t, nil
}

// side writes a mode as telemetry does: "MP_RTS" of MT_RTS for producers.
func side(s ring.Sync, letter string) string { return strings.Replace(s.String(), "T", letter, 1) }

// port reads a port. A value that its driver does not support is zero.
func port(p *ethdev.Port) (sample.Port, error) {
	s, err := p.Stats()
	mac, macErr := p.MAC()
	mtu, mtuErr := p.MTU()
	link, linkErr := p.Link()
	v := sample.Port{
		ID: p.ID(), Name: p.Name(), MAC: strings.ToUpper(mac.String()), MTU: mtu, Started: p.Started(), LinkUp: link.Up, Speed: uint32(max(link.Speed, 0)),
		RxPackets: count(s.RxPackets), TxPackets: count(s.TxPackets), RxBytes: count(s.RxBytes), TxBytes: count(s.TxBytes),
		Missed: count(s.RxMissed), NoMbuf: count(s.RxNoMbuf), RxErrors: count(s.RxErrors), TxErrors: count(s.TxErrors),
	}
	for _, err := range []error{err, macErr, mtuErr, linkErr} {
		if err != nil && !errors.Is(err, dpdk.ErrUnsupported) {
			return sample.Port{}, err
		}
	}
	return v, nil
}
