package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

func example(t testing.TB) *zone {
	t.Helper()
	z, err := parseZone(strings.NewReader(exampleZone), "example.zone")
	require.NoError(t, err)
	return z
}

func message(t testing.TB, name string, kind dnsmessage.Type, edns int, change ...func(m *dnsmessage.Message)) []byte {
	t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 0x1234, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}}}
	if edns != 0 {
		o := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		require.NoError(t, o.Header.SetEDNS0(edns, 0, false))
		m.Additionals = append(m.Additionals, o)
	}
	for _, f := range change {
		f(&m)
	}
	b, err := m.Pack()
	require.NoError(t, err)
	return b
}

// lines shows the sections of an answer.
func lines(m *dnsmessage.Message) string {
	var b strings.Builder
	for i, section := range [][]dnsmessage.Resource{m.Answers, m.Authorities, m.Additionals} {
		for _, r := range section {
			if r.Header.Type == dnsmessage.TypeOPT {
				continue
			}
			b.WriteString([]string{"", "authority ", "additional "}[i] + r.Header.Name.String() + " " + strings.TrimPrefix(r.Header.Type.String(), "Type") + "; ")
		}
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestAnswers(t *testing.T) {
	z := example(t)
	const soa = "authority example.com. SOA"
	for _, test := range []struct {
		name string
		kind dnsmessage.Type
		code dnsmessage.RCode
		aa   bool
		want string
	}{
		{"example.com.", dnsmessage.TypeSOA, 0, true, "example.com. SOA"},
		{"example.com.", dnsmessage.TypeNS, 0, true, "example.com. NS; example.com. NS; additional ns1.example.com. A; additional ns1.example.com. AAAA; additional ns2.example.com. A"},
		{"example.com.", dnsmessage.TypeMX, 0, true, "example.com. MX; example.com. MX; additional mail.example.com. A"},
		{"example.com.", dnsmessage.TypeTXT, 0, true, "example.com. TXT"},
		{"example.com.", dnsmessage.TypeA, 0, true, "example.com. A"},
		{"EXAMPLE.com.", dnsmessage.TypeAAAA, 0, true, "EXAMPLE.com. AAAA"},
		{"example.com.", dnsmessage.TypeALL, 0, true, "example.com. A"},
		{"example.com.", dnsmessage.TypeSRV, 0, true, soa},
		{"blog.example.com.", dnsmessage.TypeA, 0, true, "blog.example.com. CNAME; www.example.com. CNAME; example.com. A"},
		{"blog.example.com.", dnsmessage.TypeCNAME, 0, true, "blog.example.com. CNAME"},
		{"blog.example.com.", dnsmessage.TypeSRV, 0, true, "blog.example.com. CNAME; www.example.com. CNAME; " + soa},
		{"shop.example.com.", dnsmessage.TypeA, 0, true, "shop.example.com. CNAME"},
		{"lost.example.com.", dnsmessage.TypeA, dnsmessage.RCodeNameError, true, "lost.example.com. CNAME; " + soa},
		{"none.example.com.", dnsmessage.TypeA, dnsmessage.RCodeNameError, true, soa},
		{"b.deep.example.com.", dnsmessage.TypeA, 0, true, soa}, // a name above a.b.deep
		{"deep.example.com.", dnsmessage.TypeA, 0, true, soa},
		{"x.a.b.deep.example.com.", dnsmessage.TypeA, dnsmessage.RCodeNameError, true, soa},
		{"sub.example.com.", dnsmessage.TypeA, 0, false, "authority sub.example.com. NS; additional ns.sub.example.com. A"},
		{"x.y.sub.example.com.", dnsmessage.TypeNS, 0, false, "authority sub.example.com. NS; additional ns.sub.example.com. A"},
		{"example.net.", dnsmessage.TypeA, dnsmessage.RCodeRefused, false, ""},
		{"ma\u0130l.example.com.", dnsmessage.TypeA, dnsmessage.RCodeNameError, true, soa}, // only the letters of ASCII have two cases
		{"notexample.com.", dnsmessage.TypeA, dnsmessage.RCodeRefused, false, ""},
		{"com.", dnsmessage.TypeA, dnsmessage.RCodeRefused, false, ""},
		{".", dnsmessage.TypeNS, dnsmessage.RCodeRefused, false, ""},
		{"example.com.", typeAXFR, dnsmessage.RCodeNotImplemented, false, ""},
	} {
		t.Run(test.name+" "+test.kind.String(), func(t *testing.T) {
			for _, edns := range []int{0, 1232} {
				ask := message(t, test.name, test.kind, edns)
				before := bytes.Clone(ask)
				var m dnsmessage.Message
				require.NoError(t, m.Unpack(z.answer(ask, nil)))
				assert.Equal(t, before, ask)
				assert.Equal(t, test.want, lines(&m))
				assert.Equal(t, test.code, m.RCode)
				assert.Equal(t, test.aa, m.Authoritative)
				assert.True(t, m.Response && m.RecursionDesired && !m.RecursionAvailable && !m.Truncated)
				assert.EqualValues(t, 0x1234, m.ID)
				assert.Equal(t, test.name, m.Questions[0].Name.String())
				assert.Equal(t, edns != 0, len(m.Additionals) > 0 && m.Additionals[len(m.Additionals)-1].Header.Type == dnsmessage.TypeOPT)
			}
		})
	}
}

func TestNegativeAnswersHaveTheTTLOfTheSOA(t *testing.T) {
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(example(t).answer(message(t, "none.example.com.", dnsmessage.TypeA, 0), nil)))
	assert.EqualValues(t, 300, m.Authorities[0].Header.TTL)
	require.NoError(t, m.Unpack(example(t).answer(message(t, "example.com.", dnsmessage.TypeSOA, 0), nil)))
	assert.EqualValues(t, 3600, m.Answers[0].Header.TTL)
	s := m.Answers[0].Body.(*dnsmessage.SOAResource)
	assert.Equal(t, []any{"ns1.example.com.", "hostmaster.example.com.", uint32(2026120101), uint32(300)}, []any{s.NS.String(), s.MBox.String(), s.Serial, s.MinTTL})
	require.NoError(t, m.Unpack(example(t).answer(message(t, "text.example.com.", dnsmessage.TypeTXT, 0), nil)))
	assert.Equal(t, []string{"one string", `and a "second" one; with a semicolon`}, m.Answers[0].Body.(*dnsmessage.TXTResource).TXT)
}

// An answer that is too long for the client, or for the server, is truncated.
func TestTruncation(t *testing.T) {
	z := example(t)
	for _, test := range []struct {
		name      string
		edns      int
		truncated bool
	}{
		{"long.example.com.", 0, true}, {"long.example.com.", 100, true}, {"long.example.com.", 512, true}, {"long.example.com.", 700, false}, {"long.example.com.", 65535, false},
		{"longer.example.com.", 0, true}, {"longer.example.com.", 65535, true},
	} {
		answer := z.answer(message(t, test.name, dnsmessage.TypeTXT, test.edns), nil)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(answer))
		assert.Equal(t, test.truncated, m.Truncated, "%v", test)
		assert.Equal(t, test.truncated, len(m.Answers) == 0, "%v", test)
		assert.LessOrEqual(t, len(answer), min(max(test.edns, plainSize), maxSize))
	}
}

