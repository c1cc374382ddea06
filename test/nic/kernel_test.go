//go:build linux

package nic

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Programs of Debian, on a folder with packages: each is a folder that is named like the package, with a file "depends".
var debian = map[string]string{
	"uname":              "echo x86_64",
	"qemu-system-x86_64": "", "cpio": "", "xz": "", "depmod": "",
	"env":       `while [ "${1#*=}" != "$1" ]; do shift; done; exec "$@"`,
	"apt-cache": `sed 's/^/  Depends: /' "$PACKAGES/$2/depends"`,
	"apt-get":   `while [ "$1" != download ]; do shift; done; shift; for p; do tar -C "$PACKAGES/$p/root" -cf "$p.deb" .; done`,
	"dpkg-deb":  `mkdir -p "$3" && tar -C "$3" -xf "$2"`,
	"modprobe":  `for last; do :; done; f=$(find "$4/lib/modules/" -name "$last.ko"); [ -n "$f" ] && echo "insmod $f" || grep "^builtin $last$" "$4/lib/modules/$6/modules.builtin"`,
}

// Until Debian 13 one package had the whole kernel.
func TestTheKernelOfEachDebianIsFound(t *testing.T) {
	bin := t.TempDir()
	for name, script := range debian {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	modules := []string{"virtio_console.ko", "virtio_net.ko", "vmxnet3.ko", "vfio_iommu_type1.ko", "vfio-pci.ko", "uio_pci_generic.ko",
		"tun.ko", "cls_flower.ko", "sch_ingress.ko", "sch_multiq.ko", "act_skbedit.ko", "act_mirred.ko", "act_gact.ko", "xfrm_user.ko", "nfnetlink.ko"}
	for name, packages := range map[string]map[string][]string{
		"12": {
			"linux-image-cloud-amd64":         {"depends=linux-image-6.1.0-9-cloud-amd64\n"},
			"linux-image-6.1.0-9-cloud-amd64": {"depends=kmod\nlinux-base\ninitramfs-tools\n", "root/boot/vmlinuz-6.1.0-9-cloud-amd64=kernel", "root/lib/modules/6.1.0-9-cloud-amd64/modules.builtin=builtin virtio_pci\n", "modules=lib/modules/6.1.0-9-cloud-amd64/kernel"},
		},
		"14": {
			"linux-image-cloud-amd64":               {"depends=linux-base-cloud-amd64\nlinux-image-7.2.1+deb14-cloud-amd64\n"},
			"linux-image-7.2.1+deb14-cloud-amd64":   {"depends=dracut\nlinux-base-7.2.1+deb14-cloud-amd64\nlinux-binary-7.2.1+deb14-cloud-amd64\nlinux-modules-7.2.1+deb14-cloud-amd64\n", "root/usr/share/bug=x"},
			"linux-base-7.2.1+deb14-cloud-amd64":    {"root/usr/lib/modules/7.2.1+deb14-cloud-amd64/modules.builtin=builtin virtio_pci\n"},
			"linux-binary-7.2.1+deb14-cloud-amd64":  {"root/usr/lib/modules/7.2.1+deb14-cloud-amd64/vmlinuz=kernel"},
			"linux-modules-7.2.1+deb14-cloud-amd64": {"modules=usr/lib/modules/7.2.1+deb14-cloud-amd64/kernel"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, out := t.TempDir(), t.TempDir()
			write := func(path, text string) {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			for p, files := range packages {
				for _, file := range files {
					path, text, _ := strings.Cut(file, "=")
					if path != "modules" {
						write(filepath.Join(dir, p, path), text)
						continue
					}
					for _, m := range modules {
						write(filepath.Join(dir, p, "root", text, m), m)
					}
				}
			}
			cmd := exec.Command("./kernel.sh", out)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PACKAGES="+dir)
			printed, err := cmd.Output()
			require.NoError(t, err, "%s", printed)
			kernel := strings.TrimSpace(string(printed))
			assert.Equal(t, out, filepath.Dir(kernel))
			for file, text := range map[string]string{"vmlinuz": "kernel", "list": strings.Join(modules, "\n") + "\n", modules[1]: modules[1]} {
				got, err := os.ReadFile(filepath.Join(kernel, file))
				require.NoError(t, err)
				assert.Equal(t, text, string(got), file)
			}
		})
	}
}
