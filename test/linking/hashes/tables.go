//go:build linux && tables

package main

import _ "github.com/godpdk/godpdk/dpdk/hashtable"
