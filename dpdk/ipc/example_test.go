package ipc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/godpdk/godpdk/dpdk/ipc"
)

// A secondary sends a Query, and its primary replies with an Answer.
type (
	Query  struct{ Port, Queue uint16 }
	Answer struct{ Packets uint64 }
)

func ExampleHandle() {
	// In the primary:
	err := ipc.Handle("packets", func(_ context.Context, q Query) (Answer, error) {
		if q.Port > 7 {
			return Answer{}, errors.New("no such port")
		}
		return Answer{Packets: 1000}, nil
	}, ipc.Config{Timeout: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer ipc.Unregister("packets")

	// In a secondary: a, err := ipc.Call[Query, Answer](ctx, "packets", Query{Port: 1})
}

// A primary asks all secondaries. Some may not answer.
func ExampleRequest() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	replies, err := ipc.Request(ctx, &ipc.Message{Name: "stats", Param: []byte("rx")})
	for _, r := range replies {
		fmt.Printf("%s: %s\n", r.Peer, r.Param)
	}
	var failed *ipc.RequestError
	switch {
	case errors.Is(err, ipc.ErrNoPeer):
		fmt.Println("no secondaries yet")
	case errors.As(err, &failed):
		for _, p := range failed.Peers {
			fmt.Println(p.Peer, "gave no reply:", p.Err)
		}
	case err != nil:
		log.Fatal(err)
	}
	// Output: no secondaries yet
}
