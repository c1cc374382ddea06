//go:build !linux

package main

import (
	"errors"
	"os"
	"time"
)

func pin() {}

func cpuTime() time.Duration { return 0 }

const stepsEnv = "GODPDK_BENCH_STEPS"

func instructions(*os.File) error { return errors.ErrUnsupported }

func counts(string) error { return errors.ErrUnsupported }
