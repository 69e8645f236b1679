package index

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"utkik/internal/call"
)

var testNow = time.Date(2026, 6, 15, 10, 0, 0, 0, time.UTC)

// open makes an index of calls in a folder of its own.
func open(tb testing.TB, entries listFeed) *Index {
	tb.Helper()
	ix := reopen(tb, tb.TempDir(), entries)
	if _, err := ix.Sync(tb.Context(), entries); err != nil {
		tb.Fatal(err)
	}
	return ix
}

func reopen(tb testing.TB, dir string, entries listFeed) *Index {
	tb.Helper()
	calls := make([]call.Call, len(entries))
	for i, e := range entries {
		calls[i] = e.Call
	}
	ix, err := Open(dir, Options{Texts: textsOf(calls)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := ix.Close(); err != nil {
			tb.Error(err)
		}
	})
	return ix
}

func entry(seq int, c call.Call) Entry {
	if c.Source == "" {
		c.Source = "test"
	}
	if c.Ref == "" {
		c.Ref = fmt.Sprint(seq)
	}
	if c.Kind == "" {
		c.Kind = call.KindCall
	}
	return Entry{Call: c, Seq: int64(seq)}
}

func refs(hits []Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Ref)
	}
	return out
}

func refsOf(keys []call.Key) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Ref)
	}
	return out
}

func search(tb testing.TB, ix *Index, q Query) Result {
	tb.Helper()
	res, err := ix.Search(tb.Context(), q)
	if err != nil {
		tb.Fatalf("search %+v: %v", q, err)
	}
	return res
}

func day(s string) []call.Moment {
	var out []call.Moment
	for _, d := range strings.Fields(s) {
		m, err := call.ParseMoment(d)
		if err != nil {
			panic(err) // a test's own date
		}
		out = append(out, m)
	}
	return out
}

func TestHitShowsWhatWasIndexed(t *testing.T) {
	t.Parallel()
	c := call.Call{
		Source: "ft-portal", Ref: "50138952TOPICS", Kind: call.KindCall, Title: "Forests  for\nclimate", Programme: "HORIZON",
		Identifier: "HORIZON-CL5-2026-D1-01", Call: "HORIZON-CL5-2026", Status: call.StatusOpen, Language: "en",
		Opens: day("2026-05-05")[0], Deadlines: day("2026-09-15T17:00:00+02:00 2027-01-14"), Text: "Trees store carbon.",
		URL: "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/topic-details/HORIZON-CL5-2026-D1-01",
	}
	ix := open(t, listFeed{entry(1, c)})
	res := search(t, ix, Query{Text: "forest", Now: testNow, Highlight: true})
	if res.Total != 1 || len(res.Hits) != 1 {
		t.Fatalf("got %+v, want one hit", res)
	}
	h := res.Hits[0]
	if h.Score <= 0 {
		t.Errorf("score %v, want more than 0", h.Score)
	}
	h.Score = 0
	want := Hit{
		Source: c.Source, Ref: c.Ref, Title: "Forests for climate", TitleHTML: "<mark>Forests</mark> for climate", Kind: c.Kind,
		Programme: c.Programme, Status: c.Status, Deadlines: c.Deadlines, Opens: c.Opens, Snippet: "Trees store carbon.",
		URL: c.URL, Identifier: c.Identifier, Language: "en",
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("hit (-want +got):\n%s", diff)
	}
}

