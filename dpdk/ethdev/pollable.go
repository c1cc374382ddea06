package ethdev

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// primaryOnly maps drivers to the reason why their bursts move nothing in a secondary, although
// they have burst functions there.
var primaryOnly = map[string]string{
	"net_bonding": "its members' state is the primary's",
	"net_vhost":   "its connection is the primary's",
}

// pollable returns why a secondary cannot poll the queue, which the primary has set up; nil
// if it can. The caller holds the port's mu.
func (q *queue) pollable() error {
	i, err := q.port.info()
	if err != nil {
		return err
	}
	errno := dpdk.Errno(cgo.EthQueueReady(q.port.id, q.id, q.tx))
	why := primaryOnly[i.Driver]
	switch {
	case why != "":
	case errno == dpdk.ErrUnsupported:
		why = "the driver has no burst function here"
	case errno != 0:
		return q.fail(errno, "this process attached before the primary had configured the port: start it again, after the primary's Configure")
	default:
		return nil
	}
	return q.fail(dpdk.ErrUnsupported, "%s cannot be polled in a secondary (%s): poll it in the primary, and pass the packets on by rings", i.Driver, why)
}
