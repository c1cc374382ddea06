package flow_test

import (
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
)

func ExampleCreate() {
	port, err := ethdev.Attach("net_bonding_example,mode=0") // as a NIC that has flow rules
	if err != nil {
		log.Fatal(err)
	}
	defer port.Detach()

	f, err := flow.Create(port, flow.Rule{
		Pattern: []flow.Item{
			flow.Eth{},
			flow.IPv4{Src: flow.In(netip.MustParsePrefix("10.0.0.0/8"))},
			flow.UDP{DstPort: flow.Is(4789)},
		},
		Actions: []flow.Action{flow.Count{}, flow.SetMark{ID: 7}, flow.Queue{Index: 3}},
	})
	if errors.Is(err, dpdk.ErrUnsupported) {
		log.Fatal("the NIC does not support this rule: ", err)
	}
	if err != nil {
		log.Fatal(err)
	}
	defer f.Destroy()
	n, err := f.Count(false)
	fmt.Println(f.Rule())
	fmt.Println(n.Packets, err)
	// Output:
	// ingress pattern eth / ipv4 src spec 10.0.0.0 src prefix 8 / udp dst is 4789 / end actions count / mark id 7 / queue index 3 / end
	// 0 <nil>
}

func ExampleParse() {
	r, err := flow.Parse("ingress pattern eth / ipv4 dst is 10.0.0.1 / end actions queue index 3 / end")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T %v\n", r.Pattern[1], r.Pattern[1].(flow.IPv4).Dst)
	_, err = flow.Parse("ingress pattern eth / ipv4 dst is 10.0.0 / end actions drop / end")
	fmt.Println(err)
	// Output:
	// flow.IPv4 is 10.0.0.1
	// flow.Parse: invalid argument: word 8, "10.0.0": ParseAddr("10.0.0"): IPv4 address too short
}
