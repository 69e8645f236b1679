package match

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"utkik/internal/call"
	"utkik/internal/plan"
)

// How words are learned. For every priority a linear model of ordered grades is fitted: the log-odds that a call is
// relevant, and that it is a must-see, rise alike with the points of the vocabulary, pressed, and with every learned word.
// What a word is worth is held down by both its size and its square, so that most words are worth nothing and
// sisters share what they say. The numbers were chosen by cross-validation on 3,500 labelled calls, and move the
// figures by less than 0.01 within a factor of two.
const (
	leastCalls = 3    // calls in which a word must stand
	leastGood  = 40   // relevant calls without which a priority learns nothing: from fewer, chance is learned
	logOdds    = 1.7  // that a point is worth; the vocabulary's points are taken as they are
	lenience   = -0.4 // log-odds from which a call is included: a missed call costs more than a wrong one
	size       = 0.4  // held against a word's size
	square     = 3.0  // and against its square
	candidates = 1500 // words that are weighed for a priority, those that go best with its grades
	mostWords  = 400  // that are kept of a priority
	newtons    = 7    // rounds of the fit
	everyday   = 0.3  // a word in more than this share of calls is not learned: it would tell the sort of text, and nobody could review it
	habitual   = 0.12 // and so is a word in more than this share of the calls of any one source: it is how that source writes
	habit      = 100  // calls of a source from which its habits can be told
	rare       = 5.0  // a word in fewer calls than one of e^5 counts in full, one in more the less
)

// emphasis is how much the two questions weigh: whether a call is relevant, and whether it is a must-see, which are fewer and settle
// the order.
var emphasis = [2]float64{1, 2}

// Learner learns words from labelled calls.
type Learner struct {
	plan   *plan.Plan // without learned words
	calls  []call.Call
	labels []Label // beside calls
	folds  []int
	points [][]float64 // of the vocabulary, by call and priority
	traits []plan.Learned
	in     [][]int32 // by call: its traits
	scale  []float64 // by trait
}

// NewLearner reads labelled calls. What p has learned before is not looked at.
func NewLearner(p *plan.Plan, items []call.Call, labels []Label) (*Learner, error) {
	l := &Learner{plan: p.WithLearned(nil)}
	byKey := map[call.Key]int{}
	for i := range items {
		byKey[items[i].Key()] = i
	}
	labels = slices.SortedFunc(slices.Values(labels), func(a, b Label) int { return a.Key.Compare(b.Key) })
	answers := map[call.Key][]Result{}
	for _, x := range labels {
		if i, ok := byKey[x.Key]; ok {
			l.calls, l.labels = append(l.calls, items[i]), append(l.labels, x)
			l.folds = append(l.folds, Fold(&items[i]))
			answers[x.Key] = nil
		}
	}
	if _, err := Evaluate(p.PriorityIDs(), labels, answers); err != nil {
		return nil, err
	}
	var used [Folds]int
	for _, f := range l.folds {
		used[f]++
	}
	if slices.Min(used[:]) == 0 {
		return nil, fmt.Errorf("%d labelled calls are too few to learn from: they do not fill %d parts; label more, of different calls", len(labels), Folds)
	}
	set, err := NewSet(slices.Values([]*plan.Plan{l.plan}))
	if err != nil {
		return nil, err
	}
	known := map[plan.Learned]int32{}
	var found []plan.Learned
	counts := []int{}
	sources := map[string]int{}
	within := map[string][]int{} // by source and number of a word: the source's calls in which it stands
	for i := range l.calls {
		points := make([]float64, len(l.plan.Priorities))
		set.each(&l.calls[i], 0, false, func(w *work, profile int) {
			if v := &w.verdict; v.always == nil && v.never == nil {
				points[profile] = v.points
			}
		})
		l.points = append(l.points, points)
		var mine []int32
		for _, t := range traitsOf(&l.calls[i]) {
			n, ok := known[t]
			if !ok {
				n = int32(len(found))
				known[t] = n
				found, counts = append(found, t), append(counts, 0)
			}
			counts[n]++
			mine = append(mine, n)
		}
		l.in = append(l.in, mine)
		source := l.calls[i].Source
		sources[source]++
		own := within[source]
		if more := len(found) - len(own); more > 0 {
			own = append(own, make([]int, more)...)
		}
		for _, n := range mine {
			own[n]++
		}
		within[source] = own
	}
	// Boilerplate is told by its frequency: what every call of some source says ("remitterat", "expected to") is no subject.
	boilerplate := func(n int) bool {
		if float64(counts[n]) > everyday*float64(len(l.calls)) {
			return true
		}
		for source, calls := range sources {
			if own := within[source]; calls >= habit && n < len(own) && float64(own[n]) > habitual*float64(calls) {
				return true
			}
		}
		return false
	}
	// Words of few calls are forgotten, and the others stand in an order that does not depend on the calls'.
	var order []int32
	for n := range found {
		if counts[n] >= leastCalls && (found[n].In == plan.InCode || !boilerplate(n)) {
			order = append(order, int32(n))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(strings.Compare(found[a].In, found[b].In), strings.Compare(found[a].Words, found[b].Words))
	})
	number := make([]int32, len(found))
	for i := range number {
		number[i] = -1
	}
	for i, n := range order {
		number[n] = int32(i)
		l.traits = append(l.traits, found[n])
		l.scale = append(l.scale, min(1, math.Log(float64(len(l.calls))/float64(counts[n]))/rare))
	}
	for i, mine := range l.in {
		kept := mine[:0]
		for _, n := range mine {
			if number[n] >= 0 {
				kept = append(kept, number[n])
			}
		}
		slices.Sort(kept)
		l.in[i] = kept
	}
	return l, nil
}

