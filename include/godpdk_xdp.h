/* SPDX-License-Identifier: BSD-3-Clause */
/* libbpf and libxdp, which net_af_xdp uses: what they print goes to DPDK's log. */
#ifndef GODPDK_XDP_H
#define GODPDK_XDP_H

#include "godpdk.h"

#include <dlfcn.h>
#include <stdarg.h>

#include <rte_log.h>

/* libbpf_print_fn_t and libxdp_print_fn_t: the same but for the names of the levels. */
typedef int (*godpdk_xdp_print_fn)(int level, const char *format, va_list ap);

/* Programs that link the libraries have these; the others have them as shared objects
 * that the driver has loaded, or not at all. Their headers may be missing. */
__attribute__((weak)) godpdk_xdp_print_fn libbpf_set_print(godpdk_xdp_print_fn fn);
__attribute__((weak)) godpdk_xdp_print_fn libxdp_set_print(godpdk_xdp_print_fn fn);

static int godpdk_xdp_logtype;

/* A line for DPDK's log, at debug level also where the library calls it a warning: they
 * warn of what they do without, too. */
static int
godpdk_xdp_print(int level __rte_unused, const char *format, va_list ap)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, ap);
	rte_log(RTE_LOG_DEBUG, godpdk_xdp_logtype, "%s", line);
	return 0;
}

/* The function of that name in a shared object that is loaded, or NULL. */
static inline void *
godpdk_xdp_find(const char *const objects[], const char *name)
{
	void *found = NULL;

	for (; *objects != NULL && found == NULL; objects++) {
		void *object = dlopen(*objects, RTLD_LAZY | RTLD_NOLOAD);

		if (object != NULL) {
			found = dlsym(object, name);
			dlclose(object); /* the driver holds it */
		}
	}
	return found;
}

/* Has the libraries print to DPDK's log, of type "godpdk.xdp", instead of to standard
 * error. */
static inline void
godpdk_xdp_log(void)
{
	static const char *const bpf[] = { "libbpf.so.1", "libbpf.so.0", NULL };
	static const char *const xdp[] = { "libxdp.so.1", NULL };
	godpdk_xdp_print_fn (*set)(godpdk_xdp_print_fn);
	int type = rte_log_register_type_and_pick_level("godpdk.xdp", RTE_LOG_DEBUG);

	if (type < 0)
		return;
	godpdk_xdp_logtype = type;
	set = libbpf_set_print != NULL ? libbpf_set_print : godpdk_xdp_find(bpf, "libbpf_set_print");
	if (set != NULL)
		set(godpdk_xdp_print);
	set = libxdp_set_print != NULL ? libxdp_set_print : godpdk_xdp_find(xdp, "libxdp_set_print");
	if (set != NULL)
		set(godpdk_xdp_print);
}

#endif
