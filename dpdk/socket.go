package dpdk

import "strconv"

// SocketID is a NUMA socket. The zero value is AnySocket, so that a Config
// that says nothing leaves the choice to DPDK; Socket names one.
type SocketID struct{ plus1 int }

// AnySocket is SOCKET_ID_ANY.
var AnySocket = SocketID{}

// Socket is the NUMA socket n, as DPDK and the kernel number them. A negative
// n makes an id that every call refuses; AnySocket says "any".
func Socket(n int) SocketID {
	if n < 0 {
		return SocketID{-1}
	}
	return SocketID{n + 1}
}

// Int is the number DPDK uses: -1 for AnySocket.
func (s SocketID) Int() int { return s.plus1 - 1 }

// Valid is false for what Socket made of a negative number.
func (s SocketID) Valid() bool { return s.plus1 >= 0 }

// String is the number, or "any".
func (s SocketID) String() string {
	switch {
	case !s.Valid():
		return "invalid"
	case s == AnySocket:
		return "any"
	}
	return strconv.Itoa(s.Int())
}
