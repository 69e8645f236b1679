package index

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"utkik/internal/call"
)

// Kinds of suggestions.
const (
	SuggestWord       = "word"       // of the calls' titles, or of the glossary
	SuggestTerm       = "term"       // of those that the asker brought
	SuggestProgramme  = "programme"  // its short name
	SuggestIdentifier = "identifier" // the code of a topic
	SuggestTitle      = "title"      // a call
)

// Bounds of suggestions: what is found for a word half typed is a first look, and must cost next to nothing.
const (
	minSuggest     = 2   // letters of the last word
	maxSuggest     = 100 // letters in all: who has typed more knows what to look for
	suggestStems   = 24  // stems with the word's beginning that are looked at, the commonest ones
	suggestForms   = 3   // titles read to learn how a stem is written
	suggestWords   = 4
	suggestTerms   = 2
	suggestOthers  = 2 // programmes
	suggestTitles  = 4 // and identifiers
	suggestTermTry = 12
)

// Prompt is what somebody has typed so far.
type Prompt struct {
	Text  string
	Lang  string    // the reader's, sv or en: titles come in it where they can
	Now   time.Time // open calls come first
	Terms []string  // words and phrases to suggest beside the index's own, such as a plan's
}

// Suggestion is something that may have been meant by a prompt, and finds something.
type Suggestion struct {
	Kind  string   // one of the Suggest constants
	Text  string   // a query of the query language; the title of a call
	Query string   // what to search for; empty for a call
	Key   call.Key // of a call
	Lang  string   // of a title
}

// Suggest tells what may have been meant, the likeliest first; nothing for a prompt that says too little, or that is
// written in more of the query language than words. ctx bounds the time.
func (ix *Index) Suggest(ctx context.Context, p Prompt) ([]Suggestion, error) {
	apart := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	typed := strings.Join(strings.FieldsFunc(compose(strings.ToValidUTF8(p.Text, " ")), apart), " ")
	if n := utf8.RuneCountInString(typed); n < minSuggest || n > maxSuggest || strings.ContainsAny(typed, `:()*`) || strings.ContainsFunc(typed, isQuote) {
		return nil, nil
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return nil, ErrClosed
	}
	out, err := guard(func() (out []Suggestion, err error) {
		err = ix.cur.read(func(snap *scorch.IndexSnapshot) error {
			out, err = ix.suggest(ctx, snap, typed, p)
			return err
		})
		return out, err
	})
	if err != nil {
		return nil, fmt.Errorf("suggestions for %q: %w", short(typed), err)
	}
	return out, nil
}

func short(s string) string { return s[:cutAt(s, 40)] }

// prompt is one that is being answered.
type prompt struct {
	*run
	typed, head, last string // head and last are lower case; head may be empty
	before            string // what stands before the last word, as typed
	within            []set  // by part: the documents that the words before the last leave
	out               []Suggestion
}

