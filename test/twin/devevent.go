//go:build linux

package twin

/*
#define ALLOW_EXPERIMENTAL_API
#include <stdlib.h>
#include <rte_dev.h>

// The function is in package cgo. It is weak because cgo links each package once without the others.
extern void godpdk_dev_event_callback(const char *device, enum rte_dev_event_type type, void *arg)
	__attribute__((weak));
*/
import "C"
import "unsafe"

// DevEventFire calls the callback of devices of package cgo as DPDK does.
func DevEventFire(device string, eventType uint32) {
	name := C.CString(device)
	defer C.free(unsafe.Pointer(name))
	C.godpdk_dev_event_callback(name, eventType, nil)
}
