package match

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// How points become a score. Evidence adds up, but each further term says less that is new.
const (
	further   = 0.6  // the k-th best term counts further^k of itself
	includeAt = 0.5  // a digest carries what scores this much
	halfway   = 2.4  // points that score 0.5: one term that is the subject itself in the title, or two that are part of it
	decided   = 10.0 // points of a person's decision, above anything that a term or a rule may weigh
	capped    = 0.25 // of the points above halfway that a call keeps when the authority can hardly apply
	maxReason = 6    // reasons of one result
	quoted    = 240  // bytes of a line that are read beyond the head of a text
)

// Matcher weighs calls against one plan. It is safe for parallel use.
type Matcher struct {
	lexicon    *lexicon
	phrases    [][]claim // by number of the phrase
	formulas   int32     // phrases below this number are boilerplate
	priorities []priority
}

// claim is a term that holds a phrase.
type claim struct {
	priority, term int32
	swedish        bool // a Swedish phrase: it means nothing in an English text, where "same" is no Sámi
}

type priority struct {
	id     string
	terms  []term
	rules  []rule
	always map[call.Key]plan.Exception
	never  map[call.Key]plan.Exception
}

// term is one concept of the vocabulary: any of its phrases is evidence for it, once.
type term struct {
	name   string // as reasons call it
	weight float64
	note   string
	quote  quotation // the plan's sentence that speaks of it
}

type rule struct {
	plan.Rule
	pattern []string // in small letters, cut at the stars
	quote   quotation
}

// New makes a matcher of p. Terms without a single word and patterns without a letter are errors.
func New(p *plan.Plan) (*Matcher, error) {
	m := &Matcher{lexicon: newLexicon()}
	for _, f := range formulas {
		m.lexicon.add(f)
	}
	m.formulas = int32(m.lexicon.phrases)
	m.phrases = make([][]claim, m.formulas)
	for i := range p.Priorities {
		pp := &p.Priorities[i]
		c := priority{id: pp.ID, always: byKey(pp.Always), never: byKey(pp.Never)}
		for k, t := range pp.Vocabulary {
			name := cmp.Or(t.SV, strings.Join(t.EN, ", "))
			if t.Weight == 0 || math.IsNaN(t.Weight) || math.IsInf(t.Weight, 0) {
				return nil, fmt.Errorf("plan %s: priority %s: line %d: term %q weighs %v; give it a weight other than 0", p.ID, pp.ID, t.Line, name, t.Weight)
			}
			for at, phrase := range phrasesOf(t) {
				n := m.lexicon.add(phrase)
				if n < 0 {
					return nil, fmt.Errorf("plan %s: priority %s: line %d: term %q holds no word", p.ID, pp.ID, t.Line, phrase)
				}
				if int(n) == len(m.phrases) {
					m.phrases = append(m.phrases, nil)
				}
				cl := claim{int32(i), int32(k), at == 0 && t.SV != ""}
				if !slices.Contains(m.phrases[n], cl) {
					m.phrases[n] = append(m.phrases[n], cl)
				}
			}
			c.terms = append(c.terms, term{name: name, weight: t.Weight, note: t.Note})
		}
		for _, r := range pp.Rules {
			if strings.Trim(r.Pattern, "* ") == "" {
				return nil, fmt.Errorf("plan %s: priority %s: line %d: pattern %q would fit everything", p.ID, pp.ID, r.Line, r.Pattern)
			}
			c.rules = append(c.rules, rule{Rule: r, pattern: strings.Split(strings.ToLower(r.Pattern), "*")})
		}
		m.priorities = append(m.priorities, c)
	}
	for i := range p.Priorities {
		m.quote(p, i)
	}
	return m, nil
}

func phrasesOf(t plan.Term) []string {
	if t.SV == "" {
		return t.EN
	}
	return append([]string{t.SV}, t.EN...)
}

func byKey(es []plan.Exception) map[call.Key]plan.Exception {
	m := make(map[call.Key]plan.Exception, len(es))
	for _, e := range es {
		m[call.Key{Source: e.Source, Ref: e.Ref}] = e
	}
	return m
}

// hit is a phrase found in a call, as evidence for one term.
type hit struct {
	priority, term int32
	passage        int32
	from, to       int32 // words of the passage
}

