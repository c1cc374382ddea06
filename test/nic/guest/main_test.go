//go:build linux

package guest

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("GODPDK_NIC") == "" {
		fmt.Println("only in the guest of test/nic: run make test-nic")
		os.Exit(0)
	}
	os.Exit(m.Run())
}
