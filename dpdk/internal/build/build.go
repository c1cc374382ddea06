// Package build has what is fixed when a program is compiled: the tags it is built with, and
// an assertion that the compiler checks.
package build

// Same is an assertion that two constants are equal, for package-level declarations. This
// does not compile unless a is b:
//
//	var _ = build.Same[a-b]
var Same [1]struct{}
