package match

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"utkik/internal/call"
)

// Label is what people said of one call, whoever they are: the truth that a plan is held against.
type Label struct {
	Key    call.Key
	Grades map[string]float64 // by priority, the mean of the assessors: 0 no (the same as absent), 1 tangential, 2 must be seen
	Judged []string           // priorities that somebody looked at; nil: all. Of the others nothing is known, which is not 0.
}

// grade gives the grade for a priority, and whether there is one.
func (l *Label) grade(priority string) (float64, bool) {
	if l.Judged != nil && !slices.Contains(l.Judged, priority) {
		return 0, false
	}
	return l.Grades[priority], true
}

// MarshalJSON writes the label as a line that [ReadLabels] reads, without the assessors' single grades.
func (l Label) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Source string             `json:"source"`
		Ref    string             `json:"ref"`
		Grades map[string]float64 `json:"grades"`
		Judged []string           `json:"judged,omitempty"`
	}{l.Key.Source, l.Key.Ref, l.Grades, l.Judged})
}

// Grades from which on a call belongs to a priority, and must not be missed.
const (
	harmless = 0.5 // half of the assessors called it tangential: carrying it does no harm
	mustSee  = 2.0 // all assessors want it
)

// countFrom is how many items a figure needs to count in a mean over priorities.
const countFrom = 3

// maxLabel bounds one line of labels, in bytes.
const maxLabel = 1 << 20

// ReadLabels reads labels, one JSON object a line: source, ref and grades by priority, each a number from 0 to 2
// or a list of such numbers, one an assessor, and where not all priorities were judged, which were. All bad lines come as one error with their numbers; name is how
// it calls the file. Empty lines are skipped, and a call that is labelled twice is an error.
func ReadLabels(name string, r io.Reader) ([]Label, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLabel)
	var out []Label
	var bad []error
	first := map[call.Key]int{}
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		l, err := decodeLabel(line)
		if err == nil && first[l.Key] > 0 {
			err = fmt.Errorf("%s is labelled already in line %d; keep one of them", l.Key, first[l.Key])
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("%s:%d: %v", name, n, err))
			continue
		}
		first[l.Key] = n
		out = append(out, l)
	}
	if err := lines.Err(); err != nil {
		bad = append(bad, fmt.Errorf("%s:%d: %v (a line may have %d bytes)", name, n+1, err, maxLabel))
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return out, nil
}

func decodeLabel(line []byte) (Label, error) {
	var row struct {
		Source string                     `json:"source"`
		Ref    string                     `json:"ref"`
		Grades map[string]json.RawMessage `json:"grades"`
		Judged []string                   `json:"judged"`
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&row); err != nil {
		return Label{}, fmt.Errorf("%v; want {\"source\", \"ref\", \"grades\": {PRIORITY: GRADE or [GRADE, GRADE]}}", err)
	}
	if d.More() {
		return Label{}, errors.New("more than one value on the line")
	}
	if row.Source == "" || row.Ref == "" {
		return Label{}, errors.New("source or ref is missing")
	}
	l := Label{Key: call.Key{Source: row.Source, Ref: row.Ref}, Grades: map[string]float64{}, Judged: row.Judged}
	for _, p := range slices.Sorted(maps.Keys(row.Grades)) {
		if l.Judged != nil && !slices.Contains(l.Judged, p) {
			return Label{}, fmt.Errorf("%s has a grade and is not among the judged; name it there, or leave judged out where all were", p)
		}
		raw := row.Grades[p]
		var grades []float64
		if err := json.Unmarshal(raw, &grades); err != nil {
			var g float64
			if err := json.Unmarshal(raw, &g); err != nil {
				return Label{}, fmt.Errorf("grade of %s: want a number from 0 to 2 or a list of them, got %s", p, raw)
			}
			grades = []float64{g}
		}
		if len(grades) == 0 {
			return Label{}, fmt.Errorf("grade of %s: want a number from 0 to 2 or a list of them, got %s", p, raw)
		}
		var sum float64
		for _, g := range grades {
			if g < 0 || g > 2 {
				return Label{}, fmt.Errorf("grade of %s: %v is none; 0 is no, 1 tangential, 2 must be seen", p, g)
			}
			sum += g
		}
		l.Grades[p] = sum / float64(len(grades))
	}
	return l, nil
}

// Measure is a figure of quality, best at 1. One that is not defined, since nothing was there to be found, is NaN.
type Measure float64

// MarshalJSON writes what is not defined as null.
func (m Measure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(m)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(m), 'g', -1, 64), nil
}

// String gives three decimals, or a dash.
func (m Measure) String() string {
	if math.IsNaN(float64(m)) {
		return "-"
	}
	return strconv.FormatFloat(float64(m), 'f', 3, 64)
}

