package match

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// Set weighs calls against the priorities of any number of plans at once: the words of a call are read once,
// and each phrase that stands in them leads straight to the terms that hold it. The work grows with what is
// found and not with the number of priorities. It is safe for parallel use.
//
// A call is matched in two steps. The first adds up, for every priority that any phrase or rule points to,
// the most that it can score, and makes no decision. The second weighs those that can reach the floor, one
// by one and to the letter; reasons are written for those alone that do.
type Set struct {
	lexicon  *lexicon
	formulas int32 // phrases below this number are boilerplate
	codes    codes // the rules' patterns

	plans     []owner
	profiles  []profile
	decisions map[call.Key][]decision
	lore      *lore // nil if no plan has learned words

	// Of all profiles, one's behind the other's; what many share is kept once.
	terms    rows[term] // and one more, where the last one ends
	spelt    rows[spelling]
	wordings []string // by number: a phrase as a plan spells it
	phrases  []int32  // by number of the wording: its phrase in the lexicon
	notes    []string
	weights  []float64

	claims index // by claimKey of a phrase: terms that hold it
	orders index // by number of a pattern: rules that have it

	shifted []uint64 // a bit for each profile: whether its plan has weights of its own

	works  sync.Pool // of *work
	quoted atomic.Int32
}

// owner is a plan without its priorities.
type owner struct {
	id, language string
	factors      factors
}

// profile is a priority of a plan, without the vocabulary, which [Set.terms] hold.
type profile struct {
	plan.Priority
	owner  int32
	first  uint32 // of its terms
	quoted atomic.Pointer[quotes]
}

// term is one concept of the vocabulary: any of its phrases is evidence for it, once.
type term struct {
	first  uint32 // of its spellings; they end where the next term's begin
	weight uint32 // in [Set.weights]
	note   uint32 // in [Set.notes]
}

// spelling is the number of a wording, twice, and 1 more if it is Swedish.
type spelling uint32

func (s spelling) wording() uint32 { return uint32(s) >> 1 }
func (s spelling) swedish() bool   { return s&1 == 1 }

// decision is what a person has said of a call.
type decision struct {
	profile uint32
	always  bool // else never
	plan.Exception
}

// rows are a slice that grows without a copy of itself, which would be most of the memory that building takes.
type rows[T any] struct{ pages [][]T }

const page = 1 << 12

func (r *rows[T]) add(v T) {
	last := len(r.pages) - 1
	if last < 0 || len(r.pages[last]) == page {
		r.pages = append(r.pages, make([]T, 0, page))
		last++
	}
	r.pages[last] = append(r.pages[last], v)
}

func (r *rows[T]) at(i uint32) *T { return &r.pages[i/page][i%page] }

func (r *rows[T]) size() uint32 {
	last := len(r.pages) - 1
	if last < 0 {
		return 0
	}
	return uint32(last*page + len(r.pages[last]))
}

// claimKey is the key of a phrase's claims. Swedish ones come after those of any language, so that an English
// call can do without: a Swedish phrase means nothing in it, where "same" is no Sámi.
func claimKey(phrase int32, swedish bool) int32 {
	if swedish {
		return 2*phrase + 1
	}
	return 2 * phrase
}

// claimsOf gives the groups of terms that hold a phrase, those of one language behind those of the other.
func (s *Set) claimsOf(phrase int32, foreign bool) (from, to uint32) {
	if foreign {
		return s.claims.of(2*phrase, 2*phrase+1)
	}
	return s.claims.of(2*phrase, 2*phrase+2)
}

// builder is what is needed while a set is built and not after.
type builder struct {
	*Set
	wording map[string]uint32
	noted   map[string]uint32
	pattern map[[2]string]int32
	weight  map[float64]uint32
	listed  []int32 // patterns of all profiles' rules, in order
	seen    map[string]bool
}

// NewSet makes a set of plans, which must have different ids. Each plan may be let go once the next is asked
// for. What [New] refuses in one is an error here too.
func NewSet(plans iter.Seq[*plan.Plan]) (*Set, error) {
	b := builder{
		Set:     &Set{lexicon: newLexicon(), decisions: map[call.Key][]decision{}, notes: []string{""}},
		wording: map[string]uint32{},
		noted:   map[string]uint32{"": 0},
		pattern: map[[2]string]int32{},
		weight:  map[float64]uint32{},
		seen:    map[string]bool{},
	}
	for _, f := range formulas {
		b.lexicon.add(f)
	}
	b.formulas = int32(b.lexicon.phrases)
	for p := range plans {
		if b.seen[p.ID] {
			return nil, fmt.Errorf("plan %s: stands twice in a set; give each plan an id of its own", p.ID)
		}
		b.seen[p.ID] = true
		b.plans = append(b.plans, owner{p.ID, p.Language, factorsOf(p.Weights)})
		for i := range p.Priorities {
			if err := b.add(p, &p.Priorities[i]); err != nil {
				return nil, fmt.Errorf("plan %s: priority %s: %v", p.ID, p.Priorities[i].ID, err)
			}
		}
	}
	b.terms.add(term{first: b.spelt.size()})
	var ok, fits bool
	b.claims, ok = newIndex(2*b.lexicon.phrases, len(b.profiles), b.eachClaim)
	b.orders, fits = newIndex(len(b.codes.globs), len(b.profiles), b.eachRule)
	if !ok || !fits {
		return nil, fmt.Errorf("a set of %d priorities: one of them has too many terms or rules to be numbered beside so many others; make two sets", len(b.profiles))
	}
	b.shifted = make([]uint64, (len(b.profiles)+63)/64)
	for i := range b.profiles {
		if !b.factors(i).plain {
			b.shifted[i/64] |= 1 << (i % 64)
		}
	}
	return b.Set, nil
}

