package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	workplace = "bench" // the name of the place and of its ring
	held      = 32      // elements in the hands of a worker
)

// places measures the time that a successor needs to replace a worker: from its call of TakeOver, and from
// the kill of the worker, until it has the place and elements of the ring. The successor has attached
// before. C has no such operation.
func places(rt *eal.Runtime) (rows []Row, err error) {
	if !wanted("place") {
		return nil, nil
	}
	r, err := ring.Create[uint64](workplace, 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	if err != nil {
		return nil, err
	}
	r.EnqueueBulk(make([]uint64, 512)) // a worker puts back what it has taken
	heading("µs until a successor works")
	unlocked(func() { rows, err = replace(rt.FilePrefix()) })
	return rows, err
}

func replace(prefix string) (rows []Row, err error) {
	owner, _, err := startSuccessor(prefix, "claim")
	if err == nil {
		defer func() { owner.kill() }()
		_, err = owner.number()
	}
	if err != nil {
		return nil, err
	}
	names := []string{"take over", "claim after a kill"}
	took := make([][]float64, len(names))
	for range shorter(11, 1) {
		for i, how := range []string{"take over", "claim"} {
			next, begin, err := startSuccessor(prefix, how)
			if err != nil {
				return nil, err
			}
			former := owner
			owner = next
			if how == "claim" {
				begin = float64(lcore.Cycles())
				former.kill()
			}
			end, err := next.number()
			switch {
			case err != nil:
				former.kill()
			case how == "take over":
				err = former.end()
			}
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], float64(lcore.Duration(uint64(end-begin)))/1e3)
		}
	}
	for i, name := range names {
		r := Row{Group: "place", Name: name, Burst: held, Unit: "µs"}
		worst := r
		worst.Name += ", worst"
		for _, r := range []Row{r.measured(nil, took[i], nil), worst.measured(nil, []float64{slices.Max(took[i])}, nil)} {
			r.print()
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// startSuccessor starts a successor, and returns the cycles just before it asks for the place.
func startSuccessor(prefix, how string) (*secondary, float64, error) {
	s, _, err := attach("successor", prefix)
	if err != nil {
		return nil, 0, err
	}
	begin := 0.0
	if _, err = fmt.Fprintln(s.in, how); err == nil {
		begin, err = s.number()
	}
	if err != nil {
		s.kill()
	}
	return s, begin, err
}

// successor is the secondary's side. It prints the cycles just before it asks for the place, and when it has
// elements of the ring in its batch. Then it works until it is asked to leave.
func successor(ctx context.Context) error {
	claim := place.Claim
	if in := bufio.NewScanner(os.Stdin); in.Scan() && in.Text() == "take over" {
		claim = place.TakeOver
	}
	r, err := ring.Lookup[uint64](workplace)
	if err != nil {
		return err
	}
	fmt.Println(lcore.Cycles())
	p, err := claim(ctx, workplace, place.Parts{Produces: []string{workplace}, Consumes: []string{workplace}})
	if err != nil {
		return err
	}
	b, err := place.NewBatch[uint64](p, "held", held)
	if err != nil {
		return err
	}
	for b.Len() == 0 && r.DequeueBatch(b, held) == 0 {
	}
	fmt.Println(lcore.Cycles())
	for !p.Wanted() && ctx.Err() == nil {
		r.EnqueueBatch(b)
		r.DequeueBatch(b, held)
	}
	return p.Leave()
}
