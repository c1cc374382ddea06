package ealtest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Require is the environment variable that makes tests fail, instead of skip, without root or
// hugepages.
const Require = "GODPDK_REQUIRE"

func required() bool { return os.Getenv(Require) != "" }

// NeedRoot skips the test unless it runs as root, or fails it: see Require.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		need(t, "needs root")
	}
}

// NeedHugepages skips the test without 128 MiB of free hugepages that this process may use,
// or fails it: see Require.
func NeedHugepages(t testing.TB) {
	t.Helper()
	if why := noHugepages(); why != "" {
		need(t, "needs hugepages: "+why)
	}
}

func need(t testing.TB, what string) {
	t.Helper()
	if required() {
		t.Fatalf("%s (%s is set)", what, Require)
	}
	t.Skip(what)
}

// noHugepages returns the reason why the tests have no hugepages, or "".
func noHugepages() string {
	const megabytes = 128
	dir := HugeDir()
	page, size, free, ok := linux.Hugetlbfs(dir)
	if !ok {
		return "no hugetlbfs is mounted at " + dir
	}
	if err := linux.MayCreate(dir); err != nil {
		return fmt.Sprintf("uid %d cannot use %s: %v", os.Geteuid(), dir, err)
	}
	pages := freePages()
	if size > 0 {
		pages = min(pages, free/page)
	}
	if pages*page < megabytes<<20 {
		return fmt.Sprintf("%d MiB are free and %d are needed: as root: echo 512 > /proc/sys/vm/nr_hugepages", pages*page>>20, megabytes)
	}
	return ""
}

// freePages are those of the default size.
func freePages() (free uint64) {
	info, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(info)) {
		if _, err := fmt.Sscanf(line, "HugePages_Free: %d", &free); err == nil {
			return free
		}
	}
	return 0
}