func (b *builder) add(p *plan.Plan, pp *plan.Priority) error {
	n := uint32(len(b.profiles))
	for _, t := range pp.Vocabulary {
		if t.Weight == 0 || math.IsNaN(t.Weight) || math.IsInf(t.Weight, 0) {
			return fmt.Errorf("line %d: term %q weighs %v; give it a weight other than 0", t.Line, cmp.Or(t.SV, strings.Join(t.EN, ", ")), t.Weight)
		}
	}
	b.profiles = append(b.profiles, profile{Priority: *pp, owner: int32(len(b.plans) - 1), first: b.terms.size()})
	own := &b.profiles[n]
	own.Vocabulary, own.Always, own.Never, own.Learned = nil, nil, nil, nil
	for _, t := range pp.Vocabulary {
		b.terms.add(term{b.spelt.size(), b.weigh(b.factors(int(n)).term(t.Weight)), b.note(t.Note)})
		for at, phrase := range phrasesOf(t) {
			w, ok := b.word(phrase)
			if !ok {
				return fmt.Errorf("line %d: term %q holds no word", t.Line, phrase)
			}
			s := spelling(w << 1)
			if at == 0 && t.SV != "" {
				s++
			}
			b.spelt.add(s)
		}
	}
	for _, r := range pp.Rules {
		if strings.Trim(r.Pattern, "* ") == "" {
			return fmt.Errorf("line %d: pattern %q would fit everything", r.Line, r.Pattern)
		}
		key := [2]string{r.Field, strings.ToLower(r.Pattern)}
		at, ok := b.pattern[key]
		if !ok {
			at = b.codes.add(r.Field, r.Pattern)
			b.pattern[key] = at
		}
		b.listed = append(b.listed, at)
	}
	if len(pp.Learned) > 0 {
		if b.lore == nil {
			b.lore = newLore()
		}
		if err := b.lore.add(n, pp.Learned); err != nil {
			return err
		}
	}
	for _, e := range pp.Always {
		b.decide(decision{n, true, e})
	}
	for _, e := range pp.Never {
		b.decide(decision{n, false, e})
	}
	return nil
}

func (b *builder) decide(d decision) {
	key := call.Key{Source: d.Source, Ref: d.Ref}
	b.decisions[key] = append(b.decisions[key], d)
}

// word gives the number of a wording. It is false if there is no word in it.
func (b *builder) word(phrase string) (uint32, bool) {
	if n, ok := b.wording[phrase]; ok {
		return n, true
	}
	in := b.lexicon.add(phrase)
	if in < 0 {
		return 0, false
	}
	n := uint32(len(b.wordings))
	b.wordings, b.phrases = append(b.wordings, phrase), append(b.phrases, in)
	b.wording[phrase] = n
	return n, true
}

func (b *builder) note(s string) uint32 {
	n, ok := b.noted[s]
	if !ok {
		n = uint32(len(b.notes))
		b.notes = append(b.notes, s)
		b.noted[s] = n
	}
	return n
}

func (b *builder) weigh(weight float64) uint32 {
	n, ok := b.weight[weight]
	if !ok {
		n = uint32(len(b.weights))
		b.weights = append(b.weights, weight)
		b.weight[weight] = n
	}
	return n
}

// eachClaim yields every term for each of its phrases. A phrase that a term spells in two ways, or in both
// languages, is its once.
func (b *builder) eachClaim(yield func(int32, share)) {
	var ways []spelling
	for i := range b.profiles {
		for k := b.profiles[i].first; k < b.end(i); k++ {
			ways = b.spellings(ways[:0], k)
			for at, way := range ways {
				phrase := b.phrases[way.wording()]
				again := func(o spelling) bool { return b.phrases[o.wording()] == phrase }
				if slices.ContainsFunc(ways[:at], func(o spelling) bool { return !o.swedish() && again(o) }) ||
					way.swedish() && slices.ContainsFunc(ways[at+1:], again) {
					continue
				}
				yield(claimKey(phrase, way.swedish()), share{uint32(i), b.terms.at(k).weight, k - b.profiles[i].first})
			}
		}
	}
}

