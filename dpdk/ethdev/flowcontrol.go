package ethdev

import (
	"fmt"
	"math"

	"github.com/godpdk/godpdk/cgo"
)

// FlowMode is the use of pause frames by a port.
type FlowMode int

// Modes of flow control (RTE_ETH_FC_…).
const (
	FlowNone    FlowMode = cgo.EthFCNone
	FlowRxPause FlowMode = cgo.EthFCRxPause // the port stops sending if the peer asks for it
	FlowTxPause FlowMode = cgo.EthFCTxPause // the port asks the peer to stop if its own queues are full
	FlowFull    FlowMode = cgo.EthFCFull    // both
)

// String returns the mode as a word, such as "rx-pause".
func (m FlowMode) String() string {
	switch m {
	case FlowNone:
		return "none"
	case FlowRxPause:
		return "rx-pause"
	case FlowTxPause:
		return "tx-pause"
	case FlowFull:
		return "full"
	}
	return fmt.Sprintf("FlowMode(%d)", int(m))
}

// FlowControl is the flow control between a port and its peer (struct rte_eth_fc_conf).
type FlowControl struct {
	Mode FlowMode
	// HighWater and LowWater are fill levels of the device's memory, in units of the
	// device: at HighWater it asks the peer to stop, at LowWater to continue.
	HighWater, LowWater int
	PauseTime           int  // requested from the peer, in times of 512 bits
	SendXON             bool // send a frame when the peer may continue
	ForwardControl      bool // also receive MAC control frames
	Autoneg             bool // negotiate the mode with the peer
}

// FlowControl returns the port's flow control. Errors: dpdk.ErrUnsupported, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_flow_ctrl_get
func (p *Port) FlowControl() (FlowControl, error) {
	f, err := read(p, "rte_eth_dev_flow_ctrl_get", cgo.EthFlowControlGet)
	return FlowControl{
		Mode: FlowMode(f.Mode), HighWater: int(f.HighWater), LowWater: int(f.LowWater), PauseTime: int(f.PauseTime),
		SendXON: f.SendXON, ForwardControl: f.Forward, Autoneg: f.Autoneg,
	}, err
}

// SetFlowControl changes the port's flow control. Change a value that [Port.FlowControl]
// returned: most drivers need sensible thresholds. Errors: dpdk.ErrInvalid for values that the port
// does not accept, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_flow_ctrl_set
func (p *Port) SetFlowControl(f FlowControl) error {
	const op = "rte_eth_dev_flow_ctrl_set"
	switch {
	case f.Mode < FlowNone || f.Mode > FlowFull:
		return p.invalid(op, "the mode %d does not exist: use FlowNone to FlowFull", int(f.Mode))
	case f.HighWater < 0 || f.HighWater > math.MaxUint32 || f.LowWater < 0 || f.LowWater > math.MaxUint32:
		return p.invalid(op, "HighWater is %d and LowWater %d: use 0 to %d", f.HighWater, f.LowWater, uint32(math.MaxUint32))
	case f.PauseTime < 0 || f.PauseTime > math.MaxUint16:
		return p.invalid(op, "PauseTime is %d: use 0 to %d", f.PauseTime, math.MaxUint16)
	}
	return p.owned(op, func() error {
		return driverError(cgo.EthFlowControlSet(p.id, cgo.EthFlowControl{
			HighWater: uint32(f.HighWater), LowWater: uint32(f.LowWater), PauseTime: uint16(f.PauseTime), Mode: uint8(f.Mode),
			SendXON: f.SendXON, Forward: f.ForwardControl, Autoneg: f.Autoneg,
		}))
	})
}
