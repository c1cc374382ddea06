//go:build !cgo

package mbuf

type incomplete struct{} // without cgo there are no mbufs