// traitsOf gives everything in c that could be a learned word, each once.
func traitsOf(c *call.Call) []plan.Learned {
	passages, code := passages(c)
	seen := map[plan.Learned]bool{}
	var out []plan.Learned
	add := func(in, words string) {
		if t := (plan.Learned{In: in, Words: words}); !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	for i := range passages {
		p := &passages[i]
		if !p.speaks() {
			continue
		}
		before := ""
		for _, w := range p.words {
			if numeral(w.text) {
				before = ""
				continue
			}
			word := spell(stem(w.text))
			add(plan.InText, word)
			if p.isTitle() {
				add(plan.InTitle, word)
			}
			if before != "" {
				add(plan.InText, before+" "+word)
			}
			before = word
		}
	}
	_, value := codeOf(c, code)
	codeParts(value, func(part string) { add(plan.InCode, part) })
	return out
}

// Words gives the plan with what is learned from the labels of the folds that are asked for.
func (l *Learner) Words(ctx context.Context, in func(fold int) bool) (*plan.Plan, error) {
	var rows []int32
	for i, f := range l.folds {
		if in(f) {
			rows = append(rows, int32(i))
		}
	}
	learned := make([][]plan.Learned, len(l.plan.Priorities))
	next := make(chan int, len(learned))
	for i := range learned {
		next <- i
	}
	close(next)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				if ctx.Err() == nil {
					learned[i] = l.fit(rows, i)
				}
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return nil, errors.New("interrupted before anything was learned")
	}
	return l.plan.WithLearned(learned), nil
}

// Crossed answers each fifth of the calls with what was learned from the other four.
func (l *Learner) Crossed(ctx context.Context) (map[call.Key][]Result, error) {
	answers := map[call.Key][]Result{}
	for fold := range Folds {
		p, err := l.Words(ctx, func(f int) bool { return f != fold })
		if err != nil {
			return nil, err
		}
		m, err := New(p)
		if err != nil {
			return nil, err
		}
		for i := range l.calls {
			if l.folds[i] == fold {
				answers[l.calls[i].Key()] = m.Match(&l.calls[i])
			}
		}
	}
	return answers, nil
}

// fitting is one priority's model while it is made. Nobody else sees it, so that its loops need no watching for races,
// which would take most of the time of the tests.
type fitting struct {
	rows   [][]int32 // by trait: the calls in which it stands, in order
	scale  []float64
	grade  [2][]bool // by call: whether it is relevant, and a must-see
	odds   []float64 // by call: what its points and words say
	bias   [2]float64
	weight []float64 // by trait
	slope  []float64 // by call: how wrong its odds are, and
	curve  []float64 // how fast that changes
}

