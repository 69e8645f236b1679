package index

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGlossaryFile(t *testing.T) {
	t.Parallel()
	pairs, err := readGlossary(glossaryFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) < 600 {
		t.Errorf("glossary.txt has %d pairs, want 600", len(pairs))
	}
	a := newAnalysers()
	seen := map[[2]string]bool{}
	for _, p := range pairs {
		key := [2]string{p.SV, p.EN}
		if seen[key] {
			t.Errorf("%s = %s stands twice", p.SV, p.EN)
		}
		seen[key] = true
		if sv, _ := stems(a.sv, p.SV); sv == "" {
			t.Errorf("%s has nothing but stop words", p.SV)
		}
		if en, _ := stems(a.en, p.EN); en == "" {
			t.Errorf("%s has nothing but stop words", p.EN)
		}
	}
	if _, err := readGlossary("skog = forest\nhav\n= sea\n"); err == nil || !strings.Contains(err.Error(), "glossary.txt:2") || !strings.Contains(err.Error(), "glossary.txt:3") {
		t.Errorf("bad lines give %v", err)
	}
}

func TestBroaden(t *testing.T) {
	t.Parallel()
	g, err := newGlossary(newAnalysers(),
		[]Pair{{SV: "trafikslagsbyte", EN: "modal shift"}, {SV: "skog", EN: "planword"}},
		func() []Pair { return []Pair{{SV: "korallrev", EN: "coral reefs"}, {SV: "skogar", EN: "tableword"}} })
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		query string
		want  []Sought
	}{
		{"vätgas", []Sought{{"vätgas", []string{"hydrogen"}}}},
		{"vatgas", []Sought{{"vatgas", []string{"hydrogen"}}}},
		{"Hydrogen", []Sought{{"Hydrogen", []string{"vätgas"}}}},
		{"skogarna", []Sought{{"skogarna", []string{"forest", "forests"}}}},
		{"rail freight", []Sought{{"rail freight", []string{"godstransporter på järnväg"}}, {"rail", []string{"järnväg"}}, {"freight", []string{"godstransport", "gods"}}}},
		{"godstransporter på järnväg", []Sought{
			{"godstransporter på järnväg", []string{"rail freight"}}, {"godstransporter", []string{"freight", "freight transport", "cargo"}}, {"järnväg", []string{"rail", "railway"}},
		}},
		{"sjukvårdsdata", []Sought{{"sjukvårdsdata", []string{"healthcare + data"}}}},
		{"modal shift", []Sought{{"modal shift", []string{"trafikslagsbyte"}}}},
		{"korallrev", []Sought{{"korallrev", []string{"coral reefs"}}}},
		{"coral", nil},
		{`"vätgas"`, nil},
		{"-vätgas", nil},
		{"vätga*", nil},
		{"status:open", nil},
		{"title:vätgas OR kultur", []Sought{{"vätgas", []string{"hydrogen"}}, {"kultur", []string{"culture", "cultural"}}}},
	}
	for _, tt := range tests {
		n, err := Parse(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		left := maxSought
		got := soughtOf(g.broaden(n, &left))
		if len(got) == 0 && len(tt.want) == 0 {
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, d)
		}
	}
	// What is added is bounded, however long the query.
	n, err := Parse(strings.Repeat("hälsa ", 32))
	if err != nil {
		t.Fatal(err)
	}
	left := maxSought
	got := soughtOf(g.broaden(n, &left))
	if left < 0 || len(got) > maxSought {
		t.Errorf("32 words: %d words added, %d left", len(got), left)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int // with at most 2
	}{
		{"", "", 0}, {"skog", "skog", 0}, {"inovation", "innovation", 1}, {"innovatoin", "innovation", 1}, {"hälsa", "halsa", 1},
		{"skgo", "skog", 1}, {"kompetens", "kompetns", 1}, {"abcdef", "badcfe", 3}, {"abcd", "badc", 2}, {"ö", "", 1}, {"skog", "hav", 3},
	}
	for _, tt := range tests {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := distance(pair[0], pair[1], 2); got != tt.want {
				t.Errorf("distance(%q, %q) = %d, want %d", pair[0], pair[1], got, tt.want)
			}
		}
	}
}

func TestMeant(t *testing.T) {
	t.Parallel()
	s, err := readScript("testdata/broad.script")
	if err != nil {
		t.Fatal(err)
	}
	ix := open(t, s.docs)
	tests := []struct{ query, want string }{
		{"inovation", "innovation"},
		{"skog inovation -hav", "skog innovation -hav"},
		{"skogsbioekonomni", "skogsbioekonomi"},
		{"innovation", ""},
		{"godstransporter på jänrväg", "godstransporter på järnväg"},
		{`"inovation"`, ""},
		{"-inovation", ""},
		{"D99", ""},
		{"xyz", ""},
	}
	for _, tt := range tests {
		if res := search(t, ix, Query{Text: tt.query, Now: testNow}); res.DidYouMean != tt.want {
			t.Errorf("%s: did you mean %q, want %q", tt.query, res.DidYouMean, tt.want)
		}
		if res := search(t, ix, Query{Text: tt.query, Now: testNow, AsWritten: true}); res.DidYouMean != "" || res.Also != nil || res.Meant != nil {
			t.Errorf("%s as written: %+v", tt.query, res)
		}
	}
}
