package ethdev

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	opConfigure = "rte_eth_dev_configure"
	opRxSetup   = "rte_eth_rx_queue_setup"
	opTxSetup   = "rte_eth_tx_queue_setup"
	opStart     = "rte_eth_dev_start"
	opStop      = "rte_eth_dev_stop"
	opReset     = "rte_eth_dev_reset"
	opClose     = "rte_eth_dev_close"
)

// Open attaches the device that devargs describe, such as "net_af_packet0,iface=eth1" or
// "0000:03:00.0", configures its port and starts it. For a port that exists, devargs must be its
// name alone: Open configures and starts it. If a step fails, Open undoes the steps before it
// and detaches a device that it attached.
//
// Errors are those of [Attach], [Port.Configure] and [Port.Start].
//
// Implements: rte_dev_probe, rte_eth_dev_configure, rte_eth_dev_start
func Open(devargs string, cfg Config) (*Port, error) {
	if p, err := Lookup(devargs); err == nil {
		if err := p.reopen(cfg); err != nil {
			return nil, err
		}
		return p, nil
	}
	p, err := Attach(devargs)
	if err != nil {
		return nil, err
	}
	if err = p.Configure(cfg); err == nil {
		err = p.Start()
	}
	if err != nil {
		return nil, errors.Join(err, p.Detach())
	}
	return p, nil
}

// reopen does Configure and Start. A port that does not start has its last configuration again.
func (p *Port) reopen(cfg Config) error {
	return p.owned(opConfigure, func() error {
		before, was := p.cfg, p.state
		if err := p.reconfigure(cfg); err != nil {
			return err
		}
		err := p.start()
		if err != nil {
			err = errors.Join(err, p.restore(before, was))
		}
		return err
	})
}

// Configure configures the port and sets up all its queues. It destroys the port's flow rules. The port must not be started. If a
// step fails, the port has its last configuration again, or none if it had none.
//
// Errors: dpdk.ErrBusy for a started port, dpdk.ErrInvalid for a field that the port does not
// support (the error names it), dpdk.ErrNoMemory, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_configure, rte_eth_rx_queue_setup, rte_eth_tx_queue_setup
func (p *Port) Configure(cfg Config) error {
	return p.owned(opConfigure, func() error { return p.reconfigure(cfg) })
}

// reconfigure does the work of Configure. The caller holds mu.
func (p *Port) reconfigure(cfg Config) error {
	if err := p.unbonded(opConfigure); err != nil {
		return err
	}
	if p.state == started {
		return &dpdk.Error{Op: opConfigure, Name: p.name, Errno: dpdk.ErrBusy, Detail: "the port is started: call Stop first"}
	}
	i, err := p.info()
	if err != nil {
		return err
	}
	c := cfg.withDefaults(i)
	if err := c.check(p, i); err != nil {
		return err
	}
	before, was := p.cfg, p.state
	if err := p.configure(c); err != nil {
		return errors.Join(err, p.restore(before, was))
	}
	return nil
}

// restore configures the port as before, or not at all if it was not configured. The caller
// holds mu.
func (p *Port) restore(before Config, was state) error {
	if was == configured {
		return p.configure(before)
	}
	p.cfg, p.state = Config{}, attached
	return nil
}

// configure makes DPDK's calls for a checked configuration. The caller holds mu.
func (p *Port) configure(c Config) error {
	portcall.ReleaseFlows(p, p.id, false)
	p.cfg, p.state = Config{}, attached
	p.generation++
	if err := p.failed(opConfigure, telserver.Exclude(func() int { return cgo.EthConfigure(p.id, c.conf()) })); err != nil {
		return err
	}
	setup := func(op, what string, n, errno int) error {
		if errno == 0 {
			return nil
		}
		return &dpdk.Error{Op: op, Name: p.name, Errno: dpdk.Errno(errno), Detail: fmt.Sprintf("%s queue %d", what, n)}
	}
	var pools []unsafe.Pointer
	for n, q := range c.RxEach {
		pool, err := p.receiveInto(q.Pool, n)
		if err != nil {
			return err
		}
		pools = append(pools, pool)
		if err := setup(opRxSetup, "receive", n, telserver.Exclude(func() int { return cgo.EthRxSetup(p.id, uint16(n), q.conf(), pool) })); err != nil {
			return err
		}
	}
	for n, q := range c.TxEach {
		if err := setup(opTxSetup, "transmit", n, telserver.Exclude(func() int { return cgo.EthTxSetup(p.id, uint16(n), q.conf()) })); err != nil {
			return err
		}
	}
	inuse.Keep(receiver{p}, pools...) // the queues used the last configuration's pools up to here
	p.grow(&p.rx, c.RxQueues, false)
	p.grow(&p.tx, c.TxQueues, true)
	p.cfg, p.state = c, configured
	return nil
}

// receiver is a port as the user of its queues' pools, from Configure to the port's end.
type receiver struct{ port *Port }

func (r receiver) String() string {
	return fmt.Sprintf("%v receives into it: close or detach the port first, or configure it with another pool", r.port)
}

// Gone implements inuse.User.
func (r receiver) Gone() bool { return !cgo.EthIsNamed(r.port.id, r.port.name) }

