//go:build linux

package cgo

/*
#include "godpdk_service.h"
*/
import "C"

import "unsafe"

// ServiceNameSize is RTE_SERVICE_NAME_MAX, with the final NUL.
const ServiceNameSize = C.RTE_SERVICE_NAME_MAX

// ServiceMTSafe is RTE_SERVICE_CAP_MT_SAFE.
const ServiceMTSafe = C.RTE_SERVICE_CAP_MT_SAFE

// Attributes of services and service cores.
const (
	ServiceAttrCycles = C.RTE_SERVICE_ATTR_CYCLES
	ServiceAttrCalls  = C.RTE_SERVICE_ATTR_CALL_COUNT
	ServiceCoreLoops  = C.RTE_SERVICE_LCORE_ATTR_LOOPS
)

// ServiceRegister registers a service that runs Callbacks.Service.
//
// Implements: rte_service_component_register
func ServiceRegister(name string, capabilities uint32, socket int, id uintptr) (service uint32, errno int) {
	var s C.uint32_t
	errno = withName(name, func(n *C.char) int {
		return int(C.godpdk_service_register(n, C.uint32_t(capabilities), C.int(socket), C.uintptr_t(id), &s))
	})
	return uint32(s), errno
}

// ServiceUnregister unregisters a service.
//
// Implements: rte_service_component_unregister
func ServiceUnregister(id uint32) int {
	return negative(C.rte_service_component_unregister(C.uint32_t(id)))
}

// ServiceComponentRunstate sets whether the service itself is ready to run.
//
// Implements: rte_service_component_runstate_set
func ServiceComponentRunstate(id uint32, on bool) int {
	return negative(C.rte_service_component_runstate_set(C.uint32_t(id), C.uint32_t(cbool(on))))
}

// ServiceRunstate sets whether the application runs the service.
//
// Implements: rte_service_runstate_set
func ServiceRunstate(id uint32, on bool) int {
	return negative(C.rte_service_runstate_set(C.uint32_t(id), C.uint32_t(cbool(on))))
}

// ServiceRunning reports whether a service runs.
//
// Implements: rte_service_runstate_get
func ServiceRunning(id uint32) bool { return C.rte_service_runstate_get(C.uint32_t(id)) == 1 }

// Services returns the ids of all services.
func Services() []uint32 {
	var ids [64]C.uint32_t
	services := make([]uint32, C.godpdk_service_list(&ids[0], C.uint32_t(len(ids))))
	for i := range services {
		services[i] = uint32(ids[i])
	}
	return services
}

// ServiceName returns the name of a service, or "" if it does not exist.
//
// Implements: rte_service_get_name
func ServiceName(id uint32) string {
	n := C.rte_service_get_name(C.uint32_t(id))
	if n == nil {
		return ""
	}
	return C.GoString(n)
}

// ServiceCan reports whether a service has a capability.
//
// Implements: rte_service_probe_capability
func ServiceCan(id, capability uint32) bool {
	return C.rte_service_probe_capability(C.uint32_t(id), C.uint32_t(capability)) == 1
}

// ServiceMap maps a service to an lcore or unmaps it.
//
// Implements: rte_service_map_lcore_set
func ServiceMap(id uint32, lcore int, on bool) int {
	return negative(C.rte_service_map_lcore_set(C.uint32_t(id), C.uint32_t(lcore), C.uint32_t(cbool(on))))
}

// ServiceMapped reports whether a service is mapped to an lcore.
//
// Implements: rte_service_map_lcore_get
func ServiceMapped(id uint32, lcore int) bool {
	return C.rte_service_map_lcore_get(C.uint32_t(id), C.uint32_t(lcore)) == 1
}

// ServiceStats switches the statistics of a service.
//
// Implements: rte_service_set_stats_enable
func ServiceStats(id uint32, on bool) int {
	return negative(C.rte_service_set_stats_enable(C.uint32_t(id), C.int32_t(cbool(on))))
}

// ServiceAttr returns an attribute of a service.
//
// Implements: rte_service_attr_get
func ServiceAttr(id, attr uint32) (uint64, int) {
	var v C.uint64_t
	errno := negative(C.rte_service_attr_get(C.uint32_t(id), C.uint32_t(attr), &v))
	return uint64(v), errno
}

// ServiceAttrReset resets the attributes of a service.
//
// Implements: rte_service_attr_reset_all
func ServiceAttrReset(id uint32) int { return negative(C.rte_service_attr_reset_all(C.uint32_t(id))) }

// ServiceCoreAdd makes an lcore a service core. It waits until the lcore is idle.
//
// Implements: rte_service_lcore_add
func ServiceCoreAdd(lcore int) int { return negative(C.rte_service_lcore_add(C.uint32_t(lcore))) }

// ServiceCoreDel undoes [ServiceCoreAdd].
//
// Implements: rte_service_lcore_del
func ServiceCoreDel(lcore int) int { return negative(C.rte_service_lcore_del(C.uint32_t(lcore))) }

// ServiceCoreStart starts a service core.
//
// Implements: rte_service_lcore_start
func ServiceCoreStart(lcore int) int { return negative(C.rte_service_lcore_start(C.uint32_t(lcore))) }

// ServiceCoreStop stops a service core.
//
// Implements: rte_service_lcore_stop
func ServiceCoreStop(lcore int) int { return negative(C.rte_service_lcore_stop(C.uint32_t(lcore))) }

// ServiceCoreReset makes all service cores normal lcores.
//
// Implements: rte_service_lcore_reset_all
func ServiceCoreReset() { C.rte_service_lcore_reset_all() }

// ServiceCoreAttr returns an attribute of a service core.
//
// Implements: rte_service_lcore_attr_get
func ServiceCoreAttr(lcore int, attr uint32) (uint64, int) {
	var v C.uint64_t
	errno := negative(C.rte_service_lcore_attr_get(C.uint32_t(lcore), C.uint32_t(attr), &v))
	return uint64(v), errno
}

// negative splits 0 or -errno.
func negative[T ~int32](ret T) int { return int(max(-ret, 0)) }

// Array is an array in shared memory.
type Array struct {
	Addr unsafe.Pointer
	Size uint64
}

// ServiceArrays returns the arrays that rte_service_init has allocated for this process. Call it after
// [EALInit], before others use services. Arrays that were not found are left out.
func ServiceArrays() (arrays []Array) {
	var found [2]C.struct_godpdk_array
	for _, a := range found[:C.godpdk_service_arrays(&found[0])] {
		arrays = append(arrays, Array{a.addr, uint64(a.size)})
	}
	return arrays
}

// ArrayFree frees an array. It reports false if there is none at the address.
//
// Implements: rte_free
func ArrayFree(a Array) bool {
	c := C.struct_godpdk_array{a.Addr, C.size_t(a.Size)}
	return bool(C.godpdk_array_free(&c))
}

// ServiceFinalize waits for the lcores and frees the tables of services. No other function of
// services may be called after it.
//
// Implements: rte_service_finalize
func ServiceFinalize() { C.rte_service_finalize() }
