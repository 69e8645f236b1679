package index

import (
	"cmp"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"utkik/internal/call"
)

const (
	snippetBytes = 240      // of text in a snippet, about two lines
	snippetReach = 64 << 10 // bytes of a text that are looked through
	markOpen     = "<mark>"
	markClose    = "</mark>"
)

// mark is a stretch of text, in bytes, that a query asked for; terms of the same number count once when
// stretches of text are weighed against each other.
type mark struct {
	from, to int
	term     string
}

// highlight fills TitleHTML and Snippet.
func (ix *Index) highlight(r *run, hits []Hit) error {
	var texts map[call.Key]string
	if r.texts != nil && len(hits) > 0 {
		keys := make([]call.Key, len(hits))
		for i := range hits {
			keys[i] = hits[i].Key()
		}
		var err error
		if texts, err = r.texts(r.ctx, keys); err != nil {
			return &textsError{err}
		}
	}
	for i := range hits {
		h := &hits[i]
		a := r.analysers.of(h.Language)
		terms := r.marks.en
		if isSwedish(h.Language) {
			terms = r.marks.sv
		}
		h.TitleHTML = render(h.Title, find(a, terms, r.marks.stars, h.Title))
		if text := texts[h.Key()]; text != "" {
			text = compose(text[:cutAt(text, snippetReach)])
			h.Snippet = snippet(text, find(a, terms, r.marks.stars, text))
		}
	}
	return nil
}

// find gives the stretches of text that a query asked for, in order and apart.
func find(a *analyser, terms map[string]bool, stars []string, text string) []mark {
	if len(terms) == 0 && len(stars) == 0 {
		return nil
	}
	var out []mark
	words(text, func(start, end, _ int, lower []byte) bool {
		for _, t := range a.terms(lower, end-start) {
			if terms[t.text] {
				out = append(out, mark{start + t.from, start + t.to, strings.TrimPrefix(t.text, foldMark)})
			}
		}
		for _, star := range stars {
			if strings.HasPrefix(string(lower), star) || strings.HasPrefix(fold(string(lower)), star) {
				out = append(out, mark{start, end, star})
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
		seen := map[string]bool{}
		for _, o := range marks[i:] {
			if o.to > start+snippetBytes {
				break
			}
			seen[o.term] = true
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
			within = append(within, mark{m.from - from, m.to - from, m.term})
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
