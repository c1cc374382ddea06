//go:build linux

package nic

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kind is a kind of emulated NIC.
type kind struct {
	name       string
	device     string // in QEMU's device list
	properties string
	tap        string            // more properties behind a tap
	queues     int               // of a tap
	eal        []string          // options
	skips      map[string]string // the tests that do not apply, and a part of the reason that they give
}

var kinds = []kind{
	{name: "virtio", device: "virtio-net-pci", properties: ",disable-legacy=on,iommu_platform=on,ats=on", tap: ",mq=on,rss=on,vectors=10", queues: 4},
	{name: "e1000e", device: "e1000e", eal: []string{"--vfio-intr=legacy"}, skips: map[string]string{
		"TestRSSSpreadsFlowsOverQueues": oneQueue,
	}},
	{name: "vmxnet3", device: "vmxnet3", skips: map[string]string{
		"TestRSSSpreadsFlowsOverQueues": oneQueue,
		"TestLinkEvents":                "the driver gets no interrupts for the link",
		"TestJumboFramesInChains":       "receives no frames into several buffers",
	}},
	{name: "igb", device: "igb"},
}

// oneQueue is a reason to skip tests of several queues.
const oneQueue = "the NIC has one queue, or QEMU does not spread"

// exists reports whether this QEMU has the device.
func (k kind) exists() bool {
	out, err := exec.Command("qemu-system-x86_64", "-device", "help").Output()
	return err == nil && strings.Contains(string(out), fmt.Sprintf("name %q", k.device))
}

// machine returns the command line of QEMU. The files of the sockets are in dir.
func (k kind) machine(accelerator, dir string) []string {
	cpu := "max"
	machine := "q35"
	if accelerator == "kvm" {
		cpu = "max,-arch-capabilities" // QEMU aborts if a nested KVM refuses to set their register
		machine = "q35,kernel-irqchip=split"
	}
	args := []string{"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", machine, "-accel", accelerator, "-cpu", cpu, "-smp", "2", "-m", "1024",
		"-device", "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48",
		"-kernel", filepath.Join(os.Getenv(envLab), "vmlinuz"), "-initrd", filepath.Join(os.Getenv(envLab), "initramfs"), "-serial", "stdio",
		"-append", "console=ttyS0 quiet panic=-1 intel_iommu=on iommu=pt no_timer_check hugepages=160",
		"-device", "virtio-serial-pci,disable-legacy=on", "-chardev", "socket,id=lab,path=" + filepath.Join(dir, "port"),
		"-device", "virtserialport,chardev=lab,name=lab", "-qmp", "unix:" + filepath.Join(dir, "qmp"),
	}
	for i := range 4 {
		netdev := fmt.Sprintf("hubport,hubid=0,id=n%d", i)
		if i >= 2 {
			netdev = fmt.Sprintf("tap,id=n%d,ifname=%s,script=no,downscript=no", i, k.tapName(i))
			if k.queues > 0 {
				netdev += fmt.Sprintf(",queues=%d", k.queues)
			}
		}
		args = append(args, "-device", fmt.Sprintf("pcie-root-port,id=rp%d,chassis=%d,slot=%d", i, i+1, i+1), "-netdev", netdev, "-device", k.plug(i))
	}
	return args
}

// plug returns QEMU's description of NIC n.
func (k kind) plug(n int) string {
	device := k.device + k.properties
	if n >= 2 {
		device += k.tap
	}
	return fmt.Sprintf("%s,id=nic%d,netdev=n%d,bus=rp%d,mac=%v", device, n, n, n, mac(n))
}

// tapName is the name of the interface at the other end of a NIC.
func (k kind) tapName(nic int) string { return fmt.Sprintf("%s-%d", k.name, nic) }
