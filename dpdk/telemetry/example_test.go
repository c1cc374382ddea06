//go:build linux

package telemetry_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/godpdk/godpdk/dpdk/telemetry"
)

func ExampleClient() {
	path := aProcess() // or Path of a socket that telemetry.List has found
	c := telemetry.NewClient(path, telemetry.Config{})
	defer c.Close()
	stats, err := c.PortStats(context.Background(), 0)
	fmt.Println(stats.RxPackets, stats.TxPackets, err)
	link, err := c.Call(context.Background(), "/ethdev/link_status", "0") // any command, as JSON
	fmt.Println(string(link), err)
	// Output:
	// 1000 998 <nil>
	// {"status": "DOWN"} <nil>
}

// aProcess answers as a DPDK process with one port does.
func aProcess() string {
	dir, _ := os.MkdirTemp("", "example")
	path := filepath.Join(dir, "dpdk_telemetry.v2")
	l, err := net.Listen("unixpacket", path)
	if err != nil {
		panic(err)
	}
	go func() {
		conn, _ := l.Accept()
		defer os.RemoveAll(dir)
		request := make([]byte, 1024)
		for _, reply := range []string{
			`{"version":"DPDK 22.11.11","pid":1,"max_output_len":16384}`,
			`{"/ethdev/stats":{"ipackets":1000,"opackets":998}}`,
			`{"/ethdev/link_status":{"status": "DOWN"}}`,
		} {
			_, _ = conn.Write([]byte(reply))
			_, _ = conn.Read(request)
		}
	}()
	return path
}
