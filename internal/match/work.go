package match

import (
	"cmp"
	"math"
	"math/bits"
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

	phrases []sighting // of the spots, each once
	seats   []int32    // by phrase: its number in phrases, counted from 1; 0 between calls
	lists   []list     // of profiles, for each phrase and each pattern and each weight
	says    []says     // by list
	bounds  bounds     // nothing between calls

	chosen subset         // profiles that can reach the floor
	heads  []int32        // by number in chosen: where the profile's list within links begins
	links  []link         // what was found of them
	kept   [atATime]entry // of a part of a list

	parts     []part // of the profile that is weighed
	hits      []hit
	rules     []ruled
	against   []int32 // phrases that speak against it, by number in phrases
	squashed  squashed
	heard     heard
	taught    []taught // profiles for which learned words speak, in order
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
	next   int32 // spot of the same phrase, -1 after the last
}

// sighting is a phrase of a call with all its spots.
type sighting struct {
	phrase int32
	spot   int32   // the last one, and so the first of the list of them
	best   int32   // the first of the spots that weigh most
	weight float64 // of the best spot's passage
	groups [2]uint32
}

// fit is a rule's pattern and the first fact that it fits.
type fit struct{ pattern, fact int32 }

// ruled is a rule that fits a fact.
type ruled struct {
	rule   uint32 // its number in the priority
	fact   int32
	weight float64
}

func (r ruled) compareTo(o ruled) int { return cmp.Compare(r.rule, o.rule) }

// list is a group of an index that a call leads to.
type list struct {
	entries []entry
	shift   uint8
	most    uint8 // that it can give, as [bounds] count
}

// says is what a list says of every profile in it.
type says struct {
	points float64 // of a phrase at its best place
	weight float64 // of the term or the rule
	place  place   // the best one of a phrase
	from   int32   // the phrase's number in [work.phrases], or the fact's
	kind   kind
}

type kind uint8

const (
	forTerm kind = iota
	againstTerm
	byRule
)

// link is an item of a profile's list. The list ends at 0, which is nobody's.
type link struct {
	item uint32 // a term's number in its priority, or a rule's
	list uint32
	next int32
}

// part is a term's part of the points of a profile.
type part struct {
	points float64
	place  place
	term   uint32 // its number in the priority
}

// stronger tells whether a counts before b.
func (a *part) stronger(b *part) bool {
	switch {
	case a.points != b.points:
		return a.points > b.points
	case a.place.passage != b.place.passage:
		return a.place.passage < b.place.passage
	case a.place.from != b.place.from:
		return a.place.from < b.place.from
	}
	return a.term < b.term
}

func (s *Set) work() *work {
	if w, ok := s.works.Get().(*work); ok {
		return w
	}
	return &work{
		seats:  make([]int32, s.lexicon.phrases),
		fitted: make([]bool, len(s.codes.globs)),
		bounds: newBounds(len(s.profiles)),
		chosen: newSubset(len(s.profiles)),
	}
}

