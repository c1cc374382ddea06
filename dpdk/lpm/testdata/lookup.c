/* Finds the tables of the name in its argument, and looks up addresses. */
#include <stdio.h>
#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_lpm.h>
#include <rte_lpm6.h>
#include <rte_version.h>

int
main(int argc, char **argv)
{
	static union {
		uint8_t byte[16];
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
		struct rte_ipv6_addr addr;
#define IP(x) &x.addr
#else
#define IP(x) x.byte
#endif
	} ip = { { 0x20, 0x01, 0x0d, 0xb8, 0x7f } };
	struct rte_lpm6 *six;
	struct rte_lpm *four;
	uint32_t hop, hop2, hop3, none;
	int n = rte_eal_init(argc, argv);

	if (n < 0 || n + 1 >= argc)
		return 1;
	four = rte_lpm_find_existing(argv[n + 1]);
	six = rte_lpm6_find_existing(argv[n + 1]);
	if (four == NULL || six == NULL)
		return 2;
	if (rte_lpm_lookup(four, RTE_IPV4(10, 200, 0, 0), &hop) != 0 || rte_lpm_lookup(four, RTE_IPV4(10, 1, 2, 15), &hop2) != 0 ||
	    rte_lpm6_lookup(six, IP(ip), &hop3) != 0)
		return 3;
	printf("hops %u %x %s %u\n", hop, hop2, rte_lpm_lookup(four, RTE_IPV4(11, 0, 0, 0), &none) == 0 ? "hit" : "miss", hop3);
	return rte_eal_cleanup();
}
