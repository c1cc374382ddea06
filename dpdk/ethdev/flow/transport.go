package flow

import (
	c "github.com/godpdk/godpdk/cgo/flow"
)

// TCP matches a TCP header.
type TCP struct {
	SrcPort Match[int]
	DstPort Match[int]
	Flags   Match[int] // such as header.TCPSyn
}

func (i TCP) item() shape { return i.shape() }

func (i *TCP) shape() shape {
	return shape{name: "tcp", typ: c.ItemTCP, size: c.ItemTCPSize, fields: []field{
		{"src", network(c.ItemTCPSrc, 2), &i.SrcPort},
		{"dst", network(c.ItemTCPDst, 2), &i.DstPort},
		{"flags", network(c.ItemTCPFlags, 1), &i.Flags},
	}}
}

// UDP matches a UDP header.
type UDP struct {
	SrcPort Match[int]
	DstPort Match[int]
}

func (i UDP) item() shape { return i.shape() }

func (i *UDP) shape() shape {
	return shape{name: "udp", typ: c.ItemUDP, size: c.ItemUDPSize, fields: []field{
		{"src", network(c.ItemUDPSrc, 2), &i.SrcPort},
		{"dst", network(c.ItemUDPDst, 2), &i.DstPort},
	}}
}

// SCTP matches an SCTP header.
type SCTP struct {
	SrcPort  Match[int]
	DstPort  Match[int]
	Tag      Match[int]
	Checksum Match[int]
}

func (i SCTP) item() shape { return i.shape() }

func (i *SCTP) shape() shape {
	return shape{name: "sctp", typ: c.ItemSCTP, size: c.ItemSCTPSize, fields: []field{
		{"src", network(c.ItemSCTPSrc, 2), &i.SrcPort},
		{"dst", network(c.ItemSCTPDst, 2), &i.DstPort},
		{"tag", network(c.ItemSCTPTag, 4), &i.Tag},
		{"cksum", network(c.ItemSCTPCksum, 4), &i.Checksum},
	}}
}
