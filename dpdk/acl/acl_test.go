package acl_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cacl "github.com/godpdk/godpdk/cgo/acl"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var names atomic.Int64

func name() string { return fmt.Sprint("acl ", names.Add(1)) }

// freed frees the table at the end of the test.
func freed[K any](t *testing.T, table *acl.Table[K], err error) *acl.Table[K] {
	t.Helper()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, table.Free()) })
	return table
}

// supported are the algorithms that this machine has.
func supported[K any](t *testing.T, table *acl.Table[K]) (all []acl.Algorithm) {
	for _, a := range []acl.Algorithm{acl.Scalar, acl.SSE, acl.AVX2, acl.NEON, acl.AVX512x16, acl.AVX512x32} {
		if err := table.SetAlgorithm(a); err == nil {
			all = append(all, a)
		} else {
			require.ErrorIs(t, err, dpdk.ErrUnsupported, a)
		}
	}
	return all
}

// compare classifies keys with each algorithm, and also through cgo. want has the values. It returns how many of them are not 0.
func compare[K any](t *testing.T, table *acl.Table[K], keys []K, want []uint32) (hits int) {
	t.Helper()
	got := make([]uint32, len(want))
	for _, a := range supported(t, table) {
		require.NoError(t, table.SetAlgorithm(a))
		clear(got)
		require.Equal(t, len(keys), table.Classify(got, keys))
		require.Equal(t, want, got, "%v", a)
		clear(got)
		require.Zero(t, cacl.Classify(table.Pointer(), unsafe.Pointer(&keys[0]), unsafe.Pointer(&got[0]), len(keys),
			uint32(unsafe.Sizeof(keys[0])), uint32(table.Categories())))
		require.Equal(t, want, got, "%v through cgo", a)
	}
	for _, v := range want {
		if v != 0 {
			hits++
		}
	}
	t.Logf("%d keys, %d of %d values hit a rule, algorithms %v", len(keys), hits, len(want), supported(t, table))
	return hits
}

func TestTuplesMatchAsALinearSearchDoes(t *testing.T) {
	for _, six := range []bool{false, true} {
		for _, categories := range []int{1, 4, 16} {
			for _, n := range []int{1, 2, 17, 300} {
				t.Run(fmt.Sprintf("six=%v, %d categories, %d rules", six, categories, n), func(t *testing.T) {
					if six {
						differential[acl.Key6](t, acl.Create6, (*acl.Key6).Set, six, categories, n)
					} else {
						differential[acl.Key4](t, acl.Create4, (*acl.Key4).Set, six, categories, n)
					}
				})
			}
		}
	}
}

func differential[K any](t *testing.T, create func(string, []acl.Tuple, acl.Config) (*acl.Table[K], error),
	set func(*K, netip.AddrPort, netip.AddrPort, header.Protocol) bool, six bool, categories, n int) {
	r := harness.Random(t)
	tuples, plain, rules := make([]tuple, n), make([]acl.Tuple, n), make([]acl.Rule, n)
	order := r.Perm(n)
	for i := range tuples {
		tuples[i] = randomTuple(r, six)
		q := &tuples[i].Tuple
		q.Value = r.Uint32() | 1
		if n != 17 { // 17 rules have their order
			q.Priority = []int{1, acl.MaxPriority - n}[r.IntN(2)]
			q.Priority += order[i]
		}
		if r.IntN(2) == 0 {
			q.Categories = uint32(1 + r.IntN(1<<categories-1))
		}
		plain[i], rules[i] = *q, acl.Rule{Priority: q.Priority, Categories: q.Categories, Value: q.Value}
	}
	keys := make([]K, 1000)
	want := make([]uint32, len(keys)*categories)
	table, err := create(name(), plain, acl.Config{Categories: categories})
	freed(t, table, err)
	for i := range keys {
		p := []header.Protocol{header.ProtocolTCP, header.ProtocolUDP, header.Protocol(r.IntN(256))}[r.IntN(3)]
		s, d := netip.AddrPortFrom(few(r, six), port(r)), netip.AddrPortFrom(few(r, six), port(r))
		if q := &tuples[r.IntN(n)]; i%2 == 0 { // a packet that meets a rule
			s, d, p = netip.AddrPortFrom(inside(q.Source, s.Addr()), q.high[0]), netip.AddrPortFrom(inside(q.Destination, d.Addr()), q.low[1]), q.Protocol
		}
		require.True(t, set(&keys[i], s, d, p))
		linear(want[i*categories:(i+1)*categories], categories, rules, func(q *acl.Rule) bool {
			return tuples[indexOf(rules, q)].covers(s, d, p)
		})
	}
	assert.NotZero(t, compare(t, table, keys, want))
}

