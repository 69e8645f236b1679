package match

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// brute weighs c against one priority after the other and tries every phrase at every word, every rule on every
// field. It says in the plainest way what [Set.Match] must answer, and shares with it only how a call is read, who
// may apply, and what a plan's sentences are.
func brute(plans []*plan.Plan, c *call.Call, floor float64) []Found {
	var out []Found
	for _, p := range plans {
		for i := range p.Priorities {
			if r, ok := bruteOne(p, &p.Priorities[i], c); ok && r.Score >= floor {
				out = append(out, Found{p.ID, r})
			}
		}
	}
	slices.SortFunc(out, func(a, b Found) int {
		return cmp.Or(strings.Compare(a.Plan, b.Plan), cmp.Compare(b.Score, a.Score), strings.Compare(a.Priority, b.Priority))
	})
	return out
}

func bruteOne(p *plan.Plan, pp *plan.Priority, c *call.Call) (Result, bool) {
	passages, code := passages(c)
	quote, own := quotesOf(pp, p.Language), factorsOf(p.Weights)
	var hits []hit
	for k, t := range pp.Vocabulary {
		for at, phrase := range phrasesOf(t) {
			if at == 0 && t.SV != "" && english(c) {
				continue
			}
			for _, w := range standsAt(passages, phrase) {
				hits = append(hits, hit{w, uint32(k), own.term(t.Weight)})
			}
		}
	}
	for _, f := range formulas {
		for _, w := range standsAt(passages, f) {
			hits = slices.DeleteFunc(hits, func(h hit) bool { return h.touches(w) })
		}
	}
	slices.SortFunc(hits, hit.compareTo)
	name := func(t plan.Term) string { return cmp.Or(t.SV, strings.Join(t.EN, ", ")) }
	reason := func(h hit, points float64) Reason {
		q := quote.terms[h.term]
		return Reason{Kind: q.kind, PriorityText: q.own, PriorityEN: q.en, Note: pp.Vocabulary[h.term].Note,
			CallText: sentence(&passages[h.passage], h.place), Field: passages[h.passage].field,
			Term: name(pp.Vocabulary[h.term]), Weight: points}
	}

	var taken []hit
	for _, h := range hits {
		if pp.Vocabulary[h.term].Weight < 0 {
			taken = append(taken, h)
		}
	}
	lost, best := map[uint32]float64{}, map[uint32]evidence{}
	for _, h := range hits {
		points := h.weight * own.passage(&passages[h.passage], c.Kind)
		if points < 0 {
			continue
		}
		if by := slices.IndexFunc(taken, func(n hit) bool { return n.touches(h.place) }); by >= 0 {
			lost[taken[by].term] = max(lost[taken[by].term], points)
		} else if e, ok := best[h.term]; !ok || points > e.points {
			best[h.term] = evidence{h, points}
		}
	}
	var found []evidence
	for _, e := range best {
		found = append(found, e)
	}
	slices.SortFunc(found, func(a, b evidence) int {
		return cmp.Or(cmp.Compare(b.points, a.points), cmp.Compare(a.passage, b.passage), cmp.Compare(a.from, b.from), cmp.Compare(a.term, b.term))
	})
	var reasons []Reason
	points, share := 0.0, 1.0
	for k, e := range found {
		if slices.ContainsFunc(found[:k], func(b evidence) bool { return b.holds(e.place) }) {
			continue
		}
		points += e.points * share
		reasons = append(reasons, reason(e.hit, e.points*share))
		share *= own.further()
	}
	spoken := len(found) > 0
	facts := factsOf(c, code)
	for k, r := range pp.Rules {
		if f, ok := fits(facts, &rule{r, strings.Split(strings.ToLower(r.Pattern), "*")}); ok {
			weight := own.rule(r.Weight)
			points += weight
			spoken = spoken || r.Weight > 0
			reasons = append(reasons, Reason{Kind: KindRule, PriorityText: quote.rules[k].own, PriorityEN: quote.rules[k].en,
				Note: r.Note, CallText: "«" + f.value + "»", Field: f.name, Term: r.Pattern, Weight: weight})
		}
	}
	for _, h := range taken {
		if n := lost[h.term]; n > 0 {
			delete(lost, h.term)
			reasons = append(reasons, reason(h, -n))
		}
	}
	if l, ok := eligibility(c, code, passages); ok && points > halfway {
		reasons = append(reasons, Reason{Kind: KindLimit, PriorityText: l.why, PriorityEN: l.english, CallText: l.quote,
			Field: l.field, Term: l.term, Weight: -(1 - capped) * (points - halfway)})
		points = halfway + capped*(points-halfway)
	}
	lessons := bruteLessons(pp, c, code, passages)
	var sum int32
	for _, l := range lessons {
		sum += l.hundredths
	}
	if len(pp.Learned) > 0 {
		if pressed := press(points); pressed != points {
			for i := range reasons {
				reasons[i].Weight *= pressed / points
			}
			points = pressed
		}
	}
	points += own.learned(sum)
	spoken = spoken || own.learned(sum) > 0 && points >= whisper
	reasons = append(reasons, learnedReasons(lessons, &own, quote.general, c, code, passages)...)
	r := Result{Priority: pp.ID, Score: squash(points)}
	r.Included = r.Score >= includeAt
	for _, d := range []struct {
		es     []plan.Exception
		term   string
		points float64
	}{{pp.Never, "never", -decided}, {pp.Always, "always", decided}} {
		i := slices.IndexFunc(d.es, func(e plan.Exception) bool { return e.Source == c.Source && e.Ref == c.Ref })
		if i < 0 {
			continue
		}
		spoken = true
		r.Score, r.Included = 0, d.points > 0
		if r.Included {
			r.Score = 1
		}
		reasons = append(reasons, Reason{Kind: KindDecision, PriorityText: d.es[i].Who + ": " + d.es[i].Why,
			CallText: "«" + cmp.Or(c.Title, c.Ref) + "»", Field: "ref", Term: d.term, Weight: d.points})
		break
	}
	for i := range reasons {
		reasons[i].Weight = round(reasons[i].Weight, 1000)
	}
	slices.SortStableFunc(reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)), cmp.Compare(b.Weight, a.Weight))
	})
	r.Reasons = shorten(reasons)
	return r, spoken
}