func TestWrongQuestions(t *testing.T) {
	z := example(t)
	ask := message(t, "example.com.", dnsmessage.TypeA, 0)
	change := func(at int, to byte) []byte {
		b := bytes.Clone(ask)
		b[at] = to
		return b
	}
	for name, test := range map[string]struct {
		ask  []byte
		code dnsmessage.RCode // 0xffff: no answer comes
	}{
		"half a header":     {ask[:11], 0xffff},
		"an answer":         {change(2, 0x80), 0xffff},
		"only a header":     {ask[:12], dnsmessage.RCodeFormatError},
		"half a name":       {ask[:20], dnsmessage.RCodeFormatError},
		"no class":          {ask[:len(ask)-1], dnsmessage.RCodeFormatError},
		"no question":       {change(5, 0), dnsmessage.RCodeFormatError},
		"two questions":     {change(5, 2), dnsmessage.RCodeFormatError},
		"a missing record":  {change(11, 1), dnsmessage.RCodeFormatError},
		"a pointer to self": {append(bytes.Clone(ask[:12]), 0xc0, 12, 0, 1, 0, 1), dnsmessage.RCodeFormatError},
		"a status question": {change(2, 2<<3), dnsmessage.RCodeNotImplemented},
		"an update":         {change(2, 5<<3), dnsmessage.RCodeNotImplemented},
		"another class":     {message(t, "example.com.", dnsmessage.TypeA, 0, func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }), dnsmessage.RCodeRefused},
		"EDNS twice": {message(t, "example.com.", dnsmessage.TypeA, 1232, func(m *dnsmessage.Message) {
			m.Additionals = append(m.Additionals, m.Additionals[0])
		}), dnsmessage.RCodeFormatError},
	} {
		t.Run(name, func(t *testing.T) {
			answer := z.answer(test.ask, nil)
			if test.code == 0xffff {
				assert.Nil(t, answer)
				return
			}
			var m dnsmessage.Message
			require.NoError(t, m.Unpack(answer))
			assert.Equal(t, test.code, m.RCode)
			assert.True(t, m.Response)
			assert.EqualValues(t, 0x1234, m.ID)
		})
	}
	// EDNS version 1: BADVERS. Its upper bits are in the OPT record.
	ask = message(t, "example.com.", dnsmessage.TypeA, 1232, func(m *dnsmessage.Message) { m.Additionals[0].Header.TTL |= 1 << 16 })
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(z.answer(ask, nil)))
	assert.Equal(t, badVersion, m.Additionals[0].Header.ExtendedRCode(m.RCode))
	assert.Empty(t, m.Answers)
	assert.False(t, m.CheckingDisabled, "a bit of the code is in the header")
}

