//go:build linux

package errors

import (
	"context"
	"math"
	"net"
	"testing"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ipc"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/rcu"
)

var background = context.Background()

func nothing(context.Context) error { return nil }

func TestEALErrors(t *testing.T) {
	const op = "rte_eal_init"
	start := func(cfg eal.Config) func() error { return func() error { return second(eal.Init(cfg)) } }
	check(t, []provoked{
		{"a second start", start(eal.Config{}), op, "", dpdk.ErrAlreadyRunning, "once per process"},
		{"an unknown log level", start(eal.Config{LogLevels: []string{"lib.eal:loud"}}), op, "", dpdk.ErrInvalid, "use one of"},
		{"a prefix that is a path", start(eal.Config{FilePrefix: "a/b"}), op, "", dpdk.ErrInvalid, "leave out / and %"},
		{"memory with a typo", start(eal.Config{Extra: []string{"-m", "64G"}}), op, "", dpdk.ErrInvalid, "number of MiB"},
		{"lcores with a typo", start(eal.Config{Lcores: "0-"}), op, "", dpdk.ErrInvalid, "expected a number"},
		{"CPUs with a typo", func() error { return second(lcore.ParseCPUs("a")) }, op, "", dpdk.ErrInvalid, `expected a number at "a"`},
		{"a primary that does not start", func() error {
			ctx, cancel := context.WithCancel(background)
			cancel()
			return eal.WaitPrimary(ctx, "nobody")
		}, op, "", dpdk.ErrNoPrimary, "start one first"},
	})
}

func TestLcoreErrors(t *testing.T) {
	taken := must(lcore.RegisterService("taken", lcore.ServiceConfig{}, func(int) bool { return false }))
	t.Cleanup(func() { must(0, taken.Unregister()) })
	check(t, []provoked{
		{"a launch on a missing lcore", func() error { return second(lcore.Launch(background, 100, nothing)) }, "rte_eal_remote_launch", "lcore 100", dpdk.ErrInvalid, "the workers are [1]"},
		{"a launch of nil", func() error { return second(lcore.Launch(background, 1, nil)) }, "rte_eal_remote_launch", "lcore 1", dpdk.ErrInvalid, "nil"},
		{"info of a negative lcore", func() error { return second(lcore.Lookup(-1)) }, "rte_eal_lcore_role", "lcore -1", dpdk.ErrInvalid, "use one of [0 1]"},
		{"info of a missing lcore", func() error { return second(lcore.Lookup(100)) }, "rte_eal_lcore_role", "lcore 100", dpdk.ErrInvalid, "use one of [0 1]"},
		{"the main lcore as a service core", func() error { return lcore.AddServiceCore(lcore.Main()) }, "rte_service_lcore_add", "lcore 0", dpdk.ErrInvalid, "use one of the workers"},
		{"no service core", func() error { return lcore.StartServiceCore(1) }, "rte_service_lcore_start", "lcore 1", dpdk.ErrInvalid, "AddServiceCore"},
		{"a service that does not exist", func() error { return second(lcore.LookupService("no")) }, "rte_service_get_by_name", "no", dpdk.ErrNotFound, "ListServices lists them"},
		{"a service name that is taken", func() error {
			return second(lcore.RegisterService("taken", lcore.ServiceConfig{}, func(int) bool { return false }))
		}, "rte_service_component_register", "taken", dpdk.ErrExist, "another name"},
		{"a service that was unregistered", func() error {
			s := must(lcore.RegisterService("gone", lcore.ServiceConfig{}, func(int) bool { return false }))
			must(0, s.Unregister())
			return s.Start()
		}, "rte_service_runstate_set", "gone", dpdk.ErrNotFound, "unregistered"},
		{"an alarm stopped twice", twice(must(lcore.NewAlarm(time.Hour, func() {})).Stop), "rte_eal_alarm_cancel", "", dpdk.ErrNotFound, "gone off or was stopped before"},
		{"a callback unregistered twice", twice(must(lcore.RegisterCallback("twice", nil, func(int) {})).Unregister), "rte_lcore_callback_unregister", "twice", dpdk.ErrNotFound, "unregistered before"},
		{"a service of nil", func() error { return second(lcore.RegisterService("s", lcore.ServiceConfig{}, nil)) }, "rte_service_component_register", "s", dpdk.ErrInvalid, "nil"},
		{"an alarm at once", func() error { return second(lcore.NewAlarm(0, func() {})) }, "rte_eal_alarm_set", "", dpdk.ErrInvalid, "1 µs"},
		{"a control thread with a long name", func() error { return second(lcore.StartControlThread(background, "sixteen letters!", nothing)) }, "rte_ctrl_thread_create", "sixteen letters!", dpdk.ErrNameTooLong, "use at most"},
		{"a pin to no CPU", func() error { return second(lcore.Pin(nil)) }, "sched_setaffinity", "", dpdk.ErrInvalid, "empty"},
		{"a pin to a CPU that does not exist", func() error { return second(lcore.Pin(lcore.CPUs(1000))) }, "sched_setaffinity", "", dpdk.ErrInvalid, "1000"},
		{"a timer of nil", func() error { return second(lcore.NewTimer(nil)) }, "rte_timer_init", "", dpdk.ErrInvalid, "nil"},
		{"a callback without functions", func() error { return second(lcore.RegisterCallback("c", nil, nil)) }, "rte_lcore_callback_register", "c", dpdk.ErrInvalid, "nil"},
	})
}