func (b *builder) eachRule(yield func(int32, share)) {
	n := 0
	for i := range b.profiles {
		for k, r := range b.profiles[i].Rules {
			yield(b.listed[n], share{uint32(i), b.weigh(b.factors(i).rule(r.Weight)), uint32(k)})
			n++
		}
	}
}

// factors are those of the plan that profile i belongs to.
func (s *Set) factors(i int) *factors { return &s.plans[s.profiles[i].owner].factors }

// end is where the terms of profile i end.
func (s *Set) end(i int) uint32 {
	if i+1 < len(s.profiles) {
		return s.profiles[i+1].first
	}
	return s.terms.size() - 1
}

// spellings appends those of a term, in the order of its plan.
func (s *Set) spellings(dst []spelling, term uint32) []spelling {
	for at := s.terms.at(term).first; at < s.terms.at(term+1).first; at++ {
		dst = append(dst, *s.spelt.at(at))
	}
	return dst
}

// vocabulary gives the terms of profile i as its plan has them, but for their lines.
func (s *Set) vocabulary(i int) []plan.Term {
	var out []plan.Term
	for k := s.profiles[i].first; k < s.end(i); k++ {
		at := s.terms.at(k)
		t := plan.Term{Weight: s.weights[at.weight], Note: s.notes[at.note]}
		for _, way := range s.spellings(nil, k) {
			if phrase := s.wordings[way.wording()]; way.swedish() {
				t.SV = phrase
			} else {
				t.EN = append(t.EN, phrase)
			}
		}
		out = append(out, t)
	}
	return out
}

// name is what reasons call a term.
func (s *Set) name(term uint32) string {
	var names []string
	for _, way := range s.spellings(nil, term) {
		if phrase := s.wordings[way.wording()]; way.swedish() {
			return phrase
		} else {
			names = append(names, phrase)
		}
	}
	return strings.Join(names, ", ")
}

// quotable is of how many profiles a set keeps what their plans say: of every one that a program has, in 40 MB of
// the 900 that a quarter of a million would take.
const quotable = 10_000

// quotes gives what the plan says of the terms and rules of profile i. It is found when it is first asked for:
// most of many profiles never are.
func (s *Set) quotes(i int) *quotes {
	p := &s.profiles[i]
	if q := p.quoted.Load(); q != nil {
		return q
	}
	whole := p.Priority
	whole.Vocabulary = s.vocabulary(i)
	q := quotesOf(&whole, s.plans[p.owner].language)
	if s.quoted.Add(1) <= quotable {
		p.quoted.Store(q) // whoever else has found it at the same time has found the same
	}
	return q
}

func phrasesOf(t plan.Term) []string {
	if t.SV == "" {
		return t.EN
	}
	return append([]string{t.SV}, t.EN...)
}

// Found is how a call stands to one priority of one plan of a set.
type Found struct {
	Plan string
	Result
}

// Score is a [Found] without its reasons, and with a number for its names.
type Score struct {
	Profile  int32 // see [Set.Profile]
	Included bool
	Score    float64
}

// Match weighs c against every priority and lists those of which anything was found and that score at least
// floor, by plan, then score, then priority. Floor 0 lists them all, [Floor] what a digest carries. The answer
// depends on c, the plans and the floor alone.
func (s *Set) Match(c *call.Call, floor float64) []Found {
	var out []Found
	s.each(c, floor, true, func(w *work, i int) {
		p, v := &s.profiles[i], &w.verdict
		out = append(out, Found{s.plans[p.owner].id, Result{p.ID, v.score, v.included, s.explain(i, v, w, c)}})
	})
	slices.SortStableFunc(out, func(a, b Found) int {
		return cmp.Or(strings.Compare(a.Plan, b.Plan), cmp.Compare(b.Score, a.Score), strings.Compare(a.Priority, b.Priority))
	})
	return out
}

// Scores is [Set.Match] without reasons, in the order of plans and priorities in the set. It appends to dst, which may
// serve one call after the other: of many priorities, thousands may be included.
func (s *Set) Scores(dst []Score, c *call.Call, floor float64) []Score {
	s.each(c, floor, false, func(w *work, i int) {
		dst = append(dst, Score{int32(i), w.verdict.included, w.verdict.score})
	})
	return dst
}

// Profile names the n-th priority of the set, counted from 0 through all plans.
func (s *Set) Profile(n int32) (plan, priority string) {
	p := &s.profiles[n]
	return s.plans[p.owner].id, p.ID
}

// Floor is the score from which a digest carries a call.
const Floor = includeAt