func (l *Learner) fit(rows []int32, priority int) []plan.Learned {
	id := l.plan.Priorities[priority].ID
	rows = slices.DeleteFunc(slices.Clone(rows), func(n int32) bool { _, known := l.labels[n].grade(id); return !known })
	f := fitting{
		rows:   make([][]int32, len(l.traits)),
		scale:  l.scale,
		odds:   make([]float64, len(rows)),
		bias:   [2]float64{lenience - halfway*logOdds, lenience - 2*halfway*logOdds},
		weight: make([]float64, len(l.traits)),
		slope:  make([]float64, len(rows)),
		curve:  make([]float64, len(rows)),
	}
	for i, n := range rows {
		g := l.labels[n].Grades[id]
		f.grade[0], f.grade[1] = append(f.grade[0], g >= harmless), append(f.grade[1], g >= (harmless+1))
		f.odds[i] = logOdds * press(l.points[n][priority])
		for _, t := range l.in[n] {
			f.rows[t] = append(f.rows[t], int32(i))
		}
	}
	good := 0
	for _, is := range f.grade[0] {
		if is {
			good++
		}
	}
	if good < leastGood {
		return nil
	}
	var all []int32
	for t := range l.traits {
		if len(f.rows[t]) >= leastCalls {
			all = append(all, int32(t))
		}
	}
	f.settle()
	best := strongestOf(all, candidates, func(t int32) float64 { return f.pull(t) })
	for round := range newtons {
		f.round(best, round < 2)
	}
	var kept []int32
	for _, t := range best {
		if f.weight[t] != 0 {
			kept = append(kept, t)
		}
	}
	if len(kept) > mostWords {
		few := strongestOf(kept, mostWords, func(t int32) float64 {
			return math.Abs(f.weight[t]) * f.scale[t] * math.Sqrt(float64(len(f.rows[t])))
		})
		for _, t := range kept {
			if !slices.Contains(few, t) {
				f.move(t, -f.weight[t])
			}
		}
		for range 3 {
			f.round(few, true)
		}
		kept = few
	}
	var out []plan.Learned
	for _, t := range kept {
		x := l.traits[t]
		x.Points = round(max(-plan.MostLearned, min(plan.MostLearned, f.weight[t]*f.scale[t]/logOdds)), 100)
		if x.Points != 0 {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, compareLearned)
	return out
}

// compareLearned is the order of learned words in their file: by place, then the strongest for the priority first.
func compareLearned(a, b plan.Learned) int {
	return cmp.Or(strings.Compare(a.In, b.In), cmp.Compare(b.Points, a.Points), strings.Compare(a.Words, b.Words))
}

// strongestOf keeps the n strongest of ts, in their order.
func strongestOf(ts []int32, n int, strength func(int32) float64) []int32 {
	if len(ts) <= n {
		return ts
	}
	by := map[int32]float64{}
	for _, t := range ts {
		by[t] = strength(t)
	}
	ts = slices.SortedFunc(slices.Values(ts), func(a, b int32) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })[:n]
	slices.Sort(ts)
	return ts
}

func chance(odds float64) float64 { return 1 / (1 + math.Exp(-odds)) }

// settle finds the second threshold, and how wrong every call is. The first is fixed, so that points keep their measure.
//
//go:norace
func (f *fitting) settle() {
	for range 3 {
		var g, h float64
		for i, must := range f.grade[1] {
			p := chance(f.odds[i] + f.bias[1])
			h += float64(p * (1 - p))
			if must {
				p--
			}
			g += p
		}
		f.bias[1] -= g / (h + 1e-3)
	}
	for i := range f.odds {
		f.slope[i], f.curve[i] = 0, 0
		for t, w := range emphasis {
			p := chance(f.odds[i] + f.bias[t])
			f.curve[i] += float64(w * max(float64(p*(1-p)), 0.02))
			if f.grade[t][i] {
				p--
			}
			f.slope[i] += float64(w * p)
		}
	}
}

// pull is how strongly a trait's calls are misjudged to one side.
//
//go:norace
func (f *fitting) pull(t int32) float64 {
	var g float64
	for _, i := range f.rows[t] {
		g += f.slope[i]
	}
	return math.Abs(g) * f.scale[t]
}