// bruteLessons looks for every learned word at every word of the call.
func bruteLessons(pp *plan.Priority, c *call.Call, code string, passages []passage) []lesson {
	var out []lesson
	for _, x := range pp.Learned {
		if at, ok := bruteStands(x, c, code, passages); ok {
			out = append(out, lesson{sight{place: at}, x.Words, int32(math.Round(100 * x.Points))})
		}
	}
	return sortLessons(out)
}

func bruteStands(x plan.Learned, c *call.Call, code string, passages []passage) (place, bool) {
	if x.In == plan.InCode {
		_, value := codeOf(c, code)
		found := false
		codeParts(value, func(part string) { found = found || part == x.Words })
		return place{passage: -1}, found
	}
	wanted := strings.Fields(x.Words)
	for i, p := range passages {
		if !p.speaks() || x.In == plan.InTitle && !p.isTitle() {
			continue
		}
	next:
		for from := 0; from+len(wanted) <= len(p.words); from++ {
			for k, w := range wanted {
				if here := p.words[from+k].text; numeral(here) || spell(stem(here)) != w {
					continue next
				}
			}
			return place{int32(i), int32(from), int32(from + len(wanted))}, true
		}
	}
	return place{}, false
}

// standsAt gives every place of passages where phrase stands, found by trying them all.
func standsAt(passages []passage, phrase string) []place {
	var fits []func(string) bool
	for _, w := range strings.Fields(phrase) {
		parts := words(strings.Trim(w, "*"))
		for i, p := range parts {
			open := strings.HasPrefix(w, "*") && i == 0
			closed := strings.HasSuffix(w, "*") && i == len(parts)-1
			fits = append(fits, func(s string) bool {
				switch {
				case open && closed:
					return strings.Contains(s, p.text)
				case open:
					return strings.HasSuffix(s, p.text)
				case closed:
					return strings.HasPrefix(s, p.text)
				}
				return s == p.text
			})
		}
	}
	var out []place
	for i, pa := range passages {
	next:
		for from := 0; from+len(fits) <= len(pa.words); from++ {
			for k, ok := range fits {
				if !ok(pa.words[from+k].text) {
					continue next
				}
			}
			out = append(out, place{int32(i), int32(from), int32(from + len(fits))})
		}
	}
	return out
}

