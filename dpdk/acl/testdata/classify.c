/* Finds the table of the name in its argument, and classifies two keys of IPv4 packets. */
#include <stdio.h>
#include <rte_acl.h>
#include <rte_eal.h>

int
main(int argc, char **argv)
{
	static const uint8_t tcp[16] = { 6, 0, 0, 0, 10, 1, 2, 3, 192, 0, 2, 1, 4, 0, 0, 22 };
	static const uint8_t udp[16] = { 17, 0, 0, 0, 10, 1, 2, 3, 192, 0, 2, 1, 4, 0, 0, 22 };
	const uint8_t *keys[2] = { tcp, udp };
	uint32_t values[2];
	struct rte_acl_ctx *acl;
	int n = rte_eal_init(argc, argv);

	if (n < 0 || n + 1 >= argc)
		return 1;
	acl = rte_acl_find_existing(argv[n + 1]);
	if (acl == NULL)
		return 2;
	if (rte_acl_classify(acl, keys, values, 2, 1) != 0)
		return 3;
	printf("values %u %u\n", values[0], values[1]);
	return rte_eal_cleanup();
}