// TestTitleInTheReadersLanguage: a title that the source gives in both languages is found by either, inflected as each
// inflects, and shown in the reader's.
func TestTitleInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	ix := open(t, listFeed{
		entry(1, call.Call{Ref: "both", Language: "en", Title: "Fitness check of the rules on ferries", Text: "What is asked.",
			Translations: []call.Translation{{Language: "sv", Title: "Kontroll av reglerna om färjor"}}}),
		entry(2, call.Call{Ref: "german", Language: "de", Title: "Fähren", Translations: []call.Translation{{Language: "en", Title: "Ferry crossings"}}}),
		entry(3, call.Call{Ref: "one", Language: "en", Title: "Harbours"}),
	})
	for _, tt := range []struct{ text, lang, ref, title, in, html string }{
		{"färja", "sv", "both", "Kontroll av reglerna om färjor", "sv", "Kontroll av reglerna om <mark>färjor</mark>"},
		{"färja", "en", "both", "Fitness check of the rules on ferries", "", "Fitness check of the rules on ferries"},
		{`"rules on ferries"`, "sv", "both", "Kontroll av reglerna om färjor", "sv", "Kontroll av reglerna om färjor"},
		{`"reglerna om färjor"`, "sv", "both", "Kontroll av reglerna om färjor", "sv", "Kontroll av <mark>reglerna</mark> om <mark>färjor</mark>"},
		{"crossing", "en", "german", "Ferry crossings", "en", "Ferry <mark>crossings</mark>"},
		{"title:harbour", "sv", "one", "Harbours", "", "<mark>Harbours</mark>"},
	} {
		res, err := ix.Search(t.Context(), Query{Text: tt.text, Lang: tt.lang, Highlight: true, Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Hits) != 1 {
			t.Errorf("%s: %d hits", tt.text, len(res.Hits))
			continue
		}
		if h := res.Hits[0]; h.Ref != tt.ref || h.Title != tt.title || h.TitleIn != tt.in || h.TitleHTML != tt.html {
			t.Errorf("%s in %s: %s %q %q %q", tt.text, tt.lang, h.Ref, h.Title, h.TitleIn, h.TitleHTML)
		}
	}
}

