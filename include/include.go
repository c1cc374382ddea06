// Package include holds godpdk's C headers: static-inline shims over DPDK,
// layout constants and static asserts, one header per DPDK library.
//
// It is a Go package for two reasons. "go mod vendor" keeps only folders of imported
// packages. The embedded headers are part of the build cache's key, so that the go command
// rebuilds package cgo after a change of a header.
package include

import "embed"

// Headers are the C headers of this folder.
//
//go:embed *.h
var Headers embed.FS
