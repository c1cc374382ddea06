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

// defaultRSSKey is the bytes of a key if the driver does not tell, as DPDK has it.
const defaultRSSKey = 40

// RSSHash is how a port hashes packets to spread them over its receive queues.
type RSSHash struct {
	Types RSSType // the headers
	Key   []byte  // of Info.RSSKeySize bytes; 40 if that is 0
}

// RSSHash is how the port hashes packets now (rte_eth_dev_rss_hash_conf_get). Errors:
// dpdk.ErrUnsupported, also from drivers that can but do not tell; dpdk.ErrNoDevice.
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

// SetRSSHash changes how the port hashes packets, also while it is started
// (rte_eth_dev_rss_hash_update). A nil Key keeps the key. Errors: dpdk.ErrInvalid for
// types that the port cannot hash, a key of another length, or a port without
// Config.RSS; dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
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
			return p.invalid(opSetRSSHash, "the key has %d bytes: %s takes %d", len(h.Key), i.Driver, i.keySize())
		}
		return driverError(cgo.EthRSSHashUpdate(p.id, uint64(h.Types), h.Key))
	})
}

// rss is the Info of a port that does RSS. The caller holds mu.
func (p *Port) rss(op string) (Info, error) {
	if p.cfg.RSS == 0 {
		return Info{}, p.invalid(op, "the port does no RSS: set Config.RSS")
	}
	return p.info()
}

func (i *Info) keySize() int {
	if i.RSSKeySize == 0 {
		return defaultRSSKey
	}
	return i.RSSKeySize
}

// RETA is the redirection table: the receive queue for each value of the hash modulo
// Info.RETASize (rte_eth_dev_rss_reta_query). It works in all processes. Errors:
// dpdk.ErrUnsupported, dpdk.ErrNoDevice.
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

// SetRETA changes the entries of the redirection table from number first on, as many
// as there are queues given, also while the port is started
// (rte_eth_dev_rss_reta_update). The others stay. Errors: dpdk.ErrInvalid for entries
// or queues that there are not, none at all, or a port without Config.RSS;
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
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
			return p.invalid(opSetRETA, "no queues were given")
		case first < 0 || first > i.RETASize-len(queues):
			return p.invalid(opSetRETA, "there are no %d entries from %d on: %s has %d", len(queues), first, i.Driver, i.RETASize)
		}
		groups := retaGroups(i.RETASize)
		for k, q := range queues {
			if q < 0 || q >= p.cfg.RxQueues {
				return p.invalid(opSetRETA, "entry %d: there is no receive queue %d: the Config asked for %d", first+k, q, p.cfg.RxQueues)
			}
			n := first + k
			groups[n/cgo.EthRETAGroup].Set(n%cgo.EthRETAGroup, uint16(q))
		}
		return driverError(cgo.EthRETAUpdate(p.id, groups, uint16(i.RETASize)))
	})
}

// retaGroups are the groups of a table of that many entries.
func retaGroups(size int) []cgo.EthRETAEntry64 {
	return make([]cgo.EthRETAEntry64, (size+cgo.EthRETAGroup-1)/cgo.EthRETAGroup)
}
