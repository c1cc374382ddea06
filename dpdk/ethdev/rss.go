package ethdev

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

const (
	opRSSHash    = "rte_eth_dev_rss_hash_conf_get"
	opSetRSSHash = "rte_eth_dev_rss_hash_update"
	opRETA       = "rte_eth_dev_rss_reta_query"
	opSetRETA    = "rte_eth_dev_rss_reta_update"
)

// defaultRSSKey is the size of a key, in bytes, if the driver does not report it, as in DPDK.
const defaultRSSKey = 40

// RSSHash is the hash by which a port spreads packets over its receive queues.
type RSSHash struct {
	Types RSSType // the headers
	Key   []byte  // of Info.RSSKeySize bytes; 40 if that is 0
}

// RSSHash returns the port's RSS hash. Errors: dpdk.ErrUnsupported, also from drivers that hash
// packets but do not report how; dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_rss_hash_conf_get
func (p *Port) RSSHash() (RSSHash, error) {
	var h RSSHash
	err := p.do(opRSSHash, func() error {
		i, err := p.info()
		if err != nil {
			return err
		}
		types, key, errno := cgo.EthRSSHash(p.id, i.keySize())
		h = RSSHash{RSSType(types), key}
		return driverError(errno)
	})
	if err != nil {
		return RSSHash{}, err
	}
	return h, nil
}

// SetRSSHash changes the port's RSS hash, also while the port is started. A nil Key keeps the
// key. Errors: dpdk.ErrInvalid for types that the port cannot hash, a key of another length, or a
// port without Config.RSS; dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_rss_hash_update
func (p *Port) SetRSSHash(h RSSHash) error {
	return p.owned(opSetRSSHash, func() error {
		i, err := p.rss(opSetRSSHash)
		if err != nil {
			return err
		}
		switch {
		case h.Types&^i.RSS != 0:
			return p.invalid(opSetRSSHash, "%s cannot hash %v", i.Driver, h.Types&^i.RSS)
		case len(h.Key) != 0 && len(h.Key) != i.keySize():
			return p.invalid(opSetRSSHash, "the key has %d bytes: %s needs %d", len(h.Key), i.Driver, i.keySize())
		}
		return driverError(cgo.EthRSSHashUpdate(p.id, uint64(h.Types), h.Key))
	})
}

// rss returns the Info of a port with Config.RSS. The caller holds mu.
func (p *Port) rss(op string) (Info, error) {
	if p.cfg.RSS == 0 {
		return Info{}, p.invalid(op, "the port has no RSS: set Config.RSS")
	}
	return p.info()
}

func (i *Info) keySize() int {
	if i.RSSKeySize == 0 {
		return defaultRSSKey
	}
	return i.RSSKeySize
}

// RETA returns the redirection table: the receive queue for each value of the hash modulo
// Info.RETASize. It works in all processes. Errors: dpdk.ErrUnsupported, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_rss_reta_query
func (p *Port) RETA() ([]int, error) {
	var table []int
	err := p.do(opRETA, func() error {
		i, err := p.info()
		if err != nil {
			return err
		}
		if i.RETASize == 0 {
			return dpdk.ErrUnsupported
		}
		groups := retaGroups(i.RETASize)
		for n := range i.RETASize {
			groups[n/cgo.EthRETAGroup].Ask(n % cgo.EthRETAGroup)
		}
		if err := driverError(cgo.EthRETA(p.id, groups, uint16(i.RETASize))); err != nil {
			return err
		}
		table = make([]int, i.RETASize)
		for n := range table {
			table[n] = int(groups[n/cgo.EthRETAGroup].Queue(n % cgo.EthRETAGroup))
		}
		return nil
	})
	return table, err
}

// SetRETA sets len(queues) entries of the redirection table, starting with the entry first, also
// while the port is started. Other entries do not change. Errors: dpdk.ErrInvalid for entries or
// queues that do not exist, no queues, or a port without Config.RSS; dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_rss_reta_update
func (p *Port) SetRETA(first int, queues ...int) error {
	return p.owned(opSetRETA, func() error {
		i, err := p.rss(opSetRETA)
		if err != nil {
			return err
		}
		switch {
		case i.RETASize == 0:
			return dpdk.ErrUnsupported
		case len(queues) == 0:
			return p.invalid(opSetRETA, "no queues: give one or more")
		case first < 0 || first > i.RETASize-len(queues):
			return p.invalid(opSetRETA, "the %d entries from %d on are not in the table: %s has %d entries", len(queues), first, i.Driver, i.RETASize)
		}
		groups := retaGroups(i.RETASize)
		for k, q := range queues {
			if q < 0 || q >= p.cfg.RxQueues {
				return p.invalid(opSetRETA, "entry %d: receive queue %d does not exist: the Config has %d", first+k, q, p.cfg.RxQueues)
			}
			n := first + k
			groups[n/cgo.EthRETAGroup].Set(n%cgo.EthRETAGroup, uint16(q))
		}
		return driverError(cgo.EthRETAUpdate(p.id, groups, uint16(i.RETASize)))
	})
}

// retaGroups returns the groups of a table of size entries.
func retaGroups(size int) []cgo.EthRETAEntry64 {
	return make([]cgo.EthRETAEntry64, (size+cgo.EthRETAGroup-1)/cgo.EthRETAGroup)
}