// drawPlans draws plans of few different words, so that they meet each other and what is published.
func drawPlans(t *rapid.T) []*plan.Plan {
	word := drawWord()
	pattern := rapid.Custom(func(t *rapid.T) string {
		stars := rapid.IntRange(0, 7).Draw(t, "stars")
		w := word.Draw(t, "word")
		if stars == 1 || stars == 3 {
			w = "*" + w
		}
		if stars == 2 || stars == 3 {
			w += "*"
		}
		return w
	})
	phrase := rapid.Custom(func(t *rapid.T) string {
		ws := rapid.SliceOfN(pattern, 1, 3).Draw(t, "words")
		return strings.Join(ws, rapid.SampledFrom([]string{" ", " ", "-"}).Draw(t, "between"))
	})
	weight := rapid.SampledFrom([]float64{3, 2.5, 2, 2, 1, 0.35, 1e-40, -1, -2})
	term := rapid.Custom(func(t *rapid.T) plan.Term {
		tm := plan.Term{Weight: weight.Draw(t, "weight"), Note: rapid.SampledFrom([]string{"", "a note"}).Draw(t, "note")}
		if rapid.Bool().Draw(t, "Swedish") {
			tm.SV = phrase.Draw(t, "sv")
		}
		tm.EN = rapid.SliceOfN(phrase, 0, 3).Draw(t, "en")
		if tm.SV == "" && len(tm.EN) == 0 {
			tm.EN = []string{phrase.Draw(t, "one")}
		}
		return tm
	})
	rule := rapid.Custom(func(t *rapid.T) plan.Rule {
		return plan.Rule{
			Field:   rapid.SampledFrom([]string{"identifier", "topic", "call", "programme", "source"}).Draw(t, "field"),
			Pattern: rapid.SampledFrom([]string{"LIFE-*", "life-2026-nat", "*-NAT", "*life*", "*i*e*", "LIFE-*-nat*", "s", "cult*", "*water*", "anan*", "*an*an*"}).Draw(t, "pattern"),
			Weight:  weight.Draw(t, "weight"),
			Note:    "noted",
		}
	})
	exception := rapid.Custom(func(t *rapid.T) plan.Exception {
		return plan.Exception{Source: "s", Ref: rapid.SampledFrom([]string{"r", "other"}).Draw(t, "ref"), Who: "fui", Why: "so."}
	})
	learned := rapid.Custom(func(t *rapid.T) plan.Learned {
		x := plan.Learned{In: rapid.SampledFrom([]string{plan.InText, plan.InText, plan.InTitle, plan.InCode}).Draw(t, "in")}
		x.Points = rapid.SampledFrom([]float64{2, 0.7, 0.29, 0.01, -0.01, -0.58, -2}).Draw(t, "points")
		stemmed := func() string {
			for _, w := range words(word.Draw(t, "learned")) {
				return spell(stem(w.text))
			}
			return "water"
		}
		switch x.In {
		case plan.InCode:
			x.Words = rapid.SampledFrom([]string{"LIFE", "NAT", "LIFE-NAT", "CULT", "X"}).Draw(t, "part")
		case plan.InText:
			if x.Words = stemmed(); rapid.Bool().Draw(t, "two") {
				x.Words += " " + stemmed()
			}
		default:
			x.Words = stemmed()
		}
		return x
	})
	same := func(x plan.Learned) [2]string { return [2]string{x.In, x.Words} }
	ps := make([]*plan.Plan, rapid.IntRange(1, 3).Draw(t, "plans"))
	for i := range ps {
		ps[i] = &plan.Plan{ID: fmt.Sprint("p", i), Language: rapid.SampledFrom([]string{"sv", "en"}).Draw(t, "language")}
		if rapid.Bool().Draw(t, "weights of its own") {
			for _, f := range ps[i].Weights.Factors() {
				*f.Value = rapid.SampledFrom([]float64{0, 0, 0.6, 1.6}).Draw(t, f.Name)
			}
		}
		for k := range rapid.IntRange(1, 4).Draw(t, "priorities") {
			ps[i].Priorities = append(ps[i].Priorities, plan.Priority{
				ID: fmt.Sprint("x", k), Name: "Ämne", NameEN: "Subject",
				Text:       strings.Join(rapid.SliceOfN(word, 0, 5).Draw(t, "own"), " ") + ".",
				Vocabulary: rapid.SliceOfN(term, 0, 8).Draw(t, "terms"),
				Rules:      rapid.SliceOfN(rule, 0, 4).Draw(t, "rules"),
				Always:     rapid.SliceOfN(exception, 0, 1).Draw(t, "always"),
				Never:      rapid.SliceOfN(exception, 0, 1).Draw(t, "never"),
				Learned:    rapid.SliceOfNDistinct(learned, 0, rapid.SampledFrom([]int{0, 9}).Draw(t, "most learned"), same).Draw(t, "learned words"),
			})
		}
	}
	return ps
}

