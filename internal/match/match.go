package match

import (
	"cmp"
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
type Matcher struct{ set *Set }

// New makes a matcher of p. Terms without a single word and patterns without a letter are errors.
func New(p *plan.Plan) (*Matcher, error) {
	s, err := NewSet(slices.Values([]*plan.Plan{p}))
	if err != nil {
		return nil, err
	}
	return &Matcher{s}, nil
}

// Match weighs c against every priority of the plan. Only priorities of which anything was found are
// listed, by score, then id. The answer depends on c and the plan alone.
func (m *Matcher) Match(c *call.Call) []Result {
	found := m.set.Match(c, 0)
	if len(found) == 0 {
		return nil
	}
	out := make([]Result, len(found))
	for i, f := range found {
		out[i] = f.Result
	}
	return out
}

// place is some words of a passage.
type place struct {
	passage, from, to int32 // to is the word after the last
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.passage, b.passage), cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
}

// holds tells whether every word of b is a word of a.
func (a place) holds(b place) bool {
	return a.passage == b.passage && a.from <= b.from && b.to <= a.to
}

// touches tells whether a and b have a word in common.
func (a place) touches(b place) bool {
	return a.passage == b.passage && a.from < b.to && b.from < a.to
}

// hit is a term's words, found in a call.
type hit struct {
	place
	term   uint32 // in [Set.terms]
	weight float64
}

func (h hit) compareTo(o hit) int { return cmp.Or(h.compare(o.place), cmp.Compare(h.term, o.term)) }

// evidence is what a hit is worth.
type evidence struct {
	hit
	points float64
}

// verdict is what speaks for and against one priority. Its memory serves one priority after the other.
type verdict struct {
	points        float64
	score         float64
	included      bool
	best          []evidence // the best place of each term, strongest first
	counted       []evidence // those of them that count, with what they count
	taken         []hit      // of terms that say what the priority is not about
	lost          []evidence // of them: those that took points away, and how many
	rules         []ruled
	share         float64 // of its points that each term and rule keeps beside learned words
	limited       float64 // points that were lost to who may apply
	always, never *plan.Exception
}

// weigh adds up what hits and rules say. It is false if nothing speaks for the priority.
func (v *verdict) weigh(own *factors, kind call.Kind, passages []passage, hits []hit, rules []ruled) bool {
	v.best, v.counted, v.taken, v.lost, v.rules = v.best[:0], v.counted[:0], v.taken[:0], v.lost[:0], rules
	v.points, v.limited, v.always, v.never = 0, 0, nil, nil
	for _, h := range hits {
		if h.weight < 0 {
			v.taken = append(v.taken, h)
		}
	}
	for _, h := range hits {
		if h.weight < 0 {
			continue
		}
		e := evidence{h, h.weight * own.passage(&passages[h.passage], kind)}
		if by := slices.IndexFunc(v.taken, func(n hit) bool { return n.touches(h.place) }); by >= 0 {
			v.lose(v.taken[by].term, e.points)
			continue
		}
		v.best = append(v.best, e)
	}
	if len(v.lost) > 1 {
		slices.SortFunc(v.lost, func(a, b evidence) int { return a.compareTo(b.hit) })
	}
	v.best = strongest(v.best)
	share := 1.0
	for k, e := range v.best {
		// "public health" is one piece of evidence and not "health" besides.
		if slices.ContainsFunc(v.best[:k], func(b evidence) bool { return b.holds(e.place) }) {
			continue
		}
		e.points *= share
		v.points += e.points
		v.counted = append(v.counted, e)
		share *= own.further()
	}
	found := len(v.best) > 0
	for _, r := range rules {
		v.points += r.weight
		found = found || r.weight > 0
	}
	return found
}

// lose notes that a negative term took points away. What it says is quoted where it stands first.
func (v *verdict) lose(term uint32, points float64) {
	of := func(h hit) bool { return h.term == term }
	if i := slices.IndexFunc(v.lost, func(e evidence) bool { return of(e.hit) }); i >= 0 {
		v.lost[i].points = max(v.lost[i].points, points)
		return
	}
	v.lost = append(v.lost, evidence{v.taken[slices.IndexFunc(v.taken, of)], points})
}

