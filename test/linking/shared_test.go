//go:build linux && !godpdk_static

package linking

const static = false
