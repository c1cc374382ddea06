// Package ipc sends short messages between the processes of a file prefix (rte_mp): a
// name, up to 256 bytes, and file descriptors. A secondary speaks to its primary, a primary to all of
// its secondaries; secondaries do not reach each other. The other process may be a C program.
//
// Register has a Go function handle messages of a name; Send sends one that wants no
// answer, Request one that does. Handle and Call do the same with values.
//
// # Costs
//
// A message is a datagram on a Unix socket in the runtime directory, and costs some
// microseconds; a request with its reply wakes three threads, and takes as long as in C. It is for
// control, not for data: rings and memzones carry that, and a message may hold a name of one or a *mbuf.Mbuf.
//
// # Threads
//
// DPDK hears messages on one thread for all of them, which DPDK's own messages need as
// well. No Go runs there: it puts a message into a list and goes on. Handlers are
// goroutines, so they may wait, make requests, and use DPDK's memory, none of which a C handler may.
// One OS thread waits for messages once Register was called, and one for each of the first four requests
// that wait at a time; more of them wait in Go's poller.
// All functions here may be called from any goroutine, in primaries and secondaries.
//
// # Requests
//
// rte_mp_request_sync asks one process after the other, throws all replies away when one process is
// silent, cannot be cancelled, takes a late reply for that of a later request of the
// same name, allows one request of a name at a time, and waits without an end, holding the lock of DPDK's
// own messages, once a stopped process has a full queue (net.unix.max_dgram_qlen
// messages, often 10). So Request, and Send, write and read the datagrams themselves, on sockets of their own in
// the same directory: all processes are asked at once, each request hears only its own answers, and
// nothing waits longer than the context. The form of the datagrams is DPDK's own affair; at
// the first use rte_mp_reply sends one to this process, and where it looks different all functions
// fail with dpdk.ErrUnsupported. Replies do not wait in rte_mp_reply either: they go out by a
// duplicate of DPDK's own socket, the only one that C takes them from.
//
// # Errors of handlers
//
// A Go handler that fails, panics, or is not ready in time sends a reply of length 0 without
// descriptors, in which a Go program finds the error's text behind the end, as a RemoteError. A C
// program sees an empty reply: let replies that mean success have at least one byte if C asks, or put a
// status into your own struct. A C handler that fails can only send what the two sides agree on,
// or nothing, which is ErrTimeout.
//
// # Limits
//
//   - A message for which the other process has no action is dropped there, and DPDK logs that. If it is a
//     request and that process runs godpdk, it is asked after 100 ms whether it has one: ErrNoHandler. A C
//     program cannot tell; then the request ends with ErrTimeout. Register first, then let others know, or ask again.
//   - Descriptors that come with such a message stay open in DPDK 22.11 (not in 24.11).
//   - DPDK reads descriptors without close-on-exec. The flag is set at once, but a child started just then may
//     have them. Descriptors in replies to Request have it from the beginning.
//   - A message that speaks of more descriptors than it brings is refused. rte_mp does not tell which ones came:
//     they are those without close-on-exec. A descriptor that the application has opened without it, for its children,
//     could be taken for one that came if such a message holds its number.
//   - A datagram of another size, or with numbers that are too large, would end DPDK's thread for messages. From
//     the first use of this package a socket filter drops them, without a sign to their sender. A message with
//     descriptors for which this process has no room still ends the thread. That is logged as an error within 100 ms; from
//     then on all functions here fail with ErrDeaf, and so do messages of other processes to this one.
//   - A reply waits a second for room in the queue of a C program that was stopped, and is then lost.
//   - DPDK trusts what comes over its sockets; who can write to the runtime directory is one of its processes.
package ipc
