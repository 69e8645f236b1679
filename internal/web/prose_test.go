package web

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	text := "Expected Outcome:\n\nProjects contribute to:\n\n- one\n- two\n\n• three\n\nScope:\n\nLine one\nline two\n\n\n\nScope alone:"
	want := []block{
		{Heading: "Expected Outcome"}, {Heading: "Projects contribute to"}, {Items: []string{"one", "two", "three"}}, {Heading: "Scope"},
		{Text: "Line one\nline two"}, {Text: "Scope alone:"},
	}
	if d := cmp.Diff(want, blocks(text)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	long := strings.TrimSpace(strings.Repeat("En mening som är lagom lång för att läsas. ", 60))
	got := blocks(long)
	var again []string
	for _, b := range got {
		again = append(again, b.Text)
		if len(b.Text) > 2*pieceSize || !strings.HasSuffix(b.Text, ".") {
			t.Errorf("a piece of %d bytes: %q", len(b.Text), b.Text)
		}
	}
	if len(got) < 4 || strings.Join(again, " ") != long {
		t.Errorf("%d pieces", len(got))
	}
	if got := blocks(strings.Repeat("x", 4000)); len(got) != 1 {
		t.Errorf("what has no sentences is %d pieces", len(got))
	}
	if got := blocks(""); got != nil {
		t.Errorf("nothing is %v", got)
	}
}

// What real sources send, in words of our own: HTML made text, a page on one line, lines that are paragraphs.
func TestBlocksOfSources(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A line as long as no program wraps. ", 6)
	long = strings.TrimSpace(long)
	for _, tt := range []struct {
		name, text string
		want       []block
	}{
		{"on one line", "Expected Outcome: Results are expected: better rails. Scope: Rail crosses borders [1] Objective: To mend that.",
			[]block{{Heading: "Expected Outcome"}, {Text: "Results are expected: better rails."}, {Heading: "Scope"}, {Text: "Rail crosses borders [1]"},
				{Heading: "Objective"}, {Text: "To mend that."}}},
		{"with a space before the colon", "Scope : Background and scope: Rail is slow.",
			[]block{{Heading: "Scope"}, {Heading: "Background and scope"}, {Text: "Rail is slow."}}},
		{"within a sentence", "This is within the Scope: rail. The scope: rail. At 10:30 Scope:none.",
			[]block{{Text: "This is within the Scope: rail. The scope: rail. At 10:30 Scope:none."}}},
		{"a paragraph a line", "Scope: Rail.\n" + long + "\n" + long,
			[]block{{Heading: "Scope"}, {Text: "Rail."}, {Text: long}, {Text: long}}},
		{"a list among lines", "Expected Outcome: All of these:\n• one\n• two,\nwhich was wrapped\no below two\nScope: Rail.\n- three",
			[]block{{Heading: "Expected Outcome"}, {Text: "All of these:"}, {Items: []string{"one", "two, which was wrapped", "below two"}},
				{Heading: "Scope"}, {Text: "Rail."}, {Items: []string{"three"}}}},
		{"capitals", "LOCATION:\nSundsvall\nDURATION:\nA year", []block{{Heading: "LOCATION"}, {Text: "Sundsvall"}, {Heading: "DURATION"}, {Text: "A year"}}},
		{"Swedish", "Ansökningsperiod: 7 april – 21 maj 2026\n\nVem kan söka?\n\nOrganisationer och regioner.\n\nVad händer sedan?\n\nVi svarar.\n\nSyfte\n\nBättre tåg",
			[]block{{Heading: "Ansökningsperiod"}, {Text: "7 april – 21 maj 2026"}, {Heading: "Vem kan söka?"}, {Text: "Organisationer och regioner."},
				{Heading: "Vad händer sedan?"}, {Text: "Vi svarar."}, {Heading: "Syfte"}, {Text: "Bättre tåg"}}},
		{"a line without a stop", "Så går det till\n\nVi läser alla ansökningar och svarar innan sommaren.\n\nAnna Ek\n\nChef", []block{{Heading: "Så går det till"},
			{Text: "Vi läser alla ansökningar och svarar innan sommaren."}, {Text: "Anna Ek"}, {Text: "Chef"}}},
		{"days and rows are none", "Öppnar 3 maj\n\nVi läser alla ansökningar innan sommaren.\n\nStöd | Belopp\n\nVi läser alla ansökningar innan sommaren.",
			[]block{{Text: "Öppnar 3 maj"}, {Text: "Vi läser alla ansökningar innan sommaren."}, {Text: "Stöd | Belopp"}, {Text: "Vi läser alla ansökningar innan sommaren."}}},
		{"bold in Markdown is no bullet", "**Topic**: rail\n*starred*", []block{{Text: "**Topic**: rail\n*starred*"}}},
		{"a question at the end", "Tåg.\n\nVem kan söka?", []block{{Text: "Tåg."}, {Text: "Vem kan söka?"}}},
		{"nothing behind the name", "Tåg.\n\nScope:", []block{{Text: "Tåg."}, {Text: "Scope:"}}},
	} {
		if d := cmp.Diff(tt.want, blocks(tt.text)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

// Whatever a source sends, every letter and digit of it is shown, in its order.
func FuzzBlocks(f *testing.F) {
	for _, s := range []string{"", "Scope: a. Scope : b", "- a\no b\nc\n\n• d", "A:\n\nB?\n\nC", "** :\x00\n:", "o \n- o o"} {
		f.Add(s)
	}
	said := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) && r != 'o' || unicode.IsDigit(r) { // an o may be a bullet
				return r
			}
			return -1
		}, s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got strings.Builder
		for _, b := range blocks(s) {
			got.WriteString(b.Heading + strings.Join(b.Items, "") + b.Text)
		}
		if said(got.String()) != said(s) {
			t.Errorf("of %q is left %q", s, got.String())
		}
	})
}
