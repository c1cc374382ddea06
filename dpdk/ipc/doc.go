// Package ipc sends short messages between the processes of a file prefix, as DPDK's rte_mp
// functions do. A message is a name, up to 256 bytes, and file descriptors. A secondary sends
// to its primary, a primary to all of its secondaries. Secondaries do not reach each other. The
// other process may be a C program.
//
// [Register] registers a handler for the messages of a name. [Send] sends a message that needs
// no reply. [Request] sends a message and waits for the replies. [Handle] and [Call] do the same
// with Go values.
//
// # Costs
//
// A message is a datagram on a Unix socket in the runtime directory, so it costs system calls. A
// request with its reply wakes three threads and takes as long as in C. Use messages for
// control. For data use rings and memzones: a message may hold the name of one, or a *mbuf.Mbuf.
//
// # Threads
//
// DPDK receives all messages on one thread, which its own messages need as well. No Go code
// runs on that thread: it appends each message to a list. Handlers run on goroutines, so they
// may wait, make requests and use DPDK's memory. A handler in C may do none of these.
//
// The first Register starts one OS thread that waits for messages. Each of the first four
// requests that wait at the same time uses one OS thread. Further requests wait in Go's network
// poller.
//
// All functions of this package may be called from any goroutine, in primaries and secondaries.
//
// # Requests
//
// rte_mp_request_sync has these limits:
//
//   - It asks one process after the other.
//   - It discards all replies when one process does not answer.
//   - It cannot be cancelled.
//   - It takes a late reply for the reply to a later request of the same name.
//   - It allows one request per name at a time.
//   - It blocks without limit, and holds the lock of DPDK's own messages, when the queue of a
//     stopped process is full. A queue holds net.unix.max_dgram_qlen messages, often 10.
//
// Request and Send therefore write and read the datagrams themselves, on their own sockets in
// the same directory. They ask all processes at once, each request receives only its own
// answers, and nothing waits longer than the context.
//
// The form of the datagrams is internal to DPDK. At its first use the package lets rte_mp_reply
// send one to this process. If that one has another form, all functions fail with
// [dpdk.ErrUnsupported].
//
// Replies do not block in rte_mp_reply either. They are sent through a duplicate of DPDK's own
// socket, because C takes replies from no other one.
//
// # Errors of handlers
//
// A Go handler may fail, panic, or miss its time limit. The requester then gets a reply of
// length 0 without descriptors. The error's text follows behind the end of that reply, and a Go
// program gets it as a [RemoteError]. A C program sees an empty reply: if C programs send the
// requests, let each successful reply have at least one byte, or put a status into your struct.
//
// A C handler that fails can only send a reply that both sides agree on, or none. Without a
// reply the request ends with [dpdk.ErrTimeout].
//
// # Limits
//
//   - A process drops a message for which it has no action, and DPDK logs that. If the message
//     is a request and the process runs godpdk, the requester asks it after 100 ms whether it
//     has an action, and fails with [ErrNoHandler]. A C program cannot answer that question: the
//     request ends with [dpdk.ErrTimeout]. Register first, then inform the other processes, or
//     repeat the request.
//   - The descriptors of such a message stay open in DPDK 22.11, but not in 24.11.
//   - DPDK receives descriptors without close-on-exec. The flag is set at once, but a child
//     process started at that moment may inherit them. Descriptors in replies to Request have
//     the flag from the beginning.
//   - A message with fewer descriptors than it announces is refused. rte_mp does not report
//     which descriptors arrived. They are recognized by the missing close-on-exec flag. If the
//     application opens a descriptor without that flag, for its children, and such a message
//     holds its number, that descriptor may be taken for one that arrived.
//   - A datagram of another size, or with numbers that are too large, would end DPDK's thread
//     for messages. From the first use of this package a socket filter drops such datagrams.
//     Their sender gets no error.
//   - A message with more descriptors than this process can open still ends that thread. This
//     is logged as an error within 100 ms. From then on all functions of this package fail with
//     [ErrDeaf], and so do messages of other processes to this one.
//   - A reply to a stopped C program with a full queue waits one second for room. Then it is lost.
//   - DPDK trusts the data on its sockets. Any process that can write to the runtime directory
//     can act as a process of this file prefix.
package ipc
