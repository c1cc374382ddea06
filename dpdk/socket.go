package dpdk

import (
	"errors"
	"strconv"
)

// SocketID is a NUMA socket. The zero value is [AnySocket], which leaves the choice to
// DPDK. [Socket] names a socket.
type SocketID struct{ plus1 int }

// AnySocket is SOCKET_ID_ANY.
var AnySocket = SocketID{}

// Socket returns the NUMA socket n, in the numbers of DPDK and the kernel. For a negative n
// it returns an ID that every call refuses.
func Socket(n int) SocketID {
	if n < 0 {
		return SocketID{-1}
	}
	return SocketID{n + 1}
}

// Int returns the number that DPDK uses: -1 for [AnySocket].
func (s SocketID) Int() int { return s.plus1 - 1 }

// Valid reports whether s is [AnySocket] or was made of a number that is not negative.
func (s SocketID) Valid() bool { return s.plus1 >= 0 }

// String returns the number, "any" or "invalid".
func (s SocketID) String() string {
	switch {
	case !s.Valid():
		return "invalid"
	case s == AnySocket:
		return "any"
	}
	return strconv.Itoa(s.Int())
}

// MarshalText returns [SocketID.String], which is the form in JSON.
func (s SocketID) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText sets the socket to one that MarshalText returned.
func (s *SocketID) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	switch {
	case string(text) == "any":
		*s = AnySocket
	case err != nil || n < 0:
		return errors.New("socket " + strconv.Quote(string(text)) + `: use a number from 0, or "any"`)
	default:
		*s = Socket(n)
	}
	return nil
}
