package index

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"utkik/internal/call"
)

// Weights of the fields, and of the ways in which a word is found.
const (
	weightTitle = 3
	weightMore  = 1
	weightText  = 1
	weightCode  = 4
	weightFold  = 0.6 // typed without its dots
	weightParts = 0.4 // a compound found by its parts, standing apart
	weightStar  = 0.5

	// BM25, with the lengths that count as usual fixed: a score then depends on nothing but the words.
	k1     = 1.2
	b25    = 0.75
	usual  = 250 // words of a text
	usual2 = 12  // words of any other field
)

// set is a set of documents of a segment, a bit each.
type set []uint64

func newSet(n int) set            { return make(set, (n+63)/64) }
func (s set) add(doc uint32)      { s[doc>>6] |= 1 << (doc & 63) }
func (s set) remove(doc uint32)   { s[doc>>6] &^= 1 << (doc & 63) }
func (s set) has(doc uint32) bool { return s[doc>>6]&(1<<(doc&63)) != 0 }
func (s set) clone() set          { return slices.Clone(s) }
func (s set) union(o set) {
	for i := range s {
		s[i] |= o[i]
	}
}
func (s set) intersect(o set) {
	for i := range s {
		s[i] &= o[i]
	}
}
func (s set) subtract(o set) {
	for i := range s {
		s[i] &^= o[i]
	}
}
func (s set) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// common makes s of what is in both a and b, and counts it.
func (s set) common(a, b set) (n int) {
	for i := range s {
		s[i] = a[i] & b[i]
		n += bits.OnesCount64(s[i])
	}
	return n
}

// each calls yield in rising order until it returns false.
func (s set) each(yield func(doc uint32) bool) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			if !yield(uint32(i<<6 + bits.TrailingZeros64(w))) {
				return
			}
		}
	}
}

// addAll puts a bitmap's documents in.
func (s set) addAll(bm *roaring.Bitmap) {
	var buf [256]uint32
	it := bm.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, doc := range buf[:n] {
			s.add(doc)
		}
	}
}

// part is one segment of the snapshot that a search works on.
type part struct {
	snap  *scorch.SegmentSnapshot
	seg   segment.Segment
	cols  *columns
	n     int
	live  set
	dicts map[string]segment.TermDictionary
	lists []segment.PostingsList // by term of the run; nil where the segment has not the term
	it    segment.PostingsIterator
}

func (p *part) dict(field string) (segment.TermDictionary, error) {
	d, ok := p.dicts[field]
	if !ok {
		var err error
		if d, err = p.seg.Dictionary(field); err != nil {
			return nil, err
		}
		p.dicts[field] = d
	}
	return d, nil
}

// collect adds the documents of a term to s.
func (p *part) collect(ref int, s set) error {
	list := p.lists[ref]
	if list == nil {
		return nil
	}
	p.it = list.Iterator(false, false, false, p.it)
	if o, ok := p.it.(segment.OptimizablePostingsIterator); ok {
		if doc, one := o.DocNum1Hit(); one {
			s.add(uint32(doc))
			return nil
		}
		if bm := o.ActualBitmap(); bm != nil {
			s.addAll(bm)
			return nil
		}
	}
	for {
		posting, err := p.it.Next()
		if err != nil || posting == nil {
			return err
		}
		s.add(uint32(posting.Number()))
	}
}

// visit calls fn for the documents of a term that are in within, of which there are about size.
func (p *part) visit(ref int, within set, size int, fn func(doc uint32, packed, length uint64)) error {
	list := p.lists[ref]
	if list == nil {
		return nil
	}
	p.it = list.Iterator(true, true, false, p.it)
	if uint64(size)*8 < list.Count() {
		// Few documents, a long list: jump to each instead of walking the list.
		var err error
		var posting segment.Posting
		within.each(func(doc uint32) bool {
			if posting == nil || uint32(posting.Number()) < doc {
				if posting, err = p.it.Advance(uint64(doc)); err != nil || posting == nil {
					return false
				}
			}
			if uint32(posting.Number()) == doc {
				fn(doc, posting.Frequency(), lengthOf(posting))
			}
			return true
		})
		return err
	}
	for {
		posting, err := p.it.Next()
		if err != nil || posting == nil {
			return err
		}
		if doc := uint32(posting.Number()); within.has(doc) {
			fn(doc, posting.Frequency(), lengthOf(posting))
		}
	}
}

