package main

import (
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk/ethdev"
)

// attach attaches a device in all processes.
func attach(devargs string) {
	p, err := ethdev.Attach(devargs)
	if err != nil {
		fmt.Println("failed to attach:", err)
		return
	}
	fmt.Println("attached device", p.Name())
}

// detach detaches a device from all processes.
func detach(devargs string) {
	name, _, _ := strings.Cut(devargs, ",")
	p, err := ethdev.Lookup(name)
	if err == nil {
		err = p.Detach()
	}
	if err != nil {
		fmt.Println("failed to detach:", err)
		return
	}
	fmt.Println("detached device", name)
}

// list prints the ports of this process, which all processes share.
func list() {
	ports, err := ethdev.List()
	if err != nil {
		fmt.Println("failed to list:", err)
		return
	}
	fmt.Println("ports:", len(ports))
	for _, p := range ports {
		fmt.Printf("%d\t%s\n", p.ID(), p.Name())
	}
}
