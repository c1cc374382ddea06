//go:build linux

package values_test

import (
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/bond"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/heap"
	"github.com/godpdk/godpdk/dpdk/ipc"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/lpm"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/packet"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/dpdk/udp"
)

// functions holds the functions to call with odd arguments.
var functions = map[string]map[string]any{
	"ring":    {"Create": ring.Create[uint64], "Lookup": ring.Lookup[uint64], "List": ring.List},
	"mempool": {"Create": mempool.Create, "CreateEmpty": mempool.CreateEmpty, "Lookup": mempool.Lookup, "List": mempool.List, "Ops": mempool.Ops, "ByObject": mempool.ByObject},
	"mbuf": {
		"CreatePool": mbuf.CreatePool, "LookupPool": mbuf.LookupPool, "List": mbuf.List, "FreeBulk": mbuf.FreeBulk, "LookupField": mbuf.LookupField[uint32],
		"RegisterField": mbuf.RegisterField[uint32], "LookupFlag": mbuf.LookupFlag, "RegisterFlag": mbuf.RegisterFlag,
	},
	"header": {
		"Parse": header.Parse, "ParseEthernet": header.ParseEthernet, "ParseVLAN": header.ParseVLAN, "ParseARP": header.ParseARP, "ParseIPv4": header.ParseIPv4, "ParseIPv6": header.ParseIPv6,
		"ParseFragment": header.ParseFragment, "ParseUDP": header.ParseUDP, "ParseTCP": header.ParseTCP, "ParseSCTP": header.ParseSCTP, "ParseICMP": header.ParseICMP, "ParseGRE": header.ParseGRE,
		"ParseVXLAN": header.ParseVXLAN, "ParseGeneve": header.ParseGeneve, "ParseMPLS": header.ParseMPLS, "ParseMAC": header.ParseMAC, "RawChecksum": header.RawChecksum,
		"SkipExtensions": header.SkipExtensions, "NextExtension": header.NextExtension, "PseudoChecksum": header.PseudoChecksum, "UpdateChecksumBytes": header.UpdateChecksumBytes,
		"MulticastMAC": header.MulticastMAC, "LinkLocal": header.LinkLocal, "SolicitedNode": header.SolicitedNode,
	},
	"acl": {"Create4": acl.Create4, "Create6": acl.Create6, "Lookup4": acl.Lookup4, "Lookup6": acl.Lookup6, "List": acl.List,
		"Port": acl.Port, "PortRange": acl.PortRange, "Gather4": acl.Gather4, "Gather6": acl.Gather6},
	"heap": {"Alloc": heap.Alloc, "Open": heap.Open, "List": heap.List, "View": heap.View[uint64]},
	"lpm":  {"Create4": lpm.Create4, "Create6": lpm.Create6, "Lookup4": lpm.Lookup4, "Lookup6": lpm.Lookup6, "List": lpm.List},
	"rcu":  {"Create": rcu.Create, "Lookup": rcu.Lookup, "NewDeferQueue": rcu.NewDeferQueue[uint64]},
	"fib":  {"Create4": fib.Create4, "Create6": fib.Create6, "Lookup4": fib.Lookup4, "Lookup6": fib.Lookup6, "List": fib.List, "MaxNextHop": fib.MaxNextHop},
	"udp":  {"NewHost": udp.NewHost, "NewKernel": udp.NewKernel},
	"memzone": {
		"Reserve": memzone.Reserve, "Lookup": memzone.Lookup, "List": memzone.List,
		"CreateValue": memzone.CreateValue[uint64], "LookupValue": memzone.LookupValue[uint64],
	},
	"netring": {"Attach": netring.Attach, "Open": netring.Open, "Loopback": netring.Loopback, "Pair": netring.Pair},
	"bond": {
		"Members": bond.Members, "Active": bond.Active, "Add": bond.Add, "Remove": bond.Remove, "Primary": bond.Primary,
		"SetPrimary": bond.SetPrimary, "SetMonitoring": bond.SetMonitoring,
	},
	"packet":    {"NewBuffer": packet.NewBuffer, "NewSource": packet.NewSource, "NewSink": packet.NewSink, "Serialize": packet.Serialize},
	"telemetry": {"Handle": telemetry.Handle, "Unregister": telemetry.Unregister, "List": telemetry.List, "NewClient": telemetry.NewClient},
	"ipc":       {"Register": ipc.Register, "Unregister": ipc.Unregister, "Send": ipc.Send, "Request": ipc.Request, "Call": ipc.Call[int, int]},
	"lcore": {
		"Lookup": lcore.Lookup, "WorkersOn": lcore.WorkersOn, "Launch": lcore.Launch, "LaunchWorkers": lcore.LaunchWorkers, "StartControlThread": lcore.StartControlThread,
		"InUse": lcore.InUse, "RegisterService": lcore.RegisterService, "LookupService": lcore.LookupService, "AddServiceCore": lcore.AddServiceCore,
		"StartServiceCore": lcore.StartServiceCore, "StopServiceCore": lcore.StopServiceCore, "RemoveServiceCore": lcore.RemoveServiceCore,
		"ServiceCoreLoops": lcore.ServiceCoreLoops, "NewTimer": lcore.NewTimer, "NewAlarm": lcore.NewAlarm, "RegisterCallback": lcore.RegisterCallback, "NewMeter": lcore.NewMeter,
		"RunTimers": lcore.RunTimers, "Duration": lcore.Duration, "ToCycles": lcore.ToCycles,
	},
	"ethdev/flow": {
		"Validate": flow.Validate, "Create": flow.Create, "Flush": flow.Flush, "Isolate": flow.Isolate, "Dump": flow.Dump, "TransferProxy": flow.TransferProxy,
		"CreateIndirect": flow.CreateIndirect, "Aged": flow.Aged, "List": flow.List, "Parse": flow.Parse, "In": flow.In, "Range": flow.Range[int], "Masked": flow.Masked[netip.Addr],
	},
	"ethdev": {
		"Attach": ethdev.Attach, "Open": ethdev.Open, "Match": ethdev.Match, "Lookup": ethdev.Lookup, "ByID": ethdev.ByID, "ByMAC": ethdev.ByMAC,
		"List": ethdev.List, "NewOwner": ethdev.NewOwner, "Subscribe": ethdev.Subscribe, "NewTxBuffer": ethdev.NewTxBuffer,
	},
}

func callsOfFunctions(pkg string) (all []call) {
	for _, name := range sorted(functions[pkg]) {
		for k := range variants {
			f := functions[pkg][name]
			all = append(all, call{key: key(pkg, name, "function", "", k), make: func() (any, func()) { return f, func() {} }, k: k})
		}
	}
	return all
}
