package index

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens")

const (
	relevanceFile   = "testdata/relevance/topics.txt"
	relevanceGolden = "testdata/relevance/figures.golden"
	depth           = 10
)

// topic is a question in two languages and the calls that answer it.
type topic struct {
	sv, en string
	grades map[string]int // 2: about it, 1: touches it
}

func readTopics(t *testing.T) []topic {
	t.Helper()
	f, err := os.Open(relevanceFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []topic
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		word, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch word {
		case "", "#":
		case "topic":
			sv, en, ok := strings.Cut(rest, " | ")
			if !ok {
				t.Fatalf("%s:%d: want SWEDISH | ENGLISH", relevanceFile, n)
			}
			out = append(out, topic{sv, en, map[string]int{}})
		case "1", "2":
			out[len(out)-1].grades[rest] = int(word[0] - '0')
		default:
			t.Fatalf("%s:%d: unknown word %q", relevanceFile, n, word)
		}
	}
	return out
}

// figures say how good a list of hits is.
type figures struct {
	recall float64 // of the calls about it among the first ten, of those that could be there
	first  float64 // one through the rank of the first that is graded
	ndcg   float64
}

func (tp topic) measure(hits []Hit) figures {
	var f figures
	dcg := 0.0
	about, found := 0, 0
	var ideal []int
	for _, g := range tp.grades {
		ideal = append(ideal, g)
		if g == 2 {
			about++
		}
	}
	for i, h := range hits[:min(len(hits), depth)] {
		g := tp.grades[h.Key().String()]
		for _, o := range h.Also { // one call of several sources
			g = max(g, tp.grades[o.Key().String()])
		}
		dcg += (math.Exp2(float64(g)) - 1) / math.Log2(float64(i+2))
		if g > 0 && f.first == 0 {
			f.first = 1 / float64(i+1)
		}
		if g == 2 {
			found++
		}
	}
	slices.SortFunc(ideal, func(a, b int) int { return b - a })
	best := 0.0
	for i, g := range ideal[:min(len(ideal), depth)] {
		best += (math.Exp2(float64(g)) - 1) / math.Log2(float64(i+2))
	}
	f.ndcg = dcg / best
	f.recall = float64(found) / float64(min(about, depth))
	return f
}

// TestRelevance asks what testdata/relevance has of the corpus, in both languages, with the glossary and without.
func TestRelevance(t *testing.T) {
	t.Parallel()
	calls := corpus(t)
	topics := readTopics(t)
	if 2*len(topics) < 60 {
		t.Fatalf("%d queries, want 60", 2*len(topics))
	}
	ix, err := Open(t.TempDir(), Options{Texts: textsOf(calls)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
	feed := make(listFeed, len(calls))
	for i, c := range calls {
		feed[i] = Entry{Call: c, Seq: int64(i + 1)}
	}
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# go test ./index -run TestRelevance -update\n# %-38s recall@10  MRR  nDCG@10\n", "query")
	mean := func(name string, all []figures) figures {
		var m figures
		for _, f := range all {
			m.recall += f.recall / float64(len(all))
			m.first += f.first / float64(len(all))
			m.ndcg += f.ndcg / float64(len(all))
		}
		fmt.Fprintf(&out, "%-40s %9.2f %4.2f %8.2f\n", name, m.recall, m.first, m.ndcg)
		return m
	}
	var sv, en, svPlain, enPlain []figures
	ask := func(tp topic, query string, asWritten bool) figures {
		return tp.measure(search(t, ix, Query{Text: query, Now: testNow, Limit: depth, AsWritten: asWritten}).Hits)
	}
	for _, tp := range topics {
		sv, en = append(sv, ask(tp, tp.sv, false)), append(en, ask(tp, tp.en, false))
		svPlain, enPlain = append(svPlain, ask(tp, tp.sv, true)), append(enPlain, ask(tp, tp.en, true))
		for i, f := range []figures{sv[len(sv)-1], en[len(en)-1]} {
			fmt.Fprintf(&out, "%-40s %9.2f %4.2f %8.2f\n", []string{tp.sv, "  " + tp.en}[i], f.recall, f.first, f.ndcg)
		}
	}
	out.WriteString("\n")
	inSwedish, inEnglish := mean("Swedish", sv), mean("English", en)
	mean("Swedish as written", svPlain)
	mean("English as written", enPlain)
	atOnce := 0
	for _, f := range slices.Concat(sv, en) {
		if f.first == 1 {
			atOnce++
		}
	}
	share := float64(atOnce) / float64(2*len(topics))
	fmt.Fprintf(&out, "nDCG, Swedish of English %.2f (target 0.90); first hit relevant in %.0f %% (target 85)\n", inSwedish.ndcg/inEnglish.ndcg, 100*share)
	t.Log("\n" + out.String())
	if inSwedish.ndcg < 0.9*inEnglish.ndcg || share < 0.85 {
		t.Errorf("short of the targets: nDCG %.2f in Swedish, %.2f in English, first hit relevant in %.2f", inSwedish.ndcg, inEnglish.ndcg, share)
	}
	if *update {
		if err := os.WriteFile(relevanceGolden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(relevanceGolden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("figures differ from %s; read why, then -update (-want +got):\n%s", relevanceGolden, d)
	}
}
