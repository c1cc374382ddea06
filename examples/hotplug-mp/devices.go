package main

import (
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk/ethdev"
)

// attach makes a device available in all processes.
func attach(devargs string) {
	p, err := ethdev.Attach(devargs)
	if err != nil {
		fmt.Println("failed to attach:", err)
		return
	}
	fmt.Println("attached device", p.Name())
}

// detach takes a device away from all processes.
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

// list shows this process's ports: those of all processes.
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
