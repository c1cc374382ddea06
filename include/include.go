// Package include holds godpdk's C headers: static-inline shims over DPDK,
// layout constants and static asserts, one header per DPDK library.
//
// It is a Go package for two reasons only: "go mod vendor" keeps a folder that
// holds an imported package, and the embedded headers are part of the build
// cache's key, so that an edited header rebuilds package cgo.
package include

import "embed"

// Headers are the C headers of this folder.
//
//go:embed *.h
var Headers embed.FS
