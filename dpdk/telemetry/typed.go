package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/godpdk/godpdk/dpdk"
)

// get decodes the reply to a command.
func get[T any](ctx context.Context, c *Client, command, params string) (v T, err error) {
	r, err := c.ask(ctx, command, params)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(r.value, &v); err != nil {
		var none T
		return none, c.fail(ctx, command, bad(r.value, err.Error()))
	}
	return v, nil
}

// list decodes a reply that is an array. With dpdk.ErrOverflow it returns the entries that came.
func list[T any](ctx context.Context, c *Client, command string) ([]T, error) {
	r, err := c.ask(ctx, command, "")
	if err != nil {
		return nil, err
	}
	var v []T
	if err := json.Unmarshal(r.value, &v); err != nil {
		return nil, c.fail(ctx, command, bad(r.value, err.Error()))
	}
	return v, c.fail(ctx, command, r.complete(len(v), maxArray))
}

// other refuses the description of another object than the one asked for. DPDK answers a name that does not exist with an
// empty object, and it can mix up the parameters of two clients that ask at the same time.
func other[T comparable](ctx context.Context, c *Client, command string, asked, got T) error {
	if asked == got {
		return nil
	}
	return c.fail(ctx, command, &dpdk.Error{Errno: dpdk.ErrNotFound, Detail: fmt.Sprintf("asked for %v, got %q", asked, fmt.Sprint(got))})
}

// Number is an unsigned number that DPDK writes as a number or, in newer releases, as a string such as "0x1f".
type Number uint64

// UnmarshalJSON decodes a number, or a string with a number in Go's syntax.
func (n *Number) UnmarshalJSON(text []byte) error {
	s := string(text)
	if err := json.Unmarshal(text, &s); err != nil {
		s = string(text)
	}
	v, err := strconv.ParseUint(s, 0, 64)
	*n = Number(v)
	return err
}

// Flag is a boolean that DPDK writes as a number.
type Flag bool

// UnmarshalJSON decodes a number: all except 0 are true.
func (f *Flag) UnmarshalJSON(text []byte) error {
	var n Number
	err := n.UnmarshalJSON(text)
	*f = n != 0
	return err
}

// Commands returns the commands that the process answers, sorted.
func (c *Client) Commands(ctx context.Context) ([]string, error) { return list[string](ctx, c, "/") }

// Help returns the description of a command.
func (c *Client) Help(ctx context.Context, command string) (string, error) {
	all, err := get[map[string]string](ctx, c, "/help", command)
	return all[command], err
}

// EALParams returns the arguments of EAL.
func (c *Client) EALParams(ctx context.Context) ([]string, error) {
	return list[string](ctx, c, "/eal/params")
}

// AppParams returns the arguments of the program after --.
func (c *Client) AppParams(ctx context.Context) ([]string, error) {
	return list[string](ctx, c, "/eal/app_params")
}
