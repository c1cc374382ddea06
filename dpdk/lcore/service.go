package lcore

import (
	"slices"
	"sync"
	"sync/atomic"

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

// MaxServiceName is the largest length of a service's name, in bytes.
const MaxServiceName = cgo.ServiceNameSize - 1

// Service is a function that service cores call again and again: a C function of a driver, or a Go
// function. Services and service cores belong to one process.
//
// It runs when it is started and mapped to a service core that is started. Its methods may be called
// from any goroutine, between eal.Init and Close.
type Service struct {
	id   uint32
	name string
	own  *function // nil for a service in C
}

// function is a service written in Go.
type function struct {
	fn  func(lcore int) (worked bool)
	id  atomic.Uint32 // of the service
	err atomic.Pointer[error]
}

// servicesMu serializes changes: DPDK would give the same free slot to two threads.
var servicesMu sync.Mutex

// functions has as many slots as DPDK has services.
var functions [64]atomic.Pointer[function]

func init() {
	cgo.Callbacks.Service = func(lcore int, i uintptr) int {
		if lcore < Max { // C code can call services on threads that are not lcores
			slots[lcore].lock()
		}
		f := functions[i].Load()
		if f == nil || f.err.Load() != nil || stopping.Load() {
			return -int(dpdk.ErrAgain)
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
			return -int(dpdk.ErrAgain) // statistics count it as an idle round
		}
		return 0
	}
}

// ServiceConfig is the configuration of a service. The zero value is right for most services.
type ServiceConfig struct {
	// Concurrent lets several service cores run the service at the same time
	// (RTE_SERVICE_CAP_MT_SAFE). Otherwise DPDK lets one run it at a time.
	Concurrent bool
	Socket     dpdk.SocketID // the socket of the memory that it works on
}

// RegisterService makes a service of fn, which reports whether it had work. fn should return after
// some microseconds: nothing else on its service core runs meanwhile. Each call of fn is a call from C
// to Go, which costs more than a call within Go. If fn panics it is not called again, and
// [Service.Err] returns the panic.
//
// Errors: dpdk.ErrExist, dpdk.ErrNameTooLong (over [MaxServiceName] bytes), dpdk.ErrNoSpace (64 services exist),
// dpdk.ErrInvalid (fn is nil), dpdk.ErrNotRunning.
//
// Implements: rte_service_component_register
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
		id, errno := cgo.ServiceRegister(name, capabilities, cfg.Socket.Int(), uintptr(i))
		if errno != 0 {
			functions[i].Store(nil)
			return control.Errno(errno)
		}
		s.id = id
		s.own.id.Store(id)
		return control.Errno(cgo.ServiceComponentRunstate(s.id, true))
	})
	if err != nil {
		err = control.Explain(err, dpdk.ErrExist, "a service of this process has this name: use another name")
		return nil, control.Explain(err, dpdk.ErrNoSpace, "64 services are registered: Unregister one first")
	}
	return s, nil
}

// find returns the ID of the service with this name. The caller holds servicesMu.
func find(name string) (uint32, bool) {
	for _, id := range cgo.Services() {
		if cgo.ServiceName(id) == name {
			return id, true
		}
	}
	return 0, false
}