func TestZoneErrorsNameTheLine(t *testing.T) {
	const begin = "$ORIGIN example.org.\n@ IN SOA ns hostmaster 1 2 3 4 5\n@ NS ns\n"
	for text, want := range map[string]string{
		"":                                             "the zone has no SOA record",
		begin + "www A 1.2.3\n":                        "z:4: www.example.org. A: ParseAddr",
		begin + "www A 2001:db8::1\n":                  "of the other IP version",
		begin + "www A 1.2.3.4 5.6.7.8\n":              "2 values: it has 1",
		begin + "www SRV 1 2 3 x\n":                    "the type is not supported",
		begin + "www TXT \"no end\n":                   "z:4: a string has no end",
		begin + "www TXT\n":                            "no string",
		begin + "www TXT ( a\n":                        "a parenthesis is not closed",
		begin + "www TXT a )\n":                        "a ')' without a '('",
		begin + "www 300 IN\n":                         "the record has no type",
		begin + "@ SOA a b 1 2 3 4 5\n":                "two SOA records",
		begin + "a.example.net. A 1.2.3.4":             "a.example.net. is not in the zone example.org.",
		begin + "www A 1.2.3.4\nwww CNAME @":           "has a CNAME and other records",
		begin + "$GENERATE 1-2\n":                      "$GENERATE is not supported",
		begin + "$TTL soon\n":                          "invalid syntax",
		begin + "@ MX many mail\n":                     "invalid syntax",
		"www A 1.2.3.4":                                "www is relative: begin the file with $ORIGIN",
		" A 1.2.3.4":                                   "the first record has no owner",
		"$ORIGIN example.org.\n@ SOA ns h 1 2 3 4 5\n": "example.org. has no NS record",
		begin + strings.Repeat("a", 64) + " A 1.2.3.4": "the name",
	} {
		_, err := parseZone(strings.NewReader(text), "z")
		assert.ErrorContains(t, err, want, text)
	}
	z, err := parseZone(strings.NewReader(begin+"\n; a comment\nwww IN 60 A 192.0.2.1 ; and one more\n"), "z")
	require.NoError(t, err)
	assert.Equal(t, "example.org.", z.origin)
	assert.EqualValues(t, 60, z.names["www.example.org."][dnsmessage.TypeA][0].ttl)
}

// Whatever arrives gets a valid answer that is not too long, or none.
func FuzzAnswer(f *testing.F) {
	z := example(f)
	for _, q := range []struct {
		name string
		kind dnsmessage.Type
		edns int
	}{{"example.com.", dnsmessage.TypeSOA, 0}, {"blog.example.com.", dnsmessage.TypeA, 1232}, {"longer.example.com.", dnsmessage.TypeTXT, 4096}, {"x.sub.example.com.", dnsmessage.TypeALL, 0}} {
		f.Add(message(f, q.name, q.kind, q.edns))
	}
	f.Fuzz(func(t *testing.T, ask []byte) {
		before := bytes.Clone(ask)
		answer := z.answer(ask, make([]byte, 0, maxSize))
		if !bytes.Equal(before, ask) {
			t.Fatal("the question was changed")
		}
		if answer == nil {
			if len(ask) >= headerLen && ask[2]&0x80 == 0 {
				t.Fatal("no answer to a question")
			}
			return
		}
		if len(answer) > maxSize || !bytes.Equal(answer[:2], ask[:2]) || answer[2]&0x80 == 0 {
			t.Fatalf("a wrong answer %x", answer)
		}
		var m dnsmessage.Message
		if err := m.Unpack(answer); err != nil {
			t.Fatal(err)
		}
	})
}
