package match_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"utkik/config"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
)

var update = flag.Bool("update", false, "write testdata/stats.golden anew")

// shared finds a file of the material that stands beside the project. A machine that builds releases must
// have it; a reader's laptop need not.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and CI must not go without it", path)
		}
		t.Skipf("SKIPPED, NOT PASSED: %s is missing; put the shared material beside the project to run this test", path)
	}
	return path
}

// seedPlan is the plan that comes with the program.
func seedPlan(t testing.TB) *plan.Plan {
	t.Helper()
	const file = "../../config/plans/rvn-2020.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := config.DecodePlan("config/plans/rvn-2020.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func seedMatcher(t testing.TB) *match.Matcher {
	t.Helper()
	m, err := match.New(seedPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// label is what two assessors said of one call: the mean of their grades by priority, 0 where absent.
type label map[string]float64

func readGold(t testing.TB) (map[call.Key]call.Call, map[call.Key]label) {
	t.Helper()
	items, labels := map[call.Key]call.Call{}, map[call.Key]label{}
	eachLine(t, shared(t, "gold/items.dev.jsonl"), func(line []byte) {
		c, err := call.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		items[c.Key()] = c
	})
	eachLine(t, shared(t, "gold/labels.dev.jsonl"), func(line []byte) {
		var row struct {
			Source, Ref string
			Grades      map[string][2]float64
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		l := label{}
		for p, g := range row.Grades {
			l[p] = (g[0] + g[1]) / 2
		}
		labels[call.Key{Source: row.Source, Ref: row.Ref}] = l
	})
	return items, labels
}

func eachLine(t testing.TB, path string, f func([]byte)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		f(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// figures are the measures of one priority. A measure that is not defined is NaN.
type figures struct {
	priority                 string
	relevant, must, included int
	ndcg, p, r, f1, t11su    float64
}

// totals are macro means: over priorities with at least three relevant items (ndcg, p, t11su) or three
// that must be seen (r, f1).
type totals struct {
	ndcg, p, r, f1, t11su, t11suMin, must float64
}

// measure says how well answers fit labels. The measures and their definitions are those of the labelled
// items' own scorer, so that figures can be compared with what others reached.
func measure(priorities []string, labels map[call.Key]label, answers map[call.Key][]match.Result) ([]figures, totals) {
	nan := math.NaN()
	var rows []figures
	var hitMust, allMust int
	for _, p := range priorities {
		f := figures{priority: p, ndcg: nan, r: nan, f1: nan, t11su: nan}
		type ranked struct {
			key   call.Key
			score float64
			grade float64
		}
		var list []ranked
		var grades []float64
		var right, seen int
		for k, l := range labels {
			g := l[p]
			grades = append(grades, g)
			if g >= 0.5 {
				f.relevant++
			}
			if g == 2 {
				f.must++
			}
			for _, a := range answers[k] {
				if a.Priority != p {
					continue
				}
				list = append(list, ranked{k, a.Score, g})
				if a.Included {
					f.included++
					if g >= 0.5 {
						right++
					}
					if g == 2 {
						seen++
					}
				}
			}
		}
		slices.SortFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), a.key.Compare(b.key)) })
		slices.SortFunc(grades, func(a, b float64) int { return cmp.Compare(b, a) })
		var dcg, ideal float64
		for i := range 10 {
			discount := math.Log2(float64(i) + 2)
			if i < len(list) {
				dcg += (math.Exp2(list[i].grade) - 1) / discount
			}
			if i < len(grades) {
				ideal += (math.Exp2(grades[i]) - 1) / discount
			}
		}
		if ideal > 0 {
			f.ndcg = dcg / ideal
		}
		switch {
		case f.included > 0:
			f.p = float64(right) / float64(f.included)
		case f.relevant == 0:
			f.p = 1
		}
		if f.must > 0 {
			f.r = float64(seen) / float64(f.must)
			f.f1 = 0
			if f.p+f.r > 0 {
				f.f1 = 2 * f.p * f.r / (f.p + f.r)
			}
		}
		if f.relevant > 0 {
			u := float64(2*right-(f.included-right)) / float64(2*f.relevant)
			f.t11su = (max(u, -0.5) + 0.5) / 1.5
		}
		hitMust, allMust = hitMust+seen, allMust+f.must
		rows = append(rows, f)
	}
	mean := func(value func(figures) float64, count func(figures) int) float64 {
		var sum, n float64
		for _, f := range rows {
			if count(f) >= 3 {
				sum, n = sum+value(f), n+1
			}
		}
		return sum / n
	}
	relevant := func(f figures) int { return f.relevant }
	must := func(f figures) int { return f.must }
	t := totals{
		ndcg:     mean(func(f figures) float64 { return f.ndcg }, relevant),
		p:        mean(func(f figures) float64 { return f.p }, relevant),
		r:        mean(func(f figures) float64 { return f.r }, must),
		f1:       mean(func(f figures) float64 { return f.f1 }, must),
		t11su:    mean(func(f figures) float64 { return f.t11su }, relevant),
		t11suMin: 1,
		must:     1,
	}
	if allMust > 0 {
		t.must = float64(hitMust) / float64(allMust)
	}
	for _, f := range rows {
		if f.relevant >= 3 {
			t.t11suMin = min(t.t11suMin, f.t11su)
		}
	}
	return rows, t
}

func report(rows []figures, lines []line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %8s %5s %8s %7s %6s %6s %6s %6s\n", "priority", "relevant", "must", "included", "nDCG@10", "P", "R", "F1", "T11SU")
	s := func(v float64) string {
		if math.IsNaN(v) {
			return "     -"
		}
		return fmt.Sprintf("%6.3f", v)
	}
	for _, r := range rows {
		fmt.Fprintf(&b, "%-22s %8d %5d %8d  %s %s %s %s %s\n", r.priority, r.relevant, r.must, r.included, s(r.ndcg), s(r.p), s(r.r), s(r.f1), s(r.t11su))
	}
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %.3f\n", l.name, l.value)
	}
	return b.String()
}

type line struct {
	name  string
	value float64
}

func (t totals) lines(prefix string) []line {
	return []line{
		{prefix + "macro-nDCG@10", t.ndcg},
		{prefix + "macro-P", t.p},
		{prefix + "macro-R", t.r},
		{prefix + "macro-F1", t.f1},
		{prefix + "macro-T11SU", t.t11su},
		{prefix + "lowest-T11SU", t.t11suMin},
		{prefix + "must-see-recall", t.must},
	}
}

// heldOut answers each fifth of the items with a plan that knows nothing of that fifth: of its terms and
// rules only those stay that fit an item of the other four. The figures of what was tuned flatter; these
// err on the other side, since many a dropped line was written without a look at the item that it fits.
// Topics of one call stay together.
func heldOut(t *testing.T, p *plan.Plan, items map[call.Key]call.Call, keys []call.Key) map[call.Key][]match.Result {
	t.Helper()
	const folds = 5
	foldOf := func(c call.Call) uint32 {
		h := fnv.New32a()
		h.Write([]byte(strings.ToUpper(cmp.Or(c.Call, c.Identifier, c.Ref))))
		return h.Sum32() % folds
	}
	answers := map[call.Key][]match.Result{}
	for fold := range uint32(folds) {
		var rest []call.Call
		for _, k := range keys {
			if c := items[k]; foldOf(c) != fold {
				rest = append(rest, c)
			}
		}
		unused := map[int]bool{}
		for _, f := range match.Check(p, rest) {
			if f.Problem == match.ProblemUnused {
				unused[f.Line] = true
			}
		}
		known := *p
		known.Priorities = slices.Clone(p.Priorities)
		for i := range known.Priorities {
			pr := &known.Priorities[i]
			pr.Vocabulary = slices.DeleteFunc(slices.Clone(pr.Vocabulary), func(v plan.Term) bool { return unused[v.Line] })
			pr.Rules = slices.DeleteFunc(slices.Clone(pr.Rules), func(r plan.Rule) bool { return unused[r.Line] })
		}
		m, err := match.New(&known)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if c := items[k]; foldOf(c) == fold {
				answers[k] = m.Match(&c)
			}
		}
	}
	return answers
}

