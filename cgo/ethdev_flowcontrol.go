//go:build linux

package cgo

/*
#include "godpdk_ethdev_flowcontrol.h"
*/
import "C"

// Modes of flow control.
const (
	EthFCNone    = C.RTE_ETH_FC_NONE
	EthFCRxPause = C.RTE_ETH_FC_RX_PAUSE
	EthFCTxPause = C.RTE_ETH_FC_TX_PAUSE
	EthFCFull    = C.RTE_ETH_FC_FULL
)

// EthFlowControl is struct rte_eth_fc_conf.
type EthFlowControl struct {
	HighWater, LowWater       uint32
	PauseTime                 uint16
	Mode                      uint8
	SendXON, Forward, Autoneg bool
}

// EthFlowControlGet returns the flow control settings of a port.
//
// Implements: rte_eth_dev_flow_ctrl_get
func EthFlowControlGet(port uint16) (EthFlowControl, int) {
	var f C.struct_godpdk_eth_fc
	errno := C.godpdk_eth_flow_control(C.uint16_t(port), &f)
	return EthFlowControl{uint32(f.high_water), uint32(f.low_water), uint16(f.pause_time), uint8(f.mode),
		f.send_xon != 0, f.forward != 0, f.autoneg != 0}, int(errno)
}

// EthFlowControlSet sets flow control.
//
// Implements: rte_eth_dev_flow_ctrl_set
func EthFlowControlSet(port uint16, f EthFlowControl) int {
	c := C.struct_godpdk_eth_fc{
		high_water: C.uint32_t(f.HighWater), low_water: C.uint32_t(f.LowWater), pause_time: C.uint16_t(f.PauseTime),
		mode: C.uint8_t(f.Mode), send_xon: C.uint8_t(cbool(f.SendXON)), forward: C.uint8_t(cbool(f.Forward)), autoneg: C.uint8_t(cbool(f.Autoneg)),
	}
	return int(C.godpdk_eth_flow_control_set(C.uint16_t(port), &c))
}
