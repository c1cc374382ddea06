// Package portcall lets other packages of godpdk make control calls on a port that only its
// driver has, and end what they have in a port.
package portcall

// Call runs f as the control call op of p, an *ethdev.Port, with the port's number. The port
// exists until f returns, and no other control call of it runs meanwhile. f must make no
// control calls of this library. Errors are those of f, dpdk.ErrNoDevice, and dpdk.ErrSecondary
// in a secondary. Package ethdev sets it.
var Call func(p any, op string, f func(id uint16) error) error

// ReleaseFlows destroys the flow rules of p, an *ethdev.Port. If keep is true and the driver keeps rules
// while a port is stopped, it does nothing. The caller is inside a control call of p. Package flow sets it.
var ReleaseFlows = func(p any, id uint16, keep bool) {}

// ForgetFlows marks the flow rules of p as destroyed, when p has ended. Package flow sets it.
var ForgetFlows = func(p any) {}
