package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// record is a resource record of a zone.
type record struct {
	ttl  uint32
	body dnsmessage.ResourceBody
}

// zone is the records of a zone. It does not change.
type zone struct {
	origin string // with a final dot, in lower case, as all names here
	soa    record
	names  map[string]map[dnsmessage.Type][]record // the names above others have an empty map
}

// parent returns the name without its first label.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	if rest == "" {
		return "."
	}
	return rest
}

// lower returns a name in lower case. DNS compares other letters than those of ASCII as they are.
func lower(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// within reports whether a name is in the zone.
func (z *zone) within(name string) bool {
	return name == z.origin || strings.HasSuffix(name, "."+z.origin) || z.origin == "."
}

// parseZone reads a zone file.
func parseZone(r io.Reader, file string) (*zone, error) {
	p := parser{zone: &zone{names: map[string]map[dnsmessage.Type][]record{}}, ttl: 3600}
	lines := bufio.NewScanner(r)
	var tokens []token
	for number, open := 1, 0; lines.Scan(); number++ {
		more, depth, err := split(lines.Text(), open)
		if tokens = append(tokens, more...); err == nil && depth == 0 {
			err = p.line(tokens)
			tokens = tokens[:0]
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
		open = depth
	}
	switch {
	case lines.Err() != nil:
		return nil, lines.Err()
	case len(tokens) > 0:
		return nil, fmt.Errorf("%s: a parenthesis is not closed", file)
	case p.zone.origin == "":
		return nil, fmt.Errorf("%s: the zone has no SOA record", file)
	}
	return p.zone, p.zone.complete(file)
}

// complete checks the names, and adds those above others.
func (z *zone) complete(file string) error {
	var all []string
	for name := range z.names {
		all = append(all, name)
	}
	for _, name := range all {
		if !z.within(name) {
			return fmt.Errorf("%s: %s is not in the zone %s", file, name, z.origin)
		}
		sets := z.names[name]
		if len(sets[dnsmessage.TypeCNAME]) > 0 && (len(sets) > 1 || len(sets[dnsmessage.TypeCNAME]) > 1) {
			return fmt.Errorf("%s: %s has a CNAME and other records", file, name)
		}
		for ; name != z.origin; name = parent(name) {
			if z.names[name] == nil {
				z.names[name] = map[dnsmessage.Type][]record{}
			}
		}
	}
	if len(z.names[z.origin][dnsmessage.TypeNS]) == 0 {
		return fmt.Errorf("%s: %s has no NS record", file, z.origin)
	}
	return nil
}

// token is a word of a zone file.
type token struct {
	text   string
	indent bool // the line began with a space: the owner is that of the line before
}

// split splits a line. open is the number of open parentheses before it, depth that after it.
func split(line string, open int) (tokens []token, depth int, err error) {
	depth = open
	indent := open == 0 && line != "" && (line[0] == ' ' || line[0] == '\t')
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == ';':
			return tokens, depth, nil
		case c == '(':
			depth++
			i++
		case c == ')':
			if depth--; depth < 0 {
				return nil, 0, errors.New("a ')' without a '('")
			}
			i++
		default:
			var text strings.Builder
			quoted := c == '"'
			if quoted {
				i++
			}
			for ; i < len(line) && (quoted && line[i] != '"' || !quoted && !strings.ContainsRune(" \t\r;()", rune(line[i]))); i++ {
				if line[i] == '\\' && i+1 < len(line) {
					i++
				}
				text.WriteByte(line[i])
			}
			if quoted {
				if i == len(line) {
					return nil, 0, errors.New("a string has no end")
				}
				i++
			}
			tokens = append(tokens, token{text: text.String(), indent: indent && len(tokens) == 0})
		}
	}
	return tokens, depth, nil
}

// parser is the state between lines.
type parser struct {
	zone   *zone
	origin string
	owner  string
	ttl    uint32
}

// line reads a directive or a record.
func (p *parser) line(tokens []token) (err error) {
	if len(tokens) == 0 {
		return nil
	}
	switch first := tokens[0].text; {
	case strings.HasPrefix(first, "$") && len(tokens) != 2:
		return fmt.Errorf("%s needs one value", first)
	case first == "$ORIGIN":
		p.origin, err = p.name(tokens[1].text)
		return err
	case first == "$TTL":
		p.ttl, err = number(tokens[1].text)
		return err
	case strings.HasPrefix(first, "$"):
		return fmt.Errorf("%s is not supported", first)
	}
	if !tokens[0].indent {
		if p.owner, err = p.name(tokens[0].text); err != nil {
			return err
		}
		tokens = tokens[1:]
	}
	if p.owner == "" {
		return errors.New("the first record has no owner")
	}
	ttl := p.ttl
	for ; len(tokens) > 0; tokens = tokens[1:] { // a TTL and a class, in any order
		word := tokens[0].text
		if n, err := number(word); err == nil {
			ttl = n
		} else if !strings.EqualFold(word, "IN") {
			break
		}
	}
	if len(tokens) == 0 {
		return errors.New("the record has no type")
	}
	kind := strings.ToUpper(tokens[0].text)
	values := make([]string, 0, len(tokens))
	for _, t := range tokens[1:] {
		values = append(values, t.text)
	}
	t, body, err := p.body(kind, values)
	if err != nil {
		return fmt.Errorf("%s %s: %w", p.owner, kind, err)
	}
	return p.add(t, record{ttl, body})
}

