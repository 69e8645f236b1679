package vocabulary

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"utkik/internal/plan"
	"utkik/internal/text"
)

// How much a lent word weighs, of the plan's term that brought it. Preferred labels alone are weak evidence: a third
// of them are names of places and rare words. doc/matching.md has the figures that these were chosen by.
const (
	same  = 0.3 // the label is the plan's word
	holds = 0.1 // the label holds it: a narrower concept, or another one
)

const (
	leastTerm  = 2 // weight of a term that brings words: what a hint hints at is not looked up
	leastWord  = 4 // letters of a label that is a single word; shorter ones are abbreviations and other languages' words
	mostWords  = 4 // words of a label; longer ones are titles that no text repeats
	leastStart = 5 // letters of a word that is lent with any ending
)

// Lent is a word that a concept lends to a priority.
type Lent struct {
	Priority string
	Term     plan.Term // of one language only, weighing at most 0.3 of By
	Concept  Concept
	By       plan.Term // the plan's own term, by which the concept was found
}

// Lend finds what t lends to the priorities of p: of a concept whose Swedish label is a priority's Swedish word, or
// holds it, the English label, and the other way; but only where no word of the plan, for or against any priority, stands
// in that label already. The order is that of the priorities, then by concept.
func Lend(p *plan.Plan, t Table) []Lent {
	if len(t) == 0 {
		return nil
	}
	var swedish, english phrases
	for i := range p.Priorities {
		for k, term := range p.Priorities[i].Vocabulary {
			if term.SV != "" {
				swedish.add(term.SV, i, k)
			}
			for _, en := range term.EN {
				english.add(en, i, k)
			}
		}
	}
	var out []Lent
	for _, c := range t {
		sv, okSV := words(c.SV)
		en, okEN := words(c.EN)
		if !okSV || !okEN || slices.Equal(sv, en) {
			continue
		}
		inSwedish, inEnglish := swedish.in(sv), english.in(en)
		switch { // where both hold words of the plan, it knows the concept
		case len(inSwedish) > 0 && len(inEnglish) == 0:
			out = lend(out, p, c, inSwedish, plan.Term{EN: either(en)})
		case len(inEnglish) > 0 && len(inSwedish) == 0:
			out = lend(out, p, c, inEnglish, plan.Term{SV: open(sv)})
		}
	}
	rank := map[string]int{}
	for i, id := range p.PriorityIDs() {
		rank[id] = i
	}
	slices.SortStableFunc(out, func(a, b Lent) int { return cmp.Compare(rank[a.Priority], rank[b.Priority]) })
	return unique(out)
}

// lend appends what a concept lends, once a priority: by the term that gives it most weight, the first of equals.
func lend(out []Lent, p *plan.Plan, c Concept, found []place, term plan.Term) []Lent {
	best := map[int]Lent{}
	var order []int
	for _, f := range found {
		by := p.Priorities[f.priority].Vocabulary[f.term]
		if by.Weight < leastTerm {
			continue
		}
		share := holds
		if f.whole {
			share = same
		}
		term.Weight = math.Round(share*by.Weight*1000) / 1000
		term.Note = c.ID + ": " + c.SV + " = " + c.EN
		b, ok := best[f.priority]
		if !ok {
			order = append(order, f.priority)
		}
		if !ok || term.Weight > b.Term.Weight {
			best[f.priority] = Lent{p.Priorities[f.priority].ID, term, c, by}
		}
	}
	for _, i := range order {
		out = append(out, best[i])
	}
	return out
}

// unique keeps of the same words of one priority the heaviest, the first of equals. ls is by priority.
func unique(ls []Lent) []Lent {
	type key struct{ priority, words string }
	known := map[key]int{}
	var out []Lent
	for _, l := range ls {
		k := key{l.Priority, l.Term.SV + "\x00" + strings.Join(l.Term.EN, "\x00")}
		i, ok := known[k]
		switch {
		case !ok:
			known[k] = len(out)
			out = append(out, l)
		case l.Term.Weight > out[i].Term.Weight:
			out[i] = l
		}
	}
	return out
}

// Extend gives p with what t lends it, as further terms behind its own. p itself stays as it is; without a table the
// answer is p.
func Extend(p *plan.Plan, t Table) *plan.Plan {
	lent := Lend(p, t)
	if len(lent) == 0 {
		return p
	}
	out := *p
	out.Priorities = slices.Clone(p.Priorities)
	for i := range out.Priorities {
		pr := &out.Priorities[i]
		pr.Vocabulary = slices.Clone(pr.Vocabulary)
		for _, l := range lent {
			if l.Priority == pr.ID {
				pr.Vocabulary = append(pr.Vocabulary, l.Term)
			}
		}
	}
	return &out
}

