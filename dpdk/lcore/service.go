package lcore

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opService       = "rte_service_component_register"
	opServiceGone   = "rte_service_component_unregister"
	opServiceLookup = "rte_service_get_by_name"
	opServiceMap    = "rte_service_map_lcore_set"
	opServiceRun    = "rte_service_runstate_set"
	opServiceAttr   = "rte_service_attr_get"
)

// Service is a function that service cores call again and again: a driver's, of
// C, or one of Go. Services and service cores belong to one process.
//
// It runs when it is started and mapped to a service core that is started. Its
// methods may be called from any goroutine, between eal.Init and Close.
type Service struct {
	id   uint32
	name string
	own  *function // nil for a service of C's
}

// function is a service written in Go.
type function struct {
	fn  func(lcore int) (worked bool)
	id  atomic.Uint32 // of its service
	err atomic.Pointer[error]
}

// servicesMu makes up for DPDK, which lets two threads have the same free slot.
var servicesMu sync.Mutex

// functions are as many as DPDK has services.
var functions [64]atomic.Pointer[function]

func init() {
	cgo.Callbacks.Service = func(lcore int, i uintptr) int {
		if lcore < Max { // C code can call services on threads that are none
			slots[lcore].lock()
		}
		f := functions[i].Load()
		if f == nil || f.err.Load() != nil || stopping.Load() {
			return -int(syscall.EAGAIN)
		}
		worked := false
		err := try(func() error {
			worked = f.fn(lcore)
			return nil
		})
		if err != nil {
			f.err.Store(&err)
			cgo.ServiceComponentRunstate(f.id.Load(), false)
			control.Logger().Error("godpdk: service stopped", "error", err)
		}
		if !worked {
			return -int(syscall.EAGAIN) // which statistics take as an idle round
		}
		return 0
	}
}

// ServiceConfig says how a service is run; the zero value is right for most.
type ServiceConfig struct {
	// Concurrent lets several service cores run it at the same time
	// (RTE_SERVICE_CAP_MT_SAFE); else DPDK sees to it that one does.
	Concurrent bool
	Socket     dpdk.SocketID // whose memory it works on
}

// RegisterService makes a service of fn (rte_service_component_register), which
// says whether it had work. fn should take microseconds, and return: nothing else
// on its service core runs meanwhile. It is called from C, 0.1 µs more than a
// call from Go. If it panics it is called no more, and Err tells why.
//
// Errors: dpdk.ErrExist, dpdk.ErrNameTooLong (over 31 bytes), dpdk.ErrNoSpace (64
// services), dpdk.ErrInvalid for a nil fn, dpdk.ErrNotRunning.
func RegisterService(name string, cfg ServiceConfig, fn func(lcore int) (worked bool)) (*Service, error) {
	if err := check.Name(opService, name, cgo.ServiceNameSize); err != nil {
		return nil, err
	}
	if fn == nil {
		return nil, check.Invalid(opService, name, "the function is nil")
	}
	if err := check.Socket(opService, name, cfg.Socket); err != nil {
		return nil, err
	}
	var capabilities uint32
	if cfg.Concurrent {
		capabilities = cgo.ServiceMTSafe
	}
	servicesMu.Lock()
	defer servicesMu.Unlock()
	s := &Service{name: name, own: &function{fn: fn}}
	err := control.Call(opService, name, func() error {
		var errno int

		if _, ok := find(name); ok {
			return dpdk.ErrExist
		}
		i := 0
		for i < len(functions)-1 && functions[i].Load() != nil {
			i++
		}
		if !functions[i].CompareAndSwap(nil, s.own) {
			return dpdk.ErrNoSpace
		}
		if s.id, errno = cgo.ServiceRegister(name, capabilities, cfg.Socket.Int(), uintptr(i)); errno != 0 {
			functions[i].Store(nil)
			return control.Errno(errno)
		}
		s.own.id.Store(s.id)
		return control.Errno(cgo.ServiceComponentRunstate(s.id, true))
	})
	if err != nil {
		err = control.Explain(err, dpdk.ErrExist, "a service of this process has the name: use another name")
		return nil, control.Explain(err, dpdk.ErrNoSpace, "64 services are registered: Unregister one")
	}
	return s, nil
}

// find looks a name up; the caller holds servicesMu.
func find(name string) (uint32, bool) {
	for _, id := range cgo.Services() {
		if cgo.ServiceName(id) == name {
			return id, true
		}
	}
	return 0, false
}

// Services are all services of this process, those of drivers included.
func Services() ([]*Service, error) {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	var all []*Service
	err := control.Call(opServiceLookup, "", func() error {
		for _, id := range cgo.Services() {
			all = append(all, handle(id))
		}
		return nil
	})
	return all, err
}

// LookupService finds a service by its name (rte_service_get_by_name); the error
// is dpdk.ErrNotFound if there is none.
func LookupService(name string) (*Service, error) {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	var s *Service
	err := control.Call(opServiceLookup, name, func() error {
		id, ok := find(name)
		if !ok {
			return dpdk.ErrNotFound
		}
		s = handle(id)
		return nil
	})
	return s, control.Explain(err, dpdk.ErrNotFound, "no service of this process has the name: Services lists them")
}

func handle(id uint32) *Service {
	s := &Service{id: id, name: cgo.ServiceName(id)}
	for i := range functions {
		if f := functions[i].Load(); f != nil && f.id.Load() == id {
			s.own = f
		}
	}
	return s
}

