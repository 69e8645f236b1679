package index

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is passed over by its first letters has none of the terms: a text is marked as if each of its words were looked at.
func TestFinderSkips(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(21, 22))
	pool := strings.Fields("dying lying tying skies sky die lie tie idly ugly gently early only singly news årsdag arsdag järnväg jarnvag järnvägstrafik ægir aegir " +
		"bærekraft baerekraft Straße strasse höghastighetståg hoghastighetstag s a å I II i y yxa ixa e\u0301tude ﬁnance finance co\u00adopera\u00adtion cooperation " +
		"EU:s region's energi energy energies klimatanpassningsåtgärder Łódź lodz 2026 5g x86 trafik trafiken vatten vattnets")
	plain := func(f *finder, text string) (out []mark) {
		words(text, func(start, end, _ int, lower []byte) bool {
			for _, term := range f.a.terms(lower, end-start) {
				if word, ok := f.terms[term.text]; ok {
					out = append(out, mark{start + term.from, start + term.to, word})
				}
			}
			return true
		})
		return out
	}
	both := newAnalysers()
	for _, a := range []*analyser{both.sv, both.en} {
		found := 0
		for range 3000 {
			m := marks{words: map[string]int{}}
			terms := map[string]int{}
			for range 1 + rnd.IntN(3) {
				w := strings.ToLower(compose(pool[rnd.IntN(len(pool))]))
				for _, term := range a.terms([]byte(w), len(w)) {
					terms[term.text] = 0
				}
				m.words[w] = 0
			}
			var text strings.Builder
			for range 12 {
				text.WriteString(pool[rnd.IntN(len(pool))] + []string{" ", ", ", "-", "/"}[rnd.IntN(4)])
			}
			s, f := compose(text.String()), newFinder(a, terms, &m)
			seen := map[int]bool{} // where a mark begins; marks that overlap are one
			want := plain(f, s)
			for _, w := range want {
				seen[w.from] = true
			}
			got := f.find(s, len(s))
			found += len(got)
			for _, w := range want {
				ok := false
				for _, g := range got {
					ok = ok || g.from <= w.from && w.to <= g.to
				}
				if !ok {
					t.Fatalf("%q of %q is not among %v", s[w.from:w.to], s, cmp.Diff(want, got, cmp.AllowUnexported(mark{})))
				}
			}
			for _, g := range got {
				if !seen[g.from] {
					t.Fatalf("%q of %q was not asked for", s[g.from:g.to], s)
				}
			}
		}
		if found < 1000 {
			t.Errorf("only %d marks", found)
		}
	}
}

// Places are counted as if no word were passed over.
func TestWordsBut(t *testing.T) {
	t.Parallel()
	text := "Ökad s EU:s regions' s co\u00adoperation " + strings.Repeat("x", 2*maxWord) + " I II ab a\u0301b zz\u00ad zebra"
	type at struct{ start, end, pos int }
	all := map[string]at{}
	words(text, func(start, end, pos int, lower []byte) bool { all[string(lower)] = at{start, end, pos}; return true })
	got := map[string]at{}
	wordsBut(text, func(first, _ byte, width int) bool { return first != 'z' }, func(start, end, pos int, lower []byte) bool {
		got[string(lower)] = at{start, end, pos}
		return true
	})
	for w := range all {
		if first := w[0]; first < 0x80 && len(w) > 1 && w[1] < 0x80 && first != 'z' {
			delete(all, w)
		}
	}
	if d := cmp.Diff(all, got, cmp.AllowUnexported(at{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