func TestDiacritics(t *testing.T) {
	t.Parallel()
	ix := open(t, listFeed{
		entry(1, call.Call{Title: norm.NFD.String("Samarbete med Åland"), Language: "sv"}),
		entry(2, call.Call{Title: "Ett hål", Language: "sv"}),
		entry(3, call.Call{Title: "En hal väg", Language: "sv"}),
		entry(4, call.Call{Title: "Aland", Language: "sv"}),
	})
	tests := []struct{ query, want string }{
		{"Åland", "1"}, {norm.NFD.String("åland"), "1"}, {"aland", "4 1"},
		{"hål", "2"}, {"hal", "3 2"}, {"vag", "3"}, {`"hal väg"`, "3"}, {`"samarbete med aland"`, "1"}, {"vä*", ""}, {"väg*", "3"}, {"ala*", "4 1"},
	}
	for _, tt := range tests {
		if tt.query == "vä*" {
			continue // too short: see TestParseErrors
		}
		res := search(t, ix, Query{Text: tt.query})
		if got := strings.Join(refs(res.Hits), " "); got != tt.want {
			t.Errorf("%q found %s, want %s", tt.query, got, tt.want)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	ix := open(t, listFeed{
		entry(1, call.Call{Title: "One", Identifier: "HORIZON-CL5-2026-D1-01", Call: "HORIZON-CL5-2026", Language: "en"}),
		entry(2, call.Call{Title: "Two", Identifier: "HORIZON-CL5-2026-D10-01", Call: "HORIZON-CL5-2026", Language: "en"}),
		entry(3, call.Call{Title: "Tre", Text: "Jfr HORIZON-CL5-2026-D1-01.", Language: "sv"}),
		entry(4, call.Call{Title: "Four", Identifier: "LIFE-2026-SAP-ENV", Call: "LIFE-2026-SAP", ActionTypes: []string{"LIFE Project Grants"}, Language: "en"}),
	})
	tests := []struct{ query, want string }{
		{"HORIZON-CL5-2026-D1-01", "1 3"}, {"horizon-cl5-2026-d1", "1 3"}, {"CL5-2026-D1", "1 3"}, {"D1-01", "1 3"}, {"CL5", "1 2 3"},
		{"HORIZON-CL5-2026-D1*", "1 2 3"}, {"HORIZON-CL5-20*", "1 2 3"}, {"identifier:CL5-2026-D1", "1"}, {"identifier:2026-D1*", "1 2"},
		{"call:HORIZON-CL5-2026", "1 2"}, {"call:LIFE*", "4"}, {"D1-02", ""}, {"01-D1", ""}, {"2026", "1 2 3 4"}, {`action:"project grants"`, "4"},
		{"identifier:nothing", ""}, {"-identifier:CL5", "3 4"},
	}
	for _, tt := range tests {
		got := refs(search(t, ix, Query{Text: tt.query}).Hits)
		slices.Sort(got)
		if g := strings.Join(got, " "); g != tt.want {
			t.Errorf("%q found %q, want %q", tt.query, g, tt.want)
		}
	}
}

func TestStatusIsAsOfTheSearch(t *testing.T) {
	t.Parallel()
	feed := listFeed{
		entry(1, call.Call{Status: call.StatusOpen, Deadlines: day("2026-06-14 2026-06-16")}),
		entry(2, call.Call{Status: call.StatusOpen, Deadlines: day("2026-06-14")}),
		entry(3, call.Call{Status: call.StatusOpen}),
		entry(4, call.Call{Status: call.StatusForthcoming, Deadlines: day("2026-06-15T11:00:00+02:00")}),
		entry(5, call.Call{Status: call.StatusClosed, Deadlines: day("2027-01-01")}),
		entry(6, call.Call{Status: "", Deadlines: day("2026-06-15")}),
		entry(7, call.Call{Status: call.StatusOpen, Deadlines: day("2027-01-01")}),
	}
	feed[6].Gone = true
	ix := open(t, feed)
	nows := []time.Time{testNow, testNow.AddDate(0, 0, -2), testNow.AddDate(1, 0, 0), time.Date(2026, 6, 15, 9, 0, 0, 0, time.UTC), time.Date(2026, 6, 15, 8, 59, 59, 0, time.UTC)}
	for _, now := range nows {
		want := map[call.Status][]string{}
		for _, e := range feed {
			s := e.Call.StatusAt(now)
			if e.Gone {
				s = call.StatusClosed
			}
			want[s] = append(want[s], e.Call.Ref)
		}
		all := search(t, ix, Query{Now: now, Facets: []string{FacetStatus}})
		counts := map[string]int{}
		for _, c := range all.Facets[FacetStatus] {
			counts[c.Value] = c.Count
		}
		for _, s := range []call.Status{call.StatusForthcoming, call.StatusOpen, call.StatusClosed} {
			byFilter := refs(search(t, ix, Query{Status: []string{string(s)}, Now: now}).Hits)
			byField := refs(search(t, ix, Query{Text: "status:" + string(s), Now: now}).Hits)
			slices.Sort(byFilter)
			slices.Sort(byField)
			if diff := cmp.Diff(want[s], byFilter); diff != "" {
				t.Errorf("%v: %s by filter (-want +got):\n%s", now, s, diff)
			}
			if diff := cmp.Diff(want[s], byField); diff != "" {
				t.Errorf("%v: %s by field (-want +got):\n%s", now, s, diff)
			}
			if counts[string(s)] != len(want[s]) {
				t.Errorf("%v: facet counts %d %s, want %d", now, counts[string(s)], s, len(want[s]))
			}
		}
		for _, h := range all.Hits {
			if !slices.Contains(want[h.Status], h.Ref) {
				t.Errorf("%v: hit %s is shown as %s", now, h.Ref, h.Status)
			}
		}
	}
}

func TestSorts(t *testing.T) {
	t.Parallel()
	feed := listFeed{
		entry(1, call.Call{Ref: "a", Deadlines: day("2026-06-01")}),
		entry(2, call.Call{Ref: "b", Deadlines: day("2026-01-01 2026-07-01")}),
		entry(3, call.Call{Ref: "c"}),
		entry(4, call.Call{Ref: "d", Deadlines: day("2026-06-20")}),
		entry(5, call.Call{Ref: "e", Deadlines: day("2026-05-01")}),
		entry(6, call.Call{Ref: "f", Deadlines: day("2026-06-20")}),
	}
	for i := range feed {
		feed[i].FirstSeen = testNow.AddDate(0, 0, -i%3)
		feed[i].Call.Opens = day(fmt.Sprintf("2026-01-%02d", 1+i/2))[0]
	}
	ix := open(t, feed)
	tests := []struct {
		sort string
		want string
	}{{SortDeadline, "d f b c a e"}, {SortNewest, "d a e b f c"}, {"", "d a e b f c"}}
	for _, tt := range tests {
		if got := strings.Join(refs(search(t, ix, Query{Sort: tt.sort, Now: testNow}).Hits), " "); got != tt.want {
			t.Errorf("sort %q: %s, want %s", tt.sort, got, tt.want)
		}
		var pages []string
		for off := 0; off < 8; off += 2 {
			pages = append(pages, refs(search(t, ix, Query{Sort: tt.sort, Now: testNow, Offset: off, Limit: 2}).Hits)...)
		}
		if got := strings.Join(pages, " "); got != tt.want {
			t.Errorf("sort %q in pages: %s, want %s", tt.sort, got, tt.want)
		}
	}
}

func TestTiesStayAcrossReopen(t *testing.T) {
	t.Parallel()
	var feed listFeed
	for i := range 300 {
		feed = append(feed, entry(i+1, call.Call{Ref: fmt.Sprint(i * 7919 % 1000), Title: "Forest", Language: "en", Deadlines: day("2026-09-01")}))
	}
	dir := t.TempDir()
	ix := reopen(t, dir, feed)
	for _, n := range []int{1, 100, 101, 300} { // several segments
		if _, err := ix.Sync(t.Context(), feed[:n]); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for _, e := range feed {
		want = append(want, e.Call.Ref)
	}
	slices.Sort(want)
	for range 2 {
		for _, sort := range []string{SortRelevance, SortDeadline, SortNewest} {
			got := refs(search(t, ix, Query{Text: "forest", Sort: sort, Now: testNow, Limit: 1000}).Hits)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", sort, diff)
			}
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
		ix = reopen(t, dir, feed)
	}
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("Ord utan mening står här. ", 40)
	ix := open(t, listFeed{
		entry(1, call.Call{Title: "A <b>tree</b> & more", Text: `The "tree" <script>alert(1)</script> grows.`, Language: "en"}),
		entry(2, call.Call{Title: "Skog", Text: filler + "Järnvägstrafiken växer.\n\nSkogsbruket & järnvägen. " + filler, Language: "sv"}),
		entry(3, call.Call{Title: "Bara titel: tåg", Language: "sv"}),
	})
	tests := []struct{ query, title, snippet string }{
		{"tree", "A &lt;b&gt;<mark>tree</mark>&lt;/b&gt; &amp; more", "The &#34;<mark>tree</mark>&#34; &lt;script&gt;alert(1)&lt;/script&gt; grows."},
		{"script", "A &lt;b&gt;tree&lt;/b&gt; &amp; more", "The &#34;tree&#34; &lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt; grows."},
		{"trafik järnväg", "Skog", "<mark>Järnväg</mark>s<mark>trafiken</mark> växer. Skogsbruket &amp; <mark>järnvägen</mark>."},
		{"trafik", "Skog", "Järnvägs<mark>trafiken</mark> växer."},
		{"jarnvag", "Skog", "<mark>Järnväg</mark>strafiken växer. Skogsbruket &amp; <mark>järnvägen</mark>."},
		{"skogs*", "<mark>Skog</mark>", "<mark>Skogsbruket</mark> &amp; järnvägen."},
		{"tåg", "Bara titel: <mark>tåg</mark>", ""},
		{"-status:open title:tåg", "Bara titel: <mark>tåg</mark>", ""},
	}
	for _, tt := range tests {
		res := search(t, ix, Query{Text: tt.query, Highlight: true})
		if len(res.Hits) != 1 {
			t.Errorf("%q: %d hits, want 1", tt.query, len(res.Hits))
			continue
		}
		h := res.Hits[0]
		if h.TitleHTML != tt.title || !strings.Contains(h.Snippet, tt.snippet) {
			t.Errorf("%q: title %q\n want %q\nsnippet %q\n   want %q in it", tt.query, h.TitleHTML, tt.title, h.Snippet, tt.snippet)
		}
		if n := len(h.Snippet); n > 2*snippetBytes {
			t.Errorf("%q: snippet of %d bytes", tt.query, n)
		}
	}
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	ix := open(t, listFeed{entry(1, call.Call{Title: "x"})})
	for _, q := range []Query{{Sort: "colour"}, {Limit: -1}, {Limit: 1001}, {Offset: 10001}, {Facets: []string{"colour"}}, {FacetValues: -1}, {Text: "("}} {
		if _, err := ix.Search(t.Context(), q); err == nil || errors.Is(err, ErrDamaged) {
			t.Errorf("search %+v: %v, want an error about it", q, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.Search(ctx, Query{Text: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("search with a cancelled context: %v", err)
	}
	if ix.NeedsRebuild() {
		t.Error("the index takes refused searches for damage")
	}
}

// The words of the model: stems of themselves, no compounds, no stop words.
var modelWords = strings.Fields("alpha beta gamma delta kappa sigma omega")

// model is a call as the test sees it: words in their places.
type model struct {
	entry       Entry
	title, text []string
}

// someWords are so many of the model's words, and so often the same, that positions do not find room.
func someWords(t *rapid.T) []string {
	rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	out := make([]string, 1+rnd.IntN(300))
	few := 2 + rnd.IntN(len(modelWords)-1)
	for i := range out {
		out[i] = modelWords[rnd.IntN(few)]
		if rnd.IntN(12) == 0 {
			out[i] = fmt.Sprintf("filler%d", i)
		}
	}
	return out
}

func (m *model) has(field []string, phrase []string) bool {
	for i := 0; i+len(phrase) <= len(field); i++ {
		if slices.Equal(field[i:i+len(phrase)], phrase) {
			return true
		}
	}
	return false
}

func (m *model) matches(n Node, now time.Time) bool {
	switch n := n.(type) {
	case nil:
		return true
	case andNode:
		return !slices.ContainsFunc(n, func(c Node) bool { return !m.matches(c, now) })
	case orNode:
		return slices.ContainsFunc(n, func(c Node) bool { return m.matches(c, now) })
	case notNode:
		return !m.matches(n.Node, now)
	case wordNode:
		if n.Prefix {
			starts := func(w string) bool { return strings.HasPrefix(w, n.Text) }
			return slices.ContainsFunc(m.title, starts) || slices.ContainsFunc(m.text, starts)
		}
		return m.has(m.title, []string{n.Text}) || m.has(m.text, []string{n.Text})
	case phraseNode:
		p := strings.Fields(n.Text)
		return m.has(m.title, p) || m.has(m.text, p)
	case fieldNode:
		switch n.Field {
		case "title":
			return m.has(m.title, strings.Fields(n.Value))
		case "status":
			return string(m.status(now)) == n.Value
		case "kind":
			return string(m.entry.Call.Kind) == n.Value
		case "priority":
			return slices.Contains(m.entry.Priorities, n.Value)
		case "budget":
			return m.budget() == n.Value
		case "deadline":
			return slices.Contains(m.within(now), n.Value)
		case "action":
			return slices.Contains(m.entry.Call.ActionTypes, "HORIZON-"+strings.ToUpper(n.Value))
		}
	case rangeNode:
		for _, d := range m.entry.Call.Deadlines {
			if (n.From.IsZero() || d.Date() >= n.From.Format(time.DateOnly)) && (n.To.IsZero() || d.Date() <= n.To.Format(time.DateOnly)) {
				return true
			}
		}
		return false
	}
	panic(fmt.Sprintf("the model does not know %T", n))
}

func (m *model) status(now time.Time) call.Status {
	if m.entry.Gone {
		return call.StatusClosed
	}
	return m.entry.Call.StatusAt(now)
}

// budget is the range of what the call gives away, by hand: the model draws but few amounts.
func (m *model) budget() string {
	switch m.entry.Call.BudgetEUR {
	case 999_999:
		return "under-1m"
	case 1_000_000:
		return "1m-5m"
	case 250_000_000:
		return "over-100m"
	}
	if m.entry.Call.Kind == call.KindNews {
		return ""
	}
	return "none"
}

// within is in what reach the next deadline lies, by hand.
func (m *model) within(now time.Time) []string {
	d, ok := m.entry.Call.NextDeadline(now)
	if !ok {
		if len(m.entry.Call.Deadlines) == 0 {
			return []string{"none"}
		}
		return nil
	}
	today := now.In(call.Brussels())
	var out []string
	for months, name := range map[int]string{1: "1m", 3: "3m", 6: "6m", 12: "12m"} {
		if d.Date() <= today.AddDate(0, months, 0).Format(time.DateOnly) { // the model has no last days of months
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return []string{"later"}
	}
	return out
}

// actions are the values of the forms of support that the model draws.
func (m *model) actions() []string {
	var out []string
	for _, a := range m.entry.Call.ActionTypes {
		out = append(out, strings.ToLower(strings.TrimPrefix(a, "HORIZON-")))
	}
	return out
}

func drawWords(most int) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom(modelWords), 1, most)
}

func drawModel(seq int) *rapid.Generator[*model] {
	return rapid.Custom(func(t *rapid.T) *model {
		m := &model{title: drawWords(4).Draw(t, "title"), text: someWords(t)}
		c := call.Call{
			Ref: fmt.Sprint(rapid.IntRange(1, 12).Draw(t, "ref")), Title: strings.Join(m.title, " "), Text: strings.Join(m.text, " "),
			Kind:      rapid.SampledFrom([]call.Kind{call.KindCall, call.KindNews}).Draw(t, "kind"),
			Status:    rapid.SampledFrom([]call.Status{"", call.StatusOpen, call.StatusClosed, call.StatusForthcoming}).Draw(t, "status"),
			Programme: rapid.SampledFrom([]string{"", "CEF", "LIFE"}).Draw(t, "programme"),
			Language:  rapid.SampledFrom([]string{"sv", "en", "fi"}).Draw(t, "language"),
			BudgetEUR: rapid.SampledFrom([]int64{0, 999_999, 1_000_000, 250_000_000}).Draw(t, "budget"),
		}
		for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(1, 28), 0, 3, rapid.ID).Draw(t, "deadlines") {
			c.Deadlines = append(c.Deadlines, call.Day(2026, 6, d))
		}
		for _, months := range rapid.SliceOfNDistinct(rapid.IntRange(1, 14), 0, 2, rapid.ID).Draw(t, "far deadlines") {
			c.Deadlines = append(c.Deadlines, call.Day(2026, 6+time.Month(months), 15))
		}
		c.ActionTypes = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"HORIZON-RIA", "HORIZON-CSA"}), 0, 2, rapid.ID).Draw(t, "actions")
		slices.SortFunc(c.Deadlines, call.Moment.Compare)
		m.entry = entry(seq, c)
		m.entry.Gone = rapid.Bool().Draw(t, "gone")
		m.entry.Priorities = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"kultur", "tandvard", "arktis"}), 0, 3, rapid.ID).Draw(t, "priorities")
		m.entry.Removed = rapid.IntRange(0, 9).Draw(t, "removed") == 0
		return m
	})
}

