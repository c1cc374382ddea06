//go:build linux

package main

import "context"

type demo struct { kills, upgrades, load int; seed uint64 }
func demonstrate(context.Context, demo) error { return nil }
