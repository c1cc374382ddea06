//go:build !godpdk_debug

package build

// Debug is true in builds with the tag godpdk_debug.
const Debug = false