func drawNode(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		most := 10
		if depth == 0 {
			most = 6
		}
		sub := func() string { return drawNode(depth-1).Draw(t, "sub") }
		switch rapid.IntRange(0, most).Draw(t, "form") {
		default:
			return rapid.SampledFrom(modelWords).Draw(t, "word")
		case 2:
			return `"` + strings.Join(drawWords(3).Draw(t, "phrase"), " ") + `"`
		case 3:
			return "title:" + rapid.SampledFrom(modelWords).Draw(t, "word")
		case 4:
			return rapid.SampledFrom([]string{"status:open", "status:closed", "kind:news", "priority:kultur", "alp*", "gamm*", "budget:1m-5m", "budget:none", "deadline:3m", "deadline:none", "deadline:later", "action:ria"}).Draw(t, "field")
		case 5:
			return rapid.SampledFrom([]string{"deadline:2026-06-10..2026-06-20", "deadline:<2026-06-15", "deadline:>2026-06-15"}).Draw(t, "range")
		case 6:
			return "-" + rapid.SampledFrom(modelWords).Draw(t, "word")
		case 7, 8:
			return "(" + sub() + " " + sub() + ")"
		case 9:
			return "(" + sub() + " OR " + sub() + ")"
		case 10:
			return "-(" + sub() + ")"
		}
	})
}

