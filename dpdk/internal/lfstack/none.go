//go:build !amd64 || purego || race

package lfstack

import "unsafe"

// Native is false: this build uses C's functions.
const Native = false

// Stack has no functions in this build.
type Stack struct{}

// At returns false: this build has no functions for stacks.
func At(unsafe.Pointer) (s Stack, ok bool) { return s, false }

func (*Stack) lists(bool) (from, to uint64) { return 0, 0 }

func (*Stack) has(uint64, int) bool { return false }

// Push returns false.
func (*Stack) Push(*Record, unsafe.Pointer, int) bool { return false }

// Pop returns false.
func (*Stack) Pop(*Record, unsafe.Pointer, int) bool { return false }

// Settle returns false.
func (*Record) Settle() (n int, inCache bool) { return 0, false }
