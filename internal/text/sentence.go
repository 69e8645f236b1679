package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is a piece of a text.
type Span struct{ Start, End int }

// Sentences gives the sentences of s in order, without the white space between them. A paragraph, an item
// of a list and a row of a table always end one; a full stop does not where it belongs to an abbreviation
// (t.ex., bl.a., e.g., No., kl.), a number or an initial.
func Sentences(s string) []Span {
	var out []Span
	start := 0
	add := func(end int) {
		a, b := start, end
		for a < b {
			r, n := utf8.DecodeRuneInString(s[a:b])
			if !unicode.IsSpace(r) {
				break
			}
			a += n
		}
		for a < b {
			r, n := utf8.DecodeLastRuneInString(s[a:b])
			if !unicode.IsSpace(r) {
				break
			}
			b -= n
		}
		if a < b {
			out = append(out, Span{a, b})
		}
		start = end
	}
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '\n':
			if breaks(s, start, i) {
				add(i)
			}
			i++
		case '.', '!', '?':
			end := i + 1
			for end < len(s) && (s[end] == '.' || s[end] == '!' || s[end] == '?') {
				end++
			}
			end += closers(s[end:])
			if stops(s, start, i, end) {
				add(end)
			}
			i = end
		default:
			if c == 0xe2 && strings.HasPrefix(s[i:], "…") {
				end := i + len("…")
				end += closers(s[end:])
				if next, gap := nextRune(s[end:]); gap && (unicode.IsUpper(next) || unicode.IsNumber(next)) {
					add(end)
				}
				i = end
				continue
			}
			i++
		}
	}
	add(len(s))
	return out
}

// closers is the length of the quotes and brackets that close behind a stop.
func closers(s string) int {
	n := 0
	for n < len(s) {
		r, k := utf8.DecodeRuneInString(s[n:])
		switch r {
		case '"', '\'', ')', ']', '»', '”', '’':
			n += k
			continue
		}
		break
	}
	return n
}

// nextRune gives the first character after white space, and whether there is such space or the end.
func nextRune(s string) (rune, bool) {
	for i, r := range s {
		if !unicode.IsSpace(r) {
			return r, i > 0
		}
		if i > 64 { // wide white space: whatever stands behind it begins anew
			return 'A', true
		}
	}
	return 0, true
}

// breaks tells whether the line feed at i ends the sentence that began at start. Lines that were only
// wrapped do not.
func breaks(s string, start, i int) bool {
	rest := strings.TrimLeft(s[i+1:min(len(s), i+65)], " \t\r")
	switch {
	case rest == "", rest[0] == '\n', strings.HasPrefix(rest, "- "), strings.HasPrefix(rest, "• "), strings.HasPrefix(rest, "* "):
		return true
	}
	from := max(start, i-200)
	if k := strings.LastIndexByte(s[from:i], '\n'); k >= 0 {
		from += k + 1
	}
	row := s[from:i]
	if strings.Contains(row, " | ") || strings.HasPrefix(row, "- ") || strings.HasSuffix(strings.TrimRight(row, " \t\r"), ":") {
		return true
	}
	// A line shorter than any that a program wraps, before one that begins like a sentence.
	r, _ := utf8.DecodeRuneInString(rest)
	return i-from < 50 && !unicode.IsLower(r)
}

// stops tells whether the stop that stands from i to end ends the sentence that began at start.
func stops(s string, start, i, end int) bool {
	next, gap := nextRune(s[end:])
	switch {
	case next == 0:
		return true
	case !gap:
		return false // 3.5, example.eu, U.S.
	case unicode.IsLower(next), strings.ContainsRune(",;:%", next):
		return false
	case s[i] != '.' || end > i+1:
		return true
	}
	// The word before the stop, with the stops inside it: t.ex, kl, 12.
	from := i
	for from > start && i-from < 16 {
		c := s[from-1]
		if !isLetter(c) && !isDigit(c) && c != '.' {
			break
		}
		from--
	}
	w := s[from:i]
	switch {
	case w == "":
		return true
	case strings.Trim(w, "0123456789.") == "":
		// "1. Inledning", "den 3. Oktober"; but "... senast 2027. Därefter".
		return strings.TrimSpace(s[start:from]) != "" && len(w) > 2
	case utf8.RuneCountInString(w) == 1 && unicode.IsUpper(first(w)):
		// The initial of a name; but "plan B. Sedan", after a lower-case word.
		return strings.TrimSpace(s[start:from]) != "" && !initials(s[start:from])
	}
	w = strings.ToLower(w)
	if closing(w) {
		return unicode.IsUpper(next) || next == '-'
	}
	if abbreviation(w) {
		return false
	}
	return month(w) == 0 || len(w) > 4 || !unicode.IsNumber(next) // "30 sept. 2026"
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// initials tells whether a single letter after s is the initial of a name: s ends in a capitalised word, an
// initial or an opening bracket.
func initials(s string) bool {
	s = strings.TrimRight(s[max(0, len(s)-40):], " ")
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "(") {
		return true
	}
	w := s[strings.LastIndexAny(s, " (\n")+1:]
	switch strings.ToLower(w) {
	case "annex", "appendix", "part", "section", "table", "figure", "destination", "cluster", "pillar", "strand", "option", "group", "lot",
		"bilaga", "del", "avsnitt", "tabell", "figur", "plan", "grupp", "spår", "alternativ":
		return false
	}
	return unicode.IsUpper(first(w))
}

// abbreviation tells whether a sentence goes on after w and a full stop, whatever comes.
func abbreviation(w string) bool {
	switch w {
	case "t.ex", "bl.a", "d.v.s", "dvs", "s.k", "p.g.a", "pga", "fr.o.m", "from.o.m", "t.o.m", "f.d", "f.n", "f.ö", "m.a.o", "i.e", "e.g", "cf", "viz",
		"no", "nos", "nr", "kl", "art", "arts", "kap", "avs", "sid", "fig", "figs", "tab", "sec", "sect", "ch", "vol", "ed", "eds", "pp", "p", "ref",
		"jfr", "jmf", "inkl", "exkl", "ev", "ca", "c:a", "resp", "tel", "tfn", "ung", "max", "min", "approx", "incl", "excl", "vs", "st", "prop", "dir", "bet", "skr",
		"prof", "dr", "mr", "mrs", "ms", "doc", "dnr", "par", "para", "paras", "reg", "eng", "sv", "bil", "enl", "ex", "el", "o.d", "d", "obs", "e.v", "n.b", "u.s", "s.a", "o.a":
		return true
	}
	return false
}

// closing tells whether w is an abbreviation that often stands last in a sentence.
func closing(w string) bool {
	switch w {
	case "m.m", "mm", "etc", "osv", "o.s.v", "m.fl", "mfl", "o.dyl", "dyl", "et.al", "al", "e.d", "ltd", "inc", "a.m", "p.m", "e.kr", "f.kr", "u.å", "i.d", "eds.etc":
		return true
	}
	return false
}
