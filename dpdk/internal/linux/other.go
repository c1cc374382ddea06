//go:build !linux

// Package linux has empty functions here: EAL runs on Linux only.
package linux

import (
	"os"
	"syscall"
	"time"
)

// Linux's numbers, for messages and sizes only.
const (
	EHWPOISON     = syscall.Errno(133)
	EUCLEAN       = syscall.Errno(117)
	IFNAMSIZ      = 16
	MSG_CTRUNC    = 0x8
	MSG_TRUNC     = 0x20
	MaxSocketPath = 107
	O_DIRECTORY   = 0
	O_PATH        = 0
)

const MembarrierGlobal = 1

const none = syscall.ENOTSUP

// Field is a number in a datagram.
type Field struct {
	At  int
	Max uint16
}

// CPUSet is an empty set.
type CPUSet struct{}

func (*CPUSet) Set(int)        {}
func (*CPUSet) IsSet(int) bool { return false }
func (*CPUSet) Count() int     { return 0 }

func Gettid() int                         { return 0 }
func ThreadLives(int) bool                { return true }
func SchedGetaffinity(int, *CPUSet) error { return none }
func SchedSetaffinity(int, *CPUSet) error { return none }
func SchedYield()                         {}
func Membarrier(int) error                { return none }
func Writable(string) error               { return nil }
func Map(*os.File, int) ([]byte, error)   { return nil, none }
func Unmap([]byte) error                  { return none }
func Inherited(int) bool                  { return false }
func CloseOnExec(int)                     {}
func Dup(int) (int, error)                { return -1, none }
func Close(int) error                     { return none }

// DirStat, and the numbers beside it, are as on Linux.
type DirStat struct {
	UID, Mode uint32
	Mount     bool
}

const (
	Sticky  = 0o1000
	Regular = 0o100000
	Socket  = 0o140000
	Link    = 0o120000
	FIFO    = 0o010000
	Dir     = 0o040000
)

func OpenDir(*os.File, string) (*os.File, DirStat, error)     { return nil, DirStat{}, none }
func MkdirAt(*os.File, string, uint32) error                  { return none }
func OpenAt(*os.File, string, int, uint32) (*os.File, error)  { return nil, none }
func KindAt(*os.File, string) (kind, links uint32, err error) { return 0, 0, none }
func SizeAt(*os.File, string) (int64, error)                  { return 0, none }
func UnlinkAt(*os.File, string) error                         { return none }
func RenameAt(*os.File, string, string) error                 { return none }
func Exchange(string, string) error                           { return none }
func Room(*os.File, int64) error                              { return none }
func FileID(string) (dev, ino uint64, fs string, err error)   { return 0, 0, "", none }
func Device(uint64) string                                    { return "" }
func MapsID(dev, ino uint64) string                           { return "" }
func Replace(int, *os.File) error                             { return none }
func Mempolicy() error                                        { return none }

func Flock(*os.File) error                   { return none }
func Lock(*os.File) error                    { return none }
func Locked(*os.File) (bool, error)          { return false, none }
func LockByte(*os.File, int64) (bool, error) { return false, none }
func UnlockByte(*os.File, int64)             {}
func ByteLocked(*os.File, int64) bool        { return false }

func Seqpacket(int) (in, out int, err error)                     { return -1, -1, none }
func Datagram(string, bool) (int, error)                         { return -1, none }
func Connect(string) error                                       { return none }
func SocketPath(int) string                                      { return "" }
func SendTo(int, string, []byte, []byte) error                   { return none }
func Receive(int, []byte, []byte) (int, int, int, string, error) { return 0, 0, 0, "", none }
func Readable(int) bool                                          { return false }
func SetReceiveTimeout(int, time.Duration) error                 { return none }
func Filter(int, int, []Field) error                             { return none }
func ShutdownRead(int) error                                     { return none }
func Listening(int) bool                                         { return false }
func Rights([]int) []byte                                        { return nil }
func RightsSpace(int) int                                        { return 0 }
func ParseRights([]byte) ([]int, error)                          { return nil, none }

// XDP returns that nothing is known.
func XDP(index int) (attached, known bool) { return false, false }

// Offloads returns ENOSYS.
func Offloads(iface string) ([]string, error) { return nil, syscall.ENOSYS }
