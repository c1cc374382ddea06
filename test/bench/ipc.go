package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ipc"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// ipcPeer is the environment variable with the file prefix, in the process that answers.
const ipcPeer = "GODPDK_BENCH_IPC"

// ipcs compares a request and its reply between two processes: from C to C, from Go to Go, and in
// the column of cgo from Go to C. The returned function ends the other process.
func ipcs(prefix string) (contests []contest, end func(), err error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), ipcPeer+"="+prefix)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	end = func() {
		in.Close()
		must(cmd.Wait())
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		in.Close()
		return nil, nil, errors.Join(err, cmd.Wait())
	}
	request := func(name string, n int) loop {
		m := &ipc.Message{Name: name, Param: make([]byte, n)}
		return func(iters int) {
			unlocked(func() {
				for range iters {
					_, err := ipc.Request(context.Background(), m)
					must(err)
				}
			})
		}
	}
	for _, n := range []int{8, 256} {
		contests = append(contests, contest{
			group: "ipc", name: fmt.Sprintf("request + reply, %d bytes", n), burst: 1,
			c: func(iters int) {
				unlocked(func() {
					if got := cloop.MPRequest("c", n, iters); got != iters {
						must(fmt.Errorf("%d of %d replies in C", got, iters))
					}
				})
			},
			goNative: request("go", n), cgo: request("c", n), third: "Go asks C",
		})
	}
	return contests, end, nil
}

// unlocked runs f on any CPU, for f that waits for other threads. A goroutine that is locked to its
// thread would be slower at each wait, and so would one on the CPU of the others.
func unlocked(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
}

// answerIPC is the other process. It answers until its input ends.
func answerIPC(prefix string) error {
	rt, err := eal.Init(eal.Config{
		ProcessType: eal.Secondary, FilePrefix: prefix, Lcores: "100@0", NoPCI: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	defer rt.Close()
	err = ipc.Register("go", func(_ context.Context, m *ipc.Message) (*ipc.Message, error) { return m, nil }, ipc.Config{})
	if err != nil {
		return err
	}
	if !cloop.MPEcho("c") {
		return errors.New("no action in C")
	}
	fmt.Print(".")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
