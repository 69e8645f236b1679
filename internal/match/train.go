package match

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"strings"
	"sync"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// Folds is the number of parts into which labelled calls are cut, to learn from all but one and measure on that one.
const Folds = 5

// Fold tells in which part c stands. Topics of one call are alike and stand together, so that nothing is measured on
// the sister of what was learned from.
func Fold(c *call.Call) int {
	h := fnv.New32a()
	h.Write([]byte(strings.ToUpper(cmp.Or(c.Call, c.Identifier, c.Ref))))
	return int(h.Sum32() % Folds)
}

// Training is what was learned from labels, and what it is worth.
type Training struct {
	Items   int
	Weights plan.Weights        // learned from all labels; 0 where the matcher's own number is best
	Folds   [Folds]plan.Weights // learned without each fold: where they disagree, the labels are too few
	Plain   Totals              // of the matcher's own numbers
	Learned Totals              // of Weights, on the very labels that they were learned from: it flatters
	Crossed Totals              // of Folds, each on the fold that it has not seen: what to believe
	Tried   int                 // settings that were weighed
}

// steps are the factors that are tried for each weight, from the mildest. A finer grid would fit noise.
var steps = []float64{0.8, 1.25, 0.6, 1.6}

// A step is taken only if it raises the aim by this much: with few labels less is chance.
const worth = 0.002

// rounds bounds how often all weights are gone through.
const rounds = 4

// Train learns the factors on the matcher's own numbers that fit labels best, by going through them one at a time and
// keeping what helps, beginning with the matcher's own; the factors in p are not looked at. What is aimed at is the
// mean of nDCG, F1 and T11SU over priorities. There is no chance in it: the same plan, items and labels give the
// same answer. It takes the time of some hundred matchings of all labelled items, on all processors.
func Train(ctx context.Context, p *plan.Plan, items []call.Call, labels []Label) (Training, error) {
	t := trainer{plan: p, ids: p.PriorityIDs(), known: map[plan.Weights]scores{}}
	answers := map[call.Key][]Result{}
	byKey := map[call.Key]call.Call{}
	for _, c := range items {
		byKey[c.Key()] = c
	}
	labels = slices.SortedFunc(slices.Values(labels), func(a, b Label) int { return a.Key.Compare(b.Key) })
	for _, l := range labels {
		if c, ok := byKey[l.Key]; ok {
			t.items = append(t.items, c)
			t.folds = append(t.folds, Fold(&c))
			answers[l.Key] = nil
		}
	}
	if _, err := Evaluate(t.ids, labels, answers); err != nil {
		return Training{}, err
	}
	t.labels = labels
	var used [Folds]int
	for _, f := range t.folds {
		used[f]++
	}
	if slices.Min(used[:]) == 0 {
		return Training{}, fmt.Errorf("%d labelled calls are too few to learn from: they do not fill %d parts; label more, of different calls", len(labels), Folds)
	}
	out := Training{Items: len(labels)}
	all := func(int) bool { return true }
	var err error
	if out.Weights, err = t.climb(ctx, all); err != nil {
		return Training{}, err
	}
	crossed := scores{}
	for fold := range Folds {
		if out.Folds[fold], err = t.climb(ctx, func(f int) bool { return f != fold }); err != nil {
			return Training{}, err
		}
		s := t.known[out.Folds[fold]]
		for i, l := range t.labels {
			if t.folds[i] == fold {
				crossed[l.Key] = s[l.Key]
			}
		}
	}
	out.Plain = t.totals(t.known[plan.Weights{}], all)
	out.Learned = t.totals(t.known[out.Weights], all)
	out.Crossed = t.totals(crossed, all)
	out.Tried = len(t.known)
	return out, nil
}

// score is an answer without its reasons.
type score struct {
	score    float64
	included bool
}

type scores map[call.Key]map[string]score

type trainer struct {
	plan   *plan.Plan
	ids    []string
	items  []call.Call
	labels []Label
	folds  []int // of each label
	known  map[plan.Weights]scores
}