// control runs f unless the service was unregistered: its id may be another's.
func (s *Service) control(op string, f func() int) error {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	err := control.Call(op, s.name, func() error {
		if cgo.ServiceName(s.id) != s.name || s.own != nil && !s.own.registered() {
			return dpdk.ErrNotFound
		}
		return control.Errno(f())
	})
	return control.Explain(err, dpdk.ErrNotFound, "the service was unregistered")
}

// registered is false for the function of a service that was unregistered, whose name
// and id another may have by now. The caller holds servicesMu.
func (f *function) registered() bool {
	for i := range functions {
		if functions[i].Load() == f {
			return true
		}
	}
	return false
}

// Name is the service's name.
func (s *Service) Name() string { return s.name }

// Concurrent says whether several service cores can run it at the same time
// (rte_service_probe_capability).
func (s *Service) Concurrent() bool {
	can := false
	_ = s.control("rte_service_probe_capability", func() int {
		can = cgo.ServiceCan(s.id, cgo.ServiceMTSafe)
		return 0
	})
	return can
}

// Start lets service cores run the service (rte_service_runstate_set), also one
// that has stopped for a panic.
func (s *Service) Start() error {
	return s.control(opServiceRun, func() int {
		if s.own != nil {
			s.own.err.Store(nil)
			if errno := cgo.ServiceComponentRunstate(s.id, true); errno != 0 {
				return errno
			}
		}
		return cgo.ServiceRunstate(s.id, true)
	})
}

// Stop keeps service cores from running the service; rounds under way end first
// or later.
func (s *Service) Stop() error {
	return s.control(opServiceRun, func() int { return cgo.ServiceRunstate(s.id, false) })
}

// Running says whether the service is started and mapped to a service core
// (rte_service_runstate_get).
func (s *Service) Running() bool {
	running := false
	_ = s.control("rte_service_runstate_get", func() int {
		running = cgo.ServiceRunning(s.id)
		return 0
	})
	return running
}

// Err is the panic that has stopped a service of Go's, as a *PanicError, or nil.
func (s *Service) Err() error {
	if s.own != nil {
		if err := s.own.err.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// Map lets a service core run the service (rte_service_map_lcore_set). The error
// is dpdk.ErrInvalid for an lcore that is no service core.
func (s *Service) Map(lcore int) error { return s.mapping(lcore, true) }

// Unmap is the reverse of Map.
func (s *Service) Unmap(lcore int) error { return s.mapping(lcore, false) }

func (s *Service) mapping(lcore int, on bool) error {
	if err := serviceCore(opServiceMap, lcore); err != nil {
		return err
	}
	return s.control(opServiceMap, func() int { return cgo.ServiceMap(s.id, lcore, on) })
}

// MappedTo are the service cores that may run the service (rte_service_map_lcore_get).
func (s *Service) MappedTo() []int {
	var cores []int
	_ = s.control("rte_service_map_lcore_get", func() int {
		for id := range Max {
			if cgo.ServiceMapped(s.id, id) {
				cores = append(cores, id)
			}
		}
		return 0
	})
	return cores
}

// ServiceStats are what a service has done since statistics were switched on.
type ServiceStats struct {
	Calls  uint64
	Cycles uint64 // in rounds with work
}

// EnableStats switches statistics on or off (rte_service_set_stats_enable); they
// cost two reads of the cycle counter a round.
func (s *Service) EnableStats(on bool) error {
	return s.control("rte_service_set_stats_enable", func() int { return cgo.ServiceStats(s.id, on) })
}

// Stats are the statistics of all service cores together (rte_service_attr_get).
func (s *Service) Stats() (ServiceStats, error) {
	var st ServiceStats
	err := s.control(opServiceAttr, func() (errno int) {
		if st.Calls, errno = cgo.ServiceAttr(s.id, cgo.ServiceAttrCalls); errno != 0 {
			return errno
		}
		st.Cycles, errno = cgo.ServiceAttr(s.id, cgo.ServiceAttrCycles)
		return errno
	})
	return st, err
}

// ResetStats sets the statistics to 0 (rte_service_attr_reset_all).
func (s *Service) ResetStats() error {
	return s.control("rte_service_attr_reset_all", func() int { return cgo.ServiceAttrReset(s.id) })
}

// Unregister removes a service that RegisterService has made
// (rte_service_component_unregister). DPDK forgets it without looking whether
// it runs, so this fails with dpdk.ErrBusy while any service core is started.
func (s *Service) Unregister() error {
	if s.own == nil {
		return check.Invalid(opServiceGone, s.name, "it is not a service of this program's Go code")
	}
	err := s.control(opServiceGone, func() int {
		for _, id := range serviceCores() {
			if cgo.LcoreRunning(id) {
				return int(dpdk.ErrBusy)
			}
		}
		if errno := cgo.ServiceUnregister(s.id); errno != 0 {
			return errno
		}
		for i := range functions {
			functions[i].CompareAndSwap(s.own, nil)
		}
		return 0
	})
	return control.Explain(err, dpdk.ErrBusy, "service cores run: StopServiceCore them first")
}

// serviceCore refuses what is none.
func serviceCore(op string, id int) error {
	err := control.Call(op, name(id), func() error {
		if !slices.Contains(serviceCores(), id) {
			return dpdk.ErrInvalid
		}
		return nil
	})
	return control.Explain(err, dpdk.ErrInvalid, "it is not a service core: AddServiceCore makes it one")
}

func serviceCores() []int {
	var cores []int
	for id := range Max {
		if Role(cgo.LcoreRole(id)) == RoleService {
			cores = append(cores, id)
		}
	}
	return cores
}
