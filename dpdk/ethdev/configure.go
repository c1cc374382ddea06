package ethdev

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const opClose = "rte_eth_dev_close"

// Open attaches the device that devargs describe, such as
// "net_af_packet0,iface=eth1" or "0000:03:00.0", configures its port and starts it.
// A port that is there already is opened by its name alone. If a step fails, the
// steps before it are undone: a device that Open attached is detached again.
//
// Errors are those of Attach, Configure and Start.
func Open(devargs string, cfg Config) (*Port, error) {
	p, err := ByName(devargs)
	found := err == nil
	if !found {
		if p, err = Attach(devargs); err != nil {
			return nil, err
		}
	}
	if found {
		err = p.reopen(cfg)
	} else if err = p.Configure(cfg); err == nil {
		err = p.Start()
	}
	if err != nil && !found {
		err = errors.Join(err, p.Detach())
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// reopen is Configure and Start, after which a port that does not start is configured
// as before.
func (p *Port) reopen(cfg Config) error {
	return p.owned("rte_eth_dev_configure", func() error {
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

// Configure sets the port and all its queues up (rte_eth_dev_configure,
// rte_eth_rx_queue_setup, rte_eth_tx_queue_setup). The port must not be started. If a
// step fails the port has its last configuration again, or none if it had none.
//
// Errors: dpdk.ErrBusy for a started port, dpdk.ErrInvalid for what the port cannot
// do, which the error names, dpdk.ErrNoMemory, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) Configure(cfg Config) error {
	return p.owned("rte_eth_dev_configure", func() error { return p.reconfigure(cfg) })
}

// reconfigure is Configure. The caller holds mu.
func (p *Port) reconfigure(cfg Config) error {
	if err := p.unbonded("rte_eth_dev_configure"); err != nil {
		return err
	}
	if p.state == started {
		return &dpdk.Error{Op: "rte_eth_dev_configure", Name: p.name, Errno: dpdk.ErrBusy, Detail: "the port is started: call Stop first"}
	}
	i, err := p.info()
	if err != nil {
		return err
	}
	c := cfg.normal(i)
	if err := c.check(p, i); err != nil {
		return err
	}
	before, was := p.cfg, p.state
	if err := p.configure(c); err != nil {
		return errors.Join(err, p.restore(before, was))
	}
	return nil
}

// restore gives the port the configuration that it had, or none if it had none. The
// caller holds mu.
func (p *Port) restore(before Config, was state) error {
	if was == configured {
		return p.configure(before)
	}
	p.cfg, p.state = Config{}, attached
	return nil
}

// configure does the steps of Configure with a checked configuration. The caller
// holds mu.
func (p *Port) configure(c Config) error {
	p.cfg, p.state = Config{}, attached
	p.generation++
	if err := p.result("rte_eth_dev_configure", cgo.EthConfigure(p.id, c.conf())); err != nil {
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
		if err := setup("rte_eth_rx_queue_setup", "receive", n, cgo.EthRxSetup(p.id, uint16(n), q.conf(), pool)); err != nil {
			return err
		}
	}
	for n, q := range c.TxEach {
		if err := setup("rte_eth_tx_queue_setup", "transmit", n, cgo.EthTxSetup(p.id, uint16(n), q.conf())); err != nil {
			return err
		}
	}
	inuse.Keep(receiver{p}, pools...) // those of the last configuration are in the queues up to here
	p.grow(&p.rx, c.RxQueues, false)
	p.grow(&p.tx, c.TxQueues, true)
	p.cfg, p.state = c, configured
	return nil
}

// receiver is a port as the user of its queues' pools, from its Configure to its end.
type receiver struct{ port *Port }

func (r receiver) String() string {
	return fmt.Sprintf("%v receives into it: close or detach the port first, or configure it with another pool", r.port)
}

// Gone implements inuse.User.
func (r receiver) Gone() bool { return !cgo.EthIsNamed(r.port.id, r.port.name) }

// receiveInto is the pool of receive queue n, which cannot be freed any more.
func (p *Port) receiveInto(pool *mbuf.Pool, n int) (unsafe.Pointer, error) {
	ptr := pool.Pointer()
	if ptr != nil {
		inuse.Use(receiver{p}, ptr)
	}
	// Another handle, or another process, may have freed it.
	if i := cgo.MempoolDescribe(ptr); ptr == nil || i.Pool == nil || i.Name != pool.Name() {
		return nil, p.invalid("rte_eth_rx_queue_setup", "receive queue %d: the pool %q was freed", n, pool.Name())
	}
	return ptr, p.umem(pool)
}

// Config is the last configuration, with its defaults written out; the zero Config
// if there is none, or if the primary configured the port and this is a secondary.
func (p *Port) Config() Config {
	if p == nil {
		return Config{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg.clone()
}

// Start makes the port receive and send (rte_eth_dev_start). On a port that is
// started it does nothing. Errors: dpdk.ErrInvalid for a port that is not
// configured, dpdk.ErrSecondary, dpdk.ErrNoDevice, and the driver's.
func (p *Port) Start() error {
	return p.owned("rte_eth_dev_start", p.start)
}

func (p *Port) start() error {
	const op = "rte_eth_dev_start"
	if err := p.unbonded(op); err != nil {
		return err
	}
	switch p.state {
	case attached:
		return p.invalid(op, "the port is not configured: call Configure first")
	case started:
		return nil
	}
	if err := p.result(op, cgo.EthStart(p.id)); err != nil {
		return err
	}
	p.state = started
	for n, q := range p.rx[:p.cfg.RxQueues] {
		q.stopped = p.cfg.RxEach[n].DeferredStart
	}
	for n, q := range p.tx[:p.cfg.TxQueues] {
		q.stopped = p.cfg.TxEach[n].DeferredStart
		q.share(p.cfg.TxOffloads | p.cfg.TxEach[n].Offloads)
	}
	p.open()
	return nil
}

// Stop waits for the bursts that are under way in this process, lets no more of
// them in, and stops the port (rte_eth_dev_stop), which can then be configured
// anew. Packets in its queues are lost. On a port that is not started it does
// nothing. Errors: dpdk.ErrBusy if a burst does not end, dpdk.ErrSecondary,
// dpdk.ErrNoDevice, and the driver's.
func (p *Port) Stop() error {
	return p.owned("rte_eth_dev_stop", p.stop)
}

func (p *Port) stop() error {
	if p.state != started {
		return nil
	}
	if err := p.shut(); err != nil {
		p.open()
		return err
	}
	if err := p.result("rte_eth_dev_stop", cgo.EthStop(p.id)); err != nil {
		p.open()
		return err
	}
	p.state = configured
	return nil
}

// Close stops the port, frees what it has and ends it (rte_eth_dev_close): for good,
// also for others. Its device stays attached, without a port, until EAL ends: call
// Detach instead to end both.
// Errors: dpdk.ErrBusy, dpdk.ErrSecondary, dpdk.ErrNoDevice also for a second Close.
func (p *Port) Close() error {
	control.Hotplug.Lock()
	defer control.Hotplug.Unlock()
	_, _ = p.siblings() // if it is a bonding port, its members take note before they are let go
	return p.leaving(opClose, func() error { return p.ours(opClose, p.close) })
}

// close is Close. The caller holds mu.
func (p *Port) close() error {
	if err := p.unbonded(opClose); err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	err := p.result(opClose, cgo.EthClose(p.id))
	p.end() // DPDK takes the port away even if the driver complains
	return err
}

// Reset stops the port, has the driver reset the device (rte_eth_dev_reset) and
// configures and starts it as it was, after an EventReset for instance. Errors:
// dpdk.ErrUnsupported, those of Configure and Start, after which the port is not
// configured.
func (p *Port) Reset() error {
	return p.owned("rte_eth_dev_reset", func() error {
		was, cfg := p.state, p.cfg
		if err := p.stop(); err != nil {
			return err
		}
		if err := p.result("rte_eth_dev_reset", cgo.EthReset(p.id)); err != nil {
			if errors.Is(err, dpdk.ErrUnsupported) && was == started { // nothing was touched
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

// Removed says whether the device has been pulled out (rte_eth_dev_is_removed),
// and is true for a port that is gone.
func (p *Port) Removed() bool {
	removed := true
	_ = p.do("rte_eth_dev_is_removed", func() error {
		removed = cgo.EthIsRemoved(p.id)
		return nil
	})
	return removed
}