// strongest keeps the best place of each term, and puts them in order.
func strongest(es []evidence) []evidence {
	if len(es) < 2 {
		return es
	}
	slices.SortFunc(es, func(a, b evidence) int {
		return cmp.Or(cmp.Compare(a.term, b.term), cmp.Compare(b.points, a.points), a.compare(b.place))
	})
	es = slices.CompactFunc(es, func(a, b evidence) bool { return a.term == b.term })
	slices.SortFunc(es, func(a, b evidence) int {
		return cmp.Or(cmp.Compare(b.points, a.points), cmp.Compare(a.passage, b.passage), cmp.Compare(a.from, b.from), cmp.Compare(a.term, b.term))
	})
	return es
}

// limit lowers a match above halfway of a call for which the authority can hardly apply.
func (v *verdict) limit() {
	v.limited = (1 - capped) * (v.points - halfway)
	v.points = halfway + capped*(v.points-halfway)
}

// decide makes the score. A person's decision stands above everything that was weighed.
func (v *verdict) decide() {
	v.score = squash(v.points)
	v.included = v.score >= includeAt
	switch {
	case v.never != nil:
		v.score, v.included = 0, false
	case v.always != nil:
		v.score, v.included = 1, true
	}
}

// explain gives a reason for every point of v.
func (s *Set) explain(i int, v *verdict, w *work, c *call.Call) []Reason {
	p, q := &s.profiles[i], s.quotes(i)
	rs := make([]Reason, 0, len(v.counted)+len(v.rules)+len(v.lost)+2)
	point := func(h hit, points float64) {
		k := h.term - p.first
		pa := &w.passages[h.passage]
		rs = append(rs, Reason{
			Kind:         q.terms[k].kind,
			PriorityText: q.terms[k].own,
			PriorityEN:   q.terms[k].en,
			Note:         s.notes[s.terms.at(h.term).note],
			CallText:     sentence(pa, h.place),
			Field:        pa.field,
			Term:         s.name(h.term),
			Weight:       points,
		})
	}
	for _, e := range v.counted {
		point(e.hit, e.points)
	}
	for _, r := range v.rules {
		rule, f := &p.Rules[r.rule], &w.facts[r.fact]
		rs = append(rs, Reason{
			Kind:         KindRule,
			PriorityText: q.rules[r.rule].own,
			PriorityEN:   q.rules[r.rule].en,
			Note:         rule.Note,
			CallText:     "«" + f.value + "»",
			Field:        f.name,
			Term:         rule.Pattern,
			Weight:       r.weight,
		})
	}
	for _, e := range v.lost {
		point(e.hit, -e.points)
	}
	if v.limited > 0 {
		rs = append(rs, Reason{
			Kind:         KindLimit,
			PriorityText: w.limit.why,
			PriorityEN:   w.limit.english,
			CallText:     w.limit.quote,
			Field:        w.limit.field,
			Term:         w.limit.term,
			Weight:       -v.limited,
		})
	}
	if s.lore != nil {
		for i := range rs {
			rs[i].Weight *= v.share
		}
	}
	rs = append(rs, learnedReasons(s.lessons(w, i), s.factors(i), q.general, c, w.code, w.passages)...)
	said := func(e *plan.Exception, term string, points float64) {
		rs = append(rs, Reason{
			Kind:         KindDecision,
			PriorityText: e.Who + ": " + e.Why,
			CallText:     "«" + cmp.Or(c.Title, c.Ref) + "»",
			Field:        "ref",
			Term:         term,
			Weight:       points,
		})
	}
	switch {
	case v.never != nil:
		said(v.never, "never", -decided)
	case v.always != nil:
		said(v.always, "always", decided)
	}
	for i := range rs {
		rs[i].Weight = round(rs[i].Weight, 1000)
	}
	slices.SortStableFunc(rs, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), cmp.Compare(b.Weight, a.Weight))
	})
	return shorten(rs)
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

// english tells whether c says that it is written in English. Of other languages, and of calls that do not
// say, nothing is taken for granted: Swedish sources publish English calls too.
func english(c *call.Call) bool {
	return len(c.Language) >= 2 && strings.EqualFold(c.Language[:2], "en")
}

// squash makes a score of points: 0 of none, a half of [halfway], towards 1 for ever.
func squash(points float64) float64 {
	if points <= 0 {
		return 0
	}
	return round(points/(points+halfway), 1e6)
}

func round(v, to float64) float64 { return math.Round(v*to) / to }