func TestEthdevErrors(t *testing.T) {
	pool := must(mbuf.CreatePool("packets", 1023, mbuf.PoolConfig{}))
	t.Cleanup(func() { _ = pool.Free() })
	port := must(ethdev.Open("net_null0", ethdev.Config{Pool: pool}))
	t.Cleanup(func() { _ = port.Detach() })
	configure := func(cfg ethdev.Config) func() error { return func() error { return port.Configure(cfg) } }
	check(t, []provoked{
		{"no device", func() error { return second(ethdev.Attach("")) }, "rte_dev_probe", "", dpdk.ErrInvalid, "empty"},
		{"a device that is attached already", func() error { return second(ethdev.Attach("net_null0")) }, "rte_dev_probe", "net_null0", dpdk.ErrExist, "the device is attached: use Lookup"},
		{"a port that does not exist", func() error { return second(ethdev.Lookup("no")) }, "rte_eth_dev_get_port_by_name", "no", dpdk.ErrNoDevice, ""},
		{"an address that no port has", func() error { return second(ethdev.ByMAC(net.HardwareAddr{2, 0, 0, 0, 0, 9})) }, "rte_eth_macaddr_get", "02:00:00:00:00:09", dpdk.ErrNoDevice, ""},
		{"a started port configured", configure(ethdev.Config{Pool: pool}), "rte_eth_dev_configure", "net_null0", dpdk.ErrBusy, "Stop"},
		{"a negative MTU", func() error { return port.SetMTU(-1) }, "rte_eth_dev_set_mtu", "net_null0", dpdk.ErrInvalid, "-1"},
		{"an address of 3 bytes", func() error { return port.AddMAC(net.HardwareAddr{1, 2, 3}) }, "rte_eth_dev_mac_addr_add", "net_null0", dpdk.ErrInvalid, "6"},
		{"an operation that the driver lacks", func() error { return second(port.FlowControl()) }, "rte_eth_dev_flow_ctrl_get", "net_null0", dpdk.ErrUnsupported, ""},
		{"a queue that does not exist", port.RxQueue(9).Err, "rte_eth_rx_burst", "net_null0", dpdk.ErrInvalid, "9"},
		{"a zero queue", ethdev.RxQueue{}.Err, "rte_eth_rx_burst", "", dpdk.ErrInvalid, "RxQueue"},
		{"an owner without a name", func() error { return second(ethdev.NewOwner("")) }, "rte_eth_dev_owner_new", "", dpdk.ErrInvalid, "the name is empty"},
		{"no event types", func() error { return second(ethdev.Subscribe(0)) }, "rte_eth_dev_callback_register", "", dpdk.ErrInvalid, ""},
	})
}