// receiveInto returns the pool of receive queue n and protects it from being freed.
func (p *Port) receiveInto(pool *mbuf.Pool, n int) (unsafe.Pointer, error) {
	ptr := pool.Pointer()
	if ptr != nil {
		inuse.Use(receiver{p}, ptr)
	}
	// Another handle or another process may have freed the pool.
	if i, err := objects.MempoolDescribe(ptr); err != nil || ptr == nil || i.Pool == nil || i.Name != pool.Name() {
		return nil, p.invalid(opRxSetup, "receive queue %d: the pool %q was freed", n, pool.Name())
	}
	return ptr, p.prepareUMEM(pool)
}

// Config returns the last configuration, with its defaults filled in. It returns the zero Config
// if the port is not configured, and in a secondary if the primary configured the port.
func (p *Port) Config() Config {
	if p == nil {
		return Config{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg.clone()
}

// Start starts the port: it receives and sends packets. On a started port it is a no-op.
// Errors: dpdk.ErrInvalid for a port that is not configured, dpdk.ErrSecondary,
// dpdk.ErrNoDevice, and the driver's.
//
// Implements: rte_eth_dev_start
func (p *Port) Start() error {
	return p.owned(opStart, p.start)
}

func (p *Port) start() error {
	if err := p.unbonded(opStart); err != nil {
		return err
	}
	switch p.state {
	case attached:
		return p.invalid(opStart, "the port is not configured: call Configure first")
	case started:
		return nil
	}
	if err := p.failed(opStart, telserver.Exclude(func() int { return cgo.EthStart(p.id) })); err != nil {
		return err
	}
	p.state = started
	for n, q := range p.rx[:p.cfg.RxQueues] {
		q.stopped = p.cfg.RxEach[n].DeferredStart
	}
	for n, q := range p.tx[:p.cfg.TxQueues] {
		q.stopped = p.cfg.TxEach[n].DeferredStart
		q.countSenders(p.cfg.TxOffloads | p.cfg.TxEach[n].Offloads)
	}
	p.openGates()
	p.keepMaster()
	return nil
}

// Stop lets no more bursts in, waits for the bursts that run in this process, and stops the
// port. The port can then be configured again. Packets in its queues are lost. On a port that is
// not started, Stop is a no-op. Stop destroys the port's flow rules (package flow), unless the driver
// keeps them. Errors: dpdk.ErrBusy if a burst does not end, dpdk.ErrSecondary, dpdk.ErrNoDevice, and the
// driver's.
//
// Implements: rte_eth_dev_stop
func (p *Port) Stop() error {
	return p.owned(opStop, p.stop)
}

func (p *Port) stop() error {
	if p.state != started {
		return nil
	}
	if err := p.closeGates(); err != nil {
		p.openGates()
		return err
	}
	portcall.ReleaseFlows(p, p.id, true)
	if err := p.failed(opStop, telserver.Exclude(func() int { return cgo.EthStop(p.id) })); err != nil {
		p.openGates()
		return err
	}
	forgetMaster(p)
	p.state = configured
	return nil
}

// Close stops the port, frees its resources and ends it in all processes. Its device stays
// attached without a port until EAL ends: call [Port.Detach] instead to end both. Errors:
// dpdk.ErrBusy if a burst does not end or the port is a member of a bonding port,
// dpdk.ErrSecondary, dpdk.ErrNoDevice also for a second Close.
//
// Implements: rte_eth_dev_close
func (p *Port) Close() error {
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	_, _ = p.siblings() // the members of a bonding port must see that they are members: see Port.info
	return p.ending(opClose, func() error { return p.inPrimary(opClose, p.close) })
}

// close does the work of Close. The caller holds mu.
func (p *Port) close() error {
	if err := p.unbonded(opClose); err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	portcall.ReleaseFlows(p, p.id, false)
	err := p.failed(opClose, telserver.Exclude(func() int { return cgo.EthClose(p.id) }))
	p.markGone() // DPDK removes the port even if the driver fails
	return err
}

// Reset stops the port, resets its device, and configures and starts the port as before. Call
// it after an [EventReset], for example. Errors: dpdk.ErrUnsupported, after which a started port
// runs as before; those of [Port.Configure] and [Port.Start], after which the port is not
// configured.
//
// Implements: rte_eth_dev_reset
func (p *Port) Reset() error {
	return p.owned(opReset, func() error {
		was, cfg := p.state, p.cfg
		if err := p.stop(); err != nil {
			return err
		}
		portcall.ReleaseFlows(p, p.id, false)
		if err := p.failed(opReset, telserver.Exclude(func() int { return cgo.EthReset(p.id) })); err != nil {
			if errors.Is(err, dpdk.ErrUnsupported) && was == started { // the device is unchanged
				return errors.Join(err, p.start())
			}
			p.cfg, p.state = Config{}, attached
			return err
		}
		p.cfg, p.state = Config{}, attached
		if was == attached {
			return nil
		}
		if err := p.configure(cfg); err != nil || was == configured {
			return err
		}
		return p.start()
	})
}

// Removed reports whether the device was removed from the machine, or the port was closed or
// detached.
//
// Implements: rte_eth_dev_is_removed
func (p *Port) Removed() bool {
	removed := true
	_ = p.do("rte_eth_dev_is_removed", func() error {
		removed = cgo.EthIsRemoved(p.id)
		return nil
	})
	return removed
}
