//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "godpdk_log.h"

static uint32_t lost;

/* The last bytes that each thread logged above debug level: the reason for the failure of
 * a control call on that thread. */
static __thread struct {
	uint64_t n; /* bytes so far */
	char text[GODPDK_LOG_KEPT];
} kept;

uint64_t
godpdk_log_mark(void)
{
	return kept.n;
}

size_t
godpdk_log_since(uint64_t mark, char *to)
{
	uint64_t n = kept.n;
	size_t len = 0;

	if (n - mark > GODPDK_LOG_KEPT)
		mark = n - GODPDK_LOG_KEPT;
	while (mark < n)
		to[len++] = kept.text[mark++ % GODPDK_LOG_KEPT];
	return len;
}

/* A log call can happen on any thread, also inside a driver's burst. So this calls no Go
 * and does not block: it counts and drops a line if the socket is full. */
static ssize_t
write_line(void *cookie, const char *line, size_t len)
{
	struct godpdk_log_head head = {
		.level = rte_log_cur_msg_loglevel(),
		.lost = __atomic_load_n(&lost, __ATOMIC_RELAXED),
	};
	struct iovec iov[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)(uintptr_t)line, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int saved = errno;

	if (head.level < (int)RTE_LOG_DEBUG)
		for (size_t i = 0; i < len; i++)
			kept.text[kept.n++ % GODPDK_LOG_KEPT] = line[i];
	if (sendmsg((int)(intptr_t)cookie, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
	errno = saved;
	return len; /* after an error the stream would stay unusable */
}

int
godpdk_log_open(int fd)
{
	cookie_io_functions_t io = { .write = write_line };
	FILE *f = fopencookie((void *)(intptr_t)fd, "w", io);

	if (f == NULL)
		return errno;
	setvbuf(f, NULL, _IOLBF, BUFSIZ);
	return rte_openlog_stream(f) < 0 ? EINVAL : 0;
}

/* libbpf_print_fn_t and libxdp_print_fn_t, which differ in the names of levels only. */
typedef int (*print_fn)(int level, const char *format, va_list ap);

/* Programs that link the libraries define these. In other programs the driver has loaded
 * them as shared objects, or nothing has. Their headers may be missing. */
__attribute__((weak)) print_fn libbpf_set_print(print_fn fn);
__attribute__((weak)) print_fn libxdp_set_print(print_fn fn);

static int xdp_logtype;

/* Logs at debug level, also warnings: the libraries warn of features that they can do without. */
static int
print_xdp(int level __rte_unused, const char *format, va_list ap)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, ap);
	rte_log(RTE_LOG_DEBUG, xdp_logtype, "%s", line);
	return 0;
}

/* The function of that name in a loaded shared object, or NULL. */
static void *
find(const char *const objects[], const char *name)
{
	void *found = NULL;

	for (; *objects != NULL && found == NULL; objects++) {
		void *object = dlopen(*objects, RTLD_LAZY | RTLD_NOLOAD);

		if (object != NULL) {
			found = dlsym(object, name);
			dlclose(object); /* the driver keeps it loaded */
		}
	}
	return found;
}

void
godpdk_xdp_log(void)
{
	static const char *const bpf[] = { "libbpf.so.1", "libbpf.so.0", NULL };
	static const char *const xdp[] = { "libxdp.so.1", NULL };
	print_fn (*set)(print_fn);
	int type = rte_log_register_type_and_pick_level("godpdk.xdp", RTE_LOG_DEBUG);

	if (type < 0)
		return;
	xdp_logtype = type;
	set = libbpf_set_print != NULL ? libbpf_set_print : find(bpf, "libbpf_set_print");
	if (set != NULL)
		set(print_xdp);
	set = libxdp_set_print != NULL ? libxdp_set_print : find(xdp, "libxdp_set_print");
	if (set != NULL)
		set(print_xdp);
}