// Match weighs c against every priority of the plan. Only priorities of which anything was found are
// listed, by score, then id. The answer depends on c and the plan alone.
func (m *Matcher) Match(c *call.Call) []Result {
	passages, code := passages(c)
	foreign := english(c)
	var hits []hit
	var boiler []hit // of boilerplate: priority and term mean nothing
	for i := range passages {
		m.lexicon.find(passages[i].words, func(phrase int32, from, to int) {
			if phrase < m.formulas {
				boiler = append(boiler, hit{passage: int32(i), from: int32(from), to: int32(to)})
			}
			for _, cl := range m.phrases[phrase] {
				if cl.swedish && foreign {
					continue
				}
				hits = append(hits, hit{cl.priority, cl.term, int32(i), int32(from), int32(to)})
			}
		})
	}
	if len(boiler) > 0 {
		hits = slices.DeleteFunc(hits, func(h hit) bool {
			_, ok := blanked(boiler, h)
			return ok
		})
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(
			cmp.Compare(a.priority, b.priority),
			cmp.Compare(a.passage, b.passage),
			cmp.Compare(a.from, b.from),
			cmp.Compare(b.to, a.to),
			cmp.Compare(a.term, b.term),
		)
	})
	facts := factsOf(c, code)
	limit, limited := eligibility(c, code, passages)
	var out []Result
	for i := range m.priorities {
		n := 0
		for n < len(hits) && hits[n].priority == int32(i) {
			n++
		}
		r, ok := m.weigh(&m.priorities[i], c, passages, hits[:n], facts)
		hits = hits[n:]
		if !ok {
			continue
		}
		if limited && r.points > halfway {
			r.reasons = append(r.reasons, Reason{
				Kind:         KindLimit,
				PriorityText: limit.why,
				PriorityEN:   limit.english,
				CallText:     limit.quote,
				Field:        limit.field,
				Term:         limit.term,
				Weight:       -(1 - capped) * (r.points - halfway),
			})
			r.points = halfway + capped*(r.points-halfway)
		}
		out = append(out, m.result(&m.priorities[i], c, r))
	}
	slices.SortFunc(out, func(a, b Result) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Priority, b.Priority))
	})
	return out
}

// english tells whether c says that it is written in English. Of other languages, and of calls that do not
// say, nothing is taken for granted: Swedish sources publish English calls too.
func english(c *call.Call) bool {
	return len(c.Language) >= 2 && strings.EqualFold(c.Language[:2], "en")
}

// weighed is what speaks for and against one priority.
type weighed struct {
	points  float64
	reasons []Reason
}

// evidence is the best place of a term.
type evidence struct {
	hit    hit
	points float64
}

// weigh adds up what hits and facts say of one priority. It is false if nothing speaks for it.
func (m *Matcher) weigh(p *priority, c *call.Call, passages []passage, hits []hit, facts []fact) (weighed, bool) {
	var w weighed
	lost := map[int32]float64{} // by negative term: the points that it took away
	best := map[int32]evidence{}
	taken := negatives(p, hits)
	for _, h := range hits {
		t := &p.terms[h.term]
		if t.weight < 0 {
			continue
		}
		points := t.weight * passages[h.passage].weight
		if by, ok := blanked(taken, h); ok {
			lost[by] = max(lost[by], points)
			continue
		}
		if e, ok := best[h.term]; !ok || points > e.points {
			best[h.term] = evidence{h, points}
		}
	}
	found := make([]evidence, 0, len(best))
	for _, e := range best {
		found = append(found, e)
	}
	slices.SortFunc(found, func(a, b evidence) int {
		return cmp.Or(cmp.Compare(b.points, a.points), cmp.Compare(a.hit.passage, b.hit.passage), cmp.Compare(a.hit.from, b.hit.from), cmp.Compare(a.hit.term, b.hit.term))
	})
	share := 1.0
	for k, e := range found {
		if covered(found[:k], e.hit) {
			continue
		}
		t, pa := &p.terms[e.hit.term], &passages[e.hit.passage]
		points := e.points * share
		w.points += points
		w.reasons = append(w.reasons, Reason{
			Kind:         t.quote.kind,
			PriorityText: t.quote.own,
			PriorityEN:   t.quote.en,
			Note:         t.note,
			CallText:     sentence(pa, e.hit),
			Field:        pa.field,
			Term:         t.name,
			Weight:       points,
		})
		share *= further
	}
	ruled := false
	for i := range p.rules {
		r := &p.rules[i]
		f, ok := fits(facts, r)
		if !ok {
			continue
		}
		ruled = ruled || r.Weight > 0
		w.points += r.Weight
		w.reasons = append(w.reasons, Reason{
			Kind:         KindRule,
			PriorityText: r.quote.own,
			PriorityEN:   r.quote.en,
			Note:         r.Note,
			CallText:     "«" + f.value + "»",
			Field:        f.name,
			Term:         r.Pattern,
			Weight:       r.Weight,
		})
	}
	key := c.Key()
	_, always := p.always[key]
	_, never := p.never[key]
	if len(best) == 0 && !ruled && !always && !never {
		return w, false
	}
	for _, h := range taken {
		if n, ok := lost[h.term]; ok && n > 0 {
			delete(lost, h.term)
			t := &p.terms[h.term]
			w.reasons = append(w.reasons, Reason{
				Kind:         t.quote.kind,
				PriorityText: t.quote.own,
				PriorityEN:   t.quote.en,
				Note:         t.note,
				CallText:     sentence(&passages[h.passage], h),
				Field:        passages[h.passage].field,
				Term:         t.name,
				Weight:       -n,
			})
		}
	}
	return w, true
}

