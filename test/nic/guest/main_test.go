//go:build linux

package guest

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(envSecondary); address != "" {
		if err := reflect(address); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv("GODPDK_NIC") == "" {
		fmt.Println("only in the guest of test/nic: run make test-nic")
		os.Exit(0)
	}
	os.Exit(m.Run())
}