func drawWord() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"å", "a\u030a", "ås", "hälsa", "ha\u0308lsa", "Hälsa", "folkhälsa", "ÖST", "o\u0308st", "östan", "vård", "sjuk\u00advård", "vårdens",
		"an", "banan", "anan", "banana", "life", "water", "waters", "clean-water", "under_water", "clean", "TEN-T", "ten", "t",
		"miljödepartementet", "departementet", "same", "Ukraine", "for", "straße", "ŁÓDŹ", "łódź",
	})
}

func drawCall(t *rapid.T) *call.Call {
	word := drawWord()
	text := func(name string, most int) string {
		ws := rapid.SliceOfN(word, 0, most).Draw(t, name)
		return strings.Join(ws, rapid.SampledFrom([]string{" ", ", ", "-", ". ", "\n\n"}).Draw(t, name+" between"))
	}
	return &call.Call{
		Source: "s", Ref: "r", Kind: rapid.SampledFrom([]call.Kind{call.KindCall, call.KindConsultation, call.KindPlanned}).Draw(t, "kind"),
		Title: text("title", 8), Text: text("text", 40), CallTitle: text("call title", 4), Eligible: text("eligible", 3),
		Topics:     rapid.SliceOfN(rapid.SampledFrom([]string{"water", "Life", "banan", "culture"}), 0, 3).Draw(t, "topics"),
		Identifier: rapid.SampledFrom([]string{"", "LIFE-2026-NAT", "LIFE-2026-NAT-IBA", "x"}).Draw(t, "identifier"),
		Call:       rapid.SampledFrom([]string{"", "LIFE-2026", "CULT-UA"}).Draw(t, "call"),
		Programme:  rapid.SampledFrom([]string{"", "LIFE"}).Draw(t, "programme"),
		Language:   rapid.SampledFrom([]string{"", "sv", "en", "en-GB"}).Draw(t, "language"),
	}
}

func TestSetIsBruteForce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plans := drawPlans(t)
		s, err := NewSet(slices.Values(plans))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // what a call leaves behind must not reach the next
			c := drawCall(t)
			floor := rapid.SampledFrom([]float64{0, 0, 0.1, 0.294118, Floor, 0.7, 1}).Draw(t, "floor")
			want := brute(plans, c, floor)
			if diff := gocmp.Diff(want, s.Match(c, floor)); diff != "" {
				t.Fatalf("floor %v (-brute force +set):\n%s", floor, diff)
			}
			if diff := gocmp.Diff(withoutReasons(want), scoresOf(s, c, floor)); diff != "" {
				t.Fatalf("floor %v, scores (-brute force +set):\n%s", floor, diff)
			}
		}
	})
}