// each calls found for every profile that c scores at least floor for, in the set's order, with the verdict
// in w: the whole of it, or if no reasons are wanted nothing but the score.
func (s *Set) each(c *call.Call, floor float64, reasons bool, found func(w *work, profile int)) {
	w := s.work()
	foreign := english(c)
	s.find(w, c)
	s.listen(w, c)
	s.list(w, c, foreign, enough(floor))
	w.reach()
	w.choose()
	v := &w.verdict
	n := 0
	for i, word := range w.chosen.words {
		for ; word != 0; word &= word - 1 {
			bit := bits.TrailingZeros64(word)
			profile, head := 64*i+bit, w.heads[n]
			n++
			var spoken bool
			if reasons || s.shifted[i]>>bit&1 == 1 {
				s.gather(w, profile, head)
				spoken = v.weigh(s.factors(profile), c.Kind, w.passages, w.hits, w.rules)
			} else {
				spoken = w.add(head)
			}
			said := len(w.decisions) > 0 && w.said(uint32(profile))
			if v.points > halfway && w.barred(c) {
				v.limit()
			}
			if s.lore != nil {
				spoken = s.learn(w, profile, spoken)
			}
			if !spoken && !said {
				continue
			}
			if said {
				v.decide()
			} else {
				v.score = w.squashed.of(v.points)
				v.included = v.score >= includeAt
			}
			if v.score >= floor {
				found(w, profile)
			}
		}
	}
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
			w.spots = append(w.spots, spot{at, phrase, -1}) // a plan may have a formula's words too
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

// list begins the first step: it leads from what was found to whose it is, each phrase once and where it weighs
// most, and notes what is said of them.
func (s *Set) list(w *work, c *call.Call, foreign bool, need float64) {
	w.phrases, w.lists, w.says = w.phrases[:0], w.lists[:0], w.says[:0]
	for i := range w.spots {
		x := &w.spots[i]
		weight := w.passages[x.passage].weight
		seat := &w.seats[x.phrase]
		if *seat == 0 {
			w.phrases = append(w.phrases, sighting{phrase: x.phrase, spot: -1, best: int32(i), weight: weight})
			*seat = int32(len(w.phrases))
		}
		p := &w.phrases[*seat-1]
		x.next, p.spot = p.spot, int32(i)
		if weight > p.weight {
			p.best, p.weight = int32(i), weight
		}
	}
	scale := enoughBound / need
	for i := range w.phrases { // apart from what follows, which has to wait for these to come from far memory
		p := &w.phrases[i]
		w.seats[p.phrase] = 0
		p.groups[0], p.groups[1] = s.claimsOf(p.phrase, foreign)
	}
	for i := range w.phrases {
		p := &w.phrases[i]
		s.note(w, &s.claims, p.groups[0], p.groups[1], says{place: w.spots[p.best].place, from: int32(i)}, p.weight, scale)
	}
	for _, f := range w.fits {
		w.fitted[f.pattern] = false
		from, to := s.orders.of(f.pattern, f.pattern+1)
		s.note(w, &s.orders, from, to, says{from: f.fact, kind: byRule}, inTitle, scale)
	}
	w.taught = w.taught[:0]
	if s.lore != nil {
		for seat, p := range s.lore.profiles {
			if hundredths := w.heard.sums[seat]; hundredths > 0 {
				points := s.factors(int(p)).learned(hundredths)
				w.taught = append(w.taught, taught{p, uint8(max(1, min(enoughBound, math.Ceil(points*scale))))})
			}
		}
	}
	w.decisions = s.decisions[c.Key()]
}

// note lists the groups from..to-1 of an index, and what they say at a place that weighs so much.
func (s *Set) note(w *work, in *index, from, to uint32, x says, place, scale float64) {
	for g := from; g < to; g++ {
		x, is, most := x, in.groups[g], uint8(0)
		x.weight = s.weights[is.weight]
		x.points = x.weight * place
		if x.weight > 0 {
			most = uint8(max(1, min(enoughBound, math.Ceil(x.points*scale)))) // something is never nothing, however little it is
		} else if x.kind == forTerm {
			x.kind = againstTerm
		}
		w.lists = append(w.lists, list{in.entries[is.from:in.groups[g+1].from], in.shift, most})
		w.says = append(w.says, x)
	}
}

// reach is the rest of the first step: it adds up for every profile what its terms and rules can give at most, as if nothing
// could take points away, and chooses those that can reach what is needed.
func (w *work) reach() {
	for i := range w.lists {
		if l := &w.lists[i]; l.most > 0 {
			w.bounds.add(l.entries, l.shift, l.most)
		}
	}
	for _, x := range w.taught {
		w.bounds.raise(x.profile, x.most)
	}
	for _, d := range w.decisions {
		w.bounds[d.profile] = enoughBound
	}
	w.bounds.take(&w.chosen)
}

// choose begins the second step: it lists what was found of the profiles that are chosen.
func (w *work) choose() {
	w.heads, w.links = slices.Grow(w.heads[:0], w.chosen.size)[:w.chosen.size], append(w.links[:0], link{})
	clear(w.heads)
	if w.chosen.size == 0 {
		return
	}
	for i := range w.lists {
		l := &w.lists[i]
		for entries := l.entries; len(entries) > 0; {
			part := entries[:min(atATime, len(entries))]
			entries = entries[len(part):]
			for _, e := range w.kept[:w.chosen.keep(part, l.shift, &w.kept)] {
				head := &w.heads[w.chosen.number(e.profile(l.shift))]
				w.links = append(w.links, link{e.item(l.shift), uint32(i), *head})
				*head = int32(len(w.links) - 1)
			}
		}
	}
}

// enough is how many points of the first step can come to a score of floor: a little less than do, since sums of the
// same numbers in another order may differ in their last digit, but never nothing.
func enough(floor float64) float64 {
	floor = min(floor, 1) - 1e-5
	if floor <= 0 {
		return math.SmallestNonzeroFloat32
	}
	return floor * halfway / (1 - floor) * (1 - 1e-4)
}

// add is [verdict.weigh] without a word on why: it adds up the points of a profile whose plan has no weights of its own,
// from its list. It is false if nothing speaks for the profile.
func (w *work) add(head int32) bool {
	v := &w.verdict
	v.points, v.limited, v.always, v.never = 0, 0, nil, nil
	// Most have a few phrases that have nothing to do with each other. Points above 0 are in the order of their bits, and
	// whole numbers are put in order without a branch.
	var few [4]*says
	var terms [4]uint32
	var points [4]uint64
	n, rules := 0, 0
	var rule float64
	for at := head; at != 0; {
		l := &w.links[at]
		at = l.next
		x := &w.says[l.list]
		if x.kind == byRule && rules == 0 {
			rules, rule = 1, x.weight
			continue
		}
		if n == len(few) || x.kind != forTerm {
			return w.addAll(head)
		}
		for k := range n {
			if terms[k] == l.item || few[k].place.touches(x.place) {
				return w.addAll(head)
			}
		}
		few[n], terms[n], points[n] = x, l.item, math.Float64bits(x.points)
		n++
	}
	if n > 1 {
		order := func(i, k int) {
			points[i], points[k] = max(points[i], points[k]), min(points[i], points[k])
		}
		order(0, 1)
		if n > 2 {
			order(2, 3)
			order(0, 2)
			order(1, 3)
			order(1, 2)
		}
	}
	share := 1.0
	for _, p := range points[:n] {
		v.points += float64(math.Float64frombits(p) * share)
		share *= further
	}
	v.points += rule
	return n > 0 || rule > 0
}

// addAll is add for any list.
func (w *work) addAll(head int32) bool {
	v := &w.verdict
	w.parts, w.rules, w.against = w.parts[:0], w.rules[:0], w.against[:0]
	for at := head; at != 0; at = w.links[at].next {
		l := &w.links[at]
		switch x := &w.says[l.list]; x.kind {
		case forTerm:
			w.count(part{x.points, x.place, l.item})
		case againstTerm:
			w.against = append(w.against, x.from)
		case byRule:
			w.rules = append(w.rules, ruled{l.item, x.from, x.weight})
		}
	}
	if len(w.against) > 0 {
		w.parts = w.parts[:0]
		for at := head; at != 0; at = w.links[at].next {
			l := &w.links[at]
			if x := &w.says[l.list]; x.kind == forTerm {
				w.countUntouched(x, l.item)
			}
		}
	}
	share := 1.0
next:
	for k := range w.parts {
		p := &w.parts[k]
		for b := range k {
			if w.parts[b].place.holds(p.place) {
				continue next
			}
		}
		v.points += float64(p.points * share)
		share *= further
	}
	spoken := len(w.parts) > 0
	if len(w.rules) > 0 {
		slices.SortFunc(w.rules, ruled.compareTo)
		for _, r := range w.rules {
			v.points += r.weight
			spoken = spoken || r.weight > 0
		}
	}
	return spoken
}

// count puts a part in its place among the others, unless its term has a better one.
func (w *work) count(p part) {
	for k := range w.parts {
		if o := &w.parts[k]; o.term == p.term {
			if o.points > p.points || o.points == p.points && o.place.compare(p.place) <= 0 {
				return
			}
			w.parts = slices.Delete(w.parts, k, k+1)
			break
		}
	}
	k := len(w.parts)
	w.parts = append(w.parts, p)
	for ; k > 0 && p.stronger(&w.parts[k-1]); k-- {
		w.parts[k] = w.parts[k-1]
	}
	w.parts[k] = p
}

// countUntouched counts a phrase of a term at the best place that no phrase against the profile touches, if there is one.
func (w *work) countUntouched(x *says, term uint32) {
	best, weight := int32(-1), 0.0
	for at := w.phrases[x.from].spot; at >= 0; at = w.spots[at].next {
		place := w.spots[at].place
		if here := w.passages[place.passage].weight; here >= weight && !slices.ContainsFunc(w.against, func(phrase int32) bool { return w.touches(phrase, place) }) {
			best, weight = at, here
		}
	}
	if best >= 0 {
		w.count(part{x.weight * weight, w.spots[best].place, term})
	}
}

// touches tells whether a phrase has a word in common with a place anywhere.
func (w *work) touches(phrase int32, p place) bool {
	for at := w.phrases[phrase].spot; at >= 0; at = w.spots[at].next {
		if w.spots[at].touches(p) {
			return true
		}
	}
	return false
}

// squashed remembers what points come to: among thousands of profiles, few have a sum of their own, and a division and
// two roundings are a good part of weighing one.
type squashed [1 << 10]struct{ points, score float64 }

func (m *squashed) of(points float64) float64 {
	at := &m[math.Float64bits(points)*0x9e3779b97f4a7c15>>(64-10)]
	if at.points != points {
		at.points, at.score = points, squash(points)
	}
	return at.score
}

// gather takes the hits and rules of a profile together, those of a phrase at every place where it stands.
func (s *Set) gather(w *work, profile int, head int32) {
	first := s.profiles[profile].first
	w.hits, w.rules = w.hits[:0], w.rules[:0]
	for at := head; at != 0; at = w.links[at].next {
		l := &w.links[at]
		x := &w.says[l.list]
		if x.kind == byRule {
			w.rules = append(w.rules, ruled{l.item, x.from, x.weight})
			continue
		}
		for spot := w.phrases[x.from].spot; spot >= 0; spot = w.spots[spot].next {
			w.hits = append(w.hits, hit{w.spots[spot].place, first + l.item, x.weight})
		}
	}
	slices.SortFunc(w.hits, hit.compareTo)
	slices.SortFunc(w.rules, ruled.compareTo)
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
