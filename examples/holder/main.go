//go:build unix

// Command holder is a primary without application code. It makes the memory, pools, rings and ports of a
// configuration file, keeps them, and logs the processes that attach, leave and die. Everything else runs in
// secondaries, which can restart while their rings and ports stay.
//
//	holder -config group.json               fails if another holder is active
//	holder -config group.json -standby      waits until no other holder is active
//
// SIGUSR1 prints the processes that live, and which of them has which place of the configuration.
//
// The lock of a file decides which holder is active. If the active one dies, the standby one becomes a new
// primary. The old group is lost with its memory: its workers get dpdk.ErrPrimaryGone, must end, and start
// again. A secondary never becomes a primary. End the workers before the holder.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/holder"
	"github.com/godpdk/godpdk/dpdk/place"
)

func main() {
	config := flag.String("config", "", "JSON file with the fields of holder.Config")
	lock := flag.String("lock", "", "file that the active holder locks (default: the name of the configuration and .lock)")
	standby := flag.Bool("standby", false, "wait while another holder is active")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := hold(ctx, *config, cmp.Or(*lock, *config+".lock"), *standby); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "holder:", err)
		os.Exit(1)
	}
}

func hold(ctx context.Context, config, lockFile string, standby bool) error {
	if config == "" {
		return errors.New("no configuration: name its file with -config, such as -config group.json")
	}
	cfg, err := holder.Load(config)
	if err != nil {
		return err
	}
	lock, err := holder.TryLock(lockFile)
	if standby && errors.Is(err, dpdk.ErrBusy) {
		fmt.Println("holder: standby")
		lock, err = holder.WaitLock(ctx, lockFile)
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	defer signal.Stop(asked)
	h, err := holder.Start(cfg)
	if err != nil {
		return err
	}
	fmt.Print("holder: ready")
	if last := lock.LastHeld(); !last.IsZero() {
		fmt.Printf(" %d ms after the end of the active holder", time.Since(last).Milliseconds())
	}
	fmt.Println()
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-asked:
			if err := report(h); err != nil {
				fmt.Fprintln(os.Stderr, "holder:", err)
			}
		}
	}
}

// report prints the living processes, and the places.
func report(h *holder.Holder) error {
	processes, err := h.Runtime().Processes()
	if err != nil {
		return err
	}
	for _, p := range processes {
		fmt.Printf("holder: process %d, %v, %v, lcores %v\n", p.Pid, p.Role, p.State, p.Lcores)
	}
	places, err := place.List()
	for _, p := range places {
		who := "free"
		if p.Pid != 0 {
			who = fmt.Sprint("process ", p.Pid)
		}
		fmt.Printf("holder: place %s: %s, the last owner: %d %v\n", p.Name, who, p.Predecessor.Pid, p.Predecessor.End)
	}
	return err
}