// Figures are the measures of one priority over all labelled calls.
type Figures struct {
	Priority string  `json:"id"`
	Relevant int     `json:"relevant"` // calls with a mean grade of a half or more
	Must     int     `json:"must"`     // calls that every assessor wants to see
	Included int     `json:"included"` // calls that a digest would carry
	NDCG     Measure `json:"ndcg10"`   // of the ranking's first ten, gain 2^grade - 1
	P        Measure `json:"P"`        // share of the included that are relevant; nothing included is 0 where something is relevant
	R        Measure `json:"R"`        // share of the must-sees that are included
	F1       Measure `json:"F1"`       // of P and R
	T11SU    Measure `json:"t11su"`    // linear utility, a right one 2, a wrong one -1, scaled to 0..1; saying nothing scores a third
}

// Totals are means over the priorities that have at least three relevant calls (NDCG, P, T11SU) or three must-sees
// (R, F1), each counting alike.
type Totals struct {
	NDCG     Measure `json:"ndcg10"`
	P        Measure `json:"P"`
	R        Measure `json:"R"`
	F1       Measure `json:"F1"`
	T11SU    Measure `json:"t11su"`
	T11SUMin Measure `json:"t11su_min"`   // the lowest of a priority
	Must     Measure `json:"must_recall"` // of all must-sees of all priorities
}

// Mistake is a must-see that is not included, or an included call that nobody wants.
type Mistake struct {
	What     string   `json:"what"` // missed or wrong
	Priority string   `json:"priority"`
	Key      call.Key `json:"-"`
	Source   string   `json:"source"`
	Ref      string   `json:"ref"`
	Score    float64  `json:"score"`
}

// The two sorts of mistakes.
const (
	Missed = "missed"
	Wrong  = "wrong"
)

// Evaluation says how well answers fit labels.
type Evaluation struct {
	Items      int       `json:"items"`
	Total      Totals    `json:"total"`
	Priorities []Figures `json:"priorities"` // in the order in which they were asked for
	Mistakes   []Mistake `json:"mistakes"`   // missed first, then the wrong ones by score; then by priority and call
}

// Evaluate measures answers against labels. Every label needs an answer, be it an empty one, and every graded
// priority must be among the asked; what is answered beyond the labels is not looked at. Ties of the ranking are
// broken by key. The definitions are those of the filtering tracks of TREC for T11SU and the usual ones else.
func Evaluate(priorities []string, labels []Label, answers map[call.Key][]Result) (Evaluation, error) {
	var problems []error
	unknown := map[string]bool{}
	for _, l := range labels {
		if _, ok := answers[l.Key]; !ok {
			problems = append(problems, fmt.Errorf("no answer for labelled call %s; give it among the items", l.Key))
		}
		for _, p := range slices.AppendSeq(slices.Clone(l.Judged), maps.Keys(l.Grades)) {
			if !slices.Contains(priorities, p) {
				unknown[p] = true
			}
		}
	}
	if n := len(problems); n > 5 {
		problems = append(problems[:5], fmt.Errorf("and %d more of %d labelled calls", n-5, len(labels)))
	}
	if len(unknown) > 0 {
		problems = append(problems, fmt.Errorf("labels grade %s, which the plan does not have; its priorities are %s",
			strings.Join(slices.Sorted(maps.Keys(unknown)), ", "), strings.Join(priorities, ", ")))
	}
	if len(labels) == 0 {
		problems = append(problems, errors.New("no labels: nothing to measure against"))
	}
	if err := errors.Join(problems...); err != nil {
		return Evaluation{}, err
	}
	e := evaluate(priorities, labels, func(k call.Key, p string) (score float64, included, ok bool) {
		for _, r := range answers[k] {
			if r.Priority == p {
				return r.Score, r.Included, true
			}
		}
		return 0, false, false
	})
	slices.SortFunc(e.Mistakes, func(a, b Mistake) int {
		return cmp.Or(
			strings.Compare(a.What, b.What), // missed before wrong
			cmp.Compare(b.Score, a.Score),
			strings.Compare(a.Priority, b.Priority),
			a.Key.Compare(b.Key),
		)
	})
	return e, nil
}

// ranked is an answer for one call and priority, with its grade.
type ranked struct {
	key   call.Key
	score float64
	grade float64
}

