package mbuf

import (
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// Info describes a pool of mbufs.
type Info struct {
	Name            string
	Ops             string // "" if this process does not have them
	Size, Available int    // mbufs: all, and those in the pool and in the caches of lcores
	CacheSize       int    // of each lcore
	DataRoom        int    // size of the buffer of each mbuf in bytes, headroom included
	PrivateSize     int    // size of the private area of each mbuf in bytes
	Socket          dpdk.SocketID
}

func newInfo(i mempool.Info, dataRoom, privateSize int) Info {
	return Info{
		Name: i.Name, Ops: i.Ops, Size: i.Size, Available: i.Available, CacheSize: i.CacheSize,
		DataRoom: dataRoom, PrivateSize: privateSize, Socket: i.Socket,
	}
}

// Info describes the pool as it is now.
func (p *Pool) Info() (Info, error) {
	i, err := p.pool.Info()
	if err != nil {
		return Info{}, err
	}
	return newInfo(i, p.dataRoom, p.privSize), nil
}

// List describes all pools of mbufs in shared memory, those of C programs included.
//
// Implements: rte_mempool_walk
func List() ([]Info, error) {
	pools, err := mempool.List()
	if err != nil {
		return nil, err
	}
	var all []Info
	err = control.Call(opWalk, "", func() error {
		for _, i := range pools {
			found, err := objects.MempoolLookup(i.Name)
			if err != nil {
				continue // freed since
			}
			if m, err := objects.MbufPoolDescribe(i.Name, found.Pool); err == nil && m.IsMbuf {
				all = append(all, newInfo(i, int(m.DataRoom), int(m.PrivSize)))
			}
		}
		return nil
	})
	return all, err
}
