package device_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/test/hosttest"
)

// The devices of a recorded host. On a real one, use device.Host{}.
func ExampleHost_List() {
	root, err := os.MkdirTemp("", "host")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	if err := hosttest.Unpack(root, "testdata/server.tree"); err != nil {
		log.Fatal(err)
	}

	host := device.Host{Root: root}
	devices, err := host.List()
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range devices {
		fmt.Printf("%s %s %-9s group %-2d socket %v", d.Address, d.ID, d.Driver, d.Group.ID, d.Socket)
		for _, why := range d.InUse() {
			fmt.Printf("; %s", why)
		}
		fmt.Println()
	}

	err = host.Bind(context.Background(), "vfio-pci", device.Config{}, "eno1")
	fmt.Println(errors.Is(err, dpdk.ErrBusy))
	// Output:
	// 0000:00:1f.6 8086:15b8 e1000e    group 5  socket 0; eno1 carries the route to 0.0.0.0/0; eno1 carries the route to 192.0.2.0/24; eno1 has the address 2001:db8::1/64
	// 0000:01:00.0 8086:1521 igb       group 7  socket 0
	// 0000:01:00.1 8086:1521 igb       group 7  socket 0
	// 0000:03:00.0 8086:1572 i40e      group 30 socket 1; it has 2 VFs, which end with its driver
	// 0000:03:02.0 8086:154c iavf      group 31 socket 1
	// 0000:03:02.1 8086:154c vfio-pci  group 32 socket 1; process 4711 (l2fwd) has /dev/vfio/32 open
	// 0000:05:00.0 15b3:1017 mlx5_core group 40 socket 1
	// true
}
