package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
)

const opCall = "telemetry.Client.Call"

// Config configures a [Client]. The zero value is a timeout of 2 seconds.
type Config struct {
	// Timeout bounds each call, in addition to its context. 0 is 2 s.
	Timeout time.Duration
}

// Info is what a process reports about itself.
type Info struct {
	Version   string `json:"version"`        // "DPDK 22.11.11"
	PID       int    `json:"pid"`            // in the process's own PID namespace
	MaxOutput int    `json:"max_output_len"` // the longest reply, in bytes
}

// Client asks one DPDK process. Its methods may be called from any goroutine; they take turns, because a
// connection answers one command after the other.
//
// A client connects at its first call, and keeps the connection. DPDK serves 10 connections per process. After
// the process has ended, the next call connects to its successor at the same path.
//
// # Errors
//
// All calls return within Config.Timeout, also while the process is stopped. Their errors are:
//
//   - [dpdk.ErrNoPrimary]: no process listens, or it ended before it answered.
//   - [dpdk.ErrTimeout], which is also context.DeadlineExceeded here: no answer in time. The process is stopped,
//     or a handler in it waits.
//   - [dpdk.ErrBusy]: the process serves 10 connections already.
//   - [dpdk.ErrUnsupported]: the process has no such command, because its DPDK is older, or does not link the
//     library.
//   - [dpdk.ErrNotFound]: the command failed in the process, which gives no reason: the object does not exist, or
//     the parameters are wrong.
//   - [dpdk.ErrMessageSize]: the reply is longer than MaxOutput.
//   - [dpdk.ErrOverflow]: DPDK may have left out entries for which a reply has no room. The entries that came are
//     returned with the error.
//   - [dpdk.ErrBadMessage]: the reply is not the JSON of such a reply. DPDK can write wrong JSON for names with
//     other characters than ASCII.
//   - [dpdk.ErrPermission]: this user may not connect.
//   - [dpdk.ErrInvalid]: the command or its parameters cannot be sent.
//   - the cause of the context's end, and net.ErrClosed after Close.
type Client struct {
	path    string
	timeout time.Duration
	alive   context.Context
	kill    context.CancelCauseFunc
	turn    chan struct{} // holds a token while a call runs, which owns the fields below

	conn *net.UnixConn // nil: not connected
	info Info          // of the process at the other end of conn
	buf  []byte
}

// NewClient returns a client of the telemetry socket at a path, such as [Socket.Path]. It does not connect yet.
func NewClient(path string, cfg Config) *Client {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 2 * time.Second
	}
	c := &Client{path: path, timeout: cfg.Timeout, turn: make(chan struct{}, 1)}
	c.alive, c.kill = context.WithCancelCause(context.Background())
	return c
}

// Path returns the path of the socket.
func (c *Client) Path() string { return c.path }

// Close ends the calls in progress and the connection. A second Close does nothing.
func (c *Client) Close() error {
	if c.turn == nil {
		return nil
	}
	c.kill(net.ErrClosed)
	c.turn <- struct{}{}
	c.drop()
	<-c.turn
	return nil
}

// Info connects if necessary, and returns what the process reports about itself.
func (c *Client) Info(ctx context.Context) (Info, error) {
	r, err := c.ask(ctx, "/info", "")
	return r.from, err
}

// Call sends a command with its parameters, "" for none, and returns the value that the process answers. See
// [Client] for errors. DPDK's handlers trust their parameters: some values crash the process, see "Safety" above.
func (c *Client) Call(ctx context.Context, command, params string) (json.RawMessage, error) {
	r, err := c.ask(ctx, command, params)
	return r.value, err
}

// reply is an answer and the process that has given it.
type reply struct {
	value json.RawMessage
	from  Info
}

// ask is Call.
func (c *Client) ask(ctx context.Context, command, params string) (reply, error) {
	if c.turn == nil {
		return reply{}, &dpdk.Error{Op: opCall, Errno: dpdk.ErrInvalid, Detail: "the client is a zero value: use NewClient"}
	}
	request, err := encodeRequest(command, params)
	if err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.alive, func() { cancel(context.Cause(c.alive)) })()
	defer time.AfterFunc(c.timeout, func() { cancel(context.DeadlineExceeded) }).Stop()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return reply{}, c.fail(ctx, command, ctx.Err())
	}
	if c.alive.Err() != nil { // ctx may end a little later
		cancel(context.Cause(c.alive))
	}
	value, err := c.exchange(ctx, command, request)
	if err == nil && string(value) == "null" {
		err = c.refused(ctx, command)
	}
	return reply{value, c.info}, c.fail(ctx, command, err)
}