// Lists that are read in parts, bytes that are read eight at a time and profiles that are numbered anew have edges
// that a few priorities never come to.
func TestManyProfilesAreBruteForce(t *testing.T) {
	t.Parallel()
	const priorities, plans = 90, 15 // 1,350: the last word of 64 is not full
	rnd := rand.New(rand.NewPCG(11, 13))
	few := []string{"lake", "river", "clean lake", "clean*", "*ter", "deep", "deep water", "*a*"}
	weights := []float64{3, 2, 1, 0.35, -2}
	var all []*plan.Plan
	for i := range plans {
		p := &plan.Plan{ID: fmt.Sprint("p", i), Language: "en"}
		if i%7 == 3 {
			p.Weights = plan.Weights{Lead: 1.6, Threshold: 1.25}
		}
		for k := range priorities {
			pr := plan.Priority{ID: fmt.Sprint("x", k), Name: "Ämne", NameEN: "Subject", Text: "Lakes."}
			if rnd.IntN(10) > 0 { // more of one weight than are looked at at a time
				pr.Vocabulary = []plan.Term{{Weight: 1, EN: []string{"lake"}}}
			}
			for range rnd.IntN(5) {
				pr.Vocabulary = append(pr.Vocabulary, plan.Term{Weight: weights[rnd.IntN(len(weights))], EN: []string{few[rnd.IntN(len(few))], few[rnd.IntN(len(few))]}})
			}
			if rnd.IntN(3) == 0 {
				pr.Rules = []plan.Rule{{Field: "programme", Pattern: "L*", Weight: weights[rnd.IntN(len(weights))]}}
			}
			if rnd.IntN(400) == 0 {
				pr.Always = []plan.Exception{{Source: "s", Ref: "r", Who: "fui", Why: "so."}}
			}
			p.Priorities = append(p.Priorities, pr)
		}
		all = append(all, p)
	}
	s, err := NewSet(slices.Values(all))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*call.Call{
		{Source: "s", Ref: "r", Kind: call.KindCall, Title: "A clean lake, and deep water", Text: "The river is cleaner than the lake.", Programme: "LIFE"},
		{Source: "s", Ref: "other", Kind: call.KindPlanned, Title: "Water", Topics: []string{"river", "lakes"}, Text: "Deep, deep water."},
		{Source: "s", Ref: "other", Kind: call.KindCall, Title: "Nothing"},
	} {
		every := brute(all, c, 0)
		for _, floor := range []float64{0, 0.3, Floor, 0.7} {
			var want []Found
			for _, f := range every {
				if f.Score >= floor {
					want = append(want, f)
				}
			}
			got := s.Match(c, floor)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, floor %v (-brute force +set):\n%s", c.Title, floor, diff)
			}
			if diff := gocmp.Diff(withoutReasons(want), scoresOf(s, c, floor)); diff != "" {
				t.Fatalf("%s, floor %v, scores (-brute force +set):\n%s", c.Title, floor, diff)
			}
		}
	}
}

// scoresOf gives what [Set.Scores] does as [Set.Match] would.
func scoresOf(s *Set, c *call.Call, floor float64) []Found {
	var out []Found
	for _, x := range s.Scores(nil, c, floor) {
		p, priority := s.Profile(x.Profile)
		out = append(out, Found{p, Result{priority, x.Score, x.Included, nil}})
	}
	slices.SortFunc(out, func(a, b Found) int {
		return cmp.Or(strings.Compare(a.Plan, b.Plan), cmp.Compare(b.Score, a.Score), strings.Compare(a.Priority, b.Priority))
	})
	return out
}

func withoutReasons(found []Found) []Found {
	out := slices.Clone(found)
	for i := range out {
		out[i].Reasons = nil
	}
	return out
}

// A plan may let further terms count for more than the matcher's own numbers do. The first step must not drop what
// reaches the floor by them alone.
func TestFloorKnowsThePlansWeights(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{ID: "p", Weights: plan.Weights{Further: 1.6}, Priorities: []plan.Priority{{
		ID: "x", Name: "Ämne", Vocabulary: []plan.Term{{EN: []string{"lake"}, Weight: 1.5}, {EN: []string{"river"}, Weight: 1}},
	}}}
	s, err := NewSet(slices.Values([]*plan.Plan{p}))
	if err != nil {
		t.Fatal(err)
	}
	c := &call.Call{Source: "s", Ref: "r", Kind: call.KindCall, Title: "A lake and a river"}
	want := brute([]*plan.Plan{p}, c, Floor)
	if len(want) != 1 {
		t.Fatalf("brute force finds %+v; want the priority included by its second term", want)
	}
	if diff := gocmp.Diff(want, s.Match(c, Floor)); diff != "" {
		t.Errorf("-brute force +set:\n%s", diff)
	}
}
