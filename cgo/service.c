//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "_cgo_export.h"
#include "godpdk_lcore.h"
#include "godpdk_service.h"

static int32_t
run(void *arg)
{
	godpdk_enter();
	return godpdkService(rte_lcore_id(), (uintptr_t)arg);
}

int
godpdk_service_register(const char *name, uint32_t capabilities, int socket, uintptr_t id, uint32_t *service)
{
	struct rte_service_spec spec = {
		.callback = run,
		.callback_userdata = (void *)id,
		.capabilities = capabilities,
		.socket_id = socket,
	};

	snprintf(spec.name, sizeof(spec.name), "%s", name);
	return godpdk_neg(rte_service_component_register(&spec, service));
}
