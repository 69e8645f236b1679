package draft

import (
	"cmp"
	_ "embed" // the glossary and the stop words
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"utkik/internal/text"
)

const (
	maxTerms   = 20 // of a priority: what a keeper reads through in one go
	minCompost = 5  // letters of a word that may be a part of a longer one
)

//go:embed glossary.tsv
var glossaryFile string

//go:embed stopwords.txt
var stopFile string

// entry is one concept of the glossary.
type entry struct {
	sv string
	en []string
}

// lexicon is the glossary and the stop list, made ready.
type lexicon struct {
	words   map[string]entry // of one word, by stem
	phrases []entry          // of several words, longest first
	heads   []string         // stems that may be a part of a compound, longest first
	stop    map[string]bool
	begins  []string // stop words that end in a star
}

func newLexicon() *lexicon {
	l := &lexicon{words: map[string]entry{}, stop: map[string]bool{}}
	for _, row := range strings.Split(glossaryFile, "\n") {
		f := strings.Split(row, "\t")
		if strings.HasPrefix(row, "#") || len(f) != 3 {
			continue
		}
		e := entry{f[1], strings.Split(f[2], ";")}
		if strings.Contains(e.sv, " ") {
			l.phrases = append(l.phrases, e)
			continue
		}
		s := stem(e.sv)
		if _, ok := l.words[s]; !ok {
			l.words[s] = e
			if utf8.RuneCountInString(s) >= minCompost {
				l.heads = append(l.heads, s)
			}
		}
	}
	byLength := func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }
	slices.SortFunc(l.heads, byLength)
	slices.SortFunc(l.phrases, func(a, b entry) int { return byLength(a.sv, b.sv) })
	for _, row := range strings.Split(stopFile, "\n") {
		if strings.HasPrefix(row, "#") {
			continue
		}
		for _, w := range strings.Fields(row) {
			if b, ok := strings.CutSuffix(w, "*"); ok {
				l.begins = append(l.begins, b)
			} else {
				l.stop[w] = true
			}
		}
	}
	return l
}

func (l *lexicon) stopped(w string) bool {
	return l.stop[w] || slices.ContainsFunc(l.begins, func(b string) bool { return strings.HasPrefix(w, b) })
}

// endings of Swedish nouns and adjectives, longest first. What is left is a word's beginning in all its
// forms, not its root.
var endings = []string{
	"arnas", "ernas", "ornas", "andes", "arna", "erna", "orna", "ande", "ades", "ens", "ets", "ars", "ers", "ors", "ade", "are", "ast",
	"en", "et", "ar", "er", "or", "na", "ad", "at", "as", "es", "s", "a", "e", "t", "n",
}

// stem cuts the ending of a form, and leaves at least four letters.
func stem(w string) string {
	for _, e := range endings {
		if b, ok := strings.CutSuffix(w, e); ok && utf8.RuneCountInString(b) >= 4 {
			return b
		}
	}
	return w
}

// suggestion is a term for a keeper to look at.
type suggestion struct {
	sv     string
	en     []string
	weight int
	note   string // in Swedish: where it comes from
	count  int
}

// subject is what the vocabulary of a priority is made of.
type subject struct {
	name   string
	texts  string // of the rows that are its own
	shared string // of rows that serve several priorities: taken when nothing else says anything
}

// vocabularies suggests terms for each subject: the words of its name and of its rows that are not everyday
// words and that do not stand everywhere, compounds as they are, and English where the glossary has it.
func (l *lexicon) vocabularies(subjects []subject, names map[string]bool) [][]suggestion {
	spread := map[string]int{} // in how many subjects a stem stands
	for _, s := range subjects {
		seen := map[string]bool{}
		for _, w := range text.Words(s.name + " " + s.texts) {
			if k := stem(w.Text); !seen[k] {
				seen[k] = true
				spread[k]++
			}
		}
	}
	out := make([][]suggestion, len(subjects))
	for i, s := range subjects {
		everywhere := func(k string) bool { return spread[k] > 3 && 5*spread[k] > 2*len(subjects) }
		out[i] = l.terms(s, names, everywhere)
		if len(out[i]) == 0 {
			out[i] = l.terms(subject{s.name, s.shared, ""}, names, func(string) bool { return false })
			for k := range out[i] {
				out[i][k].weight, out[i][k].note = 1, out[i][k].note+", ur rader som gäller flera prioriteringar"
			}
		}
		if len(out[i]) == 0 { // nothing but everyday words: better one of these than none
			for _, w := range text.Words(s.name) {
				if utf8.RuneCountInString(w.Text) >= 4 && !l.stop[w.Text] {
					out[i] = append(out[i], suggestion{sv: starred(w.Text, entry{}, false), weight: 1, note: "rubriken har bara allmänna ord; välj egna"})
				}
			}
			if len(out[i]) == 0 {
				out[i] = []suggestion{{sv: "okänt", weight: 1, note: "inget ord gick att föreslå; skriv en ordlista"}}
			}
		}
	}
	return out
}

