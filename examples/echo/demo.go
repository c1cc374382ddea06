//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/test/wire"
)

// demonstrate connects two network namespaces, runs this program as an echo in one of them and the
// system's ping in the other. The namespaces have no names: they end with this process.
func demonstrate(ctx context.Context, driver string, count int) (err error) {
	switch {
	case driver != "net_af_packet" && driver != "net_af_xdp":
		return fmt.Errorf("-driver=%s: use net_af_packet or net_af_xdp", driver)
	case count < 1:
		return fmt.Errorf("-count=%d: use 1 or more", count)
	case os.Geteuid() != 0:
		return errors.New("only root can make the veth pair: run echo as root, or set -port")
	}
	if _, err := exec.LookPath("ping"); err != nil {
		return fmt.Errorf("%w: install it (Debian: iputils-ping)", err)
	}
	w, err := wire.New("echo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	const askedAt, askerAt = "10.0.0.2", "10.0.0.1"
	if err := w.Far.Address(w.Far.Name, askerAt+"/24"); err != nil {
		return err
	}

	runtime.LockOSThread() // Pdeathsig is sent when the parent thread ends
	devargs := fmt.Sprintf("%s0,iface=%s", driver, w.Near.Name)
	if driver == "net_af_xdp" {
		devargs += ",force_copy=1" // veth has no zero-copy for it
	}
	echo := exec.Command("/proc/self/exe", "-port", devargs, "-ip", askedAt)
	echo.Stderr = os.Stderr
	echo.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	out, err := echo.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.Near.Do(echo.Start); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if lines.Scan() { // it is ready
		fmt.Println(lines.Text())
		err = errors.Join(pingHost(ctx, w, askedAt, count), udpHost(ctx, w, askedAt, count))
	}
	_ = echo.Process.Signal(syscall.SIGTERM)
	for lines.Scan() {
		fmt.Println(lines.Text())
	}
	if ended := echo.Wait(); ended != nil {
		err = errors.Join(err, fmt.Errorf("the echo: %w", ended))
	}
	return err
}

// pingHost runs the system's ping, a thousand times a second.
func pingHost(ctx context.Context, w *wire.Wire, ip string, count int) error {
	ping := exec.CommandContext(ctx, "ping", "-n", "-q", "-c", fmt.Sprint(count), "-i", "0.001", "-W", "2", ip)
	ping.Cancel = func() error { return ping.Process.Signal(os.Interrupt) }
	ping.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var out strings.Builder
	ping.Stdout, ping.Stderr = &out, os.Stderr
	err := w.Far.Do(ping.Start)
	if err == nil {
		err = ping.Wait()
	}
	fmt.Print(out.String())
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("ping: %w", err)
	case !strings.Contains(out.String(), " 0% packet loss"):
		return errors.New("pings were lost")
	}
	return nil
}

// udpHost sends datagrams to the echo service and compares the answers.
func udpHost(ctx context.Context, w *wire.Wire, ip string, count int) error {
	var conn net.Conn
	err := w.Far.Do(func() (err error) {
		conn, err = net.Dial("udp4", net.JoinHostPort(ip, "7"))
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	back := make([]byte, 2048)
	start := time.Now()
	for i := range count {
		if ctx.Err() != nil {
			return nil
		}
		sent := fmt.Sprintf("%08d%s", i, strings.Repeat("x", i%1465))
		if _, err := conn.Write([]byte(sent)); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
			return err
		}
		n, err := conn.Read(back)
		if err != nil {
			return fmt.Errorf("datagram %d: %w", i, err)
		}
		if string(back[:n]) != sent {
			return fmt.Errorf("datagram %d came back changed", i)
		}
	}
	fmt.Printf("%d datagrams of 8 to %d bytes came back whole, %.0f µs a round trip\n", count, 8+min(count-1, 1464), float64(time.Since(start).Microseconds())/float64(count))
	return nil
}
