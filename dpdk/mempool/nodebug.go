//go:build !godpdk_debug

package mempool

import "unsafe"

const debug = false

func checkPut(*Pool, *Cache, unsafe.Pointer, int) {}
