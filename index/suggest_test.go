package index

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

func suggestions(tb testing.TB, ix *Index, p Prompt) []string {
	tb.Helper()
	if p.Now.IsZero() {
		p.Now = testNow
	}
	found, err := ix.Suggest(tb.Context(), p)
	if err != nil {
		tb.Fatalf("%+v: %v", p, err)
	}
	var out []string
	for _, s := range found {
		line := s.Kind + " " + s.Text
		if s.Query != s.Text {
			line += " = " + s.Query + s.Key.Ref
		}
		out = append(out, line)
	}
	return out
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	open2 := []call.Moment{call.Day(2026, 9, 1)}
	ix := open(t, listFeed{
		entry(1, call.Call{Ref: "sv1", Language: "sv", Title: "Järnvägar i glesbygden", Programme: "CEF", Deadlines: []call.Moment{call.Day(2026, 7, 1)}}),
		entry(2, call.Call{Ref: "sv2", Language: "sv", Title: "Järnväg för godstrafik", Programme: "Remiss – Finansdepartementet", Deadlines: open2}),
		entry(3, call.Call{Ref: "en1", Language: "en", Title: "Rural railways and forests", Programme: "HORIZON", Identifier: "HORIZON-CL5-2026-D1-01", Deadlines: open2}),
		entry(4, call.Call{Ref: "en2", Language: "en", Title: "Forestry skills", Programme: "HORIZON", Identifier: "HORIZON-CL5-2027-D2-02"}),
		entry(5, call.Call{Ref: "old", Language: "en", Title: "Rural forests of old", Programme: "LIFE", Deadlines: []call.Moment{call.Day(2020, 1, 1)}}),
		{Call: call.Call{Source: "a", Ref: "g1", Kind: call.KindCall, Title: "Harbours one", Language: "en"}, Seq: 6, Group: []call.Key{{Source: "a", Ref: "g1"}, {Source: "b", Ref: "g2"}}},
		{Call: call.Call{Source: "b", Ref: "g2", Kind: call.KindCall, Title: "Harbours two", Language: "en"}, Seq: 7, Group: []call.Key{{Source: "a", Ref: "g1"}, {Source: "b", Ref: "g2"}}},
		entry(8, call.Call{Ref: "tr", Language: "en", Title: "Ferry crossings", Translations: []call.Translation{{Language: "sv", Title: "Färjeförbindelser"}}}),
	})
	terms := []string{"skogsbruk", "forest roads", "forests of old", "Rural forests"}
	for _, tt := range []struct {
		prompt Prompt
		want   string
	}{
		{Prompt{Text: "järnv"}, "word järnväg, word järnvägstrafik, title Järnvägar i glesbygden = sv1, title Järnväg för godstrafik = sv2"},
		{Prompt{Text: "JÄRNV"}, "word järnväg, word järnvägstrafik, title Järnvägar i glesbygden = sv1, title Järnväg för godstrafik = sv2"},
		{Prompt{Text: "jarnv"}, "word järnväg, title Järnvägar i glesbygden = sv1, title Järnväg för godstrafik = sv2"},
		{Prompt{Text: "järnvägar"}, "title Järnvägar i glesbygden = sv1"},
		{Prompt{Text: "järnväg gle"}, "word järnväg glesbygden, title Järnvägar i glesbygden = sv1"},
		{Prompt{Text: "gles järnv"}, ""},
		{Prompt{Text: "rural for", Terms: terms}, "word rural forests, title Rural railways and forests = en1, title Rural forests of old = old"},
		{Prompt{Text: "forest", Terms: terms}, "word forests, word forestry, term forests of old, title Rural railways and forests = en1, title Forestry skills = en2, title Rural forests of old = old"},
		{Prompt{Text: "horiz"}, "programme HORIZON = programme:HORIZON"},
		{Prompt{Text: "finansdep"}, `programme Remiss – Finansdepartementet = programme:"Remiss – Finansdepartementet"`},
		{Prompt{Text: "HORIZON-CL5"}, "identifier HORIZON-CL5-2026-D1-01, identifier HORIZON-CL5-2027-D2-02"},
		{Prompt{Text: "horizon-cl5-2027-"}, "identifier HORIZON-CL5-2027-D2-02"},
		{Prompt{Text: "cl5-2026-d"}, "identifier HORIZON-CL5-2026-D1-01"},
		{Prompt{Text: "harb"}, "word harbours, title Harbours one = g1"},
		{Prompt{Text: "färje", Lang: "sv"}, "word färjeförbindelser, title Färjeförbindelser = tr"},
		{Prompt{Text: "cross", Lang: "en"}, "word crossings, title Ferry crossings = tr"},
		{Prompt{Text: "zzz"}, ""},
		{Prompt{Text: "j"}, ""},
		{Prompt{Text: ""}, ""},
		{Prompt{Text: "rural "}, "title Rural railways and forests = en1, title Rural forests of old = old"},
		{Prompt{Text: `"rural fo`}, ""},
		{Prompt{Text: "title:for"}, ""},
		{Prompt{Text: "rural -for"}, ""},
		{Prompt{Text: "for\x00est\xff"}, ""},
		{Prompt{Text: strings.Repeat("järnväg ", 20)}, ""},
	} {
		got := strings.Join(suggestions(t, ix, tt.prompt), ", ")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.prompt.Text, diff)
		}
	}
}