// lengthOf gives the code of encodeLength.
func lengthOf(p segment.Posting) uint64 {
	if n, ok := p.(interface{ NormUint64() uint64 }); ok {
		return n.NormUint64()
	}
	norm := p.Norm() // 1/sqrt of it, as Bleve gives it
	return uint64(math.Round(1 / (norm * norm)))
}

// termRef is a term of a field that a query asks for.
type termRef struct {
	field, term string
	count       uint64 // documents, over all segments
}

// run is one search on one snapshot.
type run struct {
	ctx       context.Context
	analysers *analysers
	parts     []*part
	total     int     // live documents
	now       int64   // a minute counted from 1970
	horizon   horizon // of that time
	statuses  statuses
	names     []*names
	tallies   map[tally]bool // what groups were counted for; nil as long as none was

	terms []termRef
	at    map[termRef]int
	marks marks
	words []scorer // what the score is made of

	plain bool // see Query.plain

	texts   textsFunc // may be nil
	settled int       // documents whose texts were read to settle a phrase

	glossary *glossary
	only     narrow // what is compiled now is bound so
	mend     bool   // words that find next to nothing are corrected
	spell    *speller
	scope    string   // whose priorities and departments are seen
	stars    int      // terms that stars stand for so far
	tried    int      // words that were to be corrected
	meant    []Meant  // what was corrected
	added    []Sought // what was looked for beside the corrections
}

type textsFunc = func(context.Context, []call.Key) (map[call.Key]string, error)

// maxSettled bounds how many texts one search reads for its phrases; what is left undecided then, texts
// with a phrase's words many times each, counts as found.
const maxSettled = 500

// maxStars bounds how many terms the stars of a query may stand for, over its fields: each takes a look into the index
// for every segment.
const maxStars = 20_000

// newRun begins a search as of now; for the zero time no deadline has passed.
func newRun(ctx context.Context, s *shard, snap *scorch.IndexSnapshot, a *analysers, now time.Time, texts textsFunc) (*run, error) {
	cols, err := s.cols.of(snap)
	if err != nil {
		return nil, err
	}
	r := &run{
		ctx: ctx, analysers: a, now: math.MinInt64, horizon: horizonAt(now), texts: texts, statuses: s.cols.statuses(), names: s.cols.names,
		at: map[termRef]int{}, marks: marks{sv: map[string]int{}, en: map[string]int{}, words: map[string]int{}},
	}
	if !now.IsZero() {
		r.now = floorMinute(now)
	}
	for i, ss := range snap.Segments() {
		p := &part{snap: ss, seg: ss.Segment(), cols: cols[i], n: cols[i].count, dicts: map[string]segment.TermDictionary{}}
		p.live = newSet(p.n)
		for d := range p.live {
			p.live[d] = math.MaxUint64
		}
		if rest := p.n % 64; rest > 0 {
			p.live[len(p.live)-1] = 1<<rest - 1
		}
		if deleted := ss.Deleted(); deleted != nil {
			gone := newSet(p.n)
			gone.addAll(deleted)
			p.live.subtract(gone)
		}
		r.total += p.live.count()
		r.parts = append(r.parts, p)
	}
	return r, nil
}

// ref looks a term up and gives its number, or -1 if no document has it.
func (r *run) ref(field, term string) (int, error) {
	t := termRef{field: field, term: term}
	if i, ok := r.at[t]; ok {
		return i, nil
	}
	lists := make([]segment.PostingsList, len(r.parts))
	found := t
	for i, p := range r.parts {
		d, err := p.dict(field)
		if err != nil {
			return -1, err
		}
		list, err := d.PostingsList([]byte(term), p.snap.Deleted(), nil)
		if err != nil {
			return -1, err
		}
		if n := list.Count(); n > 0 {
			lists[i] = list
			found.count += n
		}
	}
	if found.count == 0 {
		r.at[t] = -1
		return -1, nil
	}
	i := len(r.terms)
	r.at[t] = i
	r.terms = append(r.terms, found)
	for k, p := range r.parts {
		p.lists = append(p.lists, lists[k])
	}
	return i, nil
}