// add adds a record to the zone.
func (p *parser) add(t dnsmessage.Type, r record) error {
	z := p.zone
	if t == dnsmessage.TypeSOA {
		if z.origin != "" {
			return errors.New("the zone has two SOA records")
		}
		z.origin, z.soa = p.owner, r
	}
	if z.names[p.owner] == nil {
		z.names[p.owner] = map[dnsmessage.Type][]record{}
	}
	z.names[p.owner][t] = append(z.names[p.owner][t], r)
	return nil
}

// body reads the values of a record.
func (p *parser) body(kind string, v []string) (dnsmessage.Type, dnsmessage.ResourceBody, error) {
	want := map[string]int{"A": 1, "AAAA": 1, "NS": 1, "CNAME": 1, "MX": 2, "SOA": 7}
	if n, ok := want[kind]; ok && len(v) != n {
		return 0, nil, fmt.Errorf("%d values: it has %d", len(v), n)
	}
	switch kind {
	case "A", "AAAA":
		a, err := netip.ParseAddr(v[0])
		if err == nil && (a.Is4() != (kind == "A") || a.Zone() != "") {
			err = fmt.Errorf("%v is of the other IP version", a)
		}
		if err != nil {
			return 0, nil, err
		}
		if a.Is4() {
			return dnsmessage.TypeA, &dnsmessage.AResource{A: a.As4()}, nil
		}
		return dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: a.As16()}, nil
	case "NS":
		n, err := p.target(v[0])
		return dnsmessage.TypeNS, &dnsmessage.NSResource{NS: n}, err
	case "CNAME":
		n, err := p.target(v[0])
		return dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: n}, err
	case "MX":
		pref, err := strconv.ParseUint(v[0], 10, 16)
		n, err2 := p.target(v[1])
		return dnsmessage.TypeMX, &dnsmessage.MXResource{Pref: uint16(pref), MX: n}, errors.Join(err, err2)
	case "TXT":
		for _, s := range v {
			if len(s) > 255 {
				return 0, nil, fmt.Errorf("a string of %d bytes: use 255 at most", len(s))
			}
		}
		if len(v) == 0 {
			return 0, nil, errors.New("no string")
		}
		return dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: v}, nil
	case "SOA":
		ns, err := p.target(v[0])
		mbox, err2 := p.target(v[1])
		var n [5]uint32
		errs := []error{err, err2}
		for i := range n {
			n[i], err = number(v[2+i])
			errs = append(errs, err)
		}
		return dnsmessage.TypeSOA, &dnsmessage.SOAResource{NS: ns, MBox: mbox, Serial: n[0], Refresh: n[1], Retry: n[2], Expire: n[3], MinTTL: n[4]}, errors.Join(errs...)
	}
	return 0, nil, errors.New("the type is not supported: use SOA, NS, A, AAAA, CNAME, MX or TXT")
}

// name returns a name of the file in full and in lower case.
func (p *parser) name(s string) (string, error) {
	switch {
	case s == "@":
		s = p.origin
	case !strings.HasSuffix(s, "."):
		if p.origin == "" {
			return "", fmt.Errorf("%s is relative: begin the file with $ORIGIN", s)
		}
		s += "." + strings.TrimPrefix(p.origin, ".")
	}
	if s == "" {
		return "", errors.New("@ without $ORIGIN")
	}
	n, err := dnsmessage.NewName(lower(s))
	if err == nil {
		_, err = (&dnsmessage.Message{Questions: []dnsmessage.Question{{Name: n}}}).Pack() // it checks the labels
	}
	if err != nil {
		return "", fmt.Errorf("the name %q: %w", s, err)
	}
	return n.String(), nil
}

// target returns a name in the value of a record.
func (p *parser) target(s string) (dnsmessage.Name, error) {
	full, err := p.name(s)
	if err != nil {
		return dnsmessage.Name{}, err
	}
	return dnsmessage.NewName(full)
}

// number reads a number of seconds or a serial number.
func number(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err
}