// exchange sends a request and returns the value of its reply. It sends the request once: if the process ends
// between the two, the next call reconnects.
func (c *Client) exchange(ctx context.Context, command string, request []byte) (json.RawMessage, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	reused := c.conn != nil
	if err := c.send(ctx, request); err != nil {
		if !reused {
			return nil, err
		}
		if err := c.send(ctx, request); err != nil { // to the successor of a process that has ended
			return nil, err
		}
	}
	text, err := c.receive(ctx)
	if err != nil {
		return nil, err
	}
	value, err := decodeReply(text, command)
	if err != nil {
		c.drop() // what else comes need not be the reply to the next request
	}
	return value, err
}

// send connects if necessary, and drops the connection if it is broken.
func (c *Client) send(ctx context.Context, request []byte) error {
	if err := c.connect(ctx); err != nil {
		return err
	}
	return c.guard(ctx, func() error { _, err := c.conn.Write(request); return err })
}

// receive returns a reply, which is valid until the next one.
func (c *Client) receive(ctx context.Context) (text []byte, err error) {
	err = c.guard(ctx, func() error {
		n, err := c.conn.Read(c.buf)
		if err == nil && n > c.info.MaxOutput {
			err = &dpdk.Error{Op: opCall, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf("the reply has more than %d bytes", c.info.MaxOutput)}
		}
		text = c.buf[:n]
		return err
	})
	return text, err
}

// guard runs f, which uses the connection, until the context ends. If f fails it drops the connection: a late
// reply would be taken for that of the next request.
func (c *Client) guard(ctx context.Context, f func() error) error {
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.drop()
	}
	return err
}

func (c *Client) drop() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// connect waits while the process accepts no connection, as when it is stopped, or closes it at once, as when
// it has too many.
func (c *Client) connect(ctx context.Context) error {
	full := false
	for pause := time.Millisecond; c.conn == nil; pause = min(2*pause, 50*time.Millisecond) {
		err := c.dial(ctx)
		if err == nil {
			break
		}
		closed := errors.Is(err, io.EOF)
		full = full || closed
		if ctx.Err() == nil && !closed && !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			if full && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return &dpdk.Error{Op: opCall, Errno: dpdk.ErrBusy, Detail: "the process closes each new connection: DPDK serves at most 10 per process"}
			}
			return context.Cause(ctx)
		}
	}
	return nil
}

// dial connects, and reads the greeting.
func (c *Client) dial(ctx context.Context) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unixpacket", c.path)
	if err != nil {
		return err
	}
	c.conn, c.info, c.buf = conn.(*net.UnixConn), Info{MaxOutput: maxGreeting}, make([]byte, maxGreeting+1)
	text, err := c.receive(ctx)
	if err != nil {
		return err
	}
	if c.info, err = decodeGreeting(text); err != nil {
		c.drop()
		return err
	}
	c.buf = make([]byte, c.info.MaxOutput+1)
	return nil
}

// refused explains the reply null.
func (c *Client) refused(ctx context.Context, command string) error {
	all, err := c.exchange(ctx, "/", []byte("/"))
	var commands []string
	if err == nil && json.Unmarshal(all, &commands) == nil {
		for _, known := range commands {
			if known == command {
				return &dpdk.Error{Op: opCall, Errno: dpdk.ErrNotFound, Detail: "the command failed in the process: the object does not exist, or the parameters are wrong"}
			}
		}
		return &dpdk.Error{Op: opCall, Errno: dpdk.ErrUnsupported, Detail: "the process, which runs " + c.info.Version + ", has no such command"}
	}
	return err
}

// fail names the command and the socket in an error.
func (c *Client) fail(ctx context.Context, command string, err error) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*dpdk.Error)
	if !ok {
		e = &dpdk.Error{Cause: err}
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, context.DeadlineExceeded):
			e.Errno, e.Cause, e.Detail = dpdk.ErrTimeout, cause, "the process is stopped, or busy"
		case cause != nil:
			e.Cause = cause
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			e.Cause, e.Detail = dpdk.ErrNoPrimary, "the process ended before it answered"
		case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED):
			e.Cause, e.Detail = dpdk.ErrNoPrimary, "no process listens"
		case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
			e.Errno, e.Cause, e.Detail = dpdk.ErrPermission, nil, "run as the user that the process runs as"
		}
	}
	e.Op, e.Name = opCall, command
	if e.Detail != "" {
		e.Detail = ": " + e.Detail
	}
	e.Detail = c.path + e.Detail
	return e
}
