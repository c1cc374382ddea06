// Command devbind lists the PCI network devices of this host, and binds them to drivers, as
// DPDK's dpdk-devbind.py does.
//
//	devbind [-json] [-root DIR]                  lists devices
//	devbind [-force] bind DRIVER DEVICE...       "vfio-pci" is the driver for DPDK
//	devbind [-force] unbind DEVICE...
//	devbind [-force] restore DEVICE...           gives devices back to the kernel's own drivers
//	devbind [-force] vfs NUMBER DEVICE           makes virtual functions
//
// A device is a PCI address or the name of its interface. A device in use is refused, unless -force
// is set. All but the list need root.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/examples/internal/app"
)

func main() {
	app.Run("devbind", func(ctx context.Context) error {
		flags := flag.NewFlagSet("devbind", flag.ContinueOnError)
		var host device.Host
		var cfg device.Config
		flags.StringVar(&host.Root, "root", "", "folder that holds sys and proc of the host")
		flags.BoolVar(&cfg.Force, "force", false, "also change a device in use")
		asJSON := flags.Bool("json", false, "list devices in JSON")
		if err := flags.Parse(os.Args[1:]); err != nil {
			return err
		}
		switch args := flags.Args(); {
		case len(args) == 0 && *asJSON:
			return listJSON(host)
		case len(args) == 0:
			return list(host)
		case args[0] == "bind" && len(args) > 2:
			return host.Bind(ctx, args[1], cfg, args[2:]...)
		case args[0] == "unbind" && len(args) > 1:
			return host.Unbind(ctx, cfg, args[1:]...)
		case args[0] == "restore" && len(args) > 1:
			return host.Restore(ctx, cfg, args[1:]...)
		case args[0] == "vfs" && len(args) == 3:
			n, err := strconv.Atoi(args[1])
			if err != nil {
				return err
			}
			return host.SetVFs(ctx, cfg, args[2], n)
		}
		return errors.New("use: devbind [-json] [-root DIR], or devbind [-force] bind DRIVER DEVICE..., unbind DEVICE..., restore DEVICE..., vfs NUMBER DEVICE")
	})
}

// listJSON prints the devices and the state of VFIO.
func listJSON(host device.Host) error {
	devices, err := host.List()
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(map[string]any{"devices": devices, "vfio": host.VFIO()})
}

// list prints a table of the devices.
func list(host device.Host) error {
	devices, err := host.List()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "address\tid\tdriver\tfor DPDK\tgroup\tsocket\tinterfaces\tlink\tVFs\tname")
	for _, d := range devices {
		usable, group, link, vfs := "no", "-", "-", "-"
		if d.Usable() {
			usable = "yes"
		}
		if d.Group != nil {
			group = strings.TrimPrefix(d.Group.Path(), "/dev/vfio/")
		}
		var names []string
		for _, f := range d.Interfaces {
			names = append(names, f.Name)
			if f.Up {
				link = map[bool]string{true: "up", false: "down"}[f.Link]
			}
		}
		if d.TotalVFs > 0 {
			vfs = fmt.Sprintf("%d of %d", len(d.VFs), d.TotalVFs)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%v\t%s\t%s\t%s\t%s\n", d.Address, d.ID, or(d.Driver), usable, group, d.Socket, or(strings.Join(names, " ")), link, vfs, or(d.Name))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range devices {
		if why := d.InUse(); len(why) > 0 {
			fmt.Printf("%s is in use: %s\n", d.Address, strings.Join(why, "; "))
		}
	}
	return nil
}

// or returns a word of a table, which has no empty cells.
func or(word string) string {
	if word == "" {
		return "-"
	}
	return word
}
