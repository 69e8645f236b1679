package match

import (
	"cmp"
	"math"
	"slices"

	"utkik/internal/call"
)

// work is the memory of one call's matching, kept for the next.
type work struct {
	reading
	reader   reader
	spots    []spot // phrases of the vocabulary
	formulas []place
	facts    []fact
	fits     []fit    // patterns that fit a fact
	fitted   []bool   // by pattern: whether it is among them; false between calls
	pieces   []symbol // of one fact
	fitting  []int32  // patterns that fit one fact

	phrases []int32   // of the spots, each once
	best    []float64 // by phrase: the most that one of its places weighs; 0 between calls
	bound   []float32 // by profile: the most points that it can reach; 0 between calls
	touched []uint32  // profiles that have any, unless
	most    bool      // so many can have that it is quicker to go through them all

	chosen    []uint32 // profiles that can reach the floor
	heads     []heads  // by profile, of the chosen
	hitLinks  []link[hit]
	ruleLinks []link[ruled]

	hits      []hit // of the profile that is weighed
	rules     []ruled
	verdict   verdict
	limit     limit
	decisions []decision // about the call
	limited   bool
	asked     bool // whether limit and limited are known
}

// spot is a phrase that stands in a call.
type spot struct {
	place
	phrase int32
}

// fit is a rule's pattern and the first fact that it fits.
type fit struct{ pattern, fact int32 }

// ruled is a rule that fits a fact.
type ruled struct {
	rule   uint32 // its number in the priority
	fact   int32
	weight float64
}

// link is an item of a list within a slice. The list ends at 0, which is nobody's.
type link[T any] struct {
	item T
	next int32
}

// heads are where a profile's lists begin.
type heads struct{ hit, rule int32 }

func (s *Set) work() *work {
	if w, ok := s.works.Get().(*work); ok {
		return w
	}
	return &work{
		best:   make([]float64, s.lexicon.phrases),
		fitted: make([]bool, len(s.codes.globs)),
		bound:  make([]float32, len(s.profiles)),
		heads:  make([]heads, len(s.profiles)),
	}
}

// each calls found for every profile that c scores at least floor for, in the set's order, with the verdict
// in w.
func (s *Set) each(c *call.Call, floor float64, found func(w *work, profile int)) {
	w := s.work()
	foreign := english(c)
	need := enough(floor)
	s.find(w, c)
	s.reach(w, c, foreign)
	s.choose(w, foreign, need)
	for _, i := range w.chosen {
		own := s.factors(int(i))
		most := w.gather(i, own.further())
		if decided := math.IsInf(float64(w.bound[i]), 1); floor > 0 && most < need && !decided {
			continue
		}
		w.sort()
		spoken := w.verdict.weigh(own, c.Kind, w.passages, w.hits, w.rules)
		said := w.said(i)
		if !spoken && !said {
			continue
		}
		if w.verdict.points > halfway && w.barred(c) {
			w.verdict.limit()
		}
		if w.verdict.decide(); w.verdict.score >= floor {
			found(w, int(i))
		}
	}
	w.forget()
	s.works.Put(w)
}

// find reads c and notes which phrases stand where in it, without those that touch boilerplate, and which
// patterns of rules its fields fit.
func (s *Set) find(w *work, c *call.Call) {
	w.read(c)
	w.spots, w.formulas, w.asked = w.spots[:0], w.formulas[:0], false
	for i := range w.passages {
		s.lexicon.read(&w.reader, w.passages[i].words, func(phrase int32, from, to int) {
			at := place{int32(i), int32(from), int32(to)}
			if phrase < s.formulas {
				w.formulas = append(w.formulas, at)
			}
			w.spots = append(w.spots, spot{at, phrase}) // a plan may have a formula's words too
		})
	}
	if len(w.formulas) > 0 {
		w.spots = slices.DeleteFunc(w.spots, func(x spot) bool { return slices.ContainsFunc(w.formulas, x.touches) })
	}
	w.facts = appendFacts(w.facts[:0], c, w.code)
	w.fits = w.fits[:0]
	for i := range w.facts {
		w.pieces, w.fitting = s.codes.match(&w.facts[i], w.pieces, w.fitting[:0])
		for _, pattern := range w.fitting {
			if !w.fitted[pattern] { // the first fact is the evidence
				w.fitted[pattern] = true
				w.fits = append(w.fits, fit{pattern, int32(i)})
			}
		}
	}
}

// reach is the first step: it adds up for every profile what its terms and rules can give at most, each
// phrase once and where it weighs most, as if nothing could take points away.
func (s *Set) reach(w *work, c *call.Call, foreign bool) {
	w.phrases, w.touched = w.phrases[:0], w.touched[:0]
	shares := 0
	for _, x := range w.spots {
		if w.best[x.phrase] == 0 {
			w.phrases = append(w.phrases, x.phrase)
			claims, _ := s.claimsOf(x.phrase, foreign)
			shares += len(claims)
		}
		w.best[x.phrase] = max(w.best[x.phrase], w.passages[x.passage].weight)
	}
	for _, f := range w.fits {
		orders, _ := s.orders.of(f.pattern, f.pattern+1)
		shares += len(orders)
	}
	w.most = 16*shares > len(w.bound)
	for _, phrase := range w.phrases {
		claims, _ := s.claimsOf(phrase, foreign)
		w.add(claims, s.points[w.best[phrase]])
		w.best[phrase] = 0
	}
	for _, f := range w.fits {
		orders, _ := s.orders.of(f.pattern, f.pattern+1)
		w.add(orders, s.points[inTitle])
		w.fitted[f.pattern] = false
	}
	w.decisions = s.decisions[c.Key()]
	for _, d := range w.decisions {
		w.touched = append(w.touched, d.profile)
		w.bound[d.profile] = float32(math.Inf(1))
	}
}

