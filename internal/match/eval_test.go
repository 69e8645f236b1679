package match_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/match"
)

func TestReadLabels(t *testing.T) {
	t.Parallel()
	const good = `{"source":"own","ref":"1","grades":{"skog":[2,1],"vatten":1}}

{"source":"own","ref":"2","grades":{}}
{"source":"own","ref":"3","grades":{"skog":2},"judged":["skog","vatten"]}
`
	got, err := match.ReadLabels("labels", strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	want := []match.Label{
		{Key: call.Key{Source: "own", Ref: "1"}, Grades: map[string]float64{"skog": 1.5, "vatten": 1}},
		{Key: call.Key{Source: "own", Ref: "2"}, Grades: map[string]float64{}},
		{Key: call.Key{Source: "own", Ref: "3"}, Grades: map[string]float64{"skog": 2}, Judged: []string{"skog", "vatten"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	const bad = `{"source":"own","ref":"1","grades":{"skog":3}}
{"source":"own","ref":"1","grades":{"skog":2}}
{"source":"own","ref":"1","grades":{"skog":1}}
{"source":"own","grades":{}}
{"source":"own","ref":"2","grades":{"skog":"high"}}
{"source":"own","ref":"2","grades":{"skog":[]}}
{"source":"own","ref":"2","colour":"blue"}
{"source":"own","ref":"2"} {}
nothing
{"source":"own","ref":"2","grades":{"skog":1},"judged":["vatten"]}
`
	_, err = match.ReadLabels("labels", strings.NewReader(bad))
	if err == nil {
		t.Fatal("bad labels were read")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		"labels:1: grade of skog: 3 is none", "labels:3: own/1 is labelled already in line 2", "labels:4: source or ref is missing",
		`labels:5: grade of skog: want a number from 0 to 2 or a list of them, got "high"`, "labels:6: grade of skog: want",
		`labels:7: json: unknown field "colour"`, "labels:8: more than one value", "labels:9: invalid character", "labels:10: skog has a grade and is not among the judged",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: want %q in\n%v", i, want, err)
		}
	}
}

// What nobody judged is neither right nor wrong, nor learned from.
func TestUnjudged(t *testing.T) {
	t.Parallel()
	key := func(ref string) call.Key { return call.Key{Source: "own", Ref: ref} }
	labels := []match.Label{
		{Key: key("1"), Grades: map[string]float64{"skog": 2}, Judged: []string{"skog"}},
		{Key: key("2"), Grades: map[string]float64{}, Judged: []string{"vatten"}},
		{Key: key("3"), Grades: map[string]float64{}},
	}
	all := []match.Result{{Priority: "skog", Score: 0.9, Included: true}, {Priority: "vatten", Score: 0.8, Included: true}}
	e, err := match.Evaluate([]string{"skog", "vatten"}, labels, map[call.Key][]match.Result{key("1"): all, key("2"): all, key("3"): all})
	if err != nil {
		t.Fatal(err)
	}
	skog, vatten := e.Priorities[0], e.Priorities[1]
	if skog.Included != 2 || skog.P != 0.5 || vatten.Included != 2 || vatten.Relevant != 0 {
		t.Errorf("skog %+v, vatten %+v", skog, vatten)
	}
	if len(e.Mistakes) != 3 {
		t.Errorf("mistakes %v, want skog of 3, vatten of 2 and 3", e.Mistakes)
	}
	labels[0].Judged = []string{"vattn"}
	if _, err := match.Evaluate([]string{"skog", "vatten"}, labels, map[call.Key][]match.Result{key("1"): all, key("2"): all, key("3"): all}); err == nil {
		t.Error("a judged priority that the plan does not have was taken")
	}
	line, err := json.Marshal(match.Label{Key: key("1"), Grades: map[string]float64{"skog": 1.5}, Judged: []string{"skog", "vatten"}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := match.ReadLabels("again", strings.NewReader(string(line)))
	if err != nil || len(again) != 1 || again[0].Grades["skog"] != 1.5 || len(again[0].Judged) != 2 {
		t.Errorf("%s was read as %v, %v", line, again, err)
	}
}

// TestEvaluate holds the figures to ones that were worked out by hand.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	key := func(ref string) call.Key { return call.Key{Source: "own", Ref: ref} }
	labels := []match.Label{
		{Key: key("a"), Grades: map[string]float64{"skog": 2}},
		{Key: key("b"), Grades: map[string]float64{"skog": 2}},
		{Key: key("c"), Grades: map[string]float64{"skog": 2}},
		{Key: key("d"), Grades: map[string]float64{"skog": 1}},
		{Key: key("e"), Grades: map[string]float64{}},
	}
	said := func(score float64, included bool) []match.Result {
		return []match.Result{{Priority: "skog", Score: score, Included: included}}
	}
	answers := map[call.Key][]match.Result{
		key("a"): said(0.9, true), key("b"): said(0.8, true), key("c"): said(0.2, false), key("d"): nil, key("e"): said(0.85, true),
	}
	e, err := match.Evaluate([]string{"skog", "vatten"}, labels, answers)
	if err != nil {
		t.Fatal(err)
	}
	discount := func(rank float64) float64 { return 1 / math.Log2(rank+1) }
	dcg := 3*discount(1) + 0 + 3*discount(3) + 3*discount(4) // a, e, b, c
	ideal := 3*discount(1) + 3*discount(2) + 3*discount(3) + 1*discount(4)
	two := match.Measure(2.0 / 3)
	f := e.Priorities[0]
	for name, v := range map[string][2]match.Measure{
		"nDCG":  {f.NDCG, match.Measure(dcg / ideal)},
		"P":     {f.P, two},
		"R":     {f.R, two},
		"F1":    {f.F1, two},
		"T11SU": {f.T11SU, match.Measure((3.0/8 + 0.5) / 1.5)},
		"macro": {e.Total.F1, two}, // vatten has no labels, and does not count
		"low":   {e.Total.T11SUMin, f.T11SU},
		"must":  {e.Total.Must, two},
		"empty": {e.Priorities[1].P, 1},
	} {
		if math.Abs(float64(v[0]-v[1])) > 1e-12 {
			t.Errorf("%s: got %v, want %v", name, v[0], v[1])
		}
	}
	want := []match.Mistake{
		{What: match.Missed, Priority: "skog", Key: key("c"), Source: "own", Ref: "c", Score: 0.2},
		{What: match.Wrong, Priority: "skog", Key: key("e"), Source: "own", Ref: "e", Score: 0.85},
	}
	if diff := cmp.Diff(want, e.Mistakes); diff != "" {
		t.Errorf("mistakes: -want +got\n%s", diff)
	}
	text, err := json.Marshal(e.Priorities[1])
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(text), `{"id":"vatten","relevant":0,"must":0,"included":0,"ndcg10":null,"P":1,"R":null,"F1":null,"t11su":null}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	t.Parallel()
	key := call.Key{Source: "own", Ref: "1"}
	labels := []match.Label{{Key: key, Grades: map[string]float64{"skgo": 1}}}
	for name, c := range map[string]struct {
		labels  []match.Label
		answers map[call.Key][]match.Result
		want    string
	}{
		"no labels":        {nil, nil, "no labels"},
		"no answer":        {labels, nil, "no answer for labelled call own/1"},
		"unknown priority": {labels, map[call.Key][]match.Result{key: nil}, "labels grade skgo, which the plan does not have; its priorities are skog"},
	} {
		if _, err := match.Evaluate([]string{"skog"}, c.labels, c.answers); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
