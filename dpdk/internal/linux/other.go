//go:build !linux

// Package linux stands in for system calls of Linux: no EAL runs here.
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
	O_PATH        = 0
)

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
func Rights([]int) []byte                                        { return nil }
func RightsSpace(int) int                                        { return 0 }
func ParseRights([]byte) ([]int, error)                          { return nil, none }
