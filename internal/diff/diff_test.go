package diff

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shown writes a difference on one line.
func shown(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		marks := map[Op][2]string{Same: {"", ""}, Added: {"{+", "+}"}, Removed: {"[-", "-]"}, Cut: {"…", ""}}[p.Op]
		b.WriteString(marks[0] + p.Text + marks[1])
	}
	return b.String()
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ old, new, want string }{
		{"", "", ""},
		{"", "nytt", "{+nytt+}"},
		{"borta", "", "[-borta-]"},
		{"samma ord", "samma ord", "samma ord"},
		{"Sista dag 4 augusti 2026.", "Sista dag 11 augusti 2026.", "Sista dag [-4-]{+11+} augusti 2026."},
		{"för små och medelstora företag", "för regioner och kommuner företag", "för [-små-]{+regioner+} och [-medelstora-]{+kommuner+} företag"},
		{"ett två tre", "uno due tre", "[-ett två-]{+uno due+} tre"},
		{"budget: 4 500 000", "budget: 5 000 000", "budget: [-4 500-]{+5 000+} 000"},
		{"hållbarhet", "hållbarheten", "[-hållbarhet-]{+hållbarheten+}"},
		{"ett\n\ntvå", "ett\n\nnytt\n\ntvå", "ett{+\n\nnytt+}\n\ntvå"},
	} {
		if got := shown(Words(tt.old, tt.new)); got != tt.want {
			t.Errorf("%q to %q:\n got %s\nwant %s", tt.old, tt.new, got, tt.want)
		}
	}
}

func TestAround(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("många ord ", 20)
	got := shown(Around(Words(long+"ett "+long+"tre", long+"två "+long+"tre"), 12))
	if want := "…ord många ord [-ett-]{+två+} många ord många…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	short := Words("kort ett kort", "kort två kort")
	if d := cmp.Diff(short, Around(short, 12)); d != "" {
		t.Errorf("cut what is short:\n%s", d)
	}
}

// However texts differ, the parts make both of them.
func TestWordsAreWhole(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ord", " ", "\n\n", ",", "å\u0308", "€", "\xff", "7"}), 0, 60).Draw(t, "words"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		old, new := text.Draw(t, "old"), text.Draw(t, "new")
		var was, is strings.Builder
		for _, p := range Words(old, new) {
			if p.Op != Added {
				was.WriteString(p.Text)
			}
			if p.Op != Removed {
				is.WriteString(p.Text)
			}
		}
		if was.String() != old || is.String() != new {
			t.Fatalf("%q to %q became %q to %q", old, new, was.String(), is.String())
		}
	})
}

// A text that is all other is told in no time.
func TestWordsOfLongTexts(t *testing.T) {
	t.Parallel()
	old, new := strings.Repeat("alpha beta ", 30_000), strings.Repeat("gamma delta ", 30_000)
	parts := Words(old, new)
	if len(parts) == 0 || parts[0].Op != Removed {
		t.Errorf("%d parts", len(parts))
	}
}
