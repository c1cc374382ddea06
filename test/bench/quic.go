package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/test/wire"
)

// quicEnv is the path of the program examples/quic, which is a module of its own.
const quicEnv = "BENCH_QUIC"

// quicBytes are received and sent in each measurement, on all streams together.
var quicBytes = shorter(16_000_000, 800_000)

// quicWay is a way between a server and a client of HTTP/3.
type quicWay struct {
	name, third                string
	serverAt, clientAt         *wire.Host
	godpdkServer, godpdkClient []string
	serverIP, kernelIP         string
	afterwards                 func() error // before the server of the comparison starts
}

// quics measures HTTP/3 requests between two processes, as udps does with datagrams.
func quics(*eal.Runtime) (rows []Row, err error) {
	program := os.Getenv(quicEnv)
	switch {
	case !wanted("quic"):
		return nil, nil
	case program == "":
		fmt.Printf("\nquic: no rows: %s is not the path of a program: see make bench\n", quicEnv)
		return nil, nil
	case os.Geteuid() != 0:
		fmt.Println("\nquic: no rows: only root can make a veth pair")
		return nil, nil
	}
	unlocked(func() {
		var cpus lcore.CPUSet
		if cpus, err = lcore.ThreadCPUs(); err == nil && len(cpus) > 1 {
			heading("HTTP/3 between two processes, µs a megabyte, and streams")
			rows, err = overQUIC(program, cpus)
		}
	})
	return rows, err
}

func overQUIC(program string, cpus lcore.CPUSet) (rows []Row, err error) {
	w, err := wire.New("benchquic")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Far.Address(w.Far.Name, udpFar+"/24"); err != nil {
		return nil, err
	}
	dpdk := func(ip string, args ...string) []string {
		return append([]string{"-mode", "dpdk", "-ip", ip + "/24"}, args...)
	}
	cable := []string{"-cable", "-prefix", fmt.Sprint("benchquic", os.Getpid())}
	for _, way := range []quicWay{
		{name: "two rings", third: "quic-go on net.UDPConn over the loopback interface", serverAt: w.Near.Host, clientAt: w.Near.Host,
			godpdkServer: dpdk(udpNear, cable...), godpdkClient: dpdk(udpFar, cable...), serverIP: udpNear, kernelIP: "127.0.0.1"},
		{name: "veth, AF_PACKET", third: "quic-go on net.UDPConn over the same veth pair", serverAt: w.Near.Host, clientAt: w.Far.Host,
			godpdkServer: dpdk(udpNear, "-port", "net_af_packet0,iface="+w.Near.Name), godpdkClient: quicKernel, serverIP: udpNear, kernelIP: udpNear,
			afterwards: func() error { return w.Near.Address(w.Near.Name, udpNear+"/24") }},
	} {
		some, err := way.rows(program, cpus)
		if err != nil {
			return rows, fmt.Errorf("quic, %s: %w", way.name, err)
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

var quicKernel = []string{"-mode", "kernel"}

func (w quicWay) rows(program string, cpus lcore.CPUSet) (rows []Row, err error) {
	streams := shorter([]int{1, 8}, []int{1})
	kinds := []string{"receive", "send"}
	var found [2][2]map[[2]int][]float64 // of godpdk and the kernel, unpinned and pinned, by kind and streams
	for contender := range found {
		server, client, ip := w.godpdkServer, w.godpdkClient, w.serverIP
		if contender == 1 {
			server, client, ip = quicKernel, quicKernel, w.kernelIP
			if w.afterwards != nil {
				if err := w.afterwards(); err != nil {
					return nil, err
				}
			}
		}
		for pinned := range 2 {
			some := map[[2]int][]float64{}
			found[contender][pinned] = some
			err := withServer(program, w.serverAt, server, pinned == 1, cpus[0], func(certificate string) error {
				for range shorter(3, 1) {
					for _, n := range streams {
						args := append(append([]string{"client"}, client...), "-json", "-certificate", certificate, "-streams", fmt.Sprint(n),
							"-get", fmt.Sprint(quicBytes/n), "-put", fmt.Sprint(quicBytes/n), ip+":4433")
						took, err := quicClient(program, w.clientAt, args, pinned == 1, cpus[len(cpus)-1])
						if err != nil {
							return err
						}
						for kind, d := range took {
							key := [2]int{kind, n}
							some[key] = append(some[key], d.Seconds()*1e6/(float64(quicBytes)/1e6))
						}
					}
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for pinned, suffix := range []string{"", ", pinned"} {
		for kind, name := range kinds {
			for _, n := range streams {
				key := [2]int{kind, n}
				r := Row{Group: "quic", Name: fmt.Sprintf("HTTP/3, %s, %s%s", name, w.name, suffix), Burst: 1, Axis: "streams", X: float64(n), Unit: "µs", Third: w.third}.
					measured(nil, found[0][pinned][key], found[1][pinned][key])
				r.Noisy = r.Cgo.Spread > noise
				r.print()
				rows = append(rows, r)
			}
		}
	}
	return rows, nil
}

// startPinned starts a process in a network, on one CPU or on all of them.
func startPinned(cmd *exec.Cmd, at *wire.Host, pinned bool, cpu int) error {
	return at.Do(func() (err error) {
		if pinned {
			unpin, err := lcore.Pin(lcore.CPUs(cpu)) // the process inherits it
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, unpin()) }()
		}
		return cmd.Start()
	})
}

// withServer calls f while a server runs, with the sum of its certificate.
func withServer(program string, at *wire.Host, args []string, pinned bool, cpu int, f func(certificate string) error) (err error) {
	cmd := exec.Command(program, append([]string{"server"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := startPinned(cmd, at, pinned, cpu); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		err = errors.Join(err, cmd.Wait())
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the server printed %q: %w", line, err)
	}
	_, certificate, _ := strings.Cut(strings.TrimSpace(line), "certificate ")
	return f(certificate)
}

// quicClient returns how long it took to receive and to send.
func quicClient(program string, at *wire.Host, args []string, pinned bool, cpu int) ([]time.Duration, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startPinned(cmd, at, pinned, cpu); err != nil {
		return nil, err
	}
	var r struct{ Get, Put time.Duration }
	err = json.NewDecoder(out).Decode(&r)
	return []time.Duration{r.Get, r.Put}, errors.Join(err, cmd.Wait())
}