func (ix *Index) suggest(ctx context.Context, snap *scorch.IndexSnapshot, typed string, p Prompt) ([]Suggestion, error) {
	r, err := newRun(ctx, ix.cur, snap, ix.analysers, p.Now, nil)
	if err != nil {
		return nil, err
	}
	r.scope = ix.scope
	q := &prompt{run: r, typed: typed}
	start, end := 0, 0
	words(typed, func(s, e, _ int, lower []byte) bool {
		start, end, q.last = s, e, string(lower)
		return true
	})
	code := strings.ContainsFunc(typed, unicode.IsDigit) || strings.Contains(typed, "-")
	if end < len(typed) && typed[end:] != "-" || utf8.RuneCountInString(q.last) < minSuggest && !code {
		return nil, nil // the last word has ended, or hardly begun
	}
	q.before = typed[:start]
	if q.before == "-" || strings.HasSuffix(q.before, " -") {
		return nil, nil // who takes words away has found
	}
	q.head = strings.ToLower(strings.TrimSpace(q.before))
	if err := q.narrow(); err != nil {
		return nil, err
	}
	stems, err := q.stems()
	if err != nil {
		return nil, err
	}
	steps := []func() error{
		func() error { return q.words(stems, ix.glossary.words) },
		func() error { return q.terms(p.Terms) },
		func() error { return q.programmes() },
		func() error { return q.titles(stems, p.Lang) },
	}
	if code {
		steps = slices.Insert(steps, 0, func() error { return q.identifiers() })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return q.out, nil
}

// add takes a suggestion that is not there yet, nor what was typed anyway.
func (q *prompt) add(s Suggestion) bool {
	if strings.EqualFold(s.Query, q.typed) || slices.ContainsFunc(q.out, func(o Suggestion) bool {
		return s.Key == o.Key && strings.EqualFold(s.Text, o.Text) && (s.Query == "") == (o.Query == "") || s.Query != "" && strings.EqualFold(s.Query, o.Query)
	}) {
		return false
	}
	q.out = append(q.out, s)
	return true
}

// narrow finds what the words before the last leave.
func (q *prompt) narrow() error {
	var all andNode
	for _, w := range strings.Fields(q.before) {
		if hasWord(w) {
			all = append(all, wordNode{Text: strings.TrimLeft(w, "-")})
		}
	}
	all = all[:min(len(all), maxClauses)]
	var m matcher
	var err error
	if len(all) > 0 {
		if m, err = q.compile(all, false, true); err != nil {
			return err
		}
	}
	for at, p := range q.parts {
		matched := p.live
		if m != nil {
			if matched, err = m.match(q.run, at, p.live); err != nil {
				return err
			}
		}
		q.within = append(q.within, matched)
	}
	return nil
}

// begun is a stem in titles that the last word may be the beginning of.
type begun struct {
	field, term string
	count       uint64
}

// stems gives the commonest stems of titles that begin as the last word does, or that it may go on from.
func (q *prompt) stems() ([]begun, error) {
	counts := map[begun]uint64{}
	for _, lang := range []string{"sv", "en"} {
		field := fieldTitle + lang
		prefixes := []string{q.last}
		if fold(q.last) == q.last {
			prefixes = append(prefixes, foldMark+q.last)
		}
		for _, prefix := range prefixes {
			err := q.eachStartingWith(field, prefix, func(term string, n uint64) { counts[begun{field: field, term: term}] += n })
			if err != nil {
				return nil, err
			}
		}
		// Of a word longer than its stem the stem is no beginning: it is the word's own, or that of a form of it.
		for cut, n := q.last, 0; n < 5 && utf8.RuneCountInString(cut) >= minStem; n++ {
			for _, term := range []string{cut, foldMark + fold(cut)} {
				ref, err := q.ref(field, term)
				if err != nil {
					return nil, err
				}
				if b := (begun{field: field, term: term}); ref >= 0 && counts[b] == 0 && (term == cut || fold(q.last) == q.last) {
					counts[b] = q.run.terms[ref].count
				}
			}
			_, size := utf8.DecodeLastRuneInString(cut)
			cut = cut[:len(cut)-size]
		}
	}
	out := make([]begun, 0, len(counts))
	for b, n := range counts {
		b.count = n
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b begun) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.term, b.term), strings.Compare(a.field, b.field))
	})
	return out[:min(len(out), suggestStems)], nil
}

