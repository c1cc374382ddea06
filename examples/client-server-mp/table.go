package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

// print prints the counters of ports and clients.
func (s *server) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\treceived\tdropped\tsent\trefused\t")
	for i, p := range s.ports {
		sent, refused := s.sent(func(_, port int) bool { return port == p.ID() })
		fmt.Fprintf(w, "%v\t%d\t\t%d\t%d\t\n", p, s.info.Received[i].Load(), sent, refused)
	}
	for c := range s.desks {
		sent, refused := s.sent(func(client, _ int) bool { return client == c })
		fmt.Fprintf(w, "client %d\t%d\t%d\t%d\t%d\t\n", c, s.desks[c].delivered.Load(), s.desks[c].dropped.Load(), sent, refused)
	}
	w.Flush()
}

// sent returns how many packets clients sent and ports refused, over the wanted pairs of client
// and port.
func (s *server) sent(wanted func(client, port int) bool) (sent, refused uint64) {
	for c := range s.desks {
		for _, p := range s.ports {
			if wanted(c, p.ID()) {
				sent += s.info.Of[c].sent(p.ID()).Load()
				refused += s.info.Of[c].refused(p.ID()).Load()
			}
		}
	}
	return sent, refused
}

// summary prints where all packets are.
func (s *server) summary() {
	var received, delivered, dropped uint64
	for i := range s.ports {
		received += s.info.Received[i].Load()
	}
	waiting := 0
	for c := range s.desks {
		delivered += s.desks[c].delivered.Load()
		dropped += s.desks[c].dropped.Load()
		waiting += s.desks[c].ring.Len()
	}
	sent, refused := s.sent(func(int, int) bool { return true })
	fmt.Printf("summary: %d received = %d delivered + %d dropped; of those delivered %d were sent, %d refused, %d wait, %d were lost; %d of %d mbufs are home\n",
		received, delivered, dropped, sent, refused, waiting, int64(delivered-sent-refused)-int64(waiting), s.pool.Available(), s.pool.Size())
}