// inside returns an address of the prefix, or any if it has none.
func inside(p netip.Prefix, any netip.Addr) netip.Addr {
	if p.IsValid() {
		return p.Addr()
	}
	return any
}

// indexOf returns the index of an element of a slice.
func indexOf[T any](all []T, e *T) int {
	return int(uintptr(unsafe.Pointer(e))-uintptr(unsafe.Pointer(&all[0]))) / int(unsafe.Sizeof(*e))
}

// frame is a key of a program's own. Its size is not a multiple of 4, and fields are not in their order.
type frame struct {
	In    [4]byte // the number of a port
	MAC   [6]byte
	Kind  uint8
	VLAN  [2]byte
	Flags uint8
	Mark  [4]byte
	_     [1]byte
}

var frameFields = []acl.Field{
	{acl.Bits, 10, 1},
	{acl.Range, 0, 4},
	{acl.Prefix, 4, 2}, {acl.Bits, 6, 1}, {acl.Range, 7, 1},
	{acl.Range, 11, 2}, {acl.Bits, 13, 1}, {acl.Prefix, 14, 1},
	{acl.Prefix, 14, 4},
}

func TestFieldsOfAStructMatchAsALinearSearchDoes(t *testing.T) {
	r := harness.Random(t)
	hits := 0 // of all tables: the only rule of a table may match no key
	for range harness.Size(40, 10) {
		rules := make([]acl.Rule, 1+r.IntN(60))
		for i := range rules {
			rules[i] = acl.Rule{Value: uint32(i + 1)}
			for _, f := range frameFields {
				rules[i].Fields = append(rules[i].Fields, randomMatch(r, f))
			}
		}
		table, err := acl.Create[frame](name(), frameFields, rules, acl.Config{})
		require.NoError(t, err)
		keys, want := make([]frame, 200), make([]uint32, 200)
		for i := range keys {
			b := bytesOf(&keys[i])
			for k := range b {
				b[k] = byte(r.IntN(4))
			}
			linear(want[i:i+1], 1, rules, func(q *acl.Rule) bool { return matches(frameFields, q, b) })
		}
		hits += compare(t, table, keys, want)
		require.NoError(t, table.Free())
	}
	assert.NotZero(t, hits)
}

// randomMatch returns a wide match for bytes of small values.
func randomMatch(r *rand.Rand, f acl.Field) acl.Match {
	largest := uint32(1<<(f.Size*8) - 1)
	v := uint32(0x01020301) >> (r.IntN(4) * 8) & largest
	switch {
	case f.Type == acl.Prefix:
		return acl.Match{Value: v, MaskRange: uint32(r.IntN(f.Size*8 - 1))}
	case f.Type == acl.Bits:
		return acl.Match{Value: r.Uint32() & 1, MaskRange: uint32(r.IntN(2))}
	case r.IntN(2) == 0:
		return acl.Match{MaskRange: largest}
	}
	return acl.Match{Value: v / 3, MaskRange: largest - r.Uint32N(2)}
}