// evaluate is [Evaluate] without its checks, and with the mistakes in no order.
func evaluate(priorities []string, labels []Label, answer func(call.Key, string) (score float64, included, ok bool)) Evaluation {
	nan := Measure(math.NaN())
	e := Evaluation{Items: len(labels), Mistakes: []Mistake{}}
	var hitMust, allMust int
	for _, p := range priorities {
		f := Figures{Priority: p, NDCG: nan, R: nan, F1: nan, T11SU: nan}
		var list []ranked
		grades := make([]float64, 0, len(labels))
		right, seen := 0, 0
		for _, l := range labels {
			g, known := l.grade(p)
			if !known {
				continue
			}
			grades = append(grades, g)
			score, included, ok := answer(l.Key, p)
			if ok {
				list = append(list, ranked{l.Key, score, g})
			}
			mistake := Mistake{Priority: p, Key: l.Key, Source: l.Key.Source, Ref: l.Key.Ref, Score: score}
			if g >= harmless {
				f.Relevant++
			}
			if included {
				f.Included++
				switch {
				case g >= harmless:
					right++
				case g == 0:
					mistake.What = Wrong
					e.Mistakes = append(e.Mistakes, mistake)
				}
			}
			if g == mustSee {
				f.Must++
				if included {
					seen++
				} else {
					mistake.What = Missed
					e.Mistakes = append(e.Mistakes, mistake)
				}
			}
		}
		f.NDCG = gain(list, grades)
		switch {
		case f.Included > 0:
			f.P = Measure(float64(right) / float64(f.Included))
		case f.Relevant == 0:
			f.P = 1
		}
		if f.Must > 0 {
			f.R = Measure(float64(seen) / float64(f.Must))
			f.F1 = 0
			if f.P+f.R > 0 {
				f.F1 = 2 * f.P * f.R / (f.P + f.R)
			}
		}
		if f.Relevant > 0 {
			utility := float64(2*right-(f.Included-right)) / float64(2*f.Relevant)
			f.T11SU = Measure((max(utility, -0.5) + 0.5) / 1.5)
		}
		hitMust, allMust = hitMust+seen, allMust+f.Must
		e.Priorities = append(e.Priorities, f)
	}
	mean := func(value func(Figures) Measure, count func(Figures) int) Measure {
		var sum, n Measure
		for _, f := range e.Priorities {
			if count(f) >= countFrom {
				sum, n = sum+value(f), n+1
			}
		}
		return sum / n // not a number where no priority has enough
	}
	relevant := func(f Figures) int { return f.Relevant }
	must := func(f Figures) int { return f.Must }
	e.Total = Totals{
		NDCG:     mean(func(f Figures) Measure { return f.NDCG }, relevant),
		P:        mean(func(f Figures) Measure { return f.P }, relevant),
		R:        mean(func(f Figures) Measure { return f.R }, must),
		F1:       mean(func(f Figures) Measure { return f.F1 }, must),
		T11SU:    mean(func(f Figures) Measure { return f.T11SU }, relevant),
		T11SUMin: nan,
		Must:     1,
	}
	if allMust > 0 {
		e.Total.Must = Measure(float64(hitMust) / float64(allMust))
	}
	for _, f := range e.Priorities {
		if f.Relevant >= countFrom && !(f.T11SU >= e.Total.T11SUMin) {
			e.Total.T11SUMin = f.T11SU
		}
	}
	return e
}

// gain is nDCG of the first ten.
func gain(list []ranked, grades []float64) Measure {
	const first = 10
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), a.key.Compare(b.key)) })
	slices.SortFunc(grades, func(a, b float64) int { return cmp.Compare(b, a) })
	var dcg, ideal float64
	for i := range first {
		discount := math.Log2(float64(i) + 2)
		if i < len(list) {
			dcg += (math.Exp2(list[i].grade) - 1) / discount
		}
		if i < len(grades) {
			ideal += (math.Exp2(grades[i]) - 1) / discount
		}
	}
	return Measure(dcg / ideal) // not a number where no grade is above 0
}

// Lines gives the totals by name, in a fixed order, for tables and files that are compared.
func (t Totals) Lines() []Line {
	return []Line{
		{"macro-nDCG@10", t.NDCG},
		{"macro-P", t.P},
		{"macro-R", t.R},
		{"macro-F1", t.F1},
		{"macro-T11SU", t.T11SU},
		{"lowest-T11SU", t.T11SUMin},
		{"must-see-recall", t.Must},
	}
}

// Line is one total with its name.
type Line struct {
	Name  string
	Value Measure
}

// Table writes the figures of every priority for people, a line each.
func (e Evaluation) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %8s %5s %8s %7s %6s %6s %6s %6s\n", "priority", "relevant", "must", "included", "nDCG@10", "P", "R", "F1", "T11SU")
	for _, f := range e.Priorities {
		fmt.Fprintf(&b, "%-22s %8d %5d %8d %7s %6s %6s %6s %6s\n", f.Priority, f.Relevant, f.Must, f.Included, f.NDCG, f.P, f.R, f.F1, f.T11SU)
	}
	return b.String()
}