// eachStartingWith gives the terms of a field that begin so, with the number of documents that have them, segment by segment.
func (r *run) eachStartingWith(field, prefix string, fn func(term string, count uint64)) error {
	from, to := []byte(prefix), after(prefix)
	for _, p := range r.parts {
		d, err := p.dict(field)
		if err != nil {
			return err
		}
		it := d.AutomatonIterator(nil, from, to)
		for {
			entry, err := it.Next()
			if err != nil {
				return err
			}
			if entry == nil {
				break
			}
			fn(strings.Clone(entry.Term), entry.Count)
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// words suggests whole words for the last one, each with what was typed before it.
func (q *prompt) words(stems []begun, glossary []string) error {
	n := 0
	if r, _ := utf8.DecodeLastRuneInString(q.before); q.before != "" && r != ' ' {
		return nil // a part of a code, or a word that is not wanted
	}
	for _, b := range stems {
		if n == suggestWords {
			return nil
		}
		form, err := q.form(b)
		if err != nil {
			return err
		}
		if form != "" && q.add(Suggestion{Kind: SuggestWord, Text: q.before + form, Query: q.before + form}) {
			n++
		}
	}
	for _, w := range glossary {
		if n == suggestWords {
			return nil
		}
		if !q.begins(w) {
			continue
		}
		finds, err := q.finds(w)
		if err != nil {
			return err
		}
		if finds && q.add(Suggestion{Kind: SuggestWord, Text: w, Query: w}) {
			n++
		}
	}
	return nil
}

// terms suggests those of the asker's own that begin as all that was typed, and find something.
func (q *prompt) terms(terms []string) error {
	n, tried := 0, 0
	for _, t := range terms {
		if n == suggestTerms || tried == suggestTermTry {
			return nil
		}
		if !q.begins(t) {
			continue
		}
		tried++
		finds, err := q.finds(t)
		if err != nil {
			return err
		}
		if finds && q.add(Suggestion{Kind: SuggestTerm, Text: t, Query: t}) {
			n++
		}
	}
	return nil
}

// begins tells whether a text begins as what was typed does.
func (q *prompt) begins(text string) bool {
	n := cutAt(text, len(q.typed)) // letters keep their bytes from one case to the other, but for a few that no term has
	return n == len(q.typed) && n < len(text) && strings.EqualFold(text[:n], q.typed)
}

// finds tells whether any call has all of a text's words.
func (q *prompt) finds(text string) (bool, error) {
	var all andNode
	for w := range strings.FieldsSeq(text) {
		all = append(all, wordNode{Text: w})
	}
	m, err := q.compile(all, false, false)
	if m == nil || err != nil { // nothing but stop words is no search to suggest
		return false, err
	}
	for at, p := range q.parts {
		found, err := m.match(q.run, at, p.live)
		if err != nil {
			return false, err
		}
		if found.count() > 0 {
			return true, nil
		}
	}
	return false, nil
}

// form gives a word that begins as the last one does, as titles that the other words leave write it: of several the
// shortest, which is the least inflected as a rule.
func (q *prompt) form(b begun) (string, error) {
	ref, err := q.ref(b.field, b.term)
	if ref < 0 || err != nil {
		return "", err
	}
	best, read := "", 0
	for at, p := range q.parts {
		s := newSet(p.n)
		if err := p.collect(ref, s); err != nil {
			return "", err
		}
		s.intersect(q.within[at])
		for doc := range s.each {
			if read++; read > suggestForms {
				return best, nil
			}
			texts, err := q.titlesOf(at, doc)
			if err != nil {
				return "", err
			}
			for _, text := range texts {
				words(compose(text), func(_, _, _ int, lower []byte) bool {
					w := string(lower)
					if q.stops(w) {
						return true
					}
					if (strings.HasPrefix(w, q.last) || strings.HasPrefix(fold(w), q.last)) && (best == "" || len(w) < len(best)) {
						best = w
					}
					return true
				})
			}
		}
	}
	return best, nil
}

// stops tells whether a word is a stop word of either language.
func (r *run) stops(word string) bool { return r.analysers.sv.stop[word] || r.analysers.en.stop[word] }

// titlesOf gives a document's title and its translations.
func (r *run) titlesOf(at int, doc uint32) (out []string, err error) {
	for _, lang := range []string{"", "sv", "en"} {
		h, err := r.hit(candidate{part: at, doc: doc}, lang)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, h.Title) {
			out = append(out, h.Title)
		}
	}
	return out, nil
}

// programmes suggests those of which a word begins as all that was typed.
func (q *prompt) programmes() error {
	list := q.names[columnProgramme].all()
	var wanted []uint32
	typed := fold(strings.ToLower(q.typed))
	for i, name := range list[1:] {
		if lower := fold(strings.ToLower(name)); strings.HasPrefix(lower, typed) || strings.Contains(lower, " "+typed) {
			wanted = append(wanted, uint32(i+1))
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	counts := make([]int, len(list))
	for _, p := range q.parts {
		if one := p.cols.facets[columnProgramme].one; one != nil {
			for doc := range p.live.each {
				counts[one[doc]]++
			}
		}
	}
	slices.SortFunc(wanted, func(a, b uint32) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(list[a], list[b]))
	})
	n := 0
	for _, w := range wanted {
		if n == suggestOthers || counts[w] == 0 {
			break
		}
		if q.add(Suggestion{Kind: SuggestProgramme, Text: list[w], Query: quotedField("programme", list[w])}) {
			n++
		}
	}
	return nil
}

// quotedField writes field:value, with quotes where it needs them.
func quotedField(field, value string) string {
	n := fieldNode{Field: field, Value: value, Quote: strings.ContainsFunc(value, func(r rune) bool { return !isWordRune(r) && r != '-' })}
	return n.String()
}

// Value writes what finds a value of one of the query language's fields. A quotation mark within it becomes a space:
// the language has no way to write one.
func Value(field, value string) string {
	value = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if isQuote(r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, value)), " ")
	return quotedField(field, value)
}