// negatives gives the hits of terms that say what the priority is not about.
func negatives(p *priority, hits []hit) []hit {
	var out []hit
	for _, h := range hits {
		if p.terms[h.term].weight < 0 {
			out = append(out, h)
		}
	}
	return out
}

// blanked tells whether a negative term takes words of h away, and which.
func blanked(taken []hit, h hit) (term int32, ok bool) {
	for _, n := range taken {
		if n.passage == h.passage && n.from < h.to && h.from < n.to {
			return n.term, true
		}
	}
	return 0, false
}

// covered tells whether the words of h are counted already: "public health" is one piece of evidence and
// not "health" besides.
func covered(counted []evidence, h hit) bool {
	for _, e := range counted {
		if e.hit.passage == h.passage && e.hit.from <= h.from && h.to <= e.hit.to {
			return true
		}
	}
	return false
}

// result makes the final answer of what was weighed: a person's decision stands above it.
func (m *Matcher) result(p *priority, c *call.Call, w weighed) Result {
	r := Result{Priority: p.id, Score: squash(w.points)}
	r.Included = r.Score >= includeAt
	said := func(e plan.Exception, term string, points float64) {
		r.Score, r.Included = squash(points), points > 0
		if points > 0 {
			r.Score = 1
		}
		w.reasons = append(w.reasons, Reason{
			Kind:         KindDecision,
			PriorityText: e.Who + ": " + e.Why,
			CallText:     "«" + cmp.Or(c.Title, c.Ref) + "»",
			Field:        "ref",
			Term:         term,
			Weight:       points,
		})
	}
	if e, ok := p.never[c.Key()]; ok {
		said(e, "never", -decided)
	} else if e, ok := p.always[c.Key()]; ok {
		said(e, "always", decided)
	}
	for i := range w.reasons {
		w.reasons[i].Weight = round(w.reasons[i].Weight, 1000)
	}
	slices.SortStableFunc(w.reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), cmp.Compare(b.Weight, a.Weight))
	})
	r.Reasons = shorten(w.reasons)
	return r
}

// shorten keeps the strongest reasons. If all of them are of one side and the other has any, its strongest
// takes the last place: a reader must see what held a match back, and what spoke for it at all.
func shorten(rs []Reason) []Reason {
	if len(rs) <= maxReason {
		return rs
	}
	kept := slices.Clone(rs[:maxReason])
	for _, against := range []bool{true, false} {
		side := func(r Reason) bool { return (r.Weight < 0) == against }
		if i := slices.IndexFunc(rs, side); i >= maxReason {
			kept[maxReason-1] = rs[i]
		}
	}
	return kept
}

// squash makes a score of points: 0 of none, a half of [halfway], towards 1 for ever.
func squash(points float64) float64 {
	if points <= 0 {
		return 0
	}
	return round(points/(points+halfway), 1e6)
}

func round(v, to float64) float64 { return math.Round(v*to) / to }

// fact is a field of a call that rules look at.
type fact struct {
	rule, name, value, folded string // the rule's word for it and the exchange format's
}

func factsOf(c *call.Call, code string) []fact {
	var out []fact
	add := func(rule, name string, values ...string) {
		for _, v := range values {
			if v != "" {
				v = clip(v, maxField)
				out = append(out, fact{rule, name, v, strings.ToLower(v)})
			}
		}
	}
	add("programme", "programme", c.Programme)
	if !hasPrefixFold(c.Identifier, code) { // the identifier says it already, and one code is one piece of evidence
		add("call", "call", code)
	}
	add("identifier", "identifier", c.Identifier)
	add("topic", "topics", c.Topics...)
	add("source", "source", c.Source)
	add("kind", "kind", string(c.Kind))
	add("division", "divisions", c.Divisions...)
	add("action_type", "action_types", c.ActionTypes...)
	return out
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func fits(facts []fact, r *rule) (fact, bool) {
	for _, f := range facts {
		if f.rule == r.Field && glob(r.pattern, f.folded) {
			return f, true
		}
	}
	return fact{}, false
}

// glob tells whether s is the parts in order, with anything where they were cut.
func glob(parts []string, s string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return s == first
	}
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}
