//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/godpdk/godpdk/examples/internal/app"
	"github.com/godpdk/godpdk/test/wire"
)

const (
	numBackends = 3
	numWorkers  = 2
)

// demo is the demonstration: a client, three backends and the load balancer in network namespaces, connected by veth pairs. The namespaces
// have no names: they end with this process.
type demo struct {
	kills, upgrades, load int
	seed                  uint64

	host        *wire.Host // of the load balancer
	prefix, dir string
	primary     *app.Program
	workers     [numWorkers]*app.Program
	spare       *app.Program // a successor that waits
	moments     *rand.Rand
	inherited   int // packets that successors found in the hands of killed workers
}

// demonstrate runs the demonstration.
func demonstrate(ctx context.Context, d demo) (err error) {
	switch {
	case d.kills < 0 || d.upgrades < 0:
		return fmt.Errorf("-kills=%d -upgrades=%d: none can be negative", d.kills, d.upgrades)
	case d.load < 4:
		return fmt.Errorf("-load=%d: use 4 or more: two protocols for each of two addresses", d.load)
	case os.Geteuid() != 0:
		return errors.New("only root can make the veth pairs: run loadbalancer as root, or loadbalancer primary")
	}
	runtime.LockOSThread() // the other processes get a signal when the thread that started them ends
	d.prefix = fmt.Sprint("loadbalancer", os.Getpid())
	d.seed = cmp.Or(d.seed, rand.Uint64())
	d.moments = rand.New(rand.NewPCG(d.seed, 0))
	fmt.Println("seed", d.seed)
	if d.dir, err = os.MkdirTemp("", "loadbalancer"); err != nil {
		return err
	}
	defer os.RemoveAll(d.dir)
	if d.host, err = wire.NewHost(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.host.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of the servers
	clients, ports, closeAll, err := d.connect(ctx)
	defer func() { err = errors.Join(err, closeAll()) }()
	if err != nil {
		return err
	}
	defer func() {
		_, ended := d.stop()
		err = errors.Join(err, ended)
	}()
	if err := d.start(ports); err != nil {
		return err
	}
	l := newLoad(ctx, clients, vips...)
	err = d.show(ctx, l)
	if ended := l.end(); ended != nil {
		err = ended // the reason of the other
	}
	total, stopped := d.stop()
	if err = errors.Join(err, stopped); err != nil {
		if ctx.Err() != nil { // Ctrl-C
			return nil
		}
		return fmt.Errorf("%w; %s", err, total)
	}
	fmt.Printf("summary: %d replies over TCP and %d over UDP, all right and from the backend of the flow; the slowest took %d ms\n",
		l.replies[0].Load(), l.replies[1].Load(), time.Duration(l.slowest.Load()).Milliseconds())
	fmt.Println("summary:", total)
	fmt.Printf("summary: %d workers killed with %d packets in their hands, %d replaced, 2 configurations loaded\n", d.kills+numWorkers, d.inherited, d.upgrades)
	return nil
}

// Addresses of the demonstration.
var vips, gateways = []string{"10.0.0.100", "fd00::100"}, []string{"10.1.0.254", "fd01::fe"}

func backendAddresses(i int) []string {
	return []string{fmt.Sprint("10.1.0.", i), fmt.Sprint("fd01::", i)}
}

// connect makes the networks and the servers, and returns the host of the clients and the devargs of the ports.
func (d *demo) connect(ctx context.Context) (clients *wire.Host, ports []string, closeAll func() error, err error) {
	var wires []*wire.Wire
	closeAll = func() (err error) {
		for _, w := range wires {
			err = errors.Join(err, w.Close())
		}
		return err
	}
	for i := range 1 + numBackends {
		var w *wire.Wire
		err := d.host.Do(func() (err error) {
			w, err = wire.FromHere(fmt.Sprint("lb", i))
			return err
		})
		if err != nil {
			return nil, nil, closeAll, err
		}
		wires = append(wires, w)
		if err := w.Far.LeaveChecksums(w.Far.Name); err != nil { // so that the load balancer must finish them, as on other veth pairs
			return nil, nil, closeAll, err
		}
		ports = append(ports, fmt.Sprintf("net_af_packet%d,iface=%s", i, w.Near.Name))
		if i == 0 {
			clients = w.Far.Host
			err = errors.Join(w.Far.Address(w.Far.Name, "10.0.0.1/24"), w.Far.Address(w.Far.Name, "fd00::1/64"))
		} else {
			a := backendAddresses(i)
			err = errors.Join(w.Far.Address(w.Far.Name, a[0]+"/24"), w.Far.Address(w.Far.Name, a[1]+"/64"))
			for _, g := range gateways {
				err = errors.Join(err, w.Far.Gateway(w.Far.Name, net.ParseIP(g)))
			}
			err = errors.Join(err, serve(ctx, w.Far.Host, byte(i)))
		}
		if err != nil {
			return nil, nil, closeAll, err
		}
	}
	return clients, ports, closeAll, nil
}

// configure writes a configuration with these backends, and returns the name of the file.
func (d *demo) configure(backends ...int) (string, error) {
	var list []string
	for _, i := range backends {
		for _, a := range backendAddresses(i) {
			list = append(list, fmt.Sprintf(`{"address": %q}`, a))
		}
	}
	name := filepath.Join(d.dir, "lb.json")
	return name, os.WriteFile(name, []byte(`{"backends": [`+strings.Join(list, ", ")+`]}`), 0o600)
}

// run starts a process of the load balancer.
func (d *demo) run(role string, args ...string) (p *app.Program, err error) {
	err = d.host.Do(func() error {
		p, err = app.StartProgram(os.Stderr, role, "/proc/self/exe", append([]string{role, "-prefix", d.prefix}, args...)...)
		return err
	})
	return p, err
}

// start starts the primary and the workers, and waits until the backends are known.
func (d *demo) start(ports []string) error {
	config, err := d.configure(1, 2, 3)
	if err != nil {
		return err
	}
	args := []string{"-config", config, "-workers", fmt.Sprint(numWorkers)}
	for _, p := range ports {
		args = append(args, "-port", p)
	}
	for i := range vips {
		args = append(args, "-vip", vips[i], "-gateway", gateways[i])
	}
	if d.primary, err = d.run("primary", args...); err != nil {
		return err
	}
	if _, err := d.primary.Expect("loadbalancer: ready"); err != nil {
		return err
	}
	for n := range d.workers {
		if d.workers[n], err = d.worker(n); err != nil {
			return err
		}
		if _, err := d.workers[n].Expect(fmt.Sprintf("worker %d: works", n)); err != nil {
			return err
		}
	}
	return d.await(numBackends * len(vips))
}

// worker starts worker n. It spends time on each burst, so that a kill nearly always finds packets in its hands.
func (d *demo) worker(n int, args ...string) (*app.Program, error) {
	return d.run("worker", append(args, "-n", fmt.Sprint(n), "-busy", "200us")...)
}

// show kills, replaces and reloads under load.
func (d *demo) show(ctx context.Context, l *load) error {
	if err := errors.Join(l.add(d.load-d.load/4, 0), l.add(d.load/4, 10), l.progress()); err != nil {
		return err
	}
	const flows = 120
	to, err := l.fresh(flows)
	if err != nil {
		return err
	}
	fmt.Printf("%d clients ask; of %d more flows, the backends have %v\n", d.load, flows, to[1:])
	for i := 1; i <= numBackends; i++ {
		if to[i] < flows/numBackends/3 {
			return fmt.Errorf("flows are not spread: %v", to[1:])
		}
	}
	for i := range d.kills {
		if err := d.kill(i % numWorkers); err != nil {
			return err
		}
		if err := l.progress(); err != nil {
			return err
		}
	}
	fmt.Printf("%d workers were killed, and every flow goes on\n", d.kills)
	for i := range d.upgrades {
		if err := d.upgrade(i % numWorkers); err != nil {
			return err
		}
		if err := l.progress(); err != nil {
			return err
		}
	}
	fmt.Printf("%d workers were replaced\n", d.upgrades)

	// Only the flow table knows the backend of old flows now: it is another one than for new flows.
	if err := d.reload(1, 2); err != nil {
		return err
	}
	if to, err = l.fresh(flows); err != nil {
		return err
	}
	if to[3] != 0 {
		return fmt.Errorf("%d new flows went to a backend that was removed", to[3])
	}
	for n := range d.workers {
		if err := d.kill(n); err != nil {
			return err
		}
	}
	if err := l.progress(); err != nil {
		return err
	}
	old := 0
	for _, c := range l.clients[:d.load-d.load/4] {
		if c.backend == 3 {
			old++
		}
	}
	if old == 0 {
		return errors.New("no flow has the backend that was removed")
	}
	fmt.Printf("backend 3 was removed: no new flow has it, and %d old ones keep it, also after all workers were killed\n", old)
	if err := errors.Join(d.reload(1, 2, 3), d.await(len(vips))); err != nil {
		return err
	}
	if to, err = l.fresh(flows); err != nil {
		return err
	}
	if to[3] == 0 {
		return errors.New("no new flow went to a backend that was added")
	}
	fmt.Printf("backend 3 was added: of %d new flows, the backends have %v\n", flows, to[1:])
	return l.progress()
}

// kill kills worker n at a random moment, beside a successor that waits.
func (d *demo) kill(n int) (err error) {
	if d.spare, err = d.worker(n); err != nil {
		return err
	}
	if _, err := d.spare.Expect(fmt.Sprintf("worker %d: waits", n)); err != nil {
		return err
	}
	time.Sleep(time.Duration(d.moments.Int64N(int64(5 * time.Millisecond)))) // so that kills hit all moments of a burst
	d.workers[n].Kill()
	return d.succeed(n)
}

// upgrade replaces worker n by a new process.
func (d *demo) upgrade(n int) (err error) {
	if d.spare, err = d.worker(n, "-take-over"); err != nil {
		return err
	}
	if err := d.workers[n].Wait(); err != nil {
		return err
	}
	return d.succeed(n)
}

// succeed waits until the successor works.
func (d *demo) succeed(n int) error {
	text, err := d.spare.Expect(fmt.Sprintf("worker %d: works, with", n))
	if err != nil {
		return err
	}
	var packets int
	if _, err := fmt.Sscan(text, &packets); err != nil {
		return fmt.Errorf("worker %d: %q: %w", n, text, err)
	}
	d.inherited += packets
	d.workers[n], d.spare = d.spare, nil
	return nil
}

// reload makes the load balancer use these backends for new flows.
func (d *demo) reload(backends ...int) error {
	config, err := d.configure(backends...)
	if err != nil {
		return err
	}
	p, err := d.run("reload", "-config", config)
	if err != nil {
		return err
	}
	return p.Wait()
}

// await waits until the primary has found n more addresses of backends.
func (d *demo) await(n int) error {
	for range n {
		if _, err := d.primary.Expect("loadbalancer: backend"); err != nil {
			return err
		}
	}
	return nil
}

// stop ends all processes, the primary last, and returns the sum of its counters.
func (d *demo) stop() (total string, err error) {
	for _, p := range append([]*app.Program{d.spare}, d.workers[:]...) {
		if p != nil {
			err = errors.Join(err, p.Stop())
		}
	}
	if d.primary != nil {
		d.primary.End()
		var none error
		total, none = d.primary.Expect("total: ")
		err = errors.Join(err, none, d.primary.Wait())
	}
	d.spare, d.workers, d.primary = nil, [numWorkers]*app.Program{}, nil
	return total, err
}