// TestSearchAgainstModel compares searches, filters and facets with a count by hand, over updates,
// removals, several segments and a reopened index.
func TestSearchAgainstModel(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		dir := fmt.Sprintf("%s/%d", base, round)
		texts := map[call.Key]string{}
		opts := Options{Texts: func(_ context.Context, keys []call.Key) (map[call.Key]string, error) {
			out := map[call.Key]string{}
			for _, k := range keys {
				out[k] = texts[k]
			}
			return out, nil
		}}
		ix, err := Open(dir, opts)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := ix.Close(); err != nil {
				rt.Error(err)
			}
		}()
		live := map[string]*model{}
		var feed listFeed
		for range rapid.IntRange(1, 3).Draw(rt, "syncs") {
			for range rapid.IntRange(0, 8).Draw(rt, "entries") {
				m := drawModel(len(feed)+1).Draw(rt, "call")
				feed = append(feed, m.entry)
				texts[m.entry.Call.Key()] = m.entry.Call.Text
				live[m.entry.Call.Ref] = m
				if m.entry.Removed {
					delete(live, m.entry.Call.Ref)
				}
			}
			if _, err := ix.Sync(context.Background(), feed); err != nil {
				rt.Fatal(err)
			}
			checkModel(rt, ix, live)
		}
		if err := ix.Close(); err != nil {
			rt.Fatal(err)
		}
		if ix, err = Open(dir, opts); err != nil {
			rt.Fatal(err)
		}
		checkModel(rt, ix, live)
	})
}