// identifiers suggests codes that go on from what was typed.
func (q *prompt) identifiers() error {
	ws := readTyped(q.analysers.en, q.typed)
	if len(ws) == 0 {
		return nil
	}
	pf, err := q.codePhrase(fieldIdentifier, ws, true)
	if err != nil {
		return err
	}
	m := &phraseMatcher{fields: []*phraseField{pf}, sets: make([]set, len(q.parts))}
	return q.nearest(m, nil, suggestTitles, func(h *Hit) bool {
		return h.Identifier != "" && q.add(Suggestion{Kind: SuggestIdentifier, Text: h.Identifier, Query: h.Identifier})
	}, "")
}

// titles suggests calls whose titles have what was typed.
func (q *prompt) titles(stems []begun, lang string) error {
	begin := &wordMatcher{sets: make([]set, len(q.parts))}
	for _, b := range stems {
		ref, err := q.ref(b.field, b.term)
		if err != nil {
			return err
		}
		if ref >= 0 {
			begin.any = append(begin.any, ref)
		}
	}
	return q.nearest(begin, q.within, suggestTitles, func(h *Hit) bool {
		if h.Title == "" || !q.hasBeginning(h.Title) {
			return false
		}
		return q.add(Suggestion{Kind: SuggestTitle, Text: h.Title, Key: h.Key(), Lang: cmp.Or(h.TitleIn, h.Language)})
	}, lang)
}

// hasBeginning tells whether a word of a title begins as the last one typed.
func (q *prompt) hasBeginning(title string) bool {
	found := false
	words(compose(title), func(_, _, _ int, lower []byte) bool {
		w := string(lower)
		found = strings.HasPrefix(w, q.last) || strings.HasPrefix(fold(w), q.last)
		return !found
	})
	return found
}

// nearest hands on what a matcher finds within sets, nil for all, the next deadline first, until take has taken n or
// little more than that was looked at.
func (q *prompt) nearest(m matcher, within []set, n int, take func(*Hit) bool, lang string) error {
	top := newTop(q.run, SortDeadline, 4*n)
	for at, p := range q.parts {
		narrowed := p.live
		if within != nil {
			narrowed = within[at]
		}
		found, err := m.match(q.run, at, narrowed)
		if err != nil {
			return err
		}
		for doc := range found.each {
			top.offer(candidate{part: at, doc: doc})
		}
	}
	found, err := top.sorted()
	if err != nil {
		return err
	}
	groups := map[uint32]bool{} // calls of several sources are one
	for _, c := range found {
		if n == 0 {
			return nil
		}
		if g := q.parts[c.part].cols.group; g != nil && g[c.doc] != 0 {
			if groups[g[c.doc]] {
				continue
			}
			groups[g[c.doc]] = true
		}
		h, err := q.hit(c, lang)
		if err != nil {
			return err
		}
		if take(&h) {
			n--
		}
	}
	return nil
}
