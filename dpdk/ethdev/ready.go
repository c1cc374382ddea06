package ethdev

import (
	"syscall"

	"github.com/godpdk/godpdk/cgo"
)

// deaf are drivers whose bursts move nothing in a secondary although they have burst
// functions there, and why.
var deaf = map[string]string{
	"net_bonding": "its members' state is the primary's",
	"net_vhost":   "its connection is the primary's",
}

// ready says why a secondary cannot poll the queue, which the primary has set up. The
// caller holds the port's mu.
func (q *queue) ready() error {
	i, err := q.port.info()
	if err != nil {
		return err
	}
	errno := cgo.EthQueueReady(q.port.id, q.id, q.tx)
	why := deaf[i.Driver]
	switch {
	case why != "":
	case syscall.Errno(errno) == syscall.ENOTSUP:
		why = "the driver has no burst function here"
	case errno != 0:
		return q.fail(syscall.Errno(errno), "this process attached before the primary had configured the port: start it again, after the primary's Configure")
	default:
		return nil
	}
	return q.fail(syscall.ENOTSUP, "%s cannot be polled in a secondary (%s): poll it in the primary, and pass the packets on by rings", i.Driver, why)
}
