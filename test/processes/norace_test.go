//go:build !race

package processes

const race = false
