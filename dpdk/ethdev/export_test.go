package ethdev

// Result is how errnos become errors.
func (p *Port) Result(op string, errno int) error { return p.result(op, errno) }
