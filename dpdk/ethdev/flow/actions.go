package flow

import (
	"time"

	c "github.com/godpdk/godpdk/cgo/flow"
)

// VoidAction is a placeholder, which drivers ignore.
type VoidAction struct{}

func (a VoidAction) act() shape { return a.shape() }

func (a *VoidAction) shape() shape { return shape{name: "void", typ: c.ActionVoid} }

// Passthru lets later rules match the packet too.
type Passthru struct{}

func (a Passthru) act() shape { return a.shape() }

func (a *Passthru) shape() shape { return shape{name: "passthru", typ: c.ActionPassthru} }

// Drop drops the packet.
type Drop struct{}

func (a Drop) act() shape { return a.shape() }

func (a *Drop) shape() shape { return shape{name: "drop", typ: c.ActionDrop} }

// Queue assigns the packet to a receive queue.
type Queue struct {
	Index int
}

func (a Queue) act() shape { return a.shape() }

func (a *Queue) shape() shape {
	return shape{name: "queue", typ: c.ActionQueue, size: c.ActionQueueSize, params: []param{
		{"index", host(c.ActionQueueIndex, 2), scalar{v: &a.Index}},
	}}
}

// Jump continues with the rules of another group.
type Jump struct {
	Group int
}

func (a Jump) act() shape { return a.shape() }

func (a *Jump) shape() shape {
	return shape{name: "jump", typ: c.ActionJump, size: c.ActionJumpSize, params: []param{
		{"group", host(c.ActionJumpGroup, 4), scalar{v: &a.Group}},
	}}
}

// SetMark sets the value of [mbuf.Mbuf.FlowMark] in the packet.
type SetMark struct {
	ID int
}

func (a SetMark) act() shape { return a.shape() }

func (a *SetMark) shape() shape {
	return shape{name: "mark", typ: c.ActionMark, size: c.ActionMarkSize, params: []param{
		{"id", host(c.ActionMarkID, 4), scalar{v: &a.ID}},
	}}
}

// Flag sets the flag mbuf.RxFDIR in the packet, without a value.
type Flag struct{}

func (a Flag) act() shape { return a.shape() }

func (a *Flag) shape() shape { return shape{name: "flag", typ: c.ActionFlag} }

// Count counts the packets: see [Flow.Count].
type Count struct {
	ID int // of the counter, if the rule has several
}

func (a Count) act() shape { return a.shape() }

func (a *Count) shape() shape {
	return shape{name: "count", typ: c.ActionCount, size: c.ActionCountSize, params: []param{
		{"identifier", host(c.ActionCountID, 4), scalar{v: &a.ID, optional: true}},
	}}
}

// Age makes [Aged] report the rule when no packet has matched it for some time. Rules that share it ([CreateIndirect]) are reported together.
type Age struct {
	Timeout time.Duration // whole seconds
}

func (a Age) act() shape { return a.shape() }

func (a *Age) shape() shape {
	return shape{name: "age", typ: c.ActionAge, size: c.ActionAgeSize, params: []param{
		{"timeout", bitField(c.AgeTimeout, 24), seconds{&a.Timeout}},
	}}
}

// PF sends the packet to the physical function of the device.
type PF struct{}

func (a PF) act() shape { return a.shape() }

func (a *PF) shape() shape { return shape{name: "pf", typ: c.ActionPF} }

// VF sends the packet to a virtual function of the device.
type VF struct {
	Original bool // send it to the VF that it was for
	ID       int
}

func (a VF) act() shape { return a.shape() }

func (a *VF) shape() shape {
	return shape{name: "vf", typ: c.ActionVF, size: c.ActionVFSize, params: []param{
		{"original", bitField(c.VFOriginal, 1), scalar{v: &a.Original, optional: true}},
		{"id", host(c.ActionVFID, 4), scalar{v: &a.ID}},
	}}
}

// ToPortID sends the packet to a port, by its number. It is deprecated in DPDK: use
// [ToRepresentedPort] or [ToPortRepresentor].
type ToPortID struct {
	Original bool // send it to the port that it was for
	ID       int
}

func (a ToPortID) act() shape { return a.shape() }

func (a *ToPortID) shape() shape {
	return shape{name: "port_id", typ: c.ActionPortID, size: c.ActionPortIDSize, params: []param{
		{"original", bitField(c.PortIDOriginal, 1), scalar{v: &a.Original, optional: true}},
		{"id", host(c.ActionPortIDID, 4), scalar{v: &a.ID}},
	}}
}

// ToPortRepresentor sends the packet to a port of DPDK, at the embedded switch.
type ToPortRepresentor struct {
	Port int // [ethdev.Port.ID]
}

func (a ToPortRepresentor) act() shape { return a.shape() }

func (a *ToPortRepresentor) shape() shape {
	return shape{name: "port_representor", typ: c.ActionPortRepresentor, size: c.ActionEthdevSize, params: []param{
		{"port_id", host(c.ActionEthdevPort, 2), scalar{v: &a.Port}},
	}}
}

// ToRepresentedPort sends the packet to what a port of DPDK represents, such as a VF or the network.
type ToRepresentedPort struct {
	Port int // [ethdev.Port.ID]
}

func (a ToRepresentedPort) act() shape { return a.shape() }

func (a *ToRepresentedPort) shape() shape {
	return shape{name: "represented_port", typ: c.ActionEthdev, size: c.ActionEthdevSize, params: []param{
		{"ethdev_port_id", host(c.ActionEthdevPort, 2), scalar{v: &a.Port}},
	}}
}

// SendToKernel leaves the packet to the kernel driver of the device.
type SendToKernel struct{}

func (a SendToKernel) act() shape { return a.shape() }

func (a *SendToKernel) shape() shape { return shape{name: "send_to_kernel", typ: c.ActionSendToKernel} }

// Meter applies a meter of rte_mtr.
type Meter struct {
	ID int
}

func (a Meter) act() shape { return a.shape() }

func (a *Meter) shape() shape {
	return shape{name: "meter", typ: c.ActionMeter, size: c.ActionMeterSize, params: []param{
		{"mtr_id", host(c.ActionMeterID, 4), scalar{v: &a.ID}},
	}}
}

// queues implements queuer.
func (a Queue) queues() []int { return []int{a.Index} }

// queuer is an action that uses receive queues of the port.
type queuer interface{ queues() []int }
