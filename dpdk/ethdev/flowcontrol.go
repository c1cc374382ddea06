package ethdev

import (
	"fmt"
	"math"

	"github.com/godpdk/godpdk/cgo"
)

// FlowMode is which pause frames a port makes use of.
type FlowMode int

// Modes of flow control (RTE_ETH_FC_…).
const (
	FlowNone    FlowMode = cgo.EthFCNone
	FlowRxPause FlowMode = cgo.EthFCRxPause // it stops sending when the peer asks for that
	FlowTxPause FlowMode = cgo.EthFCTxPause // it asks the peer to stop when its own queues are full
	FlowFull    FlowMode = cgo.EthFCFull    // both
)

// String is the mode in a word.
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

// FlowControl is how a port and its peer keep each other from sending too much
// (struct rte_eth_fc_conf).
type FlowControl struct {
	Mode FlowMode
	// HighWater and LowWater are how full the device's memory is when it asks the
	// peer to stop, and to go on; in units of the device.
	HighWater, LowWater int
	PauseTime           int  // to ask for, in times of 512 bits
	SendXON             bool // say when the peer may go on
	ForwardControl      bool // receive MAC control frames, too
	Autoneg             bool // agree on the mode with the peer
}

// FlowControl is how the port does flow control now (rte_eth_dev_flow_ctrl_get).
// Errors: dpdk.ErrUnsupported, dpdk.ErrNoDevice.
func (p *Port) FlowControl() (FlowControl, error) {
	f, err := read(p, "rte_eth_dev_flow_ctrl_get", cgo.EthFlowControlGet)
	return FlowControl{
		Mode: FlowMode(f.Mode), HighWater: int(f.HighWater), LowWater: int(f.LowWater), PauseTime: int(f.PauseTime),
		SendXON: f.SendXON, ForwardControl: f.Forward, Autoneg: f.Autoneg,
	}, err
}

// SetFlowControl changes how the port does flow control (rte_eth_dev_flow_ctrl_set).
// Change what FlowControl says: most drivers want sensible thresholds. Errors:
// dpdk.ErrInvalid for numbers that the port does not take, dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetFlowControl(f FlowControl) error {
	const op = "rte_eth_dev_flow_ctrl_set"
	switch {
	case f.Mode < FlowNone || f.Mode > FlowFull:
		return p.invalid(op, "there is no mode %d", int(f.Mode))
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
