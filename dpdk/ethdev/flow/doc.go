// Package flow creates flow rules (rte_flow): a NIC compares packets with the pattern of a rule, and
// does the rule's actions with those that match, before software receives them.
//
// # Rules
//
// A pattern is a list of items, such as the headers of a packet from the outermost on. Each field
// that is set is a condition, and a field that is not set accepts all values:
//
//	f, err := flow.Create(port, flow.Rule{
//		Pattern: []flow.Item{
//			flow.Eth{},
//			flow.IPv4{Dst: flow.In(netip.MustParsePrefix("10.0.0.0/8"))},
//			flow.UDP{DstPort: flow.Is(4789)},
//		},
//		Actions: []flow.Action{flow.SetMark{ID: 7}, flow.Queue{Index: 3}},
//	})
//
// [Is], [Range], [Masked] and [In] make conditions. This package derives DPDK's structs spec, last and
// mask from them. An item without conditions has none of the three. [Parse] and [Rule.String] convert
// rules from and to the text of dpdk-testpmd. [CustomItem] and [CustomAction] are for types that this
// package does not have.
//
// A driver supports some rules only, and many drivers support none. [Validate] asks the driver. Errors
// have the driver's message and the item or action at fault: see [Error]. Drivers without rules return
// dpdk.ErrUnsupported.
//
// A packet that has matched an action [SetMark] has the mark in [mbuf.Mbuf.FlowMark].
// [RegisterMetadata] gives access to the value of an action [SetMeta].
//
// Several rules can share an action: see [CreateIndirect].
//
// # Lifetime
//
// A rule lives until [Flow.Destroy] or [Flush]. Most drivers require that no rules are left when a port
// is stopped, and the others keep some kinds of rules only. So [ethdev.Port.Stop], Configure, Reset,
// Close and Detach destroy the rules and indirect actions that this process has created, also those that a driver would
// keep: create them again after Start. Methods of a destroyed Flow return dpdk.ErrNotFound, and dpdk.ErrNoDevice after the end of
// the port. Dropping a Flow destroys nothing. Destroy the rules of a port before it becomes a member of
// a bonding port, which configures its members itself.
//
// # Goroutines and processes
//
// Any goroutine may call the functions at any time: they are control calls of the port, and exclude
// each other. Only the primary may call them. In a secondary they return dpdk.ErrSecondary, because the
// drivers' lists of rules belong to the primary.
//
// Not supported: asynchronous rules with templates, lists of indirect actions, flex items, and the tunnel offload of rte_flow.
package flow
