//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/godpdk/godpdk/examples/internal/app"
	"github.com/godpdk/godpdk/test/wire"
)

// Addresses of the demonstration.
const (
	nearIP, farIP = "10.4.0.2", "10.4.0.1"
	listenPort    = ":4433"
)

// demonstrate connects two hosts and shows each pair of a server and a client. The hosts have no names: they end with this process.
func demonstrate(ctx context.Context) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("only root can make the veth pair and use hugepages: run quic as root, or quic server and quic client")
	}
	runtime.LockOSThread() // the other processes get a signal when the thread that started them ends
	w, err := wire.New("quic")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Far.Address(w.Far.Name, farIP+"/24"); err != nil {
		return err
	}
	near := []string{"-mode", "dpdk", "-port", "net_af_packet0,iface=" + w.Near.Name, "-ip", nearIP + "/24"}
	kernel := []string{"-mode", "kernel"}
	cable := func(ip string) []string {
		return []string{"-mode", "dpdk", "-cable", "-prefix", fmt.Sprint("quic", os.Getpid()), "-ip", ip + "/24"}
	}
	for _, p := range []pair{
		{"a kernel's client and a server with DPDK, over a veth pair", w.Far.Host, w.Near.Host, kernel, near, nearIP},
		{"a client with DPDK and a kernel's server, over a veth pair", w.Near.Host, w.Far.Host, near, kernel, farIP},
		{"a client and a server with DPDK, two processes, over two rings", w.Near.Host, w.Near.Host, cable(farIP), cable(nearIP), nearIP},
		{"a kernel's client and a kernel's server, over the loopback interface", w.Far.Host, w.Far.Host, kernel, kernel, "127.0.0.1"},
	} {
		if ctx.Err() != nil {
			return nil
		}
		fmt.Println(p.name)
		if err := p.run(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// pair is a client and a server, and the networks that they see.
type pair struct {
	name                  string
	clientAt, serverAt    *wire.Host
	clientArgs, serverArg []string
	serverIP              string
}

// run runs the two processes, and prints what they print.
func (p pair) run(ctx context.Context) (err error) {
	server, err := startAt(p.serverAt, "server", p.serverArg, "-listen", listenPort)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish(server)) }()
	line, err := server.Expect("server: ")
	if err != nil {
		return err
	}
	fmt.Println("  server:", line)
	_, sum, _ := strings.Cut(line, "certificate ")
	client, err := startAt(p.clientAt, "client", p.clientArgs, "-certificate", sum, p.serverIP+listenPort)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, client.End)()
	for range 2 { // it is connected, and its results
		line, missing := client.Expect("client: ")
		if missing != nil {
			return errors.Join(missing, finish(client))
		}
		fmt.Println("  client:", line)
	}
	return finish(client)
}

// startAt starts this program in a network.
func startAt(h *wire.Host, role string, args []string, more ...string) (p *app.Program, err error) {
	err = h.Do(func() error {
		p, err = app.StartProgram(os.Stderr, role, "/proc/self/exe", append(append([]string{role}, args...), more...)...)
		return err
	})
	return p, err
}

// finish ends a process, and prints its line about mbufs.
func finish(p *app.Program) error {
	p.End()
	if line, err := p.Expect("quic: "); err == nil {
		fmt.Println("  quic:", line)
	}
	return p.Wait()
}
