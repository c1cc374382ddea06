//go:build linux

package cgo

/*
#include "godpdk_ipc.h"
*/
import "C"

import "unsafe"

// Limits of rte_eal.h, and DPDK's message as it goes over a socket: what stands where
// in its MPWire bytes, and its types.
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

	// MPHas is the name of the question whether a name has an action: see MPAnswer.
	MPHas = C.GODPDK_MP_HAS
)

// MPMessage is a message that came for an action.
type MPMessage struct {
	Name, Peer string
	Param      []byte
	FDs        []int // that came with it
	Missing    int   // how many more it speaks of
}

// MPOpen is the pipe that tells of messages.
func MPOpen() (fd, errno int) { return valueOrErrno(C.godpdk_mp_open()) }

// MPWait waits for messages, on one thread at a time. Meanwhile the pipe stays silent.
func MPWait() { C.godpdk_mp_wait() }

// MPMessages takes all messages that have come, in their order.
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

// MPRegister is rte_mp_action_register.
func MPRegister(name string) int {
	return withName(name, func(n *C.char) int { return int(C.godpdk_mp_register(n)) })
}

// MPUnregister is rte_mp_action_unregister. A call of the action that runs just now stays.
func MPUnregister(name string) {
	withName(name, func(n *C.char) int { C.rte_mp_action_unregister(n); return 0 })
}

// MPReply is rte_mp_reply, with the name as what it says. It waits without an end for
// room in the peer's queue.
func MPReply(name, peer string) int {
	return withName(name, func(name *C.char) int {
		return withName(peer, func(peer *C.char) int { return int(C.godpdk_mp_reply(name, peer)) })
	})
}

// MPDisable is rte_mp_disable.
func MPDisable() bool { return bool(C.rte_mp_disable()) }

// MPAnswer has this process answer other processes whether a name has an action in it,
// with rte_mp_action_register. fd is DPDK's socket for messages.
func MPAnswer(fd int) int { return int(C.godpdk_mp_answer(C.int(fd))) }
