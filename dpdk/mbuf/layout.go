package mbuf

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// The fields of Mbuf are C's, or the package does not compile. The place of the next pointer
// depends on DPDK's build: see cgo.MbufNext.
var (
	_ = build.Same[unsafe.Offsetof(Mbuf{}.bufAddr)-cgo.MbufBufAddr]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.dataOff)-cgo.MbufDataOff]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.refcnt)-cgo.MbufRefcnt]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.nbSegs)-cgo.MbufNbSegs]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.port)-cgo.MbufPort]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.olFlags)-cgo.MbufOlFlags]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.packetType)-cgo.MbufPacketType]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.pktLen)-cgo.MbufPktLen]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.dataLen)-cgo.MbufDataLen]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.vlanTCI)-cgo.MbufVlanTCI]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.rss)-cgo.MbufRSS]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.hashHi)-cgo.MbufFdirHi]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.vlanOuter)-cgo.MbufVlanTCIOuter]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.bufLen)-cgo.MbufBufLen]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.pool)-cgo.MbufPool]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.txOffload)-cgo.MbufTxOffloadOff]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.shinfo)-cgo.MbufShinfo]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.privSize)-cgo.MbufPrivSizeOff]
	_ = build.Same[unsafe.Offsetof(Mbuf{}.timesync)-cgo.MbufTimesync]
	_ = build.Same[unsafe.Sizeof(Mbuf{})-cgo.MbufSizeof]

	// The words that are written at once are aligned, and have the fields at these shifts.
	_ = build.Same[cgo.MbufDataOff%8]
	_ = build.Same[cgo.MbufPacketType%8]
	_ = build.Same[cgo.MbufDataLen%4]
	_ = build.Same[cgo.MbufPort-cgo.MbufDataOff-6]
	_ = build.Same[cgo.MbufPktLen-cgo.MbufPacketType-4]
	_ = build.Same[cgo.MbufVlanTCI-cgo.MbufDataLen-2]
)

const (
	refcntShift = 8 * (cgo.MbufRefcnt - cgo.MbufDataOff)
	nbSegsShift = 8 * (cgo.MbufNbSegs - cgo.MbufDataOff)
	portShift   = 8 * (cgo.MbufPort - cgo.MbufDataOff)

	// nativeReset is true if C does nothing more than Go to reset and free an mbuf.
	nativeReset = cgo.MbufNative == 1
)