// ListServices returns all services of this process, including those of drivers.
//
// Implements: rte_service_get_count
func ListServices() ([]*Service, error) {
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

// LookupService finds a service by its name. The error is dpdk.ErrNotFound if it does not exist.
//
// Implements: rte_service_get_by_name
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
	return s, control.Explain(err, dpdk.ErrNotFound, "no service of this process has this name: ListServices lists them")
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

// control runs f unless the service was unregistered: its ID may belong to another service.
func (s *Service) control(op string, f func() error) error {
	servicesMu.Lock()
	defer servicesMu.Unlock()
	err := control.Call(op, s.name, func() error {
		if cgo.ServiceName(s.id) != s.name || s.own != nil && !s.own.registered() {
			return dpdk.ErrNotFound
		}
		return f()
	})
	return control.Explain(err, dpdk.ErrNotFound, "the service was unregistered before")
}

// registered reports whether the function's service is registered. Another service may have its name
// and ID by now. The caller holds servicesMu.
func (f *function) registered() bool {
	for i := range functions {
		if functions[i].Load() == f {
			return true
		}
	}
	return false
}

// Name returns the name of the service.
//
// Implements: rte_service_get_name
func (s *Service) Name() string { return s.name }

// ServiceInfo describes a service.
type ServiceInfo struct {
	Name       string
	Concurrent bool  // several service cores can run it at the same time
	Running    bool  // it is started and mapped to a service core
	Cores      []int // the service cores that may run it
}

// Info describes the service.
//
// Implements: rte_service_probe_capability, rte_service_runstate_get, rte_service_map_lcore_get
func (s *Service) Info() (ServiceInfo, error) {
	i := ServiceInfo{Name: s.name}
	err := s.control("rte_service_runstate_get", func() error {
		i.Concurrent = cgo.ServiceCan(s.id, cgo.ServiceMTSafe)
		i.Running = cgo.ServiceRunning(s.id)
		for id := range Max {
			if cgo.ServiceMapped(s.id, id) {
				i.Cores = append(i.Cores, id)
			}
		}
		return nil
	})
	return i, err
}

// Start lets service cores run the service. It also restarts a service that a panic has stopped.
//
// Implements: rte_service_runstate_set, rte_service_component_runstate_set
func (s *Service) Start() error {
	return s.control(opServiceRun, func() error {
		if s.own != nil {
			s.own.err.Store(nil)
			if errno := cgo.ServiceComponentRunstate(s.id, true); errno != 0 {
				return control.Errno(errno)
			}
		}
		return control.Errno(cgo.ServiceRunstate(s.id, true))
	})
}

// Stop prevents service cores from running the service. It does not wait for rounds in progress.
//
// Implements: rte_service_runstate_set
func (s *Service) Stop() error {
	return s.control(opServiceRun, func() error { return control.Errno(cgo.ServiceRunstate(s.id, false)) })
}

// Err returns the panic that has stopped a service in Go, as a [*PanicError], or nil.
func (s *Service) Err() error {
	if s.own != nil {
		if err := s.own.err.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// Map lets a service core run the service. The error is dpdk.ErrInvalid for an lcore that is not a
// service core.
//
// Implements: rte_service_map_lcore_set
func (s *Service) Map(lcore int) error { return s.mapping(lcore, true) }

// Unmap undoes [Service.Map].
//
// Implements: rte_service_map_lcore_set
func (s *Service) Unmap(lcore int) error { return s.mapping(lcore, false) }

func (s *Service) mapping(lcore int, on bool) error {
	if err := serviceCore(opServiceMap, lcore); err != nil {
		return err
	}
	return s.control(opServiceMap, func() error { return control.Errno(cgo.ServiceMap(s.id, lcore, on)) })
}

// ServiceStats counts the work of a service since its statistics were enabled.
type ServiceStats struct {
	Calls  uint64
	Cycles uint64 // in rounds with work
}

// EnableStats enables or disables statistics. They cost two reads of the cycle counter per round.
//
// Implements: rte_service_set_stats_enable
func (s *Service) EnableStats(on bool) error {
	return s.control("rte_service_set_stats_enable", func() error { return control.Errno(cgo.ServiceStats(s.id, on)) })
}

// Stats returns the statistics of all service cores together.
//
// Implements: rte_service_attr_get
func (s *Service) Stats() (ServiceStats, error) {
	var st ServiceStats
	err := s.control(opServiceAttr, func() error {
		var errno int
		if st.Calls, errno = cgo.ServiceAttr(s.id, cgo.ServiceAttrCalls); errno == 0 {
			st.Cycles, errno = cgo.ServiceAttr(s.id, cgo.ServiceAttrCycles)
		}
		return control.Errno(errno)
	})
	return st, err
}

// ResetStats sets the statistics to 0.
//
// Implements: rte_service_attr_reset_all
func (s *Service) ResetStats() error {
	return s.control("rte_service_attr_reset_all", func() error { return control.Errno(cgo.ServiceAttrReset(s.id)) })
}

// Unregister removes a service that [RegisterService] has made. DPDK does not check whether the
// service runs, so the error is dpdk.ErrBusy while any service core is started. A second call returns
// dpdk.ErrNotFound.
//
// Implements: rte_service_component_unregister
func (s *Service) Unregister() error {
	if s.own == nil {
		return check.Invalid(opServiceGone, s.name, "the service is not of this program's Go code: use Stop")
	}
	err := s.control(opServiceGone, func() error {
		if slices.ContainsFunc(serviceCores(), cgo.LcoreRunning) {
			return dpdk.ErrBusy
		}
		if errno := cgo.ServiceUnregister(s.id); errno != 0 {
			return control.Errno(errno)
		}
		for i := range functions {
			functions[i].CompareAndSwap(s.own, nil)
		}
		return nil
	})
	return control.Explain(err, dpdk.ErrBusy, "service cores run: call StopServiceCore for each of them first")
}

// serviceCore refuses lcores that are not service cores.
func serviceCore(op string, id int) error {
	err := control.Call(op, name(id), func() error {
		if !slices.Contains(serviceCores(), id) {
			return dpdk.ErrInvalid
		}
		return nil
	})
	return control.Explain(err, dpdk.ErrInvalid, "the lcore is not a service core: call AddServiceCore first")
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
