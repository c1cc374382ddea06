package ethdev

// ByCgo is the same queue with bursts by cgo.
func (q RxQueue) ByCgo() RxQueue { return RxQueue{q.q.byCgo()} }

// ByCgo is the same queue with bursts by cgo.
func (q TxQueue) ByCgo() TxQueue { return TxQueue{q.q.byCgo()} }

func (q *queue) byCgo() *queue {
	return &queue{port: q.port, id: q.id, tx: q.tx, gate: q.gate}
}

// Short says whether bursts of n packets take the short way.
func (q RxQueue) Short(n int) bool { return q.q.short(n) }

// CheckConfig is what Configure says of cfg for a port with that Info, before C.
func CheckConfig(cfg Config, i Info) error {
	c := cfg.normal(i)
	return c.check(&Port{name: "port"}, i)
}

// Result is how errnos become errors.
func (p *Port) Result(op string, errno int) error { return p.result(op, errno) }
