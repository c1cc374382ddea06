//go:build !linux

package linux

import "time"

func Sleep(d time.Duration) { time.Sleep(d) }