// after is the end of what begins with a prefix.
func after(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			return append(end[:i:i], end[i]+1)
		}
	}
	return nil
}

// startingWith gives the terms of a field that begin so.
func (r *run) startingWith(field, prefix string) ([]int, error) {
	end := after(prefix)
	seen := map[string]bool{}
	var out []int
	for _, p := range r.parts {
		d, err := p.dict(field)
		if err != nil {
			return nil, err
		}
		it := d.AutomatonIterator(nil, []byte(prefix), end)
		for {
			entry, err := it.Next()
			if err != nil {
				return nil, err
			}
			if entry == nil {
				break
			}
			term := strings.Clone(entry.Term)
			if seen[term] {
				continue
			}
			seen[term] = true
			if r.stars++; r.stars > maxStars {
				return nil, &QueryError{Code: ErrWideStar, Pos: 1, Args: []string{strings.TrimPrefix(prefix, foldMark) + "*"}}
			}
			if err := r.ctx.Err(); err != nil {
				return nil, err
			}
			i, err := r.ref(field, term)
			if err != nil {
				return nil, err
			}
			if i >= 0 {
				out = append(out, i)
			}
		}
	}
	slices.SortFunc(out, func(a, b int) int { return strings.Compare(r.terms[a].term, r.terms[b].term) })
	return out, nil
}

// matcher finds documents. within narrows them: it is never written to, and what comes out lies in it.
type matcher interface {
	match(r *run, part int, within set) (set, error)
	cost(r *run) uint64
}

type weighted struct {
	ref    int
	weight float64
}

// scorer is a word or phrase that adds to the score of the documents that have it.
type scorer struct {
	terms []weighted
	idf   float64
	sets  *[]set // by part: the documents that match it; set while matching
}

// wordMatcher finds documents that have one of several terms, or all parts of a compound.
type wordMatcher struct {
	any    []int
	groups [][][]int // each group: of all its sets any term
	sets   []set
	sum    uint64
}

func (m *wordMatcher) cost(*run) uint64 { return m.sum }

func (m *wordMatcher) match(r *run, part int, within set) (set, error) {
	p := r.parts[part]
	out := newSet(p.n)
	for _, ref := range m.any {
		if err := r.members(p, ref, out); err != nil {
			return nil, err
		}
	}
	for _, group := range m.groups {
		all := within.clone()
		for _, refs := range group {
			one := newSet(p.n)
			for _, ref := range refs {
				if err := r.members(p, ref, one); err != nil {
					return nil, err
				}
			}
			all.intersect(one)
		}
		out.union(all)
	}
	out.intersect(within)
	m.sets[part] = out
	return out, nil
}

// phraseMatcher finds documents that have terms in order in one of several fields.
type phraseMatcher struct {
	fields []*phraseField
	sets   []set
	sum    uint64
}

type phraseField struct {
	field string
	lang  string // of the field's analyser, empty for codes
	items []phraseItem
	loose bool // what positions leave open counts as found: no texts are read for words that nobody typed
}

// phraseItem is a word of a phrase: any of some terms, at a place counted from the phrase's first word.
type phraseItem struct {
	at    int
	refs  []int
	terms map[string]bool // the same, for texts
	star  string          // any word that begins so
}

func (m *phraseMatcher) cost(*run) uint64 { return m.sum + 1<<32 } // positions cost more than any word

func (m *phraseMatcher) match(r *run, part int, within set) (set, error) {
	out := newSet(r.parts[part].n)
	for _, f := range m.fields {
		if err := f.match(r, part, within, out); err != nil {
			return nil, err
		}
	}
	m.sets[part] = out
	return out, nil
}