func (l *lexicon) terms(s subject, names map[string]bool, everywhere func(string) bool) []suggestion {
	type tally struct {
		form          string // the first form in which it stands
		count, inName int
		abbreviation  bool
	}
	found := map[string]*tally{}
	count := func(from string, inName bool) {
		for _, w := range text.Words(from) {
			written := from[w.Start:w.End]
			short := utf8.RuneCountInString(w.Text) >= 3 && strings.ToUpper(written) == written && strings.ContainsFunc(written, unicode.IsLetter)
			forms := []string{w.Text}
			if parts := text.Parts(w.Text); parts != nil && !short { // "EU-samråd" is about samråd
				if slices.ContainsFunc(parts, func(p string) bool { return names[p] }) {
					continue
				}
				if slices.ContainsFunc(parts, func(p string) bool { return l.stopped(p) || utf8.RuneCountInString(p) < 3 }) {
					forms = parts
				}
			}
			for _, form := range forms {
				switch {
				case names[form], l.stopped(form) && !short, utf8.RuneCountInString(form) < 4 && !short:
					continue
				case !strings.ContainsFunc(form, unicode.IsLetter):
					continue
				}
				k := stem(form)
				if short {
					k = form
				}
				t := found[k]
				if t == nil {
					t = &tally{form: form, abbreviation: short}
					found[k] = t
				}
				t.count++
				if inName {
					t.inName++
				}
			}
		}
	}
	count(s.name, true)
	count(s.texts, false)
	var out []suggestion
	low := " " + strings.ToLower(s.name+" ; "+s.texts)
	for _, e := range l.phrases {
		if n := strings.Count(low, " "+e.sv); n > 0 {
			in := 2
			if strings.Contains(strings.ToLower(s.name), e.sv) {
				in = 3
			}
			out = append(out, suggestion{e.sv + "*", e.en, in, said(n, in == 3), n})
		}
	}
	for k, t := range found {
		e, whole, known := l.english(k)
		long := utf8.RuneCountInString(k) >= 9
		switch {
		case t.inName == 0 && everywhere(k):
			continue
		case t.inName == 0 && !known && !long && t.count < 2 && !t.abbreviation:
			continue
		}
		g := suggestion{sv: starred(t.form, e, whole), weight: 1, count: t.count, note: said(t.count, t.inName > 0)}
		if t.abbreviation {
			g.sv = t.form
		}
		switch {
		case t.inName > 0 && (known || long || t.abbreviation):
			g.weight = 3
		case t.inName > 0, t.count > 1, t.abbreviation:
			g.weight = 2
		}
		switch {
		case known && whole:
			g.en = e.en
		case known:
			g.en = e.en
			g.note += fmt.Sprintf("; engelskan är ordlistans för %q, en del av ordet", e.sv)
		}
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b suggestion) int {
		return cmp.Or(b.weight-a.weight, b.count-a.count, len(b.en)-len(a.en), strings.Compare(a.sv, b.sv))
	})
	out = out[:min(len(out), maxTerms)]
	told := map[string]bool{} // each English word once: a concept counts once
	for i := range out {
		out[i].en = slices.DeleteFunc(slices.Clone(out[i].en), func(en string) bool {
			again := told[en]
			told[en] = true
			return again
		})
	}
	return out
}

func said(n int, inName bool) string {
	where := "texten"
	if inName {
		where = "rubriken"
	}
	if n > 1 {
		return fmt.Sprintf("ur %s, %d gånger", where, n)
	}
	return "ur " + where
}

// starred gives the word so that it fits its other forms: the glossary's headword where there is one, else
// the form without its ending, unless too little would be left.
func starred(form string, e entry, whole bool) string {
	if whole {
		return strings.TrimRight(e.sv, "ae") + "*"
	}
	if s := stem(form); utf8.RuneCountInString(s) >= 6 {
		return s + "*"
	}
	return form
}

// english gives what the glossary says of a stem; where it has only a part of the word, whole is false.
func (l *lexicon) english(k string) (e entry, whole, ok bool) {
	if e, ok := l.words[k]; ok {
		return e, true, true
	}
	for _, h := range l.heads { // the last part says what a compound is, the first what it is about
		if strings.HasSuffix(k, h) || strings.HasPrefix(k, h) {
			return l.words[h], false, true
		}
	}
	return entry{}, false, false
}