func TestIPCErrors(t *testing.T) {
	request := func(m *ipc.Message) func() error {
		return func() error {
			ctx, cancel := context.WithTimeout(background, time.Minute)
			defer cancel()
			return second(ipc.Request(ctx, m))
		}
	}
	handler := func(context.Context, *ipc.Message) (*ipc.Message, error) { return nil, nil }
	check(t, []provoked{
		{"no name", request(&ipc.Message{}), "rte_mp_request_sync", "", dpdk.ErrInvalid, "the name is empty"},
		{"a long name", request(&ipc.Message{Name: long}), "rte_mp_request_sync", long[:64] + "…", dpdk.ErrNameTooLong, "use at most"},
		{"too many bytes", request(&ipc.Message{Name: "m", Param: make([]byte, 300)}), "rte_mp_request_sync", "m", dpdk.ErrMessageSize, "256"},
		{"a handler of nil", func() error { return ipc.Register("h", nil, ipc.Config{}) }, "rte_mp_action_register", "h", dpdk.ErrInvalid, "nil"},
		{"a handler twice", twice(func() error { return ipc.Register("twice", handler, ipc.Config{}) }), "rte_mp_action_register", "twice", dpdk.ErrExist, "Unregister"},
		{"a handler that does not exist", func() error { return ipc.Unregister("no") }, "rte_mp_action_unregister", "no", dpdk.ErrNotFound, "has no handler"},
	})
}

func TestLockErrors(t *testing.T) {
	var m lock.Mutex
	check(t, []provoked{
		{"a mutex without Init", m.Lock, "pthread_mutex_lock", "", dpdk.ErrInvalid, "Init"},
		{"a queue lock without a node", func() error { return second(new(lock.MCS).Locker(nil)) }, "rte_mcslock_lock", "", dpdk.ErrInvalid, "CreateValue"},
	})
}

func TestRCUErrors(t *testing.T) {
	const op = "rte_rcu_qsbr_init"
	q := must(rcu.Create("qsbr", 2, rcu.Config{}))
	must(q.Register(1))
	check(t, []provoked{
		{"no name", func() error { return second(rcu.Create("", 2, rcu.Config{})) }, op, "", dpdk.ErrInvalid, "the name is empty"},
		{"a name that is taken", func() error { return second(rcu.Create("qsbr", 2, rcu.Config{})) }, op, "qsbr", dpdk.ErrExist, "the name is taken: use Lookup, or another name"},
		{"no readers", func() error { return second(rcu.Create("q", 0, rcu.Config{})) }, op, "q", dpdk.ErrInvalid, "0"},
		{"readers beyond C's int", func() error { return second(rcu.Create("q", math.MaxInt64, rcu.Config{})) }, op, "q", dpdk.ErrInvalid, ""},
		{"a variable that does not exist", func() error { return second(rcu.Lookup("no")) }, "rte_memzone_lookup", "no", dpdk.ErrNotFound, "no process of this file prefix has created it"},
		{"a reader beyond the limit", func() error { return second(q.Register(99)) }, "rte_rcu_qsbr_thread_register", "qsbr", dpdk.ErrInvalid, "99"},
		{"a reader twice", func() error { return second(q.Register(1)) }, "rte_rcu_qsbr_thread_register", "qsbr", dpdk.ErrExist, "RegisterAny"},
	})
	if err := q.Unregister(1); err != nil {
		t.Error(err)
	}
	if err := q.Free(); err != nil {
		t.Error(err)
	}
}
