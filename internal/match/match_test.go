package match_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

// onePriority makes a matcher of a plan with one priority.
func onePriority(t *testing.T, p plan.Priority) *match.Matcher {
	t.Helper()
	p.ID = "x"
	if p.Name == "" {
		p.Name = "Ämne"
	}
	m, err := match.New(&plan.Plan{ID: "p", Priorities: []plan.Priority{p}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func titled(title string) *call.Call {
	return &call.Call{Source: "s", Ref: "r", Kind: call.KindCall, Title: title}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		term, text, marked string // marked is empty where the term does not fit
	}{
		{"port", "A port in the north", "A «port» in the north"},
		{"port", "Transport and ports", ""},
		{"port*", "The ports of Europe", "The «ports» of Europe"},
		{"*port", "Om sjötransport", "Om «sjötransport»"},
		{"*port", "Om transporter", ""},
		{"*port*", "Om sjötransporter", "Om «sjötransporter»"},
		{"*järnväg*", "Om EU:s järnvägspaket", "Om EU:s «järnvägspaket»"},
		{"climate neutral", "A climate-neutral region", "A «climate-neutral» region"},
		{"climate-neutral", "A climate neutral region", "A «climate neutral» region"},
		{"TEN-T", "Revision of the TEN-T guidelines", "Revision of the «TEN-T» guidelines"},
		{"public transport*", "Better public transportation", "Better «public transportation»"},
		{"public transport*", "Public debate on transport", ""},
		{"*vård", "Häls\u00ado- och sjuk\u00advård", "Häls\u00ado- och «sjuk\u00advård»"},
		{"å", "A\u030a is a village", "«A\u030a» is a village"},
		{"EU", "EU-kommissionens förslag", "«EU»-kommissionens förslag"},
	} {
		m := onePriority(t, plan.Priority{Vocabulary: []plan.Term{{SV: tt.term, Weight: 3}}})
		got := m.Match(titled(tt.text))
		switch {
		case tt.marked == "" && len(got) > 0:
			t.Errorf("%q in %q: got %+v, want nothing", tt.term, tt.text, got)
		case tt.marked != "" && len(got) != 1:
			t.Errorf("%q in %q: got nothing", tt.term, tt.text)
		case tt.marked != "" && got[0].Reasons[0].CallText != tt.marked:
			t.Errorf("%q in %q: quoted %q, want %q", tt.term, tt.text, got[0].Reasons[0].CallText, tt.marked)
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	m := onePriority(t, plan.Priority{
		Name:   "Vatten",
		Text:   "Hit hör sjöar. Hit hör vattenvård och åar!",
		TextEN: "Lakes and rivers belong here.",
		Vocabulary: []plan.Term{
			{SV: "vattenvård*", EN: []string{"water"}, Weight: 3},
			{SV: "å", EN: []string{"river*"}, Weight: 2},
			{SV: "is", EN: []string{"ice"}, Weight: 1, Note: "in winter"},
			{EN: []string{"ice cream"}, Weight: -2, Note: "food"},
		},
		Rules: []plan.Rule{
			{Field: "identifier", Pattern: "LIFE-*-WATER", Weight: 2.5, Note: "the water strand"},
			{Field: "topic", Pattern: "food", Weight: -1, Note: "not meant"},
		},
	})
	c := titled("Water and ice cream")
	c.Language = "en"
	c.Identifier = "LIFE-2026-Water"
	c.Topics = []string{"Food"}
	c.Text = "The first sentence is about nothing. It is the second that names rivers and more. And a third."
	got := m.Match(c)
	want := []match.Reason{
		{Kind: match.KindSentence, PriorityText: "Hit hör vattenvård och åar!", CallText: "«Water» and ice cream", Field: "title", Term: "vattenvård*", Weight: 3},
		{Kind: match.KindRule, PriorityText: "Hit hör vattenvård och åar!", Note: "the water strand", CallText: "«LIFE-2026-Water»", Field: "identifier", Term: "LIFE-*-WATER", Weight: 2.5},
		{Kind: match.KindWords, PriorityText: "Vatten: ice cream", PriorityEN: "Vatten: ice cream", Note: "food", CallText: "Water and «ice cream»", Field: "title", Term: "ice cream", Weight: -1},
		{Kind: match.KindRule, PriorityText: "Hit hör sjöar.", Note: "not meant", CallText: "«Food»", Field: "topics", Term: "food", Weight: -1},
		{Kind: match.KindWords, PriorityText: "Vatten: å", PriorityEN: "Lakes and rivers belong here.", CallText: "It is the second that names «rivers» and more.", Field: "text", Term: "å", Weight: 0.42},
	}
	if len(got) != 1 {
		t.Fatalf("got %+v", got)
	}
	// Whether sentences are told apart is the text package's affair; the quote holds the words in any case.
	for i := range got[0].Reasons {
		if r := &got[0].Reasons[i]; r.Field == "text" {
			if !strings.Contains(r.CallText, "names «rivers» and") {
				t.Errorf("quoted %q", r.CallText)
			}
			r.CallText = want[4].CallText
		}
		if r := &got[0].Reasons[i]; strings.Contains(r.PriorityText, "Hit hör vattenvård") {
			r.PriorityText = want[0].PriorityText
		}
	}
	slices.SortStableFunc(got[0].Reasons, func(a, b match.Reason) int { return strings.Compare(a.Term, b.Term) })
	slices.SortStableFunc(want, func(a, b match.Reason) int { return strings.Compare(a.Term, b.Term) })
	if diff := cmp.Diff(want, got[0].Reasons); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestQuotesOfPlan holds the two languages of a plan apart: its own always speaks, English stands beside it.
func TestQuotesOfPlan(t *testing.T) {
	t.Parallel()
	m := onePriority(t, plan.Priority{
		Name: "Näringsliv", NameEN: "Business",
		Text:       "Export hör hit. Hit hör kluster och nystartade företag. Finansiering är en sidofråga.",
		TextEN:     "Exports belong here. Clusters, start-ups and business development. Finance is a side issue.",
		Activities: []plan.Activity{{Text: "Delta i mässor."}},
		Vocabulary: []plan.Term{
			{SV: "*affärsutveckling*", EN: []string{"business development"}, Weight: 3}, // named in English only
			{SV: "kluster*", EN: []string{"cluster*"}, Weight: 3},
			{SV: "mässor", EN: []string{"fair"}, Weight: 2},
			{SV: "*människohandel*", EN: []string{"trafficking"}, Weight: 2}, // named nowhere
			{EN: []string{"scaleup*"}, Weight: 2},                            // no Swedish, named nowhere
		},
		Rules: []plan.Rule{{Field: "identifier", Pattern: "SMP-*", Weight: 1, Note: "business development"}},
	})
	for _, tt := range []struct {
		text, identifier, own, en string
		kind                      match.Kind
	}{
		{text: "Business development", own: "Hit hör kluster och nystartade företag.", en: "Clusters, start-ups and business development.", kind: match.KindSentence},
		{text: "A cluster", own: "Hit hör kluster och nystartade företag.", en: "Clusters, start-ups and business development.", kind: match.KindSentence},
		{text: "A fair", own: "Delta i mässor.", kind: match.KindSentence},
		{text: "Trafficking", own: "Näringsliv: människohandel", en: "Business: trafficking", kind: match.KindWords},
		{text: "Scaleups", own: "Export hör hit.", en: "Exports belong here.", kind: match.KindSentence},
		{text: "Nothing", identifier: "SMP-1", own: "Hit hör kluster och nystartade företag.", en: "Clusters, start-ups and business development.", kind: match.KindRule},
	} {
		c := titled(tt.text)
		c.Language, c.Identifier = "en", tt.identifier
		got := m.Match(c)
		if len(got) != 1 {
			t.Fatalf("%s: got %+v", tt.text, got)
		}
		if r := got[0].Reasons[0]; r.Kind != tt.kind || r.PriorityText != tt.own || r.PriorityEN != tt.en {
			t.Errorf("%s: got %s, %q, %q", tt.text, r.Kind, r.PriorityText, r.PriorityEN)
		}
	}
}

// TestQuoteIsShort cuts a long sentence at words, around what matched.
func TestQuoteIsShort(t *testing.T) {
	t.Parallel()
	m := onePriority(t, plan.Priority{Vocabulary: []plan.Term{{SV: "vatten", EN: []string{"water"}, Weight: 3}}})
	long := strings.TrimSpace(strings.Repeat("abcdefg hij, ", 30))
	for _, tt := range []struct{ text, begins, ends string }{
		{"Water " + long, "«Water» abcdefg", "…"},
		{long + " water", "…", "hij, «water»"},
		{long + " water " + long, "…", "…"},
		{"Water, then", "«Water», then", "then"},
	} {
		q := m.Match(titled(tt.text))[0].Reasons[0].CallText
		if n := utf8.RuneCountInString(q); n > 184 || !strings.HasPrefix(q, tt.begins) || !strings.HasSuffix(q, tt.ends) || strings.Contains(q, ",…") {
			t.Errorf("%d characters: %q", n, q)
		}
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	p := plan.Priority{Vocabulary: []plan.Term{
		{EN: []string{"water"}, Weight: 3},
		{EN: []string{"clean water"}, Weight: 3},
		{EN: []string{"lake"}, Weight: 3},
		{SV: "same", Weight: 3},
	}}
	m := onePriority(t, p)
	score := func(c *call.Call) float64 {
		got := m.Match(c)
		if len(got) == 0 {
			return 0
		}
		return got[0].Score
	}
	one := score(titled("Water"))
	if got := score(titled("Water and water and water")); got != one {
		t.Errorf("the same term again: score %v, want %v", got, one)
	}
	if got := score(titled("Clean water")); got != one {
		t.Errorf("a term within a term: score %v, want %v", got, one)
	}
	if got := score(titled("Water in a lake")); got <= one {
		t.Errorf("two terms: score %v, want more than %v", got, one)
	}
	in := titled("")
	in.Text = "Water"
	if got := score(in); got <= 0 || got >= one {
		t.Errorf("in the text: score %v, want less than in the title, %v", got, one)
	}
	far := titled("")
	far.Text = strings.Repeat("Nothing at all. ", 100) + "Water."
	if got := score(far); got != 0 {
		t.Errorf("far down the text: score %v, want 0", got)
	}
	english := titled("The same again")
	english.Language = "en"
	if got := score(english); got != 0 {
		t.Errorf("a Swedish term in an English text: score %v, want 0", got)
	}
	if got := m.Match(titled("Nothing")); len(got) != 0 {
		t.Errorf("without evidence: got %+v, want nothing", got)
	}
}

func TestBoilerplate(t *testing.T) {
	t.Parallel()
	m := onePriority(t, plan.Priority{Vocabulary: []plan.Term{
		{SV: "miljö*", Weight: 3}, {EN: []string{"deadline"}, Weight: 3},
		{EN: []string{"feedback"}, Weight: 3}, {EN: []string{"tourism"}, Weight: 3},
	}})
	for _, tt := range []struct{ name, text string }{
		{"referral", "Här kan du ta del av vilka instanser som Miljödepartementet har remitterat promemorian. Remissvaren ska ha kommit in till Miljödepartementet senast den 1 maj."},
		{"consultation", "Consultation period: 1 May 2026 - 2 June 2026. Total feedback: 14."},
		{"cascade", "**Deadline date**: 1 May 2026\n**Deadline model**: single-stage\n\nForthcoming"},
		{"address", "miljö@example.org https://example.org/miljö/tourism www.tourism.example"},
	} {
		c := titled("")
		c.Text = tt.text
		if got := m.Match(c); len(got) > 0 {
			t.Errorf("%s: got %+v, want nothing", tt.name, got)
		}
	}
	c := titled("Second open call")
	c.Text = "**Project acronym**: X\n**Full name of the EU funded project**: Water\n**Topic**: SMP-COSME-2023-TOURSME-01 - Tourism for all\nText."
	got := m.Match(c)
	if len(got) != 1 || got[0].Reasons[0].CallText != "«Tourism» for all" {
		t.Errorf("the funding topic's title: got %+v", got)
	}
	rule := onePriority(t, plan.Priority{Vocabulary: []plan.Term{{SV: "x", Weight: 1}}, Rules: []plan.Rule{{Field: "call", Pattern: "smp-*toursme*", Weight: 3}}})
	if got := rule.Match(c); len(got) != 1 || !got[0].Included {
		t.Errorf("the funding topic's code: got %+v", got)
	}
	c.Identifier = "SMP-COSME-2023-TOURSME-01"
	if got := rule.Match(c); len(got) != 0 {
		t.Errorf("a code that the identifier says already: got %+v, want nothing", got)
	}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	m := onePriority(t, plan.Priority{
		Vocabulary: []plan.Term{{EN: []string{"water"}, Weight: 3}},
		Always:     []plan.Exception{{Source: "s", Ref: "yes", Who: "fui", Why: "Vi är med i konsortiet."}},
		Never:      []plan.Exception{{Source: "s", Ref: "no", Who: "regionledning", Why: "Vi har sagt nej."}},
	})
	yes, no, other := titled("Nothing"), titled("Water"), titled("Nothing")
	yes.Ref, no.Ref = "yes", "no"
	for _, tt := range []struct {
		c        *call.Call
		included bool
		score    float64
		reason   match.Reason
	}{
		{yes, true, 1, match.Reason{Kind: match.KindDecision, PriorityText: "fui: Vi är med i konsortiet.", CallText: "«Nothing»", Field: "ref", Term: "always", Weight: 10}},
		{no, false, 0, match.Reason{Kind: match.KindDecision, PriorityText: "regionledning: Vi har sagt nej.", CallText: "«Water»", Field: "ref", Term: "never", Weight: -10}},
	} {
		got := m.Match(tt.c)
		if len(got) != 1 || got[0].Included != tt.included || got[0].Score != tt.score {
			t.Errorf("%s: got %+v", tt.c.Ref, got)
			continue
		}
		if diff := cmp.Diff(tt.reason, got[0].Reasons[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.c.Ref, diff)
		}
	}
	if got := m.Match(other); len(got) != 0 {
		t.Errorf("another call: got %+v", got)
	}
}

func TestEligibility(t *testing.T) {
	t.Parallel()
	m := onePriority(t, plan.Priority{Vocabulary: []plan.Term{{EN: []string{"rail"}, Weight: 5}}})
	open := titled("Rail")
	open.Identifier = "CEF-T-2026-COREGEN-RAIL-WORKS"
	free := m.Match(open)[0]
	for _, tt := range []struct {
		name string
		set  func(*call.Call)
	}{
		{"cohesion envelope", func(c *call.Call) { c.Identifier = "CEF-T-2026-CORECOEN-RAIL-WORKS" }},
		{"framework partners", func(c *call.Call) { c.Identifier = "LIFE-2026-NGO-OG-SGA" }},
		{"outermost regions", func(c *call.Call) { c.Title = "Rail in the outermost regions" }},
		{"funding topic", func(c *call.Call) { c.Identifier, c.Call = "1COMPETITIVE_CALL", "CREA-CULT-2023-COOP-UA" }},
		{"who may apply", func(c *call.Call) { c.Eligible = "Only the identified beneficiaries of Annex 1." }},
	} {
		c := *open
		tt.set(&c)
		got := m.Match(&c)[0]
		if !got.Included || got.Score >= free.Score {
			t.Errorf("%s: got score %v, included %v; want less than %v and still in a digest", tt.name, got.Score, got.Included, free.Score)
		}
		if !slices.ContainsFunc(got.Reasons, func(r match.Reason) bool { return r.Weight < 0 && strings.Contains(r.CallText, "«") }) {
			t.Errorf("%s: no reason says what held it back: %+v", tt.name, got.Reasons)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range []plan.Priority{
		{Vocabulary: []plan.Term{{SV: "*", Weight: 1}}},
		{Vocabulary: []plan.Term{{EN: []string{"…"}, Weight: 1}}},
		{Vocabulary: []plan.Term{{SV: "x"}}},
		{Rules: []plan.Rule{{Field: "call", Pattern: "**", Weight: 1}}},
	} {
		if _, err := match.New(&plan.Plan{ID: "p", Priorities: []plan.Priority{p}}); err == nil {
			t.Errorf("%+v: no error", p)
		}
	}
}

// Calls come from outside: any text must be answered, in bounded work, with whole reasons.
func TestOddCalls(t *testing.T) {
	t.Parallel()
	m := seedMatcher(t)
	for name, c := range map[string]*call.Call{
		"nothing":     {},
		"no title":    {Source: "s", Ref: "r", Text: "Health care in the Arctic."},
		"two million": {Title: "Health", Text: strings.Repeat("hälso- och sjukvård ", 100_000)},
		"one word":    {Title: strings.Repeat("järnväg", 300_000)},
		"long line":   {Title: "x", Text: strings.Repeat("**Topic**: ", 100_000)},
		"Greek":       {Title: "Υγεία και φροντίδα", Text: "Υγεία", Language: "el"},
		"bad bytes":   {Title: "health \xff\xfe care", Text: "\xc3\x28 culture \xe2\x82"},
		"marks":       {Title: "«health» «care»"},
	} {
		sound(t, name, m.Match(c))
	}
}

// sound fails if results break what they promise.
func sound(t *testing.T, name string, rs []match.Result) {
	t.Helper()
	for i, r := range rs {
		if r.Score < 0 || r.Score > 1 || math.IsNaN(r.Score) {
			t.Errorf("%s: %s: score %v", name, r.Priority, r.Score)
		}
		if i > 0 && (rs[i-1].Score < r.Score || rs[i-1].Score == r.Score && rs[i-1].Priority >= r.Priority) {
			t.Errorf("%s: %s is out of order", name, r.Priority)
		}
		if len(r.Reasons) == 0 || len(r.Reasons) > 6 {
			t.Errorf("%s: %s: %d reasons", name, r.Priority, len(r.Reasons))
		}
		for k, e := range r.Reasons {
			if e.PriorityText == "" || e.Field == "" || e.Term == "" || e.Weight == 0 || !strings.Contains(e.CallText, "«") || !strings.Contains(e.CallText, "»") {
				t.Errorf("%s: %s: reason %+v is not whole", name, r.Priority, e)
			}
			if len(e.CallText) > 5000 {
				t.Errorf("%s: %s: quotes %d bytes", name, r.Priority, len(e.CallText))
			}
			if k > 0 && k < 5 && math.Abs(e.Weight) > math.Abs(r.Reasons[k-1].Weight) {
				t.Errorf("%s: %s: reason %d is stronger than the one before", name, r.Priority, k)
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMatchIsPure(t *testing.T) {
	t.Parallel()
	m := seedMatcher(t)
	c := titled("Climate-neutral tourism, health and culture in rural Arctic regions")
	c.Text = "Small firms, universities and young people work together for better railways."
	before := *c
	want := m.Match(c)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if diff := cmp.Diff(want, m.Match(c)); diff != "" {
					t.Errorf("another answer (-first +later):\n%s", diff)
					return
				}
			}
		})
	}
	wg.Wait()
	if !reflect.DeepEqual(before, *c) {
		t.Error("Match altered the call")
	}
}

func FuzzMatch(f *testing.F) {
	m := seedMatcher(f)
	f.Add("Remiss av SOU 2023:10 Tandvårdens stöd", "Här kan du ta del av", "sv", "LIFE-2026", "Public health")
	f.Add("Open call", "**Topic**: SMP-COSME-1 - Tourism\n**Deadline**: x", "en", "", "")
	f.Add("\xff«health»", "A\u030a-\u00ad-", "", "CEF-T-COEN", "*")
	f.Fuzz(func(t *testing.T, title, body, language, identifier, topic string) {
		c := &call.Call{Source: "s", Ref: "r", Kind: call.KindCall, Title: title, Text: body, Language: language, Identifier: identifier, Topics: []string{topic}, Eligible: body}
		got := m.Match(c)
		sound(t, "fuzz", got)
		if utf8.ValidString(title) && utf8.ValidString(body) && utf8.ValidString(identifier) && utf8.ValidString(topic) {
			for _, r := range got {
				for _, e := range r.Reasons {
					if !utf8.ValidString(e.CallText) {
						t.Errorf("quote %q is not UTF-8", e.CallText)
					}
				}
			}
		}
	})
}

// BenchmarkMatch matches real calls against the seed plan, one after the other.
func BenchmarkMatch(b *testing.B) {
	calls := corpus(b)
	m := seedMatcher(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.Match(&calls[i%len(calls)])
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "calls/s")
}
