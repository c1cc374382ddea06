//go:build linux

package cgo

/*
#include "godpdk_ipc.h"
*/
import "C"

import "unsafe"

// Limits of rte_eal.h, the offsets in a message of MPWire bytes on DPDK's socket, and its
// types.
const (
	MPMaxName  = C.RTE_MP_MAX_NAME_LEN
	MPMaxParam = C.RTE_MP_MAX_PARAM_LEN
	MPMaxFD    = C.RTE_MP_MAX_FD_NUM

	MPWire     = C.GODPDK_MP_WIRE
	MPName     = C.GODPDK_MP_NAME
	MPLenParam = C.GODPDK_MP_LEN_PARAM
	MPNumFDs   = C.GODPDK_MP_NUM_FDS
	MPParam    = C.GODPDK_MP_PARAM

	MPMsg = C.GODPDK_MP_MSG
	MPReq = C.GODPDK_MP_REQ
	MPRep = C.GODPDK_MP_REP
	MPIgn = C.GODPDK_MP_IGN

	// MPHas is the name of the question whether a name has an action: see [MPAnswer].
	MPHas = C.GODPDK_MP_HAS
)

// MPMessage is a message that an action received.
type MPMessage struct {
	Name, Peer string
	Param      []byte
	FDs        []int // that arrived with it
	Missing    int   // the number of announced descriptors that did not arrive
}

// MPOpen returns a pipe that becomes readable when there are messages.
func MPOpen() (fd, errno int) { return valueOrErrno(C.godpdk_mp_open()) }

// MPWait waits for messages, on one thread at a time. The pipe does not become readable
// meanwhile.
func MPWait() { C.godpdk_mp_wait() }

// MPMessages takes all messages in FIFO order.
func MPMessages() (messages []MPMessage) {
	for n := C.godpdk_mp_take(); n != nil; n = C.godpdk_mp_drop(n) {
		m := MPMessage{
			Name:  C.GoString(&n.msg.name[0]),
			Peer:  C.GoString(&n.peer[0]),
			Param: C.GoBytes(unsafe.Pointer(&n.msg.param), n.msg.len_param),

			Missing: int(n.missing),
		}
		for _, fd := range n.msg.fds[:n.msg.num_fds] {
			m.FDs = append(m.FDs, int(fd))
		}
		messages = append(messages, m)
	}
	return messages
}

// MPRegister registers the action for a name.
//
// Implements: rte_mp_action_register
func MPRegister(name string) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_mp_register(n)) })
}

// MPUnregister unregisters the action of a name. A running call of the action continues.
//
// Implements: rte_mp_action_unregister
func MPUnregister(name string) {
	withName(name, func(n *C.char) int { C.rte_mp_action_unregister(n); return 0 })
}

// MPReply replies to peer with name as content. It waits without a limit for room in the
// peer's queue.
//
// Implements: rte_mp_reply
func MPReply(name, peer string) int {
	return withName(name, func(name *C.char) int {
		return withName(peer, func(peer *C.char) int { return int(C.godpdk_mp_reply(name, peer)) })
	})
}

// MPDisable disables messages.
//
// Implements: rte_mp_disable
func MPDisable() bool { return bool(C.rte_mp_disable()) }

// MPAnswer makes this process answer [MPHas] questions of other processes. fd is DPDK's socket
// for messages.
//
// Implements: rte_mp_action_register
func MPAnswer(fd int) int { return int(C.godpdk_mp_answer(C.int(fd))) }