func (f *phraseField) match(r *run, at int, within, out set) error {
	p := r.parts[at]
	candidates := within.clone()
	for _, item := range f.items {
		one := newSet(p.n)
		for _, ref := range item.refs {
			if err := r.members(p, ref, one); err != nil {
				return err
			}
		}
		candidates.intersect(one)
	}
	candidates.subtract(out) // found in another field
	size := candidates.count()
	if size == 0 {
		return nil
	}
	// rank[doc] would take a place for every document of the segment; candidates come in order instead.
	docs := make([]uint32, 0, size)
	candidates.each(func(doc uint32) bool { docs = append(docs, doc); return true })
	places := make([][][]int, len(f.items))
	for i := range places {
		places[i] = make([][]int, size)
	}
	whole := make([]bool, size)
	for level := 0; level <= maxLevel && size > 0; level++ {
		for k := range whole {
			whole[k] = true
		}
		for i, item := range f.items {
			for _, ref := range item.refs {
				if level > 0 {
					var err error
					if ref, err = r.ref(levelOf(f.field, level), r.terms[ref].term); err != nil {
						return err
					}
					if ref < 0 {
						continue
					}
				}
				k := 0
				err := p.visit(ref, candidates, size, func(doc uint32, packed, _ uint64) {
					for docs[k] < doc {
						k++
					}
					var all bool
					places[i][k], all = positionsOf(packed, places[i][k])
					whole[k] = whole[k] && all
				})
				if err != nil {
					return err
				}
			}
		}
		for k, doc := range docs {
			if !candidates.has(doc) {
				continue
			}
			if found := f.follows(places, k); found || whole[k] {
				candidates.remove(doc)
				size--
				if found {
					out.add(doc)
				}
			}
		}
	}
	var undecided []uint32
	candidates.each(func(doc uint32) bool {
		out.add(doc)
		if !f.loose && strings.HasPrefix(f.field, fieldText) { // no other field has so many words
			undecided = append(undecided, doc)
		}
		return true
	})
	return r.settle(p, f, undecided, out)
}

// follows tells whether the items stand in order in candidate k.
func (f *phraseField) follows(places [][][]int, k int) bool {
	for _, start := range places[0][k] {
		ok := true
		for i := 1; i < len(f.items) && ok; i++ {
			ok = slices.Contains(places[i][k], start+f.items[i].at)
		}
		if ok {
			return true
		}
	}
	return false
}

// in tells whether the phrase stands in a text.
func (f *phraseField) in(a *analysers, text string) bool {
	an := a.en
	if f.lang == "sv" {
		an = a.sv
	}
	terms := map[string]int{}
	var stars marks
	for _, item := range f.items {
		for t := range item.terms {
			terms[t] = 0
		}
		if item.star != "" {
			stars.stars = append(stars.stars, starMark{prefix: item.star})
		}
	}
	find := newFinder(an, terms, &stars)
	places := make([][][]int, len(f.items))
	for i := range places {
		places[i] = make([][]int, 1)
	}
	wordsBut(text, find.skip, func(start, end, pos int, lower []byte) bool {
		if !find.may(lower) {
			return true
		}
		terms := an.terms(lower, end-start)
		for i, item := range f.items {
			for _, t := range terms {
				if item.terms[t.text] || item.star != "" && strings.HasPrefix(t.text, item.star) {
					places[i][0] = append(places[i][0], pos)
					break
				}
			}
		}
		return true
	})
	return f.follows(places, 0)
}

type andMatcher []matcher

func (m andMatcher) cost(r *run) uint64 {
	least := uint64(math.MaxUint64)
	for _, c := range m {
		least = min(least, c.cost(r))
	}
	return least
}

func (m andMatcher) match(r *run, part int, within set) (set, error) {
	for _, c := range m { // cheapest first: see compile
		var err error
		if within, err = c.match(r, part, within); err != nil {
			return nil, err
		}
	}
	return within, nil
}

type orMatcher []matcher

func (m orMatcher) cost(r *run) (sum uint64) {
	for _, c := range m {
		sum += c.cost(r)
	}
	return sum
}

func (m orMatcher) match(r *run, part int, within set) (set, error) {
	out := newSet(r.parts[part].n)
	for _, c := range m {
		one, err := c.match(r, part, within)
		if err != nil {
			return nil, err
		}
		out.union(one)
	}
	return out, nil
}

type notMatcher struct{ matcher }

func (m notMatcher) cost(*run) uint64 { return 1 << 40 } // last, when little is left

func (m notMatcher) match(r *run, part int, within set) (set, error) {
	one, err := m.matcher.match(r, part, within)
	if err != nil {
		return nil, err
	}
	out := within.clone()
	out.subtract(one)
	return out, nil
}

// columnMatcher asks the columns about each document.
type columnMatcher func(c *columns, doc uint32) bool

func (m columnMatcher) cost(r *run) uint64 { return uint64(r.total) / 8 }