// add counts what shares say, of which points is the most by weight.
func (w *work) add(shares []share, points []float32) {
	if w.most {
		for _, x := range shares {
			w.bound[x.profile] += points[x.weight]
		}
		return
	}
	for _, x := range shares {
		if p := points[x.weight]; p > 0 {
			if w.bound[x.profile] == 0 {
				w.touched = append(w.touched, x.profile)
			}
			w.bound[x.profile] += p
		}
	}
}

// choose begins the second step: it keeps the profiles that can reach what is needed, and lists what was found of each.
func (s *Set) choose(w *work, foreign bool, need float32) {
	w.chosen = w.chosen[:0]
	if w.most {
		for i, b := range w.bound {
			if b >= need {
				w.chosen = append(w.chosen, uint32(i))
			}
		}
	} else {
		for _, i := range w.touched {
			if w.bound[i] >= need {
				w.chosen = append(w.chosen, i)
			}
		}
		slices.Sort(w.chosen)
		w.chosen = slices.Compact(w.chosen) // a person may have decided about one that was touched besides
	}
	for _, i := range w.chosen {
		w.heads[i] = heads{}
	}
	w.hitLinks, w.ruleLinks = append(w.hitLinks[:0], link[hit]{}), append(w.ruleLinks[:0], link[ruled]{})
	if len(w.chosen) == 0 {
		return
	}
	for _, x := range w.spots {
		claims, first := s.claimsOf(x.phrase, foreign)
		for k, claim := range claims {
			if w.bound[claim.profile] >= need {
				head := &w.heads[claim.profile].hit
				h := hit{x.place, s.claims.items[first+uint32(k)], s.weights[claim.weight]}
				w.hitLinks = append(w.hitLinks, link[hit]{h, *head})
				*head = int32(len(w.hitLinks) - 1)
			}
		}
	}
	for _, f := range w.fits {
		orders, first := s.orders.of(f.pattern, f.pattern+1)
		for k, order := range orders {
			if w.bound[order.profile] >= need {
				head := &w.heads[order.profile].rule
				r := ruled{s.orders.items[first+uint32(k)], f.fact, s.weights[order.weight]}
				w.ruleLinks = append(w.ruleLinks, link[ruled]{r, *head})
				*head = int32(len(w.ruleLinks) - 1)
			}
		}
	}
}

// enough is how many points of the first step can come to a score of floor. It is a little less than they
// are, since the first step counts with half the digits, but never nothing.
func enough(floor float64) float32 {
	floor = min(floor, 1) - 1e-5
	if floor <= 0 {
		return math.SmallestNonzeroFloat32
	}
	return float32(floor * halfway / (1 - floor) * (1 - 1e-4))
}

// gather takes the hits and rules of profile i together and tells more closely what they can give at most: the
// best term in full and further ones as the second.
func (w *work) gather(i uint32, further float64) float32 {
	w.hits, w.rules = w.hits[:0], w.rules[:0]
	var best, sum, rules float64
	for at := w.heads[i].hit; at != 0; at = w.hitLinks[at].next {
		h := w.hitLinks[at].item
		points := max(0, h.weight*w.passages[h.passage].weight)
		best, sum = max(best, points), sum+points
		w.hits = append(w.hits, h)
	}
	for at := w.heads[i].rule; at != 0; at = w.ruleLinks[at].next {
		r := w.ruleLinks[at].item
		rules += r.weight
		w.rules = append(w.rules, r)
	}
	return near(best + further*(sum-best) + rules)
}

// sort puts the hits and rules of a profile in order. Lists were made from the front: turned round, they mostly are.
func (w *work) sort() {
	if len(w.hits) > 1 {
		slices.Reverse(w.hits)
		slices.SortFunc(w.hits, hit.compareTo)
	}
	if len(w.rules) > 1 {
		slices.SortFunc(w.rules, func(a, b ruled) int { return cmp.Compare(a.rule, b.rule) })
	}
}

// said tells whether a person has decided about the call for profile i. The last decision of a sort is the one that
// is quoted.
func (w *work) said(i uint32) bool {
	v := &w.verdict
	for k := range w.decisions {
		switch d := &w.decisions[k]; {
		case d.profile != i:
		case d.always:
			v.always = &d.Exception
		default:
			v.never = &d.Exception
		}
	}
	return v.always != nil || v.never != nil
}

// barred tells whether the authority can hardly apply, and notes why. Few calls need an answer.
func (w *work) barred(c *call.Call) bool {
	if !w.asked {
		w.limit, w.limited = eligibility(c, w.code, w.passages)
		w.asked = true
	}
	return w.limited
}

// forget makes w ready for another call.
func (w *work) forget() {
	if w.most {
		clear(w.bound)
		return
	}
	for _, i := range w.touched {
		w.bound[i] = 0
	}
}