// climb gives the weights that fit best the labels of the folds that are asked for.
func (t *trainer) climb(ctx context.Context, in func(fold int) bool) (plan.Weights, error) {
	var best plan.Weights
	if err := t.weigh(ctx, []plan.Weights{best}); err != nil {
		return best, err
	}
	aim := t.aim(t.known[best], in)
	for range rounds {
		moved := false
		for i := range best.Factors() {
			var tries []plan.Weights
			for _, s := range steps {
				w := best
				v := w.Factors()[i].Value
				*v = round(max(plan.MinFactor, min(plan.MaxFactor, cmp.Or(*v, 1)*s)), 1000)
				if *v == 1 {
					*v = 0
				}
				if w != best && !slices.Contains(tries, w) {
					tries = append(tries, w)
				}
			}
			if err := t.weigh(ctx, tries); err != nil {
				return best, err
			}
			for _, w := range tries {
				if a := t.aim(t.known[w], in); a > aim+worth {
					best, aim, moved = w, a, true
				}
			}
		}
		if !moved {
			break
		}
	}
	return best, nil
}

// weigh answers all items with each of the weights, if that is not done yet.
func (t *trainer) weigh(ctx context.Context, tries []plan.Weights) error {
	for _, w := range tries {
		if t.known[w] != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return errors.New("interrupted before anything was learned")
		}
		weighed := *t.plan
		weighed.Weights = w
		m, err := New(&weighed)
		if err != nil {
			return err
		}
		parts := make([]map[string]score, len(t.items))
		var wait sync.WaitGroup
		n := runtime.GOMAXPROCS(0)
		for k := range n {
			wait.Go(func() {
				for i := k; i < len(t.items); i += n {
					parts[i] = map[string]score{}
					for _, r := range m.Match(&t.items[i]) {
						parts[i][r.Priority] = score{r.Score, r.Included}
					}
				}
			})
		}
		wait.Wait()
		s := scores{}
		for i, c := range t.items {
			s[c.Key()] = parts[i]
		}
		t.known[w] = s
	}
	return nil
}

func (t *trainer) totals(s scores, in func(fold int) bool) Totals {
	var labels []Label
	for i, l := range t.labels {
		if in(t.folds[i]) {
			labels = append(labels, l)
		}
	}
	return evaluate(t.ids, labels, func(k call.Key, p string) (float64, bool, bool) {
		a, ok := s[k][p]
		return a.score, a.included, ok
	}).Total
}

// aim is what learning raises. A measure that no priority has enough labels for counts nothing.
func (t *trainer) aim(s scores, in func(fold int) bool) float64 {
	total := t.totals(s, in)
	sum, n := 0.0, 0.0
	for _, m := range []Measure{total.NDCG, total.F1, total.T11SU} {
		if m == m {
			sum, n = sum+float64(m), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// YAML gives the weights as a section of a plan file, with how they were learned. It has no time and no place in it:
// what was learned twice is written alike.
func (t *Training) YAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Factors on the matcher's own numbers, learned by `utkik match train` from %d labelled calls. Look at the figures,\n", t.Items)
	b.WriteString("# and put the section into the plan file if you believe them. 1, or no line, changes nothing.\n#\n")
	b.WriteString("#                     nDCG@10      P      R     F1  T11SU lowest must-see\n")
	for _, row := range []struct {
		name string
		Totals
	}{{"without", t.Plain}, {"in sample", t.Learned}, {"cross-validated", t.Crossed}} {
		fmt.Fprintf(&b, "# %-20s %7s %6s %6s %6s %6s %6s %8s\n", row.name, row.NDCG, row.P, row.R, row.F1, row.T11SU, row.T11SUMin, row.Must)
	}
	b.WriteString("#\n# Behind each factor stand those that were learned without each fifth of the calls: where they differ, the labels\n# are too few to tell.\nweights:\n")
	w := t.Weights
	for i, f := range w.Factors() {
		var folds []string
		for k := range t.Folds {
			folds = append(folds, fmt.Sprint(cmp.Or(*t.Folds[k].Factors()[i].Value, 1)))
		}
		fmt.Fprintf(&b, "  %-13s %-6v # %s\n", f.Name+":", cmp.Or(*f.Value, 1), strings.Join(folds, ", "))
	}
	return b.String()
}
