package link_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"utkik/internal/call"
	"utkik/internal/link"
)

// Whoever is found by title and day has met: the days between which the two can be meant overlap, and two words are shared, or
// the whole title is.
func TestTitlesMeet(t *testing.T) {
	t.Parallel()
	days := []string{"2026-02-28", "2026-08-31"}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		draw := func(source string) link.Facts {
			c := call.Call{Source: source, Ref: "1", Kind: rapid.SampledFrom([]call.Kind{call.KindCall, call.KindNews, call.KindNews, call.KindPlanned}).Draw(t, "kind")}
			for _, w := range []string{"Klimatanpassning", "elnät", "skogsbruk", "vattenkraft", "havsmiljö"} {
				if rapid.IntRange(0, 3).Draw(t, w) > 0 {
					c.Title += w + " "
				}
			}
			for _, d := range rapid.SliceOfN(rapid.SampledFrom(days), 0, 2).Draw(t, "deadlines") {
				m, err := call.ParseMoment(d)
				if err != nil {
					t.Fatal(err)
				}
				c.Deadlines = append(c.Deadlines, m)
			}
			if rapid.Bool().Draw(t, "opens") {
				m, err := call.ParseMoment(rapid.SampledFrom(days).Draw(t, "opening"))
				if err != nil {
					t.Fatal(err)
				}
				c.Opens = m
			}
			return link.Read(&c)
		}
		a, b := draw("a"), draw("b")
		l, ok := link.Judge(&a, &b)
		if !ok || l.Reason.By != link.ByTitle {
			return
		}
		found++
		x, y := link.KeysOf(&a), link.KeysOf(&b)
		shared := func(x, y []int64) (n int) {
			for _, k := range x {
				if slices.Contains(y, k) {
					n++
				}
			}
			return n
		}
		if shared(x.Sure, y.Sure) == 0 && (shared(x.Words, y.Words) < 2 || x.From > y.Until || y.From > x.Until) {
			t.Fatalf("%+v has not met\n%+v and\n%+v", l, a, b)
		}
		if got := link.Find([]link.Facts{a, b}); len(got) != 1 {
			t.Fatalf("found %v, want %+v", got, l)
		}
	})
	if found == 0 {
		t.Error("no pair was found: that tells nothing")
	}
}
