/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal: services and the lcores that run them. */
#ifndef GODPDK_SERVICE_H
#define GODPDK_SERVICE_H

#include "godpdk.h"

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_service.h>
#include <rte_service_component.h>
#include <rte_version.h>

/* rte_service_component_register of godpdkService: 0 or a positive errno. */
int godpdk_service_register(const char *name, uint32_t capabilities, int socket, uintptr_t id, uint32_t *service);

/* Stores at most n ids of services and returns their number. DPDK has no such function: ids
 * are below 64 in all releases, and an unused id has no name. */
static inline uint32_t
godpdk_service_list(uint32_t *ids, uint32_t n)
{
	uint32_t len = 0;

	for (uint32_t id = 0; id < 64 && len < n; id++)
		if (rte_service_get_name(id) != NULL)
			ids[len++] = id;
	return len;
}

/* An array in shared memory. */
struct godpdk_array {
	void *addr;
	size_t size;
};

/* Finds the arrays that rte_service_init has allocated for this process, at most 2, and returns their
 * number: DPDK has no function for them. It registers a service for a moment, and finds none if there is
 * another one. Call it after rte_eal_init, before others use services. */
uint32_t godpdk_service_arrays(struct godpdk_array arrays[2]);

/* rte_free of an array, if there is one at its address. */
bool godpdk_array_free(const struct godpdk_array *a);

#endif
