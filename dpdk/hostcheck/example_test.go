package hostcheck_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/godpdk/godpdk/dpdk/hostcheck"
)

// A service reports what its host lacks.
func Example() {
	for _, f := range (hostcheck.Host{}).Check(hostcheck.Need{MemoryMB: 512}) {
		if f.Level == hostcheck.Error {
			log.Printf("%s: %v", f.Check, f) // with the command that mends it
		}
	}
}

// The files of another host were copied to a folder.
func ExampleHost_Memory() {
	root, err := os.MkdirTemp("", "host")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	for name, text := range map[string]string{
		"proc/meminfo":     "MemAvailable: 8388608 kB\nHugepagesize: 2048 kB\n",
		"proc/self/mounts": "nodev /dev/hugepages hugetlbfs rw,pagesize=2M 0 0\n",
		"sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	f := hostcheck.Worst(hostcheck.Host{Root: root}.Memory(hostcheck.Need{MemoryMB: 64}))
	fmt.Println(f.Level, f.Check)
	fmt.Println(f.Found)
	fmt.Println(f.Fixes[0].Where, "|", f.Fixes[0].Commands[0])
	// Output:
	// error hugepages
	// none are reserved: the host has no hugepages
	// as root | echo 32 > /proc/sys/vm/nr_hugepages
}