func TestArgumentsAreChecked(t *testing.T) {
	any4 := []acl.Tuple{{Value: 1}}
	for _, test := range []struct {
		name  string
		rules []acl.Tuple
		cfg   acl.Config
		want  error
		says  string
	}{
		{"", any4, acl.Config{}, dpdk.ErrInvalid, "empty"},
		{strings.Repeat("x", acl.MaxName+1), any4, acl.Config{}, dpdk.ErrNameTooLong, fmt.Sprint(acl.MaxName)},
		{"x", nil, acl.Config{}, dpdk.ErrInvalid, "no rules"},
		{"x", any4, acl.Config{Categories: 2}, dpdk.ErrInvalid, "Categories is 2"},
		{"x", any4, acl.Config{Categories: 20}, dpdk.ErrInvalid, "Categories is 20"},
		{"x", any4, acl.Config{Categories: -4}, dpdk.ErrInvalid, "Categories is -4"},
		{"x", any4, acl.Config{Algorithm: 99}, dpdk.ErrUnsupported, "Algorithm(99)"},
		{"x", any4, acl.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket"},
		{"x", any4, acl.Config{MaxMemory: 100}, dpdk.ErrNoSpace, "MaxMemory"},
		{"x", []acl.Tuple{{Value: 0}}, acl.Config{}, dpdk.ErrInvalid, "rule 0 has the value 0"},
		{"x", []acl.Tuple{{Value: 1, Categories: 2}}, acl.Config{}, dpdk.ErrInvalid, "categories 0x2"},
		{"x", []acl.Tuple{{Value: 1, Priority: 3}, {Value: 2}}, acl.Config{}, dpdk.ErrInvalid, "rule 1 has the priority 0"},
		{"x", []acl.Tuple{{Value: 1, Priority: -1}}, acl.Config{}, dpdk.ErrInvalid, "priority -1"},
		{"x", []acl.Tuple{{Value: 1, Priority: acl.MaxPriority + 1}}, acl.Config{}, dpdk.ErrInvalid, fmt.Sprint(acl.MaxPriority + 1)},
		{"x", []acl.Tuple{{Value: 1, Priority: 3}, {Value: 2, Priority: 3}}, acl.Config{}, dpdk.ErrInvalid, "rules 0 and 1 have the priority 3"},
		{"x", []acl.Tuple{{Value: 1, DestinationPorts: acl.PortRange(2, 1)}}, acl.Config{}, dpdk.ErrInvalid, "ports 2-1 is empty"},
		{"x", []acl.Tuple{{Value: 1, Source: netip.MustParsePrefix("::/0")}}, acl.Config{}, dpdk.ErrInvalid, "family"},
		{"x", []acl.Tuple{{Value: 1, Source: netip.PrefixFrom(netip.MustParseAddr("10.0.0.1"), 33)}}, acl.Config{}, dpdk.ErrInvalid, "not valid"},
	} {
		_, err := acl.Create4(test.name, test.rules, test.cfg)
		require.ErrorIs(t, err, test.want, test)
		assert.ErrorContains(t, err, test.says)
	}
	_, err := acl.Create6("x", []acl.Tuple{{Value: 1, Destination: netip.MustParsePrefix("10.0.0.0/8")}}, acl.Config{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = acl.Lookup4("x")
	require.ErrorIs(t, err, dpdk.ErrNotFound, "nothing is left of the failures")
	all, err := acl.List()
	require.NoError(t, err)
	assert.Empty(t, all)

	a, err := acl.Create4("x", []acl.Tuple{{Value: 1, Categories: 1, Priority: 3}, {Value: 2, Categories: 0xe, Priority: 3}}, acl.Config{Categories: 4})
	freed(t, a, err) // one priority in different categories
	_, err = acl.Create4("x", any4, acl.Config{})
	require.ErrorIs(t, err, dpdk.ErrExist)
	_, err = acl.Lookup6("x")
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "IPv4")
	_, err = acl.Lookup[[16]byte]("x")
	require.ErrorIs(t, err, dpdk.ErrInvalid, "as large as Key4")
	_, err = acl.Lookup[*int]("x")
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestFieldsAreChecked(t *testing.T) {
	type key [12]byte
	first := acl.Field{acl.Bits, 0, 1}
	word := acl.Field{acl.Prefix, 4, 4}
	rule := func(m ...acl.Match) []acl.Rule { return []acl.Rule{{Value: 1, Fields: m}} }
	for _, test := range []struct {
		fields []acl.Field
		rules  []acl.Rule
		says   string
	}{
		{nil, rule(), "0 fields"},
		{make([]acl.Field, 65), rule(), "65 fields"},
		{[]acl.Field{word}, rule(acl.Match{}), "the first field has 4 bytes"},
		{[]acl.Field{first, {3, 4, 4}}, rule(), "unknown type 3"},
		{[]acl.Field{first, {acl.Range, 4, 8}}, rule(), "8 bytes: use 1, 2 or 4"},
		{[]acl.Field{first, {acl.Range, 9, 4}}, rule(), "the key has 12"},
		{[]acl.Field{first, {acl.Range, -1, 4}}, rule(), "offset -1"},
		{[]acl.Field{first, {acl.Range, math.MaxInt, 4}}, rule(), "the key has 12"},
		{[]acl.Field{first, {acl.Range, 4, 2}}, rule(), "have 2 bytes: add fields"},
		{[]acl.Field{first, {acl.Range, 4, 2}, {acl.Range, 8, 2}}, rule(), "field 2 is not the next one"},
		{[]acl.Field{first, {acl.Range, 4, 2}, {acl.Range, 6, 4}}, rule(), "field 2 is not the next one"},
		{[]acl.Field{{acl.Bits, 9, 1}, {acl.Range, 10, 1}, {acl.Range, 11, 1}}, rule(), "have 2 bytes"},
		{[]acl.Field{first, word}, rule(acl.Match{}), "rule 0 has 1 fields: the table has 2"},
		{[]acl.Field{first, word}, rule(acl.Match{Value: 256}, acl.Match{}), "rule 0, field 0: the value 256 is too large"},
		{[]acl.Field{first, word}, rule(acl.Match{MaskRange: 256}, acl.Match{}), "256 is too large"},
		{[]acl.Field{first, word}, rule(acl.Match{}, acl.Match{MaskRange: 33}), "33 bits"},
		{[]acl.Field{{acl.Range, 0, 1}}, rule(acl.Match{Value: 2, MaskRange: 1}), "from 2 to 1 is empty"},
	} {
		_, err := acl.Create[key]("x", test.fields, test.rules, acl.Config{})
		require.ErrorIs(t, err, dpdk.ErrInvalid, test)
		assert.ErrorContains(t, err, test.says)
	}
	_, err := acl.Create[*int]("x", []acl.Field{first}, rule(acl.Match{}), acl.Config{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = acl.Create[[8]byte]("x", []acl.Field{{acl.Bits, 6, 1}, {acl.Range, 4, 4}}, rule(acl.Match{}, acl.Match{}), acl.Config{})
	require.NoError(t, err, "the first field is the last one: C reads 1 byte")
	table, err := acl.Lookup[[8]byte]("x")
	freed(t, table, err)
	_, err = acl.Create[[10]byte]("y", []acl.Field{{acl.Bits, 5, 1}, {acl.Range, 6, 4}}, rule(acl.Match{}, acl.Match{}), acl.Config{})
	require.NoError(t, err)
	other, err := acl.Lookup[[10]byte]("y")
	freed(t, other, err)
}

// One struct rte_acl_rule of these fields has 1,040 bytes, and C computes the size of all in 32 bits.
func TestTooManyRulesAreAnError(t *testing.T) {
	fields := []acl.Field{{acl.Bits, 0, 1}}
	for range 63 {
		fields = append(fields, acl.Field{Type: acl.Prefix, Offset: 4, Size: 4})
	}
	_, err := acl.Create[[8]byte]("x", fields, make([]acl.Rule, 1<<22), acl.Config{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "4194304 rules: use at most")
}

func TestInfoDescribesTheTable(t *testing.T) {
	a, err := acl.Create4(name(), []acl.Tuple{{Value: 1}, {Value: 2}}, acl.Config{Categories: 4, Algorithm: acl.Scalar})
	freed(t, a, err)
	b, err := acl.Create[frame](name(), frameFields, []acl.Rule{{Value: 1, Fields: make([]acl.Match, len(frameFields))}}, acl.Config{})
	freed(t, b, err)
	info, err := a.Info()
	require.NoError(t, err)
	assert.Equal(t, acl.Info{Name: a.Name(), Kind: "IPv4", KeySize: 16, Rules: 2, Categories: 4, Algorithm: acl.Scalar}, info)
	require.NoError(t, a.SetAlgorithm(acl.Best))
	info, err = a.Info()
	require.NoError(t, err)
	other, err := b.Info()
	require.NoError(t, err)
	assert.Equal(t, other.Algorithm, info.Algorithm, "the best one is also that of a zero Config")
	assert.NotEqual(t, acl.Best, info.Algorithm)
	assert.Equal(t, acl.Info{Name: b.Name(), KeySize: 19, Rules: 1, Categories: 1, Algorithm: other.Algorithm}, other)
	all, err := acl.List()
	require.NoError(t, err)
	assert.Equal(t, []acl.Info{info, other}, all)
}

func TestFreeEndsAllHandles(t *testing.T) {
	a, err := acl.Create4(name(), []acl.Tuple{{Value: 7}}, acl.Config{})
	require.NoError(t, err)
	b, err := acl.Lookup4(a.Name())
	require.NoError(t, err)
	values := []uint32{9, 9, 9}
	assert.Equal(t, 2, b.Classify(values, make([]acl.Key4, 2)))
	assert.Equal(t, []uint32{7, 7, 9}, values)
	require.NoError(t, a.Free())
	require.ErrorIs(t, a.Free(), dpdk.ErrNotFound)
	require.ErrorIs(t, b.Free(), dpdk.ErrNotFound)
	require.ErrorIs(t, b.SetAlgorithm(acl.Scalar), dpdk.ErrNotFound)
	_, err = b.Info()
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Nil(t, a.Pointer())
	assert.Equal(t, 3, a.Classify(values, make([]acl.Key4, 5)))
	assert.Equal(t, []uint32{0, 0, 0}, values)

	c, err := acl.Create4(a.Name(), []acl.Tuple{{Value: 8}}, acl.Config{})
	freed(t, c, err)
	if b.Pointer() != c.Pointer() { // DPDK may use the memory again
		require.ErrorIs(t, b.Free(), dpdk.ErrNotFound, "a newer table")
	}
}

func TestZeroValuesAreErrors(t *testing.T) {
	var a acl.Table4
	assert.Zero(t, a.Classify(make([]uint32, 1), make([]acl.Key4, 1)))
	require.ErrorIs(t, a.Free(), dpdk.ErrNotFound)
	require.ErrorIs(t, a.SetAlgorithm(acl.Best), dpdk.ErrNotFound)
	_, err := a.Info()
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Nil(t, a.Pointer())
}

// A context that C has created is known by its name only. An unknown table of the name is not freed by a handle of another one.
func TestATableOfC(t *testing.T) {
	at, errno := cacl.Create("of C", 0, 1, 1)
	require.Zero(t, errno)
	_, errno = cacl.Create("of C", 0, 1, 1)
	assert.EqualValues(t, dpdk.ErrExist, errno, "rte_acl_create alone returns the old one")
	raw := make([]byte, cacl.RuleSize+cacl.FieldSize)
	raw[cacl.Categories], raw[cacl.Priority], raw[cacl.Userdata] = 1, 1, 5
	require.Zero(t, cacl.Add(at, raw, 1))
	require.Zero(t, cacl.Build(at, []cacl.Field{{Type: cacl.Bitmask, Size: 1}}, 1, 0))
	_, err := acl.Create4("of C", []acl.Tuple{{Value: 1}}, acl.Config{})
	require.ErrorIs(t, err, dpdk.ErrExist)
	table, err := acl.Lookup[[1]byte]("of C")
	require.NoError(t, err)
	values := make([]uint32, 3)
	assert.Equal(t, 3, table.Classify(values, make([][1]byte, 3)))
	assert.Equal(t, []uint32{5, 5, 5}, values)
	all, err := acl.List()
	require.NoError(t, err)
	assert.Equal(t, []acl.Info{{Name: "of C"}}, all)
	require.NoError(t, table.Free())
}

func TestTablesAreCreatedAndFreedBesideEachOther(t *testing.T) {
	var wg sync.WaitGroup
	var made atomic.Int64
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 50 {
				a, err := acl.Create4(fmt.Sprint("race ", i%3), []acl.Tuple{{Value: 1}}, acl.Config{})
				if err != nil {
					assert.ErrorIs(t, err, dpdk.ErrExist)
					continue
				}
				made.Add(1)
				assert.Equal(t, 1, a.Classify(make([]uint32, 1), make([]acl.Key4, 1)))
				assert.NoError(t, a.Free())
			}
		}()
	}
	wg.Wait()
	assert.NotZero(t, made.Load())
	all, err := acl.List()
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestClassifyAndGatherDoNotAllocate(t *testing.T) {
	a, err := acl.Create4(name(), []acl.Tuple{{Value: 7}}, acl.Config{})
	freed(t, a, err)
	values, keys, index := make([]uint32, 70), make([]acl.Key4, 70), make([]uint16, 70)
	pkts := packets(t, 70)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if acl.Gather4(keys, index, pkts) != 70 || a.Classify(values, keys) != 70 {
			panic("keys are missing")
		}
	}))
}

// DPDK's small form has at most 8 tries, and these rules overlap too much for it.
func TestRulesThatOverlapTooMuchForTheSmallForm(t *testing.T) {
	r := rand.New(rand.NewPCG(11528347220847215886, 1))
	rules := make([]acl.Tuple, 600)
	for i := range rules {
		rules[i] = randomTuple(r, true).Tuple
		rules[i].Value = 1
	}
	table, err := acl.Create6(name(), rules, acl.Config{Categories: acl.MaxCategories})
	freed(t, table, err)
}

// A fast call has 64 KiB of stack without a guard page.
func TestClassifyUsesLittleStack(t *testing.T) {
	r := harness.Random(t)
	rules := make([]acl.Tuple, 600)
	for i := range rules {
		rules[i] = randomTuple(r, true).Tuple
		rules[i].Value = 1
	}
	table, err := acl.Create6(name(), rules, acl.Config{Categories: acl.MaxCategories})
	freed(t, table, err)
	keys, values := make([]acl.Key6, 32), make([]uint32, 32*acl.MaxCategories)
	b := &cacl.Bulk{Context: table.Pointer(), Keys: unsafe.Pointer(&keys[0]), Results: unsafe.Pointer(&values[0]), N: 32, Stride: 40,
		Categories: acl.MaxCategories}
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(b)
	pins.Pin(&keys[0])
	pins.Pin(&values[0])
	for _, a := range supported(t, table) {
		require.NoError(t, table.SetAlgorithm(a))
		_, used := twin.CallStack(cacl.ClassifyAddress, unsafe.Pointer(b))
		t.Logf("%v: %d bytes", a, used)
		assert.Less(t, used, 16<<10, "%v", a)
		assert.Greater(t, used, 256, "the pointers to the keys are on the stack")
	}
}
