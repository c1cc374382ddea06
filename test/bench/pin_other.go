//go:build !linux

package main

import (
	"errors"
	"os"
)

func pin() {}

const stepsEnv = "GODPDK_BENCH_STEPS"

func instructions(*os.File) error { return errors.ErrUnsupported }

func counts(string) error { return errors.ErrUnsupported }
