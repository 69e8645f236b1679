package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// Problem says what sort of thing a finding is.
type Problem string

// What a plan's vocabulary and rules can be wrong in, without being an error.
const (
	ProblemUnused        Problem = "unused"        // nothing in the given calls fits
	ProblemCommon        Problem = "common"        // fits so many of the given calls that it tells nothing
	ProblemDuplicate     Problem = "duplicate"     // says what an earlier line of the priority says
	ProblemContradiction Problem = "contradiction" // the priority has the same words for and against
)

// Finding is one doubt about a plan, for the people who keep it.
type Finding struct {
	Line     int // in the plan file; 0 if the plan does not come from a file
	Priority string
	Term     string // the term or the rule's pattern
	Problem  Problem
	Text     string // the doubt in words, and what to do about it
}

const (
	common = 0.2 // a term that fits more than this share of all calls is an everyday word
	few    = 50  // calls below which a share tells nothing
)

// Check reads the vocabulary and the rules of p against calls and tells what a careful keeper would look
// at, by line, then priority, term and problem. Without calls it tells only what the plan shows by itself.
// A term that fits nothing is no mistake by itself: what it waits for may be published tomorrow.
func Check(p *plan.Plan, calls []call.Call) []Finding {
	var out []Finding
	lex := newLexicon()
	var phrases [][]claim
	for i := range p.Priorities {
		pr := &p.Priorities[i]
		type place struct {
			line   int
			weight float64
			term   int
		}
		seen := map[int32]place{}
		for k, t := range pr.Vocabulary {
			for at, phrase := range phrasesOf(t) {
				n := lex.add(phrase)
				if n < 0 {
					continue // New refuses it
				}
				if int(n) == len(phrases) {
					phrases = append(phrases, nil)
				}
				phrases[n] = append(phrases[n], claim{int32(i), int32(k), at == 0 && t.SV != ""})
				first, ok := seen[n]
				if !ok {
					seen[n] = place{t.Line, t.Weight, k}
					continue
				}
				if first.term == k {
					continue // Swedish and English write it alike
				}
				f := Finding{Line: t.Line, Priority: pr.ID, Term: phrase, Problem: ProblemDuplicate,
					Text: fmt.Sprintf("stands already in line %d; keep one of them", first.line)}
				if (first.weight < 0) != (t.Weight < 0) {
					f.Problem = ProblemContradiction
					f.Text = fmt.Sprintf("weighs %v here and %v in line %d; the negative one takes the words away, so drop one of them", t.Weight, first.weight, first.line)
				}
				out = append(out, f)
			}
		}
		rules := map[string]int{}
		for _, r := range pr.Rules {
			key := r.Field + "\x00" + strings.ToLower(r.Pattern)
			if line, ok := rules[key]; ok {
				out = append(out, Finding{Line: r.Line, Priority: pr.ID, Term: r.Pattern, Problem: ProblemDuplicate,
					Text: fmt.Sprintf("the rule stands already in line %d; keep one of them", line)})
				continue
			}
			rules[key] = r.Line
		}
	}
	if len(calls) > 0 {
		out = append(out, usage(p, lex, phrases, calls)...)
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Priority, b.Priority),
			strings.Compare(a.Term, b.Term),
			strings.Compare(string(a.Problem), string(b.Problem)),
			strings.Compare(a.Text, b.Text),
		)
	})
	return slices.Compact(out)
}

// usage counts the calls that each term and rule fits.
func usage(p *plan.Plan, lex *lexicon, phrases [][]claim, calls []call.Call) []Finding {
	terms := make([][]count, len(p.Priorities))
	rules := make([][]count, len(p.Priorities))
	var patterns [][]rule
	for i := range p.Priorities {
		pr := &p.Priorities[i]
		terms[i] = make([]count, len(pr.Vocabulary))
		rules[i] = make([]count, len(pr.Rules))
		var rs []rule
		for _, r := range pr.Rules {
			rs = append(rs, rule{Rule: r, pattern: strings.Split(strings.ToLower(r.Pattern), "*")})
		}
		patterns = append(patterns, rs)
	}
	for n := range calls {
		passages, code := passages(&calls[n])
		for i := range passages {
			lex.find(passages[i].words, func(phrase int32, _, _ int) {
				for _, c := range phrases[phrase] {
					if c.swedish && english(&calls[n]) {
						continue
					}
					terms[c.priority][c.term].in(n)
				}
			})
		}
		facts := factsOf(&calls[n], code)
		for i := range patterns {
			for k := range patterns[i] {
				if _, ok := fits(facts, &patterns[i][k]); ok {
					rules[i][k].in(n)
				}
			}
		}
	}
	var out []Finding
	say := func(line int, priority, term string, c count, share float64) {
		f := Finding{Line: line, Priority: priority, Term: term}
		switch got := float64(c.calls) / float64(len(calls)); {
		case c.calls == 0:
			f.Problem = ProblemUnused
			f.Text = fmt.Sprintf("fits none of %d calls; look for a misspelling, a missing * or a word that sources do not use", len(calls))
		case len(calls) >= few && got > share:
			f.Problem = ProblemCommon
			f.Text = fmt.Sprintf("fits %.0f %% of %d calls; such a word says little, so make it a longer phrase or weigh it less", 100*got, len(calls))
		default:
			return
		}
		out = append(out, f)
	}
	for i := range p.Priorities {
		pr := &p.Priorities[i]
		for k, t := range pr.Vocabulary {
			say(t.Line, pr.ID, cmp.Or(t.SV, strings.Join(t.EN, ", ")), terms[i][k], common)
		}
		for k, r := range pr.Rules {
			say(r.Line, pr.ID, r.Pattern, rules[i][k], 1) // a rule on a whole programme may fit much
		}
	}
	return out
}

// count counts calls, each once.
type count struct{ calls, last int }

func (c *count) in(n int) {
	if c.last != n+1 {
		c.calls, c.last = c.calls+1, n+1
	}
}

// claim is a term that holds a phrase.
type claim struct {
	priority, term int32
	swedish        bool
}

// rule is a rule with its pattern in small letters, cut at the stars.
type rule struct {
	plan.Rule
	pattern []string
}

func fits(facts []fact, r *rule) (fact, bool) {
	for _, f := range facts {
		if f.rule == r.Field && glob(r.pattern, f.folded) {
			return f, true
		}
	}
	return fact{}, false
}