func (m columnMatcher) match(r *run, part int, within set) (set, error) {
	return m.of(r.parts[part], within), nil
}

func (m columnMatcher) of(p *part, within set) set {
	out := newSet(p.n)
	within.each(func(doc uint32) bool {
		if m(p.cols, doc) {
			out.add(doc)
		}
		return true
	})
	return out
}

// compile turns a query into a matcher; nil where nothing is asked, because all its words are stop words.
// A stop word of either language is left out: it is missing from the texts of one of them, and a query
// that asked for it would find the other's alone. With stops it is kept where it is none.
func (r *run) compile(n Node, stops, positive bool) (matcher, error) {
	switch n := n.(type) {
	case nil:
		return nil, nil
	case andNode:
		return r.several(n, stops, positive, func(all []matcher) matcher {
			slices.SortStableFunc(all, func(a, b matcher) int { return cmp.Compare(a.cost(r), b.cost(r)) })
			return andMatcher(all)
		})
	case orNode:
		return r.several(n, stops, positive, func(all []matcher) matcher { return orMatcher(all) })
	case notNode:
		m, err := r.compile(n.Node, stops, !positive)
		if m == nil || err != nil {
			return nil, err
		}
		return notMatcher{m}, nil
	case soughtNode:
		return r.sought(n, stops, positive)
	case wordNode:
		m, err := r.text(n.Text, n.Prefix, false, stops, positive, anyField)
		if m == nil || err != nil || !positive || n.Prefix || !r.mend {
			return m, err
		}
		return r.mended(n.Text, m)
	case phraseNode:
		return r.text(n.Text, false, true, stops, positive, anyField)
	case fieldNode:
		switch n.Field {
		case "title":
			return r.text(n.Value, n.Star, n.Quote, stops, positive, titleField)
		case fieldIdentifier, fieldCall, fieldAction:
			return r.code(n.Value, n.Star, positive, n.Field)
		}
		return r.value(n), nil
	case rangeNode:
		return r.days(n), nil
	}
	return nil, fmt.Errorf("query: unknown node %T", n) // unreachable: Parse makes no others
}