// A change of the plan, the weights or the code must not make matching worse than what was reached: no
// macro figure may fall by more than this.
const tolerance = 0.01

func TestGold(t *testing.T) {
	items, labels := readGold(t)
	p := seedPlan(t)
	var ids []string
	for _, pr := range p.Priorities {
		ids = append(ids, pr.ID)
	}
	keys := slices.SortedFunc(maps.Keys(labels), call.Key.Compare)
	seen := map[call.Key][]match.Result{}
	m := seedMatcher(t)
	for _, k := range keys {
		c, ok := items[k]
		if !ok {
			t.Fatalf("no item for label %s", k)
		}
		seen[k] = m.Match(&c)
	}
	rows, total := measure(ids, labels, seen)
	_, unseen := measure(ids, labels, heldOut(t, p, items, keys))
	lines := append(total.lines(""), unseen.lines("held-out-")...)
	got := report(rows, lines)
	t.Log("\n" + got)
	const golden = "testdata/stats.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	was := map[string]float64{}
	for l := range bytes.Lines(want) {
		if name, value, ok := strings.Cut(strings.TrimSpace(string(l)), " "); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				was[name] = v
			}
		}
	}
	for _, l := range lines {
		w, ok := was[l.name]
		if !ok {
			t.Errorf("%s: no %s; run go test ./internal/match -run TestGold -update", golden, l.name)
			continue
		}
		if l.value < w-tolerance {
			t.Errorf("%s fell from %.3f to %.3f; see doc/matching.md on how to look into it", l.name, w, l.value)
		}
	}
	if got != string(want) && !t.Failed() {
		t.Logf("figures moved within %.2f; -update keeps them", tolerance)
	}
}
