package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
)

// What the Mbuf struct takes for granted, against what the C compiler says. A
// difference in either direction is a negative array length here. Where the
// next pointer is depends on DPDK's build: cgo.MbufNext.
type (
	_ [unsafe.Offsetof(Mbuf{}.bufAddr) - cgo.MbufBufAddr]struct{}
	_ [cgo.MbufBufAddr - unsafe.Offsetof(Mbuf{}.bufAddr)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.dataOff) - cgo.MbufDataOff]struct{}
	_ [cgo.MbufDataOff - unsafe.Offsetof(Mbuf{}.dataOff)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.refcnt) - cgo.MbufRefcnt]struct{}
	_ [cgo.MbufRefcnt - unsafe.Offsetof(Mbuf{}.refcnt)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.nbSegs) - cgo.MbufNbSegs]struct{}
	_ [cgo.MbufNbSegs - unsafe.Offsetof(Mbuf{}.nbSegs)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.port) - cgo.MbufPort]struct{}
	_ [cgo.MbufPort - unsafe.Offsetof(Mbuf{}.port)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.olFlags) - cgo.MbufOlFlags]struct{}
	_ [cgo.MbufOlFlags - unsafe.Offsetof(Mbuf{}.olFlags)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.packetType) - cgo.MbufPacketType]struct{}
	_ [cgo.MbufPacketType - unsafe.Offsetof(Mbuf{}.packetType)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.pktLen) - cgo.MbufPktLen]struct{}
	_ [cgo.MbufPktLen - unsafe.Offsetof(Mbuf{}.pktLen)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.dataLen) - cgo.MbufDataLen]struct{}
	_ [cgo.MbufDataLen - unsafe.Offsetof(Mbuf{}.dataLen)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.vlanTCI) - cgo.MbufVlanTCI]struct{}
	_ [cgo.MbufVlanTCI - unsafe.Offsetof(Mbuf{}.vlanTCI)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.rss) - cgo.MbufRSS]struct{}
	_ [cgo.MbufRSS - unsafe.Offsetof(Mbuf{}.rss)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.hashHi) - cgo.MbufFdirHi]struct{}
	_ [cgo.MbufFdirHi - unsafe.Offsetof(Mbuf{}.hashHi)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.vlanOuter) - cgo.MbufVlanTCIOuter]struct{}
	_ [cgo.MbufVlanTCIOuter - unsafe.Offsetof(Mbuf{}.vlanOuter)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.bufLen) - cgo.MbufBufLen]struct{}
	_ [cgo.MbufBufLen - unsafe.Offsetof(Mbuf{}.bufLen)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.pool) - cgo.MbufPool]struct{}
	_ [cgo.MbufPool - unsafe.Offsetof(Mbuf{}.pool)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.txOffload) - cgo.MbufTxOffloadOff]struct{}
	_ [cgo.MbufTxOffloadOff - unsafe.Offsetof(Mbuf{}.txOffload)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.shinfo) - cgo.MbufShinfo]struct{}
	_ [cgo.MbufShinfo - unsafe.Offsetof(Mbuf{}.shinfo)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.privSize) - cgo.MbufPrivSizeOff]struct{}
	_ [cgo.MbufPrivSizeOff - unsafe.Offsetof(Mbuf{}.privSize)]struct{}
	_ [unsafe.Offsetof(Mbuf{}.timesync) - cgo.MbufTimesync]struct{}
	_ [cgo.MbufTimesync - unsafe.Offsetof(Mbuf{}.timesync)]struct{}
	_ [unsafe.Sizeof(Mbuf{}) - cgo.MbufSizeof]struct{}
	_ [cgo.MbufSizeof - unsafe.Sizeof(Mbuf{})]struct{}

	// The words that are written at once are aligned, and what is in them is
	// what the shifts say.
	_ [-(cgo.MbufDataOff % 8)]struct{}
	_ [-(cgo.MbufPacketType % 8)]struct{}
	_ [-(cgo.MbufDataLen % 4)]struct{}
	_ [cgo.MbufPort - cgo.MbufDataOff - 6]struct{}
	_ [cgo.MbufDataOff + 6 - cgo.MbufPort]struct{}
	_ [cgo.MbufPktLen - cgo.MbufPacketType - 4]struct{}
	_ [cgo.MbufPacketType + 4 - cgo.MbufPktLen]struct{}
	_ [cgo.MbufVlanTCI - cgo.MbufDataLen - 2]struct{}
	_ [cgo.MbufDataLen + 2 - cgo.MbufVlanTCI]struct{}
)

const (
	refcntShift = 8 * (cgo.MbufRefcnt - cgo.MbufDataOff)
	nbSegsShift = 8 * (cgo.MbufNbSegs - cgo.MbufDataOff)
	portShift   = 8 * (cgo.MbufPort - cgo.MbufDataOff)

	// native: the C library has nothing in reset and prefree that Go lacks.
	native = cgo.MbufNative == 1
)