func checkModel(t *rapid.T, ix *Index, live map[string]*model) {
	for range 6 {
		q := Query{
			Text: drawNode(2).Draw(t, "query"), Now: testNow.AddDate(0, 0, rapid.IntRange(-10, 10).Draw(t, "days")), Limit: 1000,
			Facets: facets, Sideways: rapid.Bool().Draw(t, "sideways"),
		}
		if rapid.Bool().Draw(t, "filter kinds") {
			q.Kinds = []string{"call"}
		}
		if rapid.Bool().Draw(t, "filter priorities") {
			q.Priorities = []string{"arktis", "kultur"}
		}
		if rapid.Bool().Draw(t, "filter status") {
			q.Status = []string{"open", "forthcoming"}
		}
		if rapid.IntRange(0, 3).Draw(t, "filter budgets") == 0 {
			q.Budgets = []string{"none", "1m-5m"}
		}
		if rapid.IntRange(0, 3).Draw(t, "filter actions") == 0 {
			q.Actions = []string{"csa"}
		}
		if rapid.IntRange(0, 3).Draw(t, "filter deadlines") == 0 {
			q.Deadlines = rapid.SampledFrom([][]string{{"1m"}, {"6m", "none"}, {"later"}}).Draw(t, "deadlines")
		}
		if rapid.Bool().Draw(t, "filter days") {
			q.DeadlineAfter, q.DeadlineBefore = time.Date(2026, 6, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 25, 0, 0, 0, 0, time.UTC)
		}
		node, err := Parse(q.Text)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		counts := map[string]map[string]int{}
		for ref, m := range live {
			if !m.matches(node, q.Now) {
				continue
			}
			fails := map[string]bool{}
			if q.Kinds != nil && !slices.Contains(q.Kinds, string(m.entry.Call.Kind)) {
				fails[FacetKind] = true
			}
			if q.Status != nil && !slices.Contains(q.Status, string(m.status(q.Now))) {
				fails[FacetStatus] = true
			}
			if q.Priorities != nil && !slices.ContainsFunc(m.entry.Priorities, func(p string) bool { return slices.Contains(q.Priorities, p) }) {
				fails[FacetPriority] = true
			}
			if !q.DeadlineAfter.IsZero() && !m.matches(rangeNode{From: q.DeadlineAfter, To: q.DeadlineBefore}, q.Now) {
				fails["days"] = true
			}
			any := func(values, chosen []string) bool {
				return chosen == nil || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(chosen, v) })
			}
			fails[FacetBudget] = !any([]string{m.budget()}, q.Budgets)
			fails[FacetAction] = !any(m.actions(), q.Actions)
			fails[FacetDeadline] = !any(m.within(q.Now), q.Deadlines)
			maps.DeleteFunc(fails, func(_ string, failed bool) bool { return !failed })
			if len(fails) == 0 {
				want = append(want, ref)
			}
			values := map[string][]string{
				FacetKind: {string(m.entry.Call.Kind)}, FacetStatus: {string(m.status(q.Now))}, FacetPriority: m.entry.Priorities,
				FacetProgramme: {m.entry.Call.Programme}, FacetSource: {"test"}, FacetLanguage: {suffixOf(m.entry.Call.Language)},
				FacetBudget: {m.budget()}, FacetAction: m.actions(), FacetDeadline: m.within(q.Now),
			}
			for facet, vs := range values {
				if len(fails) == 0 || q.Sideways && len(fails) == 1 && fails[facet] {
					for _, v := range vs {
						if counts[facet] == nil {
							counts[facet] = map[string]int{}
						}
						if v != "" {
							counts[facet][v]++
						}
					}
				}
			}
		}
		res, err := ix.Search(context.Background(), q)
		if err != nil {
			t.Fatalf("search %+v: %v", q, err)
		}
		got := refs(res.Hits)
		all, err := ix.Ordered(context.Background(), q)
		if err != nil || !slices.Equal(got, refsOf(all)) {
			t.Fatalf("%+v: in order %v, page by page %v: %v", q, all, got, err)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || res.Total != len(want) {
			t.Fatalf("%+v: found %v (total %d), want %v", q, got, res.Total, want)
		}
		for _, facet := range facets {
			got := map[string]int{}
			for i, c := range res.Facets[facet] {
				got[c.Value] = c.Count
				if i > 0 && res.Facets[facet][i-1].Count < c.Count {
					t.Fatalf("facet %s is not in order: %v", facet, res.Facets[facet])
				}
			}
			want := counts[facet]
			if want == nil {
				want = map[string]int{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v: facet %s (-want +got):\n%s", q, facet, diff)
			}
		}
	}
}
