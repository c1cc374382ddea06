//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <link.h>

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

static const char probe_name[] = "godpdk_probe";

static int32_t
do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* Whether rte_malloc has returned a pointer, with the size of its memory. */
static bool
is_array(const void *p, size_t *size)
{
	const void *header = RTE_PTR_SUB(p, RTE_CACHE_LINE_SIZE);
	const struct rte_memseg *at;

	if (((uintptr_t)p & RTE_CACHE_LINE_MASK) != 0 || rte_mem_virt2memseg_list(header) == NULL)
		return false;
	at = rte_mem_virt2memseg(header, NULL);
	if (at == NULL || at->addr == NULL || at->len == 0 || rte_malloc_validate(p, size) < 0)
		return false;
	return *size > 0 && *size < 1 << 20 && rte_mem_virt2memseg_list(RTE_PTR_ADD(p, *size - 1)) != NULL;
}

/* Looks for pointers to the arrays in the static variables of the library with services. */
static int
scan(struct dl_phdr_info *info, size_t len, void *arg)
{
	uintptr_t function = (uintptr_t)rte_service_component_register;
	struct godpdk_array *arrays = arg;
	bool here = false;

	(void)len;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		here = here || (p->p_type == PT_LOAD && function - info->dlpi_addr - p->p_vaddr < p->p_memsz);
	}
	for (int i = 0; here && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		void **word = (void **)RTE_ALIGN_CEIL(info->dlpi_addr + p->p_vaddr, sizeof(void *));
		void **end = (void **)(info->dlpi_addr + p->p_vaddr + p->p_memsz);
		size_t size;

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W) == 0)
			continue;
		for (void **w = word; w + 1 <= end; w++) {
			if (!is_array(*w, &size) || size < sizeof(probe_name) || memcmp(*w, probe_name, sizeof(probe_name)) != 0)
				continue;
			arrays[0] = (struct godpdk_array){ *w, size };
#if RTE_VERSION < RTE_VERSION_NUM(24, 11, 0, 0)
			/* The other variable of rte_service.c is beside it. Newer releases have it in private memory. */
			if (w + 2 <= end && is_array(w[1], &size) && size % (RTE_MAX_LCORE * RTE_CACHE_LINE_SIZE) == 0)
				arrays[1] = (struct godpdk_array){ w[1], size };
			else if (w > word && is_array(w[-1], &size) && size % (RTE_MAX_LCORE * RTE_CACHE_LINE_SIZE) == 0)
				arrays[1] = (struct godpdk_array){ w[-1], size };
#endif
			return 1;
		}
	}
	return here;
}

uint32_t
godpdk_service_arrays(struct godpdk_array arrays[2])
{
	struct rte_service_spec spec = { .callback = do_nothing };
	uint32_t id;

	memset(arrays, 0, 2 * sizeof(*arrays));
	snprintf(spec.name, sizeof(spec.name), "%s", probe_name);
	if (rte_service_component_register(&spec, &id) < 0)
		return 0;
	if (id == 0)
		dl_iterate_phdr(scan, arrays);
	rte_service_component_unregister(id);
	return arrays[0].addr == NULL ? 0 : arrays[1].addr == NULL ? 1 : 2;
}

bool
godpdk_array_free(const struct godpdk_array *a)
{
	size_t size;

	if (!is_array(a->addr, &size) || size != a->size)
		return false;
	rte_free(a->addr);
	return true;
}