// round improves the weights of ts one by one, twice over, near where the model stands. Products are rounded before they are
// added, so that all processors learn the same.
//
//go:norace
func (f *fitting) round(ts []int32, all bool) {
	f.settle()
	for sweep := range 2 {
		for _, t := range ts {
			if f.weight[t] == 0 && sweep == 1 && !all {
				continue
			}
			var g, h float64
			for _, i := range f.rows[t] {
				g += f.slope[i]
				h += f.curve[i]
			}
			x := f.scale[t]
			h = float64(h * x * x)
			to := float64(f.weight[t]*h) - float64(g*x)
			switch {
			case to > size:
				to = (to - size) / (h + square)
			case to < -size:
				to = (to + size) / (h + square)
			default:
				to = 0
			}
			if to != f.weight[t] {
				f.move(t, to-f.weight[t])
			}
		}
	}
}

// move adds to the weight of a trait.
//
//go:norace
func (f *fitting) move(t int32, by float64) {
	f.weight[t] += by
	by *= f.scale[t]
	for _, i := range f.rows[t] {
		f.odds[i] += by
		f.slope[i] += float64(f.curve[i] * by)
	}
}

// Learning is what was learned from labels, and what it is worth.
type Learning struct {
	Plan    *plan.Plan `json:"-"` // with the learned words
	Items   int        `json:"items"`
	Words   int        `json:"words"`
	Plain   Totals     `json:"without"`         // of the vocabulary alone
	Learned Totals     `json:"in_sample"`       // on the very calls that were learned from: it flatters
	Crossed Totals     `json:"cross_validated"` // in five parts by parent call, each with what the other four taught: what to believe
}

// Learn learns words from all labels, and measures what they are worth. There is no chance in it: the same plan, calls and labels
// give the same words.
func Learn(ctx context.Context, p *plan.Plan, items []call.Call, labels []Label) (Learning, error) {
	l, err := NewLearner(p, items, labels)
	if err != nil {
		return Learning{}, err
	}
	out := Learning{Items: len(l.labels)}
	if out.Plan, err = l.Words(ctx, func(int) bool { return true }); err != nil {
		return Learning{}, err
	}
	for i := range out.Plan.Priorities {
		out.Words += len(out.Plan.Priorities[i].Learned)
	}
	for _, x := range []struct {
		plan *plan.Plan
		into *Totals
	}{{l.plan, &out.Plain}, {out.Plan, &out.Learned}} {
		m, err := New(x.plan)
		if err != nil {
			return Learning{}, err
		}
		answers := map[call.Key][]Result{}
		for i := range l.calls {
			answers[l.calls[i].Key()] = m.Match(&l.calls[i])
		}
		if err := l.measure(answers, x.into); err != nil {
			return Learning{}, err
		}
	}
	crossed, err := l.Crossed(ctx)
	if err != nil {
		return Learning{}, err
	}
	return out, l.measure(crossed, &out.Crossed)
}

func (l *Learner) measure(answers map[call.Key][]Result, into *Totals) error {
	e, err := Evaluate(l.plan.PriorityIDs(), l.labels, answers)
	*into = e.Total
	return err
}

// YAML gives the learned words as the file that a plan names. It has no time and no place in it: what was learned twice is written
// alike.
func (l *Learning) YAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Words that %d labelled calls have shown to speak for or against a priority, learned by utkik match train on top of the
# vocabulary of the plan %s. doc/matching.md tells how. A line may be mended or taken out by hand; learning anew
# writes the file anew.
#
#                      nDCG@10      P      R     F1  T11SU lowest must-see
`, l.Items, l.Plan.ID)
	for _, row := range []struct {
		name string
		Totals
	}{{"the vocabulary alone", l.Plain}, {"with them, in sample", l.Learned}, {"cross-validated", l.Crossed}} {
		fmt.Fprintf(&b, "# %-20s %7s %6s %6s %6s %6s %6s %8s\n", row.name, row.NDCG, row.P, row.R, row.F1, row.T11SU, row.T11SUMin, row.Must)
	}
	fmt.Fprintf(&b, "plan: %s\npriorities:\n", l.Plan.ID)
	for i := range l.Plan.Priorities {
		p := &l.Plan.Priorities[i]
		if len(p.Learned) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", p.ID)
		in := ""
		for _, x := range p.Learned {
			if x.In != in {
				in = x.In
				fmt.Fprintf(&b, "    %s:\n", in)
			}
			fmt.Fprintf(&b, "      %s: %v\n", strconv.Quote(x.Words), x.Points)
		}
	}
	return b.String()
}