func (r *run) several(nodes []Node, stops, positive bool, join func([]matcher) matcher) (matcher, error) {
	var all []matcher
	for _, c := range nodes {
		m, err := r.compile(c, stops, positive)
		if err != nil {
			return nil, err
		}
		if m != nil {
			all = append(all, m)
		}
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return join(all), nil
}

// scope is where a word is looked for.
type scope int

const (
	anyField scope = iota
	titleField
)

type fieldWeight struct {
	name   string
	weight float64
}

func (s scope) fields() []fieldWeight {
	if s == titleField {
		return []fieldWeight{{fieldTitle, weightTitle}}
	}
	return []fieldWeight{{fieldTitle, weightTitle}, {fieldMore, weightMore}, {fieldText, weightText}}
}

func (s scope) codes() []fieldWeight {
	if s == titleField {
		return nil
	}
	return []fieldWeight{{fieldIdentifier, weightCode}, {fieldCall, weightCode / 2}}
}

// codes are the fields of codes that a word is looked for in: a word of the other language is none.
func (r *run) codes(where scope) []fieldWeight {
	if r.only.lang != "" {
		return nil
	}
	return where.codes()
}

// typed is a word of a query as one language reads it.
type typed struct {
	lower string
	pos   int
	terms []term // none: a stop word
}

func readTyped(a *analyser, text string) []typed {
	var out []typed
	words(compose(text), func(start, end, pos int, lower []byte) bool {
		out = append(out, typed{string(lower), pos, a.terms(lower, end-start)})
		return true
	})
	return out
}

// forms are the terms under which a document may have the word: its stem and, if it was typed without
// diacritics, the stem of the words that are like it but for theirs.
func (t typed) forms() []string {
	stem := t.terms[0].text
	if fold(t.lower) != t.lower {
		return []string{stem}
	}
	return []string{stem, foldMark + fold(stem)}
}

// parts are the stems of the compound's parts.
func (t typed) parts() []string {
	var out []string
	for _, p := range t.terms[1:] {
		if !strings.HasPrefix(p.text, foldMark) {
			out = append(out, p.text)
		}
	}
	return out
}

// text makes a matcher of a word or phrase in the languages' fields and among the codes.
func (r *run) text(text string, star, phrase, stops, positive bool, where scope) (matcher, error) {
	byLang := map[string][]typed{"sv": readTyped(r.analysers.sv, text), "en": readTyped(r.analysers.en, text)}
	n := len(byLang["sv"])
	if n == 0 {
		return nil, nil
	}
	if n > 1 {
		phrase = true
	}
	if !phrase && !star {
		stop := 0
		for _, ws := range byLang {
			if len(ws[0].terms) == 0 {
				stop++
			}
		}
		if stop == 2 || stop == 1 && !stops {
			return nil, nil
		}
	}
	if phrase {
		return r.phrase(byLang, star, stops, positive, where)
	}
	return r.word(byLang, star, positive, where)
}

func (r *run) word(byLang map[string][]typed, star, positive bool, where scope) (matcher, error) {
	m := &wordMatcher{sets: make([]set, len(r.parts))}
	s := scorer{sets: &m.sets}
	var most uint64
	add := func(refs []int, weight float64) {
		for _, ref := range refs {
			m.any = append(m.any, ref)
			m.sum += r.terms[ref].count
			most = max(most, r.terms[ref].count)
			s.terms = append(s.terms, weighted{ref, weight * r.only.factor()})
		}
	}
	one := func(field, term string) ([]int, error) {
		ref, err := r.ref(field, term)
		if ref < 0 || err != nil {
			return nil, err
		}
		return []int{ref}, nil
	}
	for _, lang := range r.only.langs() {
		w := byLang[lang][0]
		if len(w.terms) == 0 && !star {
			continue
		}
		for _, f := range where.fields() {
			if star {
				refs, err := r.star(f.name+lang, w)
				if err != nil {
					return nil, err
				}
				add(refs, f.weight*weightStar)
				continue
			}
			for i, form := range w.forms() {
				refs, err := one(f.name+lang, form)
				if err != nil {
					return nil, err
				}
				weight := f.weight
				if i > 0 {
					weight *= weightFold
				}
				add(refs, weight)
			}
		}
		if positive {
			r.marks.word(lang, w, star, r.only)
		}
		parts := w.partsOrNone(star)
		if len(parts) == 0 {
			continue
		}
		// The parts of a compound, apart, may stand in different fields.
		var group [][]int
		for _, p := range parts {
			var refs []int
			for _, f := range where.fields() {
				ref, err := one(f.name+lang, p)
				if err != nil {
					return nil, err
				}
				for _, i := range ref {
					refs = append(refs, i)
					s.terms = append(s.terms, weighted{i, f.weight * weightParts / float64(len(parts)) * r.only.factor()})
				}
			}
			group = append(group, refs)
		}
		m.groups = append(m.groups, group)
		for _, refs := range group {
			for _, ref := range refs {
				m.sum += r.terms[ref].count
			}
		}
	}
	for _, f := range r.codes(where) {
		w := byLang["en"][0]
		var refs []int
		var err error
		if star {
			refs, err = r.startingWith(f.name, w.lower)
		} else {
			refs, err = one(f.name, w.lower)
		}
		if err != nil {
			return nil, err
		}
		add(refs, f.weight)
	}
	if star {
		most = min(m.sum, uint64(r.total))
	}
	s.idf = r.idf(most)
	if positive {
		r.words = append(r.words, s)
	}
	return m, nil
}

func (t typed) partsOrNone(star bool) []string {
	if star || len(t.terms) == 0 {
		return nil
	}
	return t.parts()
}

// star gives the terms of a language's field that a word with a trailing * asks for. Terms are stems: of
// a word longer than its stem the stem itself is asked for as well.
func (r *run) star(field string, w typed) ([]int, error) {
	refs, err := r.startingWith(field, w.lower)
	if err != nil {
		return nil, err
	}
	more := []string{}
	if fold(w.lower) == w.lower {
		folded, err := r.startingWith(field, foldMark+w.lower)
		if err != nil {
			return nil, err
		}
		refs = append(refs, folded...)
	}
	if len(w.terms) > 0 && !strings.HasPrefix(w.terms[0].text, w.lower) {
		more = w.forms()
	}
	for _, term := range more {
		ref, err := r.ref(field, term)
		if err != nil {
			return nil, err
		}
		if ref >= 0 {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

func (r *run) phrase(byLang map[string][]typed, star, stops, positive bool, where scope) (matcher, error) {
	m := &phraseMatcher{sets: make([]set, len(r.parts))}
	s := scorer{sets: &m.sets}
	least := uint64(math.MaxUint64)
	asked := false // for anything but stop words
	add := func(f *phraseField, weight float64) {
		asked = true
		var scored []weighted
		sum := uint64(0)
		for _, item := range f.items {
			count := uint64(0)
			for _, ref := range item.refs {
				count += r.terms[ref].count
				scored = append(scored, weighted{ref, weight * r.only.factor()})
			}
			if count == 0 {
				return // a word of the phrase is nowhere in this field
			}
			if sum == 0 || count < sum {
				sum = count
			}
		}
		m.fields = append(m.fields, f)
		m.sum += sum
		least = min(least, sum)
		s.terms = append(s.terms, scored...)
	}
	for _, lang := range r.only.langs() {
		ws := byLang[lang]
		for _, f := range where.fields() {
			pf := &phraseField{field: f.name + lang, lang: lang, loose: r.only.on}
			first := -1
			for i, w := range ws {
				last := star && i == len(ws)-1
				if len(w.terms) == 0 && !last {
					continue
				}
				if first < 0 {
					first = w.pos
				}
				item := phraseItem{at: w.pos - first, terms: map[string]bool{}}
				var refs []int
				var err error
				if last {
					item.star = w.lower
					refs, err = r.star(pf.field, w)
				} else {
					for _, form := range w.forms() {
						item.terms[form] = true
						var ref int
						if ref, err = r.ref(pf.field, form); err != nil {
							break
						}
						if ref >= 0 {
							refs = append(refs, ref)
						}
					}
				}
				if err != nil {
					return nil, err
				}
				item.refs = refs
				pf.items = append(pf.items, item)
				if positive {
					r.marks.word(lang, w, last, r.only)
				}
			}
			if len(pf.items) > 0 {
				add(pf, f.weight/float64(len(pf.items)))
			}
		}
	}
	for _, f := range r.codes(where) {
		pf, err := r.codePhrase(f.name, byLang["en"], star)
		if err != nil {
			return nil, err
		}
		if pf != nil {
			add(pf, f.weight/float64(len(pf.items)))
		}
	}
	if !asked {
		return nil, nil
	}
	s.idf = r.idf(least)
	if positive {
		r.words = append(r.words, s)
	}
	return m, nil
}

func (r *run) codePhrase(field string, ws []typed, star bool) (*phraseField, error) {
	pf := &phraseField{field: field}
	for i, w := range ws {
		item := phraseItem{at: w.pos - ws[0].pos}
		if star && i == len(ws)-1 {
			refs, err := r.startingWith(field, w.lower)
			if err != nil {
				return nil, err
			}
			item.refs = refs
		} else {
			ref, err := r.ref(field, w.lower)
			if err != nil {
				return nil, err
			}
			if ref >= 0 {
				item.refs = []int{ref}
			}
		}
		pf.items = append(pf.items, item)
	}
	return pf, nil
}

// code makes a matcher of a value in one of the fields of codes.
func (r *run) code(text string, star, positive bool, field string) (matcher, error) {
	m := &phraseMatcher{sets: make([]set, len(r.parts))}
	ws := readTyped(r.analysers.en, text)
	if len(ws) == 0 {
		return m, nil
	}
	pf, err := r.codePhrase(field, ws, star)
	if err != nil {
		return nil, err
	}
	m.fields = []*phraseField{pf}
	return m, nil
}

// value makes a matcher of a facet's value.
func (r *run) value(n fieldNode) matcher {
	col := slices.Index(facets, n.Field)
	if col == columnStatus {
		return facetMatcher{col, r.wanted(col, func(name string) bool { return name == n.Value && name != "" })}
	}
	return facetMatcher{col, r.wanted(col, func(name string) bool {
		name, value := fold(strings.ToLower(name)), fold(strings.ToLower(compose(n.Value)))
		return name == value || n.Star && strings.HasPrefix(name, value)
	})}
}

// facetMatcher finds documents that have one of a facet's values.
type facetMatcher struct {
	col  int
	want []bool
}

func (m facetMatcher) cost(r *run) uint64 { return uint64(r.total) / 8 }

func (m facetMatcher) match(r *run, part int, within set) (set, error) {
	return r.with(r.parts[part], m.col, m.want, within), nil
}

func (r *run) days(n rangeNode) matcher {
	from, to := dayNumber(n.From, noDay+1), dayNumber(n.To, math.MaxInt32)
	if n.Field == fieldOpens {
		return columnMatcher(func(c *columns, doc uint32) bool { return from <= c.opens[doc] && c.opens[doc] <= to })
	}
	return columnMatcher(func(c *columns, doc uint32) bool { return c.deadlineWithin(doc, from, to) })
}

func (c *columns) deadlineWithin(doc uint32, from, to int32) bool {
	for _, d := range c.deadlinesOf(doc) {
		if from <= d.day && d.day <= to {
			return true
		}
	}
	return false
}

// dayNumber counts the day that t shows in its own zone from 1970.
func dayNumber(t time.Time, none int32) int32 {
	if t.IsZero() {
		return none
	}
	y, m, d := t.Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func (r *run) idf(count uint64) float64 {
	n, df := float64(r.total), float64(min(count, uint64(r.total)))
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

// settle reads the texts of documents whose positions leave a phrase open, and takes those out that have
// it not after all. They are the longest texts of all, so what was found is kept.
func (r *run) settle(p *part, f *phraseField, docs []uint32, found set) error {
	if r.texts == nil || len(docs) == 0 {
		return nil
	}
	phrase := f.String()
	open := docs[:0]
	for _, doc := range docs {
		has, known := p.cols.settled.get(settledName{phrase, doc})
		switch {
		case !known || r.plain:
			open = append(open, doc)
		case !has:
			found.remove(doc)
		}
	}
	docs = open[:min(len(open), maxSettled-r.settled)]
	r.settled += len(docs)
	const atOnce = 100
	for batch := range slices.Chunk(docs, atOnce) {
		keys := make([]call.Key, len(batch))
		for i, doc := range batch {
			id, err := p.seg.DocID(uint64(doc))
			if err != nil {
				return err
			}
			if keys[i], err = call.ParseKey(string(id)); err != nil {
				return err
			}
		}
		texts, err := r.texts(r.ctx, keys)
		if err != nil {
			return &textsError{err}
		}
		for i, doc := range batch {
			text, ok := texts[keys[i]]
			if !ok {
				continue
			}
			has := f.in(r.analysers, compose(text))
			if !has {
				found.remove(doc)
			}
			p.cols.settled.put(settledName{phrase, doc}, has, len(phrase)+100, keepLeast)
		}
	}
	return nil
}

// settledName is a document and a phrase that its positions leave open.
type settledName struct {
	phrase string
	doc    uint32
}

// String tells a phrase in a field from every other: the terms of each of its words, at their places.
func (f *phraseField) String() string {
	var b strings.Builder
	b.WriteString(f.field)
	for _, item := range f.items {
		fmt.Fprintf(&b, " %d %q", item.at, item.star)
		for _, t := range slices.Sorted(maps.Keys(item.terms)) {
			fmt.Fprintf(&b, " %q", t)
		}
	}
	return b.String()
}

// textsError is an error of Options.Texts, which says nothing about the index.
type textsError struct{ err error }

func (e *textsError) Error() string { return "reading texts: " + e.err.Error() }
func (e *textsError) Unwrap() error { return e.err }

// marks are the terms of a query, for the highlighter, each with the number of the word that it is of.
type marks struct {
	sv, en map[string]int
	stars  []starMark
	words  map[string]int // by the word as typed
}

type starMark struct {
	prefix string
	word   int
}

func (m *marks) word(lang string, w typed, star bool, as narrow) {
	number, ok := m.words[w.lower]
	if as.on && as.as >= 0 {
		number, ok = as.as, true
	}
	if !ok {
		number = len(m.words)
		m.words[w.lower] = number
	}
	if star && !slices.Contains(m.stars, starMark{w.lower, number}) {
		m.stars = append(m.stars, starMark{w.lower, number})
	}
	if len(w.terms) == 0 {
		return
	}
	of := m.en
	if lang == "sv" {
		of = m.sv
	}
	for _, f := range append(w.forms(), w.parts()...) {
		if _, taken := of[f]; !taken {
			of[f] = number
		}
	}
}
