module github.com/godpdk/godpdk/test/bench/rivals

go 1.26.0

replace github.com/godpdk/godpdk => ../../..

require (
	github.com/cilium/ebpf v0.22.0
	github.com/godpdk/godpdk v0.0.0
	github.com/google/gopacket v1.1.19
	github.com/stretchr/testify v1.12.1
	github.com/vishvananda/netlink v1.3.1
	golang.org/x/net v0.59.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/safchain/ethtool v0.7.0 // indirect
	github.com/vishvananda/netns v0.0.5 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
