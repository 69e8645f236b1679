package index

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// read writes tokens as position:term,term and cuts the terms' stretches out of the text.
func read(a *analyser, text string) (terms, stretches string) {
	var t, s []string
	words(text, func(start, end, pos int, lower []byte) bool {
		var names []string
		for _, term := range a.terms(lower, end-start) {
			names = append(names, term.text)
			s = append(s, text[start+term.from:start+term.to])
		}
		if names != nil {
			t = append(t, string(rune('0'+pos))+":"+strings.Join(names, ","))
		}
		return true
	})
	return strings.Join(t, " "), strings.Join(s, " ")
}

func TestAnalysers(t *testing.T) {
	t.Parallel()
	all := newAnalysers()
	tests := []struct {
		a                      *analyser
		text, terms, stretches string
	}{
		{all.sv, "Bygdens skogar", "0:bygd 1:skog", "Bygdens skogar"},
		{all.sv, "skog och mark", "0:skog 2:mark", "skog mark"},
		{all.sv, "Hål i hål", "0:hål,~hal 2:hål,~hal", "Hål Hål hål hål"},
		{all.sv, "EU:s läkemedelsforskning", "0:eu 1:läkemedelsforskning,läkemedel,forskning,~lakemedelsforskning,~lakemedel",
			"EU läkemedelsforskning läkemedel forskning läkemedelsforskning läkemedel"},
		{all.sv, "KÄRNKRAFT", "0:kärnkraft,kärn,kraft,~karnkraft,~karn", "KÄRNKRAFT KÄRN KRAFT KÄRNKRAFT KÄRN"},
		{all.sv, "kärn\u00adkraft", "0:kärnkraft,kärn,kraft,~karnkraft,~karn", strings.Repeat("kärn\u00adkraft ", 4) + "kärn\u00adkraft"},
		{all.sv, "e-hälsa 2026", "0:e 1:häls,~hals 2:2026", "e hälsa hälsa 2026"},
		{all.sv, "marknad marknaden marknader", "0:markn 1:markn 2:markn", "marknad marknaden marknader"},
		{all.en, "The region's energies", "1:region 2:energi", "region energies"},
		{all.en, "Västernorrland café", "0:västernorrland,~vasternorrland 1:café,~cafe", "Västernorrland Västernorrland café café"},
		{all.en, "ﬁnance", "0:financ", "ﬁnance"},
		{all.en, "a–b/c", "1:b 2:c", "b c"},
		{all.en, strings.Repeat("x", 200) + " wood", "1:wood", "wood"},
		{all.sv, "", "", ""},
	}
	for _, tt := range tests {
		terms, stretches := read(tt.a, tt.text)
		if terms != tt.terms || stretches != tt.stretches {
			t.Errorf("%q:\n got %s\nwant %s\nstretches %q\n     want %q", tt.text, terms, tt.terms, stretches, tt.stretches)
		}
	}
}

func TestComposeJoinsLetters(t *testing.T) {
	t.Parallel()
	apart := norm.NFD.String("Åland")
	if apart == "Åland" {
		t.Fatal("the test's own text is not decomposed")
	}
	if diff := cmp.Diff("Åland", compose(apart)); diff != "" {
		t.Error(diff)
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "å ä", "a\u0308b", "\u00ad\u00ad", "\xff\xfeab", "EU:s 's", strings.Repeat("å", 70)} {
		f.Add(s)
	}
	all := newAnalysers()
	f.Fuzz(func(t *testing.T, text string) {
		text = compose(text)
		at, last := 0, -1
		for _, a := range []*analyser{all.sv, all.en} {
			at, last = 0, -1
			words(text, func(start, end, pos int, lower []byte) bool {
				if start < at || end <= start || end > len(text) || pos <= last || len(lower) == 0 {
					t.Fatalf("%q: word %d to %d, position %d, after byte %d, position %d", text, start, end, pos, at, last)
				}
				for _, term := range a.terms(lower, end-start) {
					if term.text == "" || term.from < 0 || term.to > end-start || term.from >= term.to {
						t.Fatalf("%q: term %+v of word %d to %d", text, term, start, end)
					}
				}
				at, last = end, pos
				return true
			})
		}
	})
}
