package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestClean(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"a b", "a b"},
		{"  two  spaces ", "two spaces"},
		{" ", ""},
		{"carriage\r\nreturn \r here\r", "carriage return here"},
		{"no\u00a0break\u202fspace", "no break space"},
		{"infra\u00adstruk\u200btur\ufeff", "infrastruktur"},
		{"Va\u0308sternorrland", "Västernorrland"},
		{"A\u030angstro\u0308m\u200e", "Ångström"},
		{"a\u200b\u0308", "ä"},
		{"tab\tand\fform\u2028line\u0085next", "tab and form line next"},
		{"bell\a nul\x00 del\x7f c1\u0080", "bell nul del c1"},
		{"broken \xff byte", "broken \ufffd byte"},
		{"½ km² №5", "½ km² №5"},
	}
	for _, tt := range tests {
		if got := Clean(tt.in); got != tt.want {
			t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestFromPlain(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", ""},
		{"\n\n", ""},
		{"one\ntwo", "one\ntwo"},
		{" one \r\n\r\n\r\n  two\tthree ", "one\n\ntwo three"},
		{"one\rtwo", "one\ntwo"},
		{"one\u2029two\u2028three\ffour", "one\n\ntwo\nthree\n\nfour"},
		{"one\n \n\u00a0\n\u200b\ntwo", "one\n\ntwo"},
		{"- a\n- b", "- a\n- b"},
		{"1 < 2 &amp; 3", "1 < 2 &amp; 3"},
	}
	for _, tt := range tests {
		if got := FromPlain(tt.in); got != tt.want {
			t.Errorf("FromPlain(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"Plain ASCII 12", "plain ascii 12"},
		{"Åre Älvdalen Örnsköldsvik", "are alvdalen ornskoldsvik"},
		{"A\u030a", "a"},
		{"Idé, Besançon, Łódź", "ide, besancon, lodz"},
		{"Tromsø, Ærø, Þór, Straße, œuvre", "tromso, aero, thor, strasse, oeuvre"},
		{"İstanbul", "istanbul"},
	}
	for _, tt := range tests {
		if got := Fold(tt.in); got != tt.want {
			t.Errorf("Fold(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSnippet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		max  int
		want string
	}{
		{"kort", 10, "kort"},
		{"precis tio", 10, "precis tio"},
		{"den regionala utvecklingen", 15, "den regionala…"},
		{"den regionala utvecklingen", 14, "den regionala…"},
		{"den regionala utvecklingen", 13, "den…"},
		{"hälsa, vård och omsorg", 8, "hälsa…"},
		{"infrastrukturinvestering", 6, "infra…"},
		{"åäöåäöåäö", 4, "åäö…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"abc", 1, "…"},
		{"  a b", 3, "…"},
	}
	for _, tt := range tests {
		if got := Snippet(tt.in, tt.max); got != tt.want {
			t.Errorf("Snippet(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want []string
	}{
		{"", nil},
		{" - . ", nil},
		{"Den gröna Omställningen, 2026!", []string{"den", "gröna", "omställningen", "2026"}},
		{"HORIZON-CL5-2026-D1 och TEN-T", []string{"horizon-cl5-2026-d1", "och", "ten-t"}},
		{"AGRI_2026 -inledd miljö- och A--B", []string{"agri_2026", "inledd", "miljö", "och", "a", "b"}},
		{"EU:s Europe's FN:s PM:et Region’s l'Europe HVB:erna SOU 2025:119", []string{"eu", "europe", "fn", "pm", "region", "l", "europe", "hvb", "sou", "2025", "119"}},
		{"Erasmus+ R&D C/O e-hälsa 5G CO2", []string{"erasmus", "r", "d", "c", "o", "e-hälsa", "5g", "co2"}},
		{"ÅÄÖ ÉCOLE Øst", []string{"åäö", "école", "øst"}},
		{"Va\u0308stra A\u030aRE", []string{"västra", "åre"}},
		{"infra\u00adstruktur TEN\u2011T no\u00adway\u00ad x\u200b\u00ady", []string{"infrastruktur", "ten-t", "noway", "xy"}},
		{"Łódź Ελλάδα Україна", []string{"łódź", "ελλάδα", "україна"}},
		{"2021–2027 2021-2027", []string{"2021", "2027", "2021-2027"}},
		{"3×4÷2", []string{"3", "4", "2"}},
		{"a\xffb \xc3", []string{"a", "b"}},
		{"\u0308a", []string{"a"}},
	}
	for _, tt := range tests {
		var got []string
		for _, w := range Words(tt.in) {
			got = append(got, w.Text)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Words(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestWordOffsets(t *testing.T) {
	t.Parallel()
	const s = "«Miljo\u0308 i EU:s År»"
	var got []string
	for _, w := range Words(s) {
		got = append(got, w.Text+"="+s[w.Start:w.End])
	}
	if diff := cmp.Diff([]string{"miljö=Miljo\u0308", "i=i", "eu=EU", "år=År"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"ten-t":               {"ten", "t"},
		"horizon-cl5-2026-d1": {"horizon", "cl5", "2026", "d1"},
		"agri_2026":           {"agri", "2026"},
		"plain":               nil,
		"":                    nil,
	} {
		if diff := cmp.Diff(want, Parts(in)); diff != "" {
			t.Errorf("Parts(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want []string
	}{
		{"", nil},
		{" \n ", nil},
		{"En mening. Och en till! Är det så? Ja.", []string{"En mening.", "Och en till!", "Är det så?", "Ja."}},
		{"Stöd ges till t.ex. Interreg, bl.a. Nord. Det gäller m.m. Sedan slut.", []string{"Stöd ges till t.ex. Interreg, bl.a. Nord.", "Det gäller m.m.", "Sedan slut."}},
		{"Ansök senast kl. 17.00 den 4 mars. Läs mer på vinnova.se.", []string{"Ansök senast kl. 17.00 den 4 mars.", "Läs mer på vinnova.se."}},
		{"See Art. 5 and No. 12, e.g. Annex B. The rest follows.", []string{"See Art. 5 and No. 12, e.g. Annex B.", "The rest follows."}},
		{"Regulation (EU) No. 1303/2013 applies. It is long.", []string{"Regulation (EU) No. 1303/2013 applies.", "It is long."}},
		{"Ett stycke utan punkt\n\nett annat", []string{"Ett stycke utan punkt", "ett annat"}},
		{"En rad som bara är bruten någonstans mitt i texten av ett\nprogram. Nästa.", []string{"En rad som bara är bruten någonstans mitt i texten av ett\nprogram.", "Nästa."}},
		{"Krav:\n- det första\n- det andra\n\nSlut.", []string{"Krav:", "- det första", "- det andra", "Slut."}},
		{"År | Belopp\n2026 | 3 M€\n2027 | 4 M€", []string{"År | Belopp", "2026 | 3 M€", "2027 | 4 M€"}},
		{"Expected Outcome:\nProjects are expected to deliver.", []string{"Expected Outcome:", "Projects are expected to deliver."}},
		{"Budgeten är 3.5 miljoner. Den växer.", []string{"Budgeten är 3.5 miljoner.", "Den växer."}},
		{"Gäller till 2027. Därefter prövas det.", []string{"Gäller till 2027.", "Därefter prövas det."}},
		{"1. Inledning\n\n2. Text här.", []string{"1. Inledning", "2. Text här."}},
		{"Han sa \"nej.\" Sedan gick han.", []string{"Han sa \"nej.\"", "Sedan gick han."}},
		{"(En parentes.) Fortsättning … Slut…", []string{"(En parentes.)", "Fortsättning …", "Slut…"}},
		{"The U.S. and the U.K. agree. Done.", []string{"The U.S. and the U.K. agree.", "Done."}},
		{"Deadline 30 sept. 2026. Beslut i okt. 2026.", []string{"Deadline 30 sept. 2026.", "Beslut i okt. 2026."}},
		{"Kontakta Eva A. Exempel. Hon vet.", []string{"Kontakta Eva A. Exempel.", "Hon vet."}},
		{"Vad?! Jo.", []string{"Vad?!", "Jo."}},
	}
	for _, tt := range tests {
		var got []string
		for _, x := range Sentences(tt.in) {
			got = append(got, tt.in[x.Start:x.End])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Sentences(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

// normal fails when s is not in normal form.
func normal(t *testing.T, what, s string) {
	t.Helper()
	switch {
	case !utf8.ValidString(s):
		t.Fatalf("%s: not UTF-8: %q", what, s)
	case !norm.NFC.IsNormalString(s):
		t.Fatalf("%s: not NFC: %q", what, s)
	case strings.Contains(s, "  "), strings.Contains(s, "\n\n\n"), strings.Contains(s, " \n"), strings.Contains(s, "\n "), strings.Contains(s, "\r"):
		t.Fatalf("%s: white space: %q", what, s)
	case strings.TrimSpace(s) != s:
		t.Fatalf("%s: not trimmed: %q", what, s)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a\u200b\u0308", "\r\n x\u00a0 ", "\xff\xfe", "Va\u0308ster", "\u0340\u212b\u1fef"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		normal(t, "Clean", c)
		if again := Clean(c); again != c {
			t.Fatalf("Clean(%q) = %q, again %q", s, c, again)
		}
		if strings.Contains(c, "\n") {
			t.Fatalf("Clean(%q) = %q: more than a line", s, c)
		}
		p := FromPlain(s)
		normal(t, "FromPlain", p)
		if again := FromPlain(p); again != p {
			t.Fatalf("FromPlain(%q) = %q, again %q", s, p, again)
		}
		x := Fold(c)
		if again := Fold(x); again != x {
			t.Fatalf("Fold(%q) = %q, again %q", c, x, again)
		}
		for _, max := range []int{1, 5, 80} {
			if n := utf8.RuneCountInString(Snippet(c, max)); n > max {
				t.Fatalf("Snippet(%q, %d): %d characters", c, max, n)
			}
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"HORIZON-CL5-2026-D1, TEN\u2011T", "EU:s Europe's", "infra\u00adstruktur", "Va\u0308stra", "a\xffb", "İ K Å", "x\u200b\u00ady-\u00adz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, w := range Words(s) {
			if w.Start < last || w.End <= w.Start || w.End > len(s) || w.Text == "" {
				t.Fatalf("Words(%q): %+v after %d", s, w, last)
			}
			last = w.End
			if !utf8.ValidString(w.Text) || !norm.NFC.IsNormalString(w.Text) {
				t.Fatalf("Words(%q): %q", s, w.Text)
			}
			again := Words(w.Text)
			if len(again) != 1 || again[0].Text != w.Text {
				t.Fatalf("Words(%q): %q again gives %+v", s, w.Text, again)
			}
			for _, p := range Parts(w.Text) {
				if p == "" {
					t.Fatalf("Parts(%q): an empty one", w.Text)
				}
			}
		}
	})
}

func FuzzSentences(f *testing.F) {
	for _, s := range []string{"En. Två! T.ex. Tre?", "a\n\nb\n- c", "…\" x. Y", "1. A\n2. B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, x := range Sentences(s) {
			if x.Start < last || x.End <= x.Start || x.End > len(s) {
				t.Fatalf("Sentences(%q): %+v after %d", s, x, last)
			}
			if strings.TrimSpace(s[last:x.Start]) != "" {
				t.Fatalf("Sentences(%q): lost %q", s, s[last:x.Start])
			}
			last = x.End
		}
		if strings.TrimSpace(s[last:]) != "" {
			t.Fatalf("Sentences(%q): lost %q", s, s[last:])
		}
	})
}

// english and swedish are texts of the sort that portals publish, for the benchmarks.
const (
	english = "Projects are expected to contribute to the green transition of regional transport networks (TEN-T), with a budget of EUR 12 500 000 and a deadline on 17 September 2026 17:00:00 Brussels time. HORIZON-CL5-2026-D1 covers Europe's Arctic regions.\n"
	swedish = "Utlysningen riktar sig till regioner och kommuner i hela Sverige som vill ställa om till förnybar energi; ansök senast den 4 mars 2027 kl. 17.00. Högst 12,5 miljoner kronor per projekt. EU:s medel får täcka hälften.\n"
)

func bench(b *testing.B, s string, f func(string)) {
	s = strings.Repeat(s, 200)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		f(s)
	}
}

func BenchmarkWords(b *testing.B) {
	var words []Word
	fresh := func(s string) { Words(s) }
	reused := func(s string) { words = AppendWords(words[:0], s) }
	b.Run("english", func(b *testing.B) { bench(b, english, fresh) })
	b.Run("swedish", func(b *testing.B) { bench(b, swedish, fresh) })
	b.Run("english-reused", func(b *testing.B) { bench(b, english, reused) })
	b.Run("swedish-reused", func(b *testing.B) { bench(b, swedish, reused) })
}

func BenchmarkDates(b *testing.B) {
	bench(b, english+swedish, func(s string) { Dates(s, Options{}) })
}

func BenchmarkAmounts(b *testing.B) {
	bench(b, english+swedish, func(s string) { Amounts(s) })
}

func BenchmarkSentences(b *testing.B) {
	bench(b, english+swedish, func(s string) { Sentences(s) })
}

func BenchmarkFromHTML(b *testing.B) {
	bench(b, "<p>"+english+"</p><ul><li>a</li><li><b>b</b></li></ul>", func(s string) { FromHTML(s) })
}
