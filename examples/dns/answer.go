package main

import (
	"slices"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	maxSize   = 1232 // of an answer: it needs no fragments on any link
	plainSize = 512  // without EDNS
	headerLen = 12
	maxCNAMEs = 8

	badVersion = dnsmessage.RCode(16) // BADVERS of EDNS
	typeAXFR   = dnsmessage.Type(252)
)

// request is a message that was received.
type request struct {
	header   dnsmessage.Header
	question dnsmessage.Question
	edns     bool
	version  uint8
	size     int // of the largest answer
	dnssec   bool
}

// answer appends the answer to a message to dst. It returns nil for a message that gets no answer: one that is shorter than a header, or is an answer itself.
func (z *zone) answer(message, dst []byte) []byte {
	const response = 1 << 7
	if len(message) < headerLen || message[2]&response != 0 {
		return nil
	}
	q, code := parse(message)
	reply := dnsmessage.Message{Header: dnsmessage.Header{ID: q.header.ID, Response: true, OpCode: q.header.OpCode, RecursionDesired: q.header.RecursionDesired, RCode: code}}
	if q.question.Name.Length > 0 {
		reply.Questions = []dnsmessage.Question{q.question}
	}
	if code == dnsmessage.RCodeSuccess {
		z.find(&q, &reply)
	}
	return q.pack(&reply, dst)
}

// parse reads a message of a client.
func parse(message []byte) (q request, code dnsmessage.RCode) {
	q.size = plainSize
	var p dnsmessage.Parser
	h, err := p.Start(message)
	if q.header = h; err != nil { // it has a whole header, so there is none
		return q, dnsmessage.RCodeFormatError
	}
	if h.OpCode != 0 {
		return q, dnsmessage.RCodeNotImplemented
	}
	questions, err := p.AllQuestions()
	if err != nil || len(questions) != 1 || p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		return q, dnsmessage.RCodeFormatError
	}
	q.question = questions[0]
	for {
		r, err := p.AdditionalHeader()
		if err == dnsmessage.ErrSectionDone {
			break
		}
		if err != nil {
			return q, dnsmessage.RCodeFormatError
		}
		if r.Type == dnsmessage.TypeOPT {
			if q.edns || r.Name.Length != 1 {
				return q, dnsmessage.RCodeFormatError
			}
			q.edns, q.version, q.dnssec = true, uint8(r.TTL>>16), r.DNSSECAllowed()
			q.size = min(max(int(r.Class), plainSize), maxSize)
		}
		if p.SkipAdditional() != nil {
			return q, dnsmessage.RCodeFormatError
		}
	}
	switch {
	case q.version != 0:
		return q, badVersion
	case q.question.Type == typeAXFR:
		return q, dnsmessage.RCodeNotImplemented
	}
	return q, dnsmessage.RCodeSuccess
}

// find puts the records for a question into a reply.
func (z *zone) find(q *request, reply *dnsmessage.Message) {
	owner := q.question.Name
	name := lower(owner.String())
	if !z.within(name) || q.question.Class != dnsmessage.ClassINET && q.question.Class != dnsmessage.ClassANY {
		reply.RCode = dnsmessage.RCodeRefused
		return
	}
	reply.Authoritative = true
	for range maxCNAMEs {
		if cut := z.delegation(name); cut != "" {
			if len(reply.Answers) == 0 {
				reply.Authoritative = false
			}
			reply.Authorities = append(reply.Authorities, z.records(cut, dnsmessage.MustNewName(cut), dnsmessage.TypeNS)...)
			z.addresses(reply, reply.Authorities)
			return
		}
		sets, exists := z.names[name]
		kind := q.question.Type
		if kind == dnsmessage.TypeALL { // one set of them, as RFC 8482 allows
			for t := range sets {
				if kind == dnsmessage.TypeALL || t < kind {
					kind = t
				}
			}
		}
		if found := z.records(name, owner, kind); len(found) > 0 {
			reply.Answers = append(reply.Answers, found...)
			if kind == dnsmessage.TypeMX || kind == dnsmessage.TypeNS {
				z.addresses(reply, found)
			}
			return
		}
		alias := z.records(name, owner, dnsmessage.TypeCNAME)
		if len(alias) == 0 {
			if !exists {
				reply.RCode = dnsmessage.RCodeNameError
			}
			z.negative(reply)
			return
		}
		reply.Answers = append(reply.Answers, alias...)
		owner = alias[0].Body.(*dnsmessage.CNAMEResource).CNAME
		if name = owner.String(); !z.within(name) {
			return
		}
	}
}

// delegation returns the name above or at name that other servers are responsible for, or "".
func (z *zone) delegation(name string) (cut string) {
	for ; name != z.origin; name = parent(name) {
		if len(z.names[name][dnsmessage.TypeNS]) > 0 {
			cut = name
		}
	}
	return cut
}

// records returns the records of a name with the owner in the letters of the question.
func (z *zone) records(name string, owner dnsmessage.Name, t dnsmessage.Type) (all []dnsmessage.Resource) {
	for _, r := range z.names[name][t] {
		all = append(all, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Type: t, Class: dnsmessage.ClassINET, TTL: r.ttl}, Body: r.body})
	}
	return all
}

// negative adds the SOA record, with the TTL of the negative answer.
func (z *zone) negative(reply *dnsmessage.Message) {
	ttl := min(z.soa.ttl, z.soa.body.(*dnsmessage.SOAResource).MinTTL)
	reply.Authorities = append(reply.Authorities, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(z.origin),
		Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET, TTL: ttl}, Body: z.soa.body})
}

// addresses adds the addresses of servers that records name.
func (z *zone) addresses(reply *dnsmessage.Message, records []dnsmessage.Resource) {
	for _, r := range records {
		var to dnsmessage.Name
		switch b := r.Body.(type) {
		case *dnsmessage.NSResource:
			to = b.NS
		case *dnsmessage.MXResource:
			to = b.MX
		}
		for _, t := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
			reply.Additionals = append(reply.Additionals, z.records(to.String(), to, t)...)
		}
	}
}

// pack appends the reply to dst. One that is too long loses its additional records, and then all others.
func (q *request) pack(reply *dnsmessage.Message, dst []byte) []byte {
	var opt []dnsmessage.Resource
	if q.edns {
		o := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		if o.Header.SetEDNS0(maxSize, reply.RCode, q.dnssec) != nil {
			return nil
		}
		opt = append(opt, o)
	}
	reply.RCode &= 15 // the other bits are in the OPT record
	additionals := reply.Additionals
	for _, try := range []func(){
		func() { reply.Additionals = slices.Concat(additionals, opt) },
		func() { reply.Additionals = opt },
		func() { reply.Answers, reply.Authorities, reply.Truncated = nil, nil, true },
	} {
		try()
		if b, err := reply.AppendPack(dst); err == nil && len(b)-len(dst) <= q.size {
			return b
		}
	}
	return nil
}