// TestSuggestionsFind: whatever is suggested finds something.
func TestSuggestionsFind(t *testing.T) {
	t.Parallel()
	calls := corpus(t)[:1500]
	ix := open(t, feedOf(calls))
	now, n := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), 0
	for _, word := range []string{"energi", "klimat", "hälso", "climate change", "research inno", "digital skil", "remiss", "HORIZON-CL", "HORIZON-HLTH-2026", "CEF", "forslag till", "betänkande"} {
		for i := range len([]rune(word)) + 1 {
			found, err := ix.Suggest(t.Context(), Prompt{Text: string([]rune(word)[:i]), Lang: "sv", Now: now, Terms: []string{"klimatanpassning", "energieffektivisering"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range found {
				if n++; s.Query == "" {
					continue
				}
				if res := search(t, ix, Query{Text: s.Query, Now: now, AsWritten: true}); res.Total == 0 {
					t.Errorf("%s: %s %q finds nothing", word, s.Kind, s.Query)
				}
			}
		}
	}
	if n < 200 {
		t.Errorf("%d suggestions", n)
	}
}

func TestSuggestGivesUp(t *testing.T) {
	t.Parallel()
	ix := open(t, listFeed{entry(1, call.Call{Title: "Forests"})})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := ix.Suggest(ctx, Prompt{Text: "fo"}); err == nil {
		t.Errorf("%v from a search that was given up", got)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Suggest(t.Context(), Prompt{Text: "fo"}); err != ErrClosed {
		t.Errorf("closed: %v", err)
	}
}

func FuzzSuggest(f *testing.F) {
	ix := open(f, listFeed{
		entry(1, call.Call{Language: "sv", Title: "Järnväg i glesbygd", Programme: "CEF", Identifier: "CEF-T-2026"}), entry(2, call.Call{Language: "en", Title: "Rural railways"}),
	})
	for _, s := range []string{"jä", "cef-t", "rural ra", "-", "\xff\xfe", "İİ", "ﬁ", "a\u0301b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		found, err := ix.Suggest(t.Context(), Prompt{Text: typed, Now: testNow, Terms: []string{"järnväg", "rural"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			if _, err := Parse(s.Query); err != nil {
				t.Errorf("%q: %q is no query: %v", typed, s.Query, err)
			}
		}
	})
}

// BenchmarkSuggest is the target of 5 ms a prompt at 50,000 calls.
func BenchmarkSuggest(b *testing.B) {
	calls := mix(corpus(b), 50_000)
	ix := open(b, feedOf(calls))
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	var terms []string
	for i := range 2000 { // as many as a large plan has
		terms = append(terms, fmt.Sprintf("term%d", i))
	}
	for _, typed := range []string{"e", "en", "ener", "energi", "re", "ut", "jarnv", "climate ch", "klimat an", "research and inno", "HORIZON", "HORIZON-CL5-20", "inovat"} {
		b.Run(typed, func(b *testing.B) {
			n := 0
			for b.Loop() {
				found, err := ix.Suggest(b.Context(), Prompt{Text: typed, Lang: "sv", Now: now, Terms: terms})
				if err != nil {
					b.Fatal(err)
				}
				n = len(found)
			}
			b.ReportMetric(float64(n), "suggestions")
		})
	}
}