// words cuts a label into words as the matcher does, with hyphens as spaces. It is false for labels that say too
// little by themselves: such as need a qualifier in brackets, are an abbreviation or a whole title.
func words(label string) ([]string, bool) {
	if strings.ContainsAny(label, "()/") {
		return nil, false
	}
	ws := cut(label)
	if len(ws) == 0 || len(ws) > mostWords || len(ws) == 1 && utf8.RuneCountInString(ws[0]) < leastWord {
		return nil, false
	}
	return ws, true
}

func cut(s string) []string {
	var out []string
	for _, w := range text.Words(s) {
		out = append(out, strings.FieldsFunc(w.Text, func(r rune) bool { return r == '-' || r == '_' })...)
	}
	return out
}

// open is a phrase whose last word may have any ending.
func open(ws []string) string {
	s := strings.Join(ws, " ")
	if utf8.RuneCountInString(ws[len(ws)-1]) >= leastStart {
		s += "*"
	}
	return s
}

// either is an English phrase in both numbers, since tables mix them: the singular with any ending, or each where that
// is too short to have one.
func either(ws []string) []string {
	last := ws[len(ws)-1]
	one, plural := strings.CutSuffix(last, "s")
	if !plural || len(one) < leastWord || strings.HasSuffix(one, "s") || strings.HasSuffix(one, "u") || strings.HasSuffix(one, "i") {
		return []string{open(ws)}
	}
	if y, ok := strings.CutSuffix(one, "ie"); ok && len(y) >= leastStart {
		one = y
	}
	singular := open(append(slices.Clone(ws[:len(ws)-1]), one))
	if strings.HasSuffix(singular, "*") {
		return []string{singular}
	}
	return []string{singular, strings.Join(ws, " ")}
}

// place is where a plan's phrase stands in a label.
type place struct {
	priority, term int
	whole          bool // it is the label
}

// phrases are a plan's phrases of one language, by how their first word is found.
type phrases struct {
	exact, begins, ends, within map[string][]phrase
}

type phrase struct {
	words          []pattern
	priority, term int
}

// pattern is a word with stars.
type pattern struct {
	word         string
	open, closed bool // a star before it, after it
}

func (p pattern) fits(w string) bool {
	switch {
	case p.open && p.closed:
		return strings.Contains(w, p.word)
	case p.open:
		return strings.HasSuffix(w, p.word)
	case p.closed:
		return strings.HasPrefix(w, p.word)
	}
	return w == p.word
}

func (ps *phrases) add(s string, priority, term int) {
	f := phrase{priority: priority, term: term}
	for _, w := range strings.Fields(s) {
		parts := cut(strings.Trim(w, "*"))
		for i, part := range parts {
			f.words = append(f.words, pattern{part, strings.HasPrefix(w, "*") && i == 0, strings.HasSuffix(w, "*") && i == len(parts)-1})
		}
	}
	if len(f.words) == 0 {
		return
	}
	if ps.exact == nil {
		ps.exact, ps.begins, ps.ends, ps.within = map[string][]phrase{}, map[string][]phrase{}, map[string][]phrase{}, map[string][]phrase{}
	}
	into := ps.exact
	switch first := f.words[0]; {
	case first.open && first.closed:
		into = ps.within
	case first.open:
		into = ps.ends
	case first.closed:
		into = ps.begins
	}
	into[f.words[0].word] = append(into[f.words[0].word], f)
}

// in gives the phrases that stand in a label, by priority and term, each once.
func (ps *phrases) in(label []string) []place {
	var out []place
	for i, w := range label {
		try := func(fs []phrase) {
			for _, f := range fs {
				if i+len(f.words) > len(label) {
					continue
				}
				fits, same := true, len(f.words) == len(label)
				for k, p := range f.words {
					fits = fits && p.fits(label[i+k])
					same = same && p.word == label[i+k]
				}
				if fits {
					out = append(out, place{f.priority, f.term, same})
				}
			}
		}
		try(ps.exact[w])
		for n := range w { // every cut between letters
			if n > 0 {
				try(ps.begins[w[:n]])
			}
			try(ps.ends[w[n:]])
			if len(ps.within) > 0 {
				for m := range w[n:] {
					if m > 0 {
						try(ps.within[w[n:n+m]])
					}
				}
				try(ps.within[w[n:]])
			}
		}
		try(ps.begins[w])
	}
	slices.SortFunc(out, func(a, b place) int {
		whole := func(p place) int {
			if p.whole {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.term, b.term), cmp.Compare(whole(a), whole(b)))
	})
	return slices.CompactFunc(out, func(a, b place) bool { return a.priority == b.priority && a.term == b.term })
}
