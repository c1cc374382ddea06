package vdev_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

var mac = net.HardwareAddr{2, 0, 0, 0, 0, 0x1f}

func TestDevargs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	new := filepath.Join(dir, "new")
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	require.NoError(t, err)
	defer listener.Close()
	socket := listener.Addr().String()

	for _, tc := range []struct {
		name   string
		device vdev.Device
		want   string
	}{
		{"null with defaults", vdev.Null{Name: "net_null7"}, "net_null7"},
		{"null", vdev.Null{Name: "net_null_x", Size: 128, NoRx: true}, "net_null_x,size=128,no-rx=1"},
		{"null, send only", vdev.Null{Name: "net_null0", NoRx: true}, "net_null0,no-rx=1"},

		{"TAP with defaults", vdev.TAP{Name: "net_tap0"}, "net_tap0"},
		{"TAP", vdev.TAP{Name: "net_tap0", Interface: "tap-1", MAC: mac, Remote: "lo", Persist: true},
			"net_tap0,iface=tap-1,remote=lo,mac=02:00:00:00:00:1f,persist"},
		{"TAP with a fixed address", vdev.TAP{Name: "net_tap0", FixedMAC: true}, "net_tap0,mac=fixed"},

		{"AF_PACKET with defaults", vdev.AFPacket{Name: "net_af_packet0", Truncate: true, Interface: "lo"}, "net_af_packet0,iface=lo"},
		{"AF_PACKET", vdev.AFPacket{Name: "net_af_packet0", Truncate: true, Interface: "lo", QueuePairs: 2, FrameSize: 4096, Frames: 256, BlockSize: 8192, KeepQdisc: true},
			"net_af_packet0,iface=lo,qpairs=2,blocksz=8192,framesz=4096,framecnt=256,qdisc_bypass=0"},

		{"AF_XDP with defaults", vdev.AFXDP{Name: "net_af_xdp0", Interface: "lo"}, "net_af_xdp0,iface=lo"},
		{"AF_XDP", vdev.AFXDP{Name: "net_af_xdp0", Interface: "lo", StartQueue: 1, Queues: 2, SharedUMEM: true, Program: file, BusyBudget: 256, ForceCopy: true},
			"net_af_xdp0,iface=lo,start_queue=1,queue_count=2,shared_umem=1,xdp_prog=" + file + ",busy_budget=256,force_copy=1"},
		{"AF_XDP without busy polling", vdev.AFXDP{Name: "net_af_xdp0", Interface: "lo", NoBusyPoll: true}, "net_af_xdp0,iface=lo,busy_budget=0"},

		{"pcap files", vdev.PCAP{Name: "net_pcap0", Rx: []string{file, file}, Tx: []string{new}},
			"net_pcap0,rx_pcap=" + file + ",rx_pcap=" + file + ",tx_pcap=" + new},
		{"pcap file in a loop", vdev.PCAP{Name: "net_pcap0", Rx: []string{file}, Repeat: true}, "net_pcap0,rx_pcap=" + file + ",infinite_rx=1"},
		{"pcap over an existing file", vdev.PCAP{Name: "net_pcap0", Tx: []string{file}}, "net_pcap0,tx_pcap=" + file},
		{"pcap interfaces", vdev.PCAP{Name: "net_pcap0", RxInterfaces: []string{"lo"}, TxInterfaces: []string{"lo", "lo"}},
			"net_pcap0,rx_iface=lo,tx_iface=lo,tx_iface=lo"},
		{"pcap, inbound only", vdev.PCAP{Name: "net_pcap0", RxInterfaces: []string{"lo"}, InboundOnly: true}, "net_pcap0,rx_iface_in=lo"},
		{"pcap, one interface", vdev.PCAP{Name: "net_pcap0", Interface: "lo", PhysicalMAC: true}, "net_pcap0,iface=lo,phy_mac=1"},

		{"memif with defaults", vdev.Memif{Name: "net_memif0"}, "net_memif0"},
		{"memif", vdev.Memif{Name: "net_memif0", Role: vdev.MemifServer, ID: 3, Socket: "name", RingSize: 16384, BufferSize: 4096, MAC: mac, Secret: "psst"},
			"net_memif0,role=server,id=3,socket=name,rsize=14,bsize=4096,mac=02:00:00:00:00:1f,secret=psst"},
		{"memif with a file", vdev.Memif{Name: "net_memif0", Socket: new, File: true, RingSize: 2, ZeroCopy: true},
			"net_memif0,socket=" + new + ",socket-abstract=no,rsize=1,zero-copy=yes"},

		{"virtio-user with defaults", vdev.VirtioUser{Name: "net_virtio_user0", Path: socket}, "net_virtio_user0,path=" + socket},
		{"virtio-user", vdev.VirtioUser{Name: "net_virtio_user0", Path: new, Server: true, Queues: 2, QueueSize: 512, MAC: mac, Interface: "v0",
			Packed: true, Vectorized: true, NoMergeable: true, NoInOrder: true, SpeedMbps: 25000},
			"net_virtio_user0,path=" + new + ",server=1,queues=2,queue_size=512,cq=1,mac=02:00:00:00:00:1f,iface=v0,packed_vq=1,vectorized=1,mrg_rxbuf=0,in_order=0,speed=25000"},
		{"virtio-user with a control queue", vdev.VirtioUser{Name: "net_virtio_user0", Path: socket, ControlQueue: true},
			"net_virtio_user0,path=" + socket + ",cq=1"},
		{"virtio-user on a device", vdev.VirtioUser{Name: "net_virtio_user0", Path: "/dev/null"}, "net_virtio_user0,path=/dev/null"},

		{"vhost with defaults", vdev.Vhost{Name: "net_vhost0", Socket: new}, "net_vhost0,iface=" + new},
		{"vhost", vdev.Vhost{Name: "net_vhost0", Socket: new, Client: true, Queues: 128, IOMMU: true, PostCopy: true, TSO: true,
			LinearBuffer: true, ExternalBuffer: true, LegacyOffloadFlags: true},
			"net_vhost0,iface=" + new + ",client=1,queues=128,iommu-support=1,postcopy-support=1,tso=1,linear-buffer=1,ext-buffer=1,legacy-ol-flags=1"},
		{"vhost client of an existing socket", vdev.Vhost{Name: "net_vhost0", Socket: socket, Client: true}, "net_vhost0,iface=" + socket + ",client=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.device.Devargs()
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestDevargsDependsOnTheRelease(t *testing.T) {
	two := []string{"net_ring_a", "net_ring_b"}
	bond := vdev.Bond{Name: "net_bonding0", Mode: vdev.ActiveBackup, Members: two, Primary: "net_ring_b", MAC: mac, HashPolicy: "l34",
		Aggregator: "count", Socket: dpdk.Socket(0)}
	tail := ",primary=net_ring_b,mac=02:00:00:00:00:1f,xmit_policy=l34,agg_mode=count,socket_id=0"
	xdp := vdev.AFXDP{Name: "net_af_xdp0", Interface: "lo"}
	plugin, pinned, path, mode := xdp, xdp, xdp, xdp
	plugin.Plugin, pinned.PinnedMap, mode.Mode = true, true, "skb"
	path.PinnedMap, path.Path = true, "/dev/null"
	fanout := vdev.AFPacket{Name: "net_af_packet0", Truncate: true, Interface: "lo", Fanout: "cpu"}
	owned := vdev.Memif{Name: "net_memif0", File: true, Socket: "/tmp/x", OwnerUID: 5, OwnerGID: 6}
	file := filepath.Join(t.TempDir(), "s")
	pairs := vdev.VirtioUser{Name: "net_virtio_user0", Path: file, Server: true, Queues: 9}

	for _, tc := range []struct {
		name        string
		year, month uint32
		device      vdev.Device
		want        string // "" is unsupported
	}{
		{"copies", 25, 3, vdev.Null{Name: "net_null0", Copy: true}, "net_null0,copy=1"},
		{"copies that leak", 25, 7, vdev.Null{Name: "net_null0", Copy: true}, ""},
		{"members were slaves", 22, 11, bond, "net_bonding0,mode=1,slave=net_ring_a,slave=net_ring_b" + tail},
		{"members were slaves", 23, 7, bond, "net_bonding0,mode=1,slave=net_ring_a,slave=net_ring_b" + tail},
		{"members", 23, 11, bond, "net_bonding0,mode=1,member=net_ring_a,member=net_ring_b" + tail},
		{"members", 25, 11, bond, "net_bonding0,mode=1,member=net_ring_a,member=net_ring_b" + tail},
		{"plugin", 22, 11, plugin, ""},
		{"plugin", 23, 3, plugin, "net_af_xdp0,iface=lo,use_cni=1"},
		{"pinned map", 24, 3, pinned, ""},
		{"pinned map", 24, 7, pinned, "net_af_xdp0,iface=lo,use_pinned_map=1"},
		{"pinned map at a path", 24, 7, path, "net_af_xdp0,iface=lo,use_pinned_map=1,dp_path=/dev/null"},
		{"mode of the XDP program", 25, 7, mode, ""},
		{"mode of the XDP program", 25, 11, mode, "net_af_xdp0,iface=lo,mode=skb"},
		{"fanout", 24, 11, fanout, ""},
		{"fanout", 25, 3, fanout, "net_af_packet0,iface=lo,fanout_mode=cpu"},
		{"owner of a memif", 22, 11, owned, ""},
		{"owner of a memif", 23, 3, owned, "net_memif0,socket=/tmp/x,socket-abstract=no,owner-uid=5,owner-gid=6"},
		{"many queues of virtio-user", 22, 11, pairs, ""},
		{"many queues of virtio-user", 23, 3, pairs, "net_virtio_user0,path=" + file + ",server=1,queues=9,cq=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer vdev.SetRelease(tc.year, tc.month)()
			got, err := tc.device.Devargs()
			if tc.want == "" {
				require.ErrorIs(t, err, dpdk.ErrUnsupported)
				var e *dpdk.UnsupportedError
				require.ErrorAs(t, err, &e)
				assert.Contains(t, err.Error(), e.Feature+" needs DPDK "+e.Needs+": this is "+dpdk.Version())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestDevargsRefusesBadFields(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	require.NoError(t, err)
	defer listener.Close()
	socket := listener.Addr().String()
	missing := filepath.Join(dir, "missing")
	long := filepath.Join(dir, strings.Repeat("x", 108))
	defer vdev.SetRelease(25, 11)()

	for _, tc := range []struct {
		name   string
		device vdev.Device
		want   error
		text   string
	}{
		{"another driver's name", vdev.Null{Name: "net_ring0"}, dpdk.ErrInvalid, "must start with net_null"},
		{"a name too long", vdev.Null{Name: "net_null" + strings.Repeat("x", 56)}, dpdk.ErrNameTooLong, "at most 63"},
		{"a name with arguments", vdev.Null{Name: "net_null0,size=9"}, dpdk.ErrInvalid, `','`},
		{"a name with NUL", vdev.Null{Name: "net_null0\x00"}, dpdk.ErrInvalid, "NUL"},
		{"size too large", vdev.Null{Size: 65536}, dpdk.ErrInvalid, "Size is 65536"},
		{"size negative", vdev.Null{Size: -1}, dpdk.ErrInvalid, "Size is -1"},
		{"copies without receive", vdev.Null{Copy: true, NoRx: true}, dpdk.ErrInvalid, "exclude"},

		{"TAP interface too long", vdev.TAP{Interface: "sixteen-letters!"}, dpdk.ErrInvalid, "at most 15"},
		{"TAP interface with a slash", vdev.TAP{Interface: "a/b"}, dpdk.ErrInvalid, "Interface"},
		{"TAP interface with a space", vdev.TAP{Interface: "a b"}, dpdk.ErrInvalid, "spaces"},
		{"TAP interface with a comma", vdev.TAP{Interface: "a,mac=x"}, dpdk.ErrInvalid, "devargs cannot contain"},
		{"TAP remote that does not exist", vdev.TAP{Remote: "no-such-dev"}, dpdk.ErrNoDevice, `"no-such-dev"`},
		{"TAP address too short", vdev.TAP{MAC: mac[:5]}, dpdk.ErrInvalid, "MAC has 5 bytes"},
		{"TAP address of a group", vdev.TAP{MAC: net.HardwareAddr{1, 0, 0x5e, 0, 0, 1}}, dpdk.ErrInvalid, "one interface"},
		{"TAP address zero", vdev.TAP{MAC: make(net.HardwareAddr, 6)}, dpdk.ErrInvalid, "one interface"},
		{"TAP with two addresses", vdev.TAP{MAC: mac, FixedMAC: true}, dpdk.ErrInvalid, "exclude"},

		{"AF_PACKET without an interface", vdev.AFPacket{}, dpdk.ErrInvalid, "Interface is empty"},
		{"AF_PACKET interface that does not exist", vdev.AFPacket{Interface: "no-such-dev"}, dpdk.ErrNoDevice, `"no-such-dev"`},
		{"AF_PACKET queues", vdev.AFPacket{Interface: "lo", QueuePairs: 1025}, dpdk.ErrInvalid, "QueuePairs is 1025"},
		{"AF_PACKET frames over blocks' ends", vdev.AFPacket{Interface: "lo", FrameSize: 1536}, dpdk.ErrInvalid, "whole frames"},
		{"AF_PACKET frame larger than a block", vdev.AFPacket{Interface: "lo", FrameSize: 8192}, dpdk.ErrInvalid, "whole frames"},
		{"AF_PACKET odd frame", vdev.AFPacket{Interface: "lo", FrameSize: 1000}, dpdk.ErrInvalid, "multiple of 16"},
		{"AF_PACKET odd block", vdev.AFPacket{Interface: "lo", BlockSize: 6144}, dpdk.ErrInvalid, "a page"},
		{"AF_PACKET odd count", vdev.AFPacket{Interface: "lo", Frames: 511}, dpdk.ErrInvalid, "multiple of 2,"},
		{"AF_PACKET too much memory", vdev.AFPacket{Interface: "lo", Frames: 1 << 20, FrameSize: 4096}, dpdk.ErrInvalid, "1 GiB"},
		{"AF_PACKET frames that cut packets", vdev.AFPacket{Interface: "lo"}, dpdk.ErrInvalid, "the MTU of lo is 65536, but frames of 2048 bytes hold packets of at most 1982"},
		{"AF_PACKET fanout", vdev.AFPacket{Interface: "lo", Fanout: "rr"}, dpdk.ErrInvalid, "hash, lb"},

		{"AF_XDP without an interface", vdev.AFXDP{}, dpdk.ErrInvalid, "Interface is empty"},
		{"AF_XDP interface that does not exist", vdev.AFXDP{Interface: "no-such-dev"}, dpdk.ErrNoDevice, `"no-such-dev"`},
		{"AF_XDP queue", vdev.AFXDP{Interface: "lo", StartQueue: -1}, dpdk.ErrInvalid, "StartQueue is -1"},
		{"AF_XDP queues", vdev.AFXDP{Interface: "lo", Queues: -1}, dpdk.ErrInvalid, "Queues is -1"},
		{"AF_XDP budget", vdev.AFXDP{Interface: "lo", BusyBudget: 65536}, dpdk.ErrInvalid, "BusyBudget is 65536"},
		{"AF_XDP budget of nothing", vdev.AFXDP{Interface: "lo", BusyBudget: 1, NoBusyPoll: true}, dpdk.ErrInvalid, "exclude"},
		{"AF_XDP program that does not exist", vdev.AFXDP{Interface: "lo", Program: missing}, dpdk.ErrNotFound, missing},
		{"AF_XDP program that is a folder", vdev.AFXDP{Interface: "lo", Program: dir}, dpdk.ErrInvalid, "is a folder"},
		{"AF_XDP mode", vdev.AFXDP{Interface: "lo", Mode: "native"}, dpdk.ErrInvalid, "drv, skb, hw"},
		{"AF_XDP maps of two", vdev.AFXDP{Interface: "lo", Plugin: true, PinnedMap: true}, dpdk.ErrInvalid, "exclude"},
		{"AF_XDP map and program", vdev.AFXDP{Interface: "lo", Plugin: true, Program: file}, dpdk.ErrInvalid, "Program"},
		{"AF_XDP map and budget", vdev.AFXDP{Interface: "lo", PinnedMap: true, BusyBudget: 64}, dpdk.ErrInvalid, "BusyBudget"},
		{"AF_XDP path without a map", vdev.AFXDP{Interface: "lo", Path: file}, dpdk.ErrInvalid, "Path is set without Plugin"},

		{"pcap without files", vdev.PCAP{}, dpdk.ErrInvalid, "no file and no interface"},
		{"pcap file that does not exist", vdev.PCAP{Rx: []string{missing}}, dpdk.ErrNotFound, missing},
		{"pcap file that is a folder", vdev.PCAP{Rx: []string{dir}}, dpdk.ErrInvalid, "is a folder"},
		{"pcap output that is a folder", vdev.PCAP{Tx: []string{dir}}, dpdk.ErrInvalid, "is a folder"},
		{"pcap output in a missing folder", vdev.PCAP{Tx: []string{filepath.Join(missing, "x")}}, dpdk.ErrNotFound, missing},
		{"pcap output in a file", vdev.PCAP{Tx: []string{filepath.Join(file, "x")}}, dpdk.ErrInvalid, "not a folder"},
		{"pcap path with a comma", vdev.PCAP{Tx: []string{filepath.Join(dir, "a,b")}}, dpdk.ErrInvalid, `','`},
		{"pcap path with an equals sign", vdev.PCAP{Tx: []string{filepath.Join(dir, "a=b")}}, dpdk.ErrInvalid, `'='`},
		{"pcap path with a bracket", vdev.PCAP{Tx: []string{filepath.Join(dir, "a[1]")}}, dpdk.ErrInvalid, `'['`},
		{"pcap path with a line", vdev.PCAP{Tx: []string{filepath.Join(dir, "a\nb")}}, dpdk.ErrInvalid, `'\n'`},
		{"pcap with an empty path", vdev.PCAP{Rx: []string{file, ""}}, dpdk.ErrInvalid, "empty"},
		{"pcap with too many queues", vdev.PCAP{Rx: make([]string, 17)}, dpdk.ErrInvalid, "at most 16"},
		{"pcap from files and interfaces", vdev.PCAP{Rx: []string{file}, RxInterfaces: []string{"lo"}}, dpdk.ErrInvalid, "exclude"},
		{"pcap to files and interfaces", vdev.PCAP{Tx: []string{file}, TxInterfaces: []string{"lo"}}, dpdk.ErrInvalid, "exclude"},
		{"pcap of an interface and a file", vdev.PCAP{Rx: []string{file}, Interface: "lo"}, dpdk.ErrInvalid, "excludes"},
		{"pcap interface that does not exist", vdev.PCAP{Interface: "no-such-dev"}, dpdk.ErrNoDevice, `"no-such-dev"`},
		{"pcap that repeats an interface", vdev.PCAP{Interface: "lo", Repeat: true}, dpdk.ErrInvalid, "Repeat"},
		{"pcap with an address but no interface", vdev.PCAP{Rx: []string{file}, PhysicalMAC: true}, dpdk.ErrInvalid, "PhysicalMAC"},
		{"pcap with a direction but no interface", vdev.PCAP{Rx: []string{file}, InboundOnly: true}, dpdk.ErrInvalid, "InboundOnly"},

		{"memif role", vdev.Memif{Role: 2}, dpdk.ErrInvalid, "Role is 2"},
		{"memif id", vdev.Memif{ID: 1 << 32}, dpdk.ErrInvalid, "ID is 4294967296"},
		{"memif name too long", vdev.Memif{Socket: strings.Repeat("x", 107)}, dpdk.ErrInvalid, "at most 106"},
		{"memif path too long", vdev.Memif{Socket: long, File: true}, dpdk.ErrInvalid, "at most 107"},
		{"memif path in a missing folder", vdev.Memif{Socket: filepath.Join(missing, "s"), File: true}, dpdk.ErrNotFound, missing},
		{"memif owner without a file", vdev.Memif{OwnerUID: 1}, dpdk.ErrInvalid, "File"},
		{"memif owner", vdev.Memif{Socket: missing, File: true, OwnerUID: -2}, dpdk.ErrInvalid, "OwnerUID is -2"},
		{"memif ring size", vdev.Memif{RingSize: 1000}, dpdk.ErrInvalid, "power of two"},
		{"memif ring too large", vdev.Memif{RingSize: 32768}, dpdk.ErrInvalid, "2 to 16384"},
		{"memif ring of one", vdev.Memif{RingSize: 1}, dpdk.ErrInvalid, "2 to 16384"},
		{"memif buffer", vdev.Memif{BufferSize: 65536}, dpdk.ErrInvalid, "BufferSize is 65536"},
		{"memif zero-copy server", vdev.Memif{Role: vdev.MemifServer, ZeroCopy: true}, dpdk.ErrInvalid, "client"},
		{"memif secret too long", vdev.Memif{Secret: strings.Repeat("x", 24)}, dpdk.ErrInvalid, "23"},
		{"memif secret with a comma", vdev.Memif{Secret: "a,b"}, dpdk.ErrInvalid, "devargs cannot contain"},

		{"virtio-user without a path", vdev.VirtioUser{}, dpdk.ErrInvalid, "Path is empty"},
		{"virtio-user without its vhost", vdev.VirtioUser{Path: missing}, dpdk.ErrNotFound, "start the side that listens first"},
		{"virtio-user on a file", vdev.VirtioUser{Path: file}, dpdk.ErrInvalid, "not a socket"},
		{"virtio-user server on an existing socket", vdev.VirtioUser{Path: socket, Server: true}, dpdk.ErrExist, "remove it"},
		{"virtio-user path too long", vdev.VirtioUser{Path: long, Server: true}, dpdk.ErrNameTooLong, "at most 107"},
		{"virtio-user queue size", vdev.VirtioUser{Path: socket, QueueSize: 300}, dpdk.ErrInvalid, "power of two"},
		{"virtio-user queues", vdev.VirtioUser{Path: socket, Queues: -1}, dpdk.ErrInvalid, "Queues is -1"},
		{"virtio-user speed", vdev.VirtioUser{Path: socket, SpeedMbps: 1000}, dpdk.ErrInvalid, "10000"},
		{"virtio-user interface too long", vdev.VirtioUser{Path: socket, Interface: "sixteen-letters!"}, dpdk.ErrInvalid, "at most 15"},

		{"vhost without a socket", vdev.Vhost{}, dpdk.ErrInvalid, "Socket is empty"},
		{"vhost client without a socket", vdev.Vhost{Client: true}, dpdk.ErrInvalid, "Socket is empty"},
		{"vhost on an existing socket", vdev.Vhost{Socket: socket}, dpdk.ErrExist, "remove it"},
		{"vhost in a missing folder", vdev.Vhost{Socket: filepath.Join(missing, "s")}, dpdk.ErrNotFound, missing},
		{"vhost client in a missing folder", vdev.Vhost{Socket: filepath.Join(missing, "s"), Client: true}, dpdk.ErrNotFound, missing},
		{"vhost path too long", vdev.Vhost{Socket: long}, dpdk.ErrNameTooLong, "at most 107"},
		{"vhost client path too long", vdev.Vhost{Socket: long, Client: true}, dpdk.ErrInvalid, "at most 107"},
		{"vhost queues", vdev.Vhost{Socket: missing, Queues: 129}, dpdk.ErrInvalid, "Queues is 129"},

		{"bond mode", vdev.Bond{Mode: 7, Members: []string{"a"}}, dpdk.ErrInvalid, "Mode is 7"},
		{"bond without members", vdev.Bond{}, dpdk.ErrInvalid, "Members is empty"},
		{"bond with a member twice", vdev.Bond{Members: []string{"a", "b", "a"}}, dpdk.ErrInvalid, "Members[2]"},
		{"bond with an empty member", vdev.Bond{Members: []string{""}}, dpdk.ErrInvalid, "Members[0]"},
		{"bond member with a comma", vdev.Bond{Members: []string{"a,mode=1"}}, dpdk.ErrInvalid, "devargs cannot contain"},
		{"bond with a primary that is not a member", vdev.Bond{Members: []string{"a"}, Primary: "b"}, dpdk.ErrInvalid, "Members does not contain it"},
		{"bond policy", vdev.Bond{Members: []string{"a"}, HashPolicy: "l4"}, dpdk.ErrInvalid, "l2, l23, l34"},
		{"bond aggregator", vdev.Bond{Members: []string{"a"}, Aggregator: "most"}, dpdk.ErrInvalid, "stable, bandwidth, count"},
		{"bond socket", vdev.Bond{Members: []string{"a"}, Socket: dpdk.Socket(-2)}, dpdk.ErrInvalid, "socket"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.device.Devargs()
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), tc.text)
			assert.Empty(t, got)
		})
	}
}

func TestEmptyNameBecomesAnUnusedNumber(t *testing.T) {
	a, err := vdev.Args(vdev.Null{}, vdev.Null{Size: 9}, vdev.TAP{})
	require.NoError(t, err)
	b, err := vdev.Null{}.Devargs()
	require.NoError(t, err)
	names := map[string]bool{b: true}
	for _, devargs := range a[:2] {
		name, _, _ := strings.Cut(devargs, ",")
		assert.Regexp(t, `^net_null\d+$`, name)
		names[name] = true
	}
	assert.Len(t, names, 3, "%v %v", a, b)
	assert.Regexp(t, `^net_tap\d+$`, a[2])

	_, err = vdev.Args(vdev.Null{}, nil)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = vdev.Args(vdev.Null{}, vdev.Null{Size: -1})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}
