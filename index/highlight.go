package index

import (
	"cmp"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	snippetBytes = 240      // of text in a snippet, about two lines
	snippetReach = 32 << 10 // bytes of a text that are looked through
	markOpen     = "<mark>"
	markClose    = "</mark>"
)

// mark is a stretch of text, in bytes, that a query asked for, and the number of the word that it is of.
type mark struct{ from, to, word int }

// finder looks a query's words up in texts of one language.
type finder struct {
	a     *analyser
	terms map[string]int
	stars []starMark
	words int // how many different words there are

	// How a word begins that has one of the terms: nearly all words of a text are passed over by their first two letters, where to
	// make terms of them would be most of a search's work.
	first [utf8.RuneSelf]bool      // by its first byte
	pairs [utf8.RuneSelf][2]uint64 // a bit for each second byte
}

func newFinder(a *analyser, terms map[string]int, m *marks) *finder {
	f := &finder{a: a, terms: terms, stars: m.stars, words: len(m.words)}
	for t := range terms {
		f.begins(strings.TrimPrefix(t, foldMark))
	}
	for _, s := range m.stars {
		f.begins(s.prefix)
	}
	return f
}

// begins notes how words begin that have a term or begin as it does: stems and folds keep what is ASCII of the first two letters, but that
// the stem of dying is die.
func (f *finder) begins(term string) {
	switch {
	case term[0] >= utf8.RuneSelf: // whatever does not begin in ASCII is looked at
	case len(term) == 1 || term[1] >= utf8.RuneSelf: // an ä may be looked for as ae
		f.first[term[0]], f.pairs[term[0]] = true, [2]uint64{math.MaxUint64, math.MaxUint64}
	default:
		f.first[term[0]] = true
		f.pairs[term[0]][term[1]/64] |= 1 << (term[1] % 64)
		if term[1] == 'i' {
			f.pairs[term[0]]['y'/64] |= 1 << ('y' % 64)
		}
	}
}

// skip tells of a word that it need not be looked at; see wordsBut.
func (f *finder) skip(first, second byte, width int) bool {
	return f.pairs[first][second/64]>>(second%64)&1 == 0 && !f.splits(width)
}

// may tells of a word in lower case that was not skipped whether it is worth looking up.
func (f *finder) may(lower []byte) bool {
	return lower[0] >= utf8.RuneSelf || f.first[lower[0]] || f.splits(len(lower))
}

// splits tells whether a word of some bytes may be a compound with one of the terms in it.
func (f *finder) splits(width int) bool { return f.a.words != nil && width >= minCompound }

// highlight fills TitleHTML and Snippet of the hits that were made of candidates.
func (ix *Index) highlight(r *run, found []candidate, hits []Hit) error {
	var texts []string
	if r.texts != nil && len(hits) > 0 {
		var err error
		if texts, err = r.textsOf(found, hits); err != nil {
			return err
		}
	}
	english, swedish := newFinder(r.analysers.en, r.marks.en, &r.marks), newFinder(r.analysers.sv, r.marks.sv, &r.marks)
	finderOf := func(language string) *finder {
		if isSwedish(language) {
			return swedish
		}
		return english
	}
	for i := range hits {
		h := &hits[i]
		f, of := finderOf(h.Language), finderOf(cmp.Or(h.TitleIn, h.Language))
		h.TitleHTML = render(h.Title, of.find(h.Title, len(h.Title)))
		if texts == nil {
			continue
		}
		if text := texts[i]; text != "" {
			h.Snippet = snippet(text, f.find(text, snippetBytes))
		}
	}
	return nil
}

// find gives the stretches of text that a query asked for, in order and apart. It looks no further than
// a window, bytes of text, in which every word of the query occurs.
func (f *finder) find(text string, window int) []mark {
	if f.words == 0 {
		return nil
	}
	var out []mark
	last := make([]int, f.words) // where each word was seen last; 0: not yet
	stop := len(text)
	wordsBut(text, f.skip, func(start, end, _ int, lower []byte) bool {
		if start > stop {
			return false
		}
		if !f.may(lower) {
			return true
		}
		n := len(out)
		for _, t := range f.a.terms(lower, end-start) {
			if word, ok := f.terms[t.text]; ok {
				out = append(out, mark{start + t.from, start + t.to, word})
			}
		}
		for _, s := range f.stars {
			if strings.HasPrefix(string(lower), s.prefix) || strings.HasPrefix(fold(string(lower)), s.prefix) {
				out = append(out, mark{start, end, s.word})
			}
		}
		for _, m := range out[n:] {
			last[m.word] = m.to
		}
		if len(out) > n && stop == len(text) {
			if least := slices.Min(last); least > 0 && end-least < window/2 {
				stop = min(stop, least+window)
			}
		}
		return true
	})
	slices.SortStableFunc(out, func(a, b mark) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	apart := out[:0]
	for _, m := range out {
		if n := len(apart); n > 0 && m.from <= apart[n-1].to {
			apart[n-1].to = max(apart[n-1].to, m.to)
			continue
		}
		apart = append(apart, m)
	}
	return apart
}

// snippet cuts the stretch of text out that has the most different terms, the first of equals, and
// renders it.
func snippet(text string, marks []mark) string {
	from, best := 0, 0
	for i, m := range marks {
		start := max(0, m.from-snippetBytes/4)
		seen := map[int]bool{}
		for _, o := range marks[i:] {
			if o.to > start+snippetBytes {
				break
			}
			seen[o.word] = true
		}
		if len(seen) > best {
			from, best = start, len(seen)
		}
	}
	to := cutAt(text, min(len(text), from+snippetBytes))
	if from > 0 {
		from = cutAt(text, from)
		if sp := strings.IndexAny(text[from:to], " \n\t"); sp >= 0 && sp < snippetBytes/4 {
			from += sp + 1
		}
	}
	if to < len(text) {
		if sp := strings.LastIndexAny(text[from:to], " \n\t"); sp > snippetBytes/2 {
			to = from + sp
		}
	}
	var within []mark
	for _, m := range marks {
		if m.from >= from && m.to <= to {
			within = append(within, mark{m.from - from, m.to - from, m.word})
		}
	}
	out := render(text[from:to], within)
	if from > 0 {
		out = "… " + out
	}
	if to < len(text) {
		out += " …"
	}
	return out
}

// render escapes text and puts marks around its stretches. Runs of white space become one space.
func render(text string, marks []mark) string {
	var b strings.Builder
	at := 0
	plain := func(to int) {
		s := text[at:to]
		flat := strings.Join(strings.Fields(s), " ")
		if flat != "" || s != "" {
			if s != "" && isSpace(s[0]) {
				flat = " " + flat
			}
			if last := len(s) - 1; last >= 0 && isSpace(s[last]) && flat != " " {
				flat += " "
			}
		}
		b.WriteString(html.EscapeString(flat))
		at = to
	}
	for _, m := range marks {
		plain(m.from)
		b.WriteString(markOpen)
		b.WriteString(html.EscapeString(text[m.from:m.to]))
		b.WriteString(markClose)
		at = m.to
	}
	plain(len(text))
	return strings.TrimSpace(b.String())
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// cutAt gives the last place at or before n where text can be cut without cutting a letter.
func cutAt(text string, n int) int {
	if n >= len(text) {
		return len(text)
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}
