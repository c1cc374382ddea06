//go:build linux

package guest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// envSecondary makes this binary the secondary of a test: it has the address of a NIC.
const envSecondary = "GODPDK_NIC_SECONDARY"

// reflect is a secondary that returns each frame of a port, until its standard input ends.
func reflect(address string) error {
	rt, err := eal.Init(eal.Config{ProcessType: eal.Secondary, Lcores: "1"})
	if err != nil {
		return err
	}
	port, err := ethdev.Lookup(address)
	if err != nil {
		return errors.Join(err, rt.Close())
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	rx, tx := port.RxQueue(0), port.TxQueue(0)
	if err := errors.Join(rx.Err(), tx.Err()); err != nil {
		return errors.Join(err, rt.Close())
	}
	fmt.Println("reflecting")
	var pkts [32]*mbuf.Mbuf
	for n := 0; ; runtime.Gosched() {
		_, n = tx.Forward(pkts[:n], rx, pkts[:])
		select {
		case <-ended:
			mbuf.FreeBulk(pkts[:n])
			return rt.Close()
		default:
		}
	}
}

// secondary is a process that reflects the frames of a NIC.
type secondary struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

func startSecondary(t testing.TB, address string) *secondary {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), envSecondary+"="+address)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "reflecting" {
			return &secondary{cmd, in}
		}
		t.Log(lines.Text())
	}
	require.NoError(t, cmd.Wait())
	t.Fatal("the secondary ended")
	return nil
}

// close has the secondary end by itself.
func (s *secondary) close(t testing.TB) {
	t.Helper()
	require.NoError(t, s.in.Close())
	require.NoError(t, s.cmd.Wait())
}

// kill ends the secondary while it polls.
func (s *secondary) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Kill())
	require.ErrorContains(t, s.cmd.Wait(), "killed")
}

// besideSecondaries drives two NICs with a secondary on the queues of the second, which closes, and another, which is killed.
func besideSecondaries(t *testing.T, cfg eal.Config) {
	start(t, cfg, "A", "B")
	pool, err := mbuf.CreatePool("packets", 4095, mbuf.PoolConfig{}) // a killed process keeps mbufs
	require.NoError(t, err)
	p := open(t, pool, ethdev.Config{}, "A", "B")
	require.NoError(t, p.a.SetPromiscuous(true)) // frames come back with the address of B
	p.both(t, 40, standard)
	for _, end := range []func(*secondary, testing.TB){(*secondary).close, (*secondary).kill} {
		s := startSecondary(t, nic("B"))
		exchange(t, pool, p.a.TxQueue(0), p.a.RxQueue(0), window, frames(t, p.a, p.b, 200, standard))
		end(s, t)
		// Without DMA virtio forgets that it has a driver, and a frame that comes to vmxnet3 leaves a hole in its ring.
		if cfg.IOVAMode == eal.IOVAPhysical && kind != "e1000e" {
			for i, port := range []**ethdev.Port{&p.a, &p.b} {
				require.NoError(t, (*port).Detach())
				*port, err = ethdev.Open(nic([]string{"A", "B"}[i]), ethdev.Config{Pool: pool})
				require.NoError(t, err)
			}
			require.NoError(t, p.a.SetPromiscuous(true))
		}
		p.revive(t)
		p.both(t, 200, standard)
	}
}

// revive waits until frames pass both ways.
func (p *pair) revive(t testing.TB) {
	t.Helper()
	for start, n := time.Now(), 0; n < 2; {
		require.Less(t, time.Since(start), patience, "the primary's NICs no longer work")
		n = 0
		for _, way := range [][2]*ethdev.Port{{p.a, p.b}, {p.b, p.a}} {
			m := packet(t, p.pool, frames(t, way[0], way[1], 1, 60)[0])
			if way[0].TxQueue(0).Burst([]*mbuf.Mbuf{m}) == 0 {
				m.Free()
			}
			var pkts [32]*mbuf.Mbuf
			for until := time.Now().Add(50 * time.Millisecond); time.Now().Before(until); {
				if got := way[1].RxQueue(0).Burst(pkts[:]); got > 0 {
					mbuf.FreeBulk(pkts[:got])
					n++
					break
				}
			}
		}
	}
	p.drain(t)
}

func TestThePrimaryGoesOnAfterItsSecondaries(t *testing.T) {
	besideSecondaries(t, eal.Config{})
}

// uio_pci_generic stops the DMA of a device when a process closes it.
func TestThePrimaryGoesOnAfterItsSecondariesWithUIO(t *testing.T) {
	for _, name := range []string{"A", "B"} {
		require.NoError(t, host.Bind(t.Context(), "uio_pci_generic", device.Config{}, nic(name)))
		t.Cleanup(func() { assert.NoError(t, host.Bind(context.Background(), "vfio-pci", device.Config{}, nic(name))) })
	}
	besideSecondaries(t, eal.Config{IOVAMode: eal.IOVAPhysical})
}
